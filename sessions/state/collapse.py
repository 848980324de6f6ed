"""Collapse on the desk: does the end of an answer show that steering broke the text?

Two kinds of signs. Those of `core.collapse`: a loop, certainty, a foreign writing system. And numbers of the last 32
tokens that reach a limit, which find word salad:

| number | of a window of 32 tokens | limit | intact, collapsed on the demo models | SmolLM2 unsteered at 0.7 |
|---|---|---|---|---|
| entropy | mean over the window, nats | 4.0 | p99 1.3, p50 3.1 | at most 3.4 |
| perplexity | exp of the mean −ln p, unsteered model | 60 | p99 5.6, p5 15 | at most 8.9 |
| push | mean ‖Δ‖/‖h‖ of the layer with the largest shift | 0.4 | p99 0.27, p50 0.39 | – |

The limits were chosen on windows of the demo models, whose grammar defines what is broken, steered with zero to six
mean residual norms; `python -m bench collapse` measures them on other prompts.

Certainty and perplexity are known only with a forced unsteered lane, push only for eager steps; a missing number
never triggers the warning.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any

from core.collapse.collapse import AnswerEvidence, Collapse, answer_flags, signs_at
from core.collapse.loops import REACH, LoopDetector, find_period
from core.collapse.writing_systems import LOOK_BACK, familiar_systems
from sessions.state.loudness import Playing, Size, loudest_channel, unknown_size
from sessions.state.state import AnswerToken, Turn

WINDOW = 32
MEANING = ("unit", "layers", "weights", "split", "flipped", "gain")
"""Channel settings that must be equal for two scales of a channel to be comparable."""
LIMITS = {"entropy": 4.0, "perplexity": 60.0, "push": 0.4}
EXCESS_NATS = 1.0
"""Surprise above the unsteered model's own entropy that makes a perplexity count. SmolLM2 sampled at temperature 1:
at most 1.02 in 192 windows, below 1 in all six with a perplexity above 60; at 1.3, word salad, above 1 in 207 of 213.
"""


@dataclass(frozen=True)
class CollapseSign:
    """A number that reached its limit."""

    name: str
    value: float

    @property
    def words(self) -> str:
        return {
            "entropy": f"nearly any token is possible (entropy {self.value:.1f} nats)",
            "perplexity": f"very unlikely under the unsteered model (perplexity {self.value:.0f})",
            "push": f"the push is {self.value:.1f}× as long as the state it moves",
        }[self.name]


Signs = tuple[Collapse | CollapseSign, ...]


@dataclass(frozen=True)
class ScaleAdvice:
    """A smaller scale for the channel with the largest push. `tried`: the channel had that scale before, and
    the text was coherent.
    """

    channel: str
    now: float
    scale: float
    unit: str
    tried: bool

    @property
    def words(self) -> str:
        why = (
            "the last window there was coherent"
            if self.tried
            else "half of it; no smaller scale was tried yet"
        )
        return f"{self.channel} {self.now:+.2f} → {self.scale:+.2f} {self.unit}: {why}"


class CollapseWatch:
    """Judges an answer while it grows; a call reads only the tokens that are new since the last."""

    def __init__(self) -> None:
        self._loops, self._ids, self._count = LoopDetector(), list[int](), 0

    def find_signs(self, path: Sequence[Turn]) -> Signs:
        """The signs at the end of the newest answer of a conversation."""
        answer = next((turn for turn in reversed(path) if turn.gen is not None), None)
        if answer is None or not answer.tokens:
            return ()
        evidence = _answer_evidence(answer.tokens[-LOOK_BACK:], given_texts(path))
        period = self._find_period(answer.tokens)
        familiar = familiar_systems(evidence.given or ())
        signs = signs_at(evidence, len(evidence.ids) - 1, period, familiar)
        return (*signs, *window_signs(answer.tokens))

    def _find_period(self, tokens: Sequence[AnswerToken]) -> int | None:
        count, known = len(tokens), self._ids
        before = [token.id for token in tokens[max(0, self._count - len(known)) : self._count]]
        # After a rewind, or in another answer, the tokens that were read are no longer there.
        if count < self._count or before != known:
            self._loops, before, self._count = LoopDetector(), [], max(0, count - REACH)
        fresh = [token.id for token in tokens[self._count :]]
        for token in fresh:
            self._loops.add_token(token)
        self._ids, self._count = [*before, *fresh][-REACH:], count
        return self._loops.period


def given_texts(path: Sequence[Turn]) -> list[str]:
    """What a conversation holds that the model did not write: prompts, system texts, prefills, injected texts."""
    given = [turn.given_text for turn in path]
    given += [str(turn.settings["system"]) for turn in path if turn.settings.get("system")]
    return given + [marker.words for turn in path for marker in turn.markers if marker.kind == "inject"]


def turn_flags(turn: Turn, path: Sequence[Turn]) -> dict[str, Any]:
    """The flags of an answer, as JSON; `path` is the conversation that ends with it."""
    found = _answer_evidence(turn.tokens, given_texts(path))
    return answer_flags(
        found.ids,
        texts=found.texts,
        given=found.given,
        entropies=found.entropies,
        unsteered=found.unsteered,
    )


def _answer_evidence(tokens: Sequence[AnswerToken], given: Sequence[str]) -> AnswerEvidence:
    entropies, unsteered = ([token.values.get(name) for token in tokens] for name in ("entropy", "entropy0"))
    ids, texts = [token.id for token in tokens], [token.text for token in tokens]
    return AnswerEvidence(ids, texts, given, entropies, unsteered)


def measure_window(window: Sequence[AnswerToken]) -> dict[str, float]:
    """The numbers of a window that have a limit; those that were not measured are left out.

    So is a perplexity that the unsteered model's uncertainty explains: it would have said something as unlikely.
    """
    found = {}
    names = (("entropy", "entropy"), ("push", "delta"), ("perplexity", "lp0"), ("expected", "entropy0"))
    for name, key in names:
        values = [token.values[key] for token in window if key in token.values]
        # A mean needs measurements for more than half of the window.
        if len(values) > len(window) // 2:
            found[name] = sum(values) / len(values)
    # Sessions of 0.1.0 have no `entropy0`: there, every perplexity counts.
    expected = found.pop("expected", -math.inf)
    if "perplexity" in found and -found["perplexity"] - expected < EXCESS_NATS:
        del found["perplexity"]
    if "perplexity" in found:
        # The exponent is clipped so that exp cannot overflow.
        found["perplexity"] = math.exp(min(-found["perplexity"], 50.0))
    return found


def window_signs(tokens: Sequence[AnswerToken]) -> tuple[CollapseSign, ...]:
    """The limits reached by the last window of an answer; none while the answer is shorter than a window."""
    if len(tokens) < WINDOW:
        return ()
    found = measure_window(tokens[-WINDOW:])
    # A number that was not measured counts as 0 and so never warns.
    return tuple(
        CollapseSign(name, found[name]) for name, limit in LIMITS.items() if found.get(name, 0.0) >= limit
    )


def advise_scale(
    answers: Sequence[Sequence[AnswerToken]],
    mixers: Mapping[str, Mapping[str, Any]],
    size: Size = unknown_size,
) -> ScaleAdvice | None:
    """Suggest a smaller scale for the channel with the largest push: the latest smaller scale with coherent
    text, else half the current one.
    """
    # The mixer that the last token was stamped with.
    newest = next((answer[-1].mix for answer in reversed(answers) if answer), "")
    playing = loudest_channel(_active_channels(mixers.get(newest, {})), size)
    if playing is None:
        return None
    name, now, unit = str(playing["name"]), float(playing["scale"]), str(playing.get("unit", "relative"))
    # Newest first, so that the latest intact scale is suggested.
    for answer in reversed(answers):
        for mix, text in _ends_of_runs(answer):
            scale = _scale_of(mixers.get(mix, {}), playing)
            # `tried` needs both: a smaller scale and intact text under it.
            if scale is not None and abs(scale) < abs(now) and _is_sound(text):
                return ScaleAdvice(name, now, math.copysign(scale, now), unit, tried=True)
    return ScaleAdvice(name, now, now / 2, unit, tried=False)


def _active_channels(mixer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    channels = [] if mixer.get("bypassed") else [*mixer.get("channels", ())]
    # A single soloed channel silences all channels that are not soloed.
    soloed = any(channel.get("solo") for channel in channels)
    return [
        channel
        for channel in channels
        if channel.get("scale") and not channel.get("muted") and (channel.get("solo") or not soloed)
    ]


def _ends_of_runs(answer: Sequence[AnswerToken]) -> list[tuple[str, Sequence[AnswerToken]]]:
    """The answer up to the end of each run of tokens under one mixer, newest first; runs shorter than a window are
    skipped.
    """
    found, end = [], 0
    # groupby joins only consecutive tokens, so a mixer that returns starts a new run.
    for mix, run in groupby(answer, key=lambda token: token.mix):
        length = len(list(run))
        end += length
        if length >= WINDOW:
            found.append((mix, answer[:end]))
    return found[::-1]


def _is_sound(text: Sequence[AnswerToken]) -> bool:
    return not window_signs(text) and not _loops_at_end(tuple(token.id for token in text[-REACH:]))


@lru_cache(maxsize=64)
def _loops_at_end(ids: tuple[int, ...]) -> bool:
    """Asked in every frame while the lamp is lit, about the same text."""
    return find_period(ids) is not None


def _scale_of(mixer: Mapping[str, Any], now: Playing) -> float | None:
    """The scale of the channel in `mixer`: 0 if it was not active, None if its other settings differ, so that
    scales cannot be compared.
    """
    for channel in _active_channels(mixer):
        if channel["name"] == now["name"]:
            # Scales of opposite sign push in opposite directions, so they are not compared either.
            same = all(channel.get(each) == now.get(each) for each in MEANING)
            return float(channel["scale"]) if same and channel["scale"] * now["scale"] > 0 else None
    return 0.0
