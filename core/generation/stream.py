"""`core.stream`: generates one answer from a prompt and a mixer; `core.steered` steers Hugging Face's own calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from core.errors import UsageError
from core.generation.live import AnswerStream
from core.generation.sampling import TokenSampler
from core.generation.settings import DecoderSettings
from core.generation.token_ids import Text, prompt_ids
from core.json_values import JsonValue
from core.mixer.lanes import SHADOWS, SOLO, Lanes
from core.mixer.mixer import Mixer
from core.model.cache import Tape
from core.model.hooks import UnsizedPass
from core.steering.plan import Meters

if TYPE_CHECKING:
    from core.model.model import Model

CLIFF_PARAMETERS = 100_000_000
CLIFF_ROWS = 4


def stream(
    model: Model,
    prompt: Text,
    *,
    mixer: Mixer | None = None,
    system: str | None = None,
    prefill: str = "",
    raw: bool = False,
    template_args: Mapping[str, JsonValue] | None = None,
    shadow: str | None = None,
    lanes: Lanes | None = None,
    compile: bool | str = False,  # noqa: A002
    **settings: Any,
) -> AnswerStream:
    """Generate one answer to a text, a list of messages or a list of ids; iterate the result for its tokens.

    Args:
        model: A model from `core.load` or `core.adopt`.
        prompt: What the user says, a list of messages, or token ids; ids are fed as they are, without
            `system`, `prefill` and template.
        mixer: The vectors that steer; None is the plain model. Set `mixer` of the result to change it.
        system: A system message before the others.
        prefill: The beginning of the answer, which the model continues.
        raw: Feed the text without the chat template.
        template_args: Variables for the chat template.
        shadow: Decode an unsteered lane beside the answer: `free` samples its own tokens, `forced` is fed the
            answer's tokens.
        lanes: Lanes of any other kind, such as `dose_lanes`; replaces `shadow`.
        compile: Decode single tokens with a compiled graph once one is verified; `"now"` compiles it before
            the second token.
        settings: Those of `build_settings` and `TokenSampler`: max_new_tokens, stop, cache, meters,
            temperature, seed, …

    Raises:
        UsageError: A setting is invalid, or the prompt is empty or longer than the context.

    Example:
        >>> live = core.stream(model, "Hello", mixer=mixer, max_new_tokens=64)
        >>> for step in live:
        ...     print(step.text, end="")
        ...     if step.index == 9:
        ...         live.mixer = live.mixer.flip(0)  # from the next token on
    """
    ids = prompt_ids(model, prompt, system=system, prefill=prefill, raw=raw, template_args=template_args)
    check_length(model, len(ids))
    how = build_settings(model, shadow=shadow, lanes=lanes, **settings)
    return AnswerStream(model, open_tape(model, compile), ids, mixer or Mixer(), how)


@contextmanager
def steered(model: Model, mixer: Mixer) -> Iterator[None]:
    """Steer every forward pass of the Hugging Face model inside the `with` block, `generate` included."""
    plan = model.planner.plan([mixer])
    with model.steering.steering_with(UnsizedPass(plan)):
        yield


def open_tape(model: Model, compile: bool | str) -> Tape:  # noqa: A002
    """An empty tape; with `compile`, single tokens are decoded by a compiled graph once one is verified.

    Decoding is eager until then; `compile="now"` compiles before the second token instead.
    """
    if compile not in (True, False, "now"):
        raise UsageError(f"compile must be True, False or 'now', not {compile!r}")
    if not compile:
        return Tape(model)
    # Imported on demand, because it loads torch's compiler.
    from core.compiled.compiled_cache import CompiledTape

    return CompiledTape(model, at_once=compile == "now")


def build_settings(
    model: Model,
    *,
    shadow: str | None = None,
    lanes: Lanes | None = None,
    max_new_tokens: int = 256,
    stop: str | Sequence[str] = (),
    cache: str = "keep",
    meters: Meters | None = None,
    ignore_end: bool = False,
    edges: Sequence[int] | None = None,
    inspect: int = 0,
    thought_budget: int = 0,
    **sampling: Any,
) -> DecoderSettings:
    """Validate the options of one answer and collect them in `DecoderSettings`."""
    if shadow not in (None, *SHADOWS):
        raise UsageError(f"shadow must be free or forced, not {shadow!r}")
    wanted = lanes or (SHADOWS[shadow] if shadow else SOLO)
    return DecoderSettings(
        max_new_tokens=max_new_tokens,
        sampling=TokenSampler(**sampling),
        stops=(stop,) if isinstance(stop, str) else tuple(stop),
        cache=cache,
        lanes=wanted.padded_to(CLIFF_ROWS) if _is_slow_row_count(model, wanted.count) else wanted,
        meters=meters,
        ignore_end=ignore_end,
        edges=None if edges is None else tuple(edges),
        inspect=inspect,
        thought_budget=thought_budget,
    )


def check_length(model: Model, tokens: int) -> None:
    if tokens == 0:
        raise UsageError("the prompt is empty")
    if tokens >= model.max_context:
        raise UsageError(f"prompt is {tokens} tokens, limit {model.max_context}")


def _is_slow_row_count(model: Model, rows: int) -> bool:
    """True for 2 or 3 rows of a large float32 model on CPU: its kernels are faster for 4 (measured)."""
    sites = model.anatomy.sites
    if rows not in (2, 3) or sites[0].device.type != "cpu" or sites[0].dtype.itemsize != 4:
        return False
    return sum(p.numel() for p in model.hf.parameters()) >= CLIFF_PARAMETERS
