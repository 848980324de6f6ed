"""Training configuration: every number that, with the library versions, determines the shipped weights.

The schedule counts steps, never seconds, so that the same machine and versions give the same bytes.
"""

from dataclasses import dataclass
from importlib.metadata import version

from transformers import LlamaConfig

SEED = 20
CREATED = "2026-11-20"  # of the recipe, not of a run: a rebuild gives the same bytes


@dataclass(frozen=True)
class Schedule:
    """Learning-rate schedule: warm-up, constant, linear decay to 0; the last rows are longer, for longer chats."""

    steps: int
    tokens_per_step: int = 2048
    row_length: int = 256
    long_row_length: int = 512
    long_share: float = 0.15
    warm_up: int = 20
    hold_share: float = 0.3

    def rate(self, step: int) -> float:
        """The learning rate of a step as a share of the full one."""
        held = self.hold_share * self.steps
        falling = 1.0 if step < held else (self.steps - step) / (self.steps - held)
        return min(1.0, (step + 1) / self.warm_up) * falling

    def shape(self, step: int) -> tuple[int, int]:
        """Number of rows and row length of a step."""
        length = self.long_row_length if step >= (1 - self.long_share) * self.steps else self.row_length
        return self.tokens_per_step // length, length


@dataclass(frozen=True)
class Rates:
    """Peak learning rates: `muon` for the matrices inside the blocks (None: AdamW for all), `rest` for AdamW."""

    rest: float
    muon: float | None = None


BASE = Schedule(steps=3000)
BASE_RATES = Rates(rest=4e-3, muon=0.02)
TUNED = Schedule(steps=145)
TUNED_RATES = Rates(rest=5e-4)


def library_versions() -> dict[str, str]:
    return {name: version(name) for name in ("torch", "transformers", "tokenizers", "safetensors")}


def llama_config(vocabulary: int, bos: int, end: int, pad: int) -> LlamaConfig:
    """Configuration of a Llama with 1.2 million parameters."""
    return LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=96,
        intermediate_size=256,
        num_hidden_layers=10,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        rms_norm_eps=1e-5,
        tie_word_embeddings=True,
        bos_token_id=bos,
        eos_token_id=end,
        pad_token_id=pad,
    )
