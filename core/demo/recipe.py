"""What is trained and for how long: every number that, with the versions, decides the shipped weights.

The schedule counts steps, never seconds, so that the same machine and versions give the same bytes.
"""

from dataclasses import dataclass

from transformers import LlamaConfig

SEED = 20
CREATED = "2026-11-20"  # of the recipe, not of a run: a rebuild gives the same bytes


@dataclass(frozen=True)
class Schedule:
    """Warm up, hold, then fall linearly to nothing; the last rows are longer, for longer conversations."""

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
        """Rows and their length."""
        length = self.long_row_length if step >= (1 - self.long_share) * self.steps else self.row_length
        return self.tokens_per_step // length, length


@dataclass(frozen=True)
class Rates:
    """Full learning rates: Muon's for the matrices inside the blocks (nothing: AdamW for all), AdamW's for the rest."""

    rest: float
    muon: float | None = None


BASE = Schedule(steps=3000)
BASE_RATES = Rates(rest=4e-3, muon=0.02)
TUNED = Schedule(steps=145)
TUNED_RATES = Rates(rest=5e-4)


def architecture(vocabulary: int, bos: int, end: int, pad: int) -> LlamaConfig:
    """A Llama of 1.2 million parameters."""
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
