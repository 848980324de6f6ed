"""Green, amber or red, with the sentences: a decision table over what a check measured.

The ranks decide: how many directions of three classes do as much at the vector's length. Margins and texts at
the dose can only lower that. Green says that the vector moves this behaviour, never that it is its direction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.mixer.layer_ranges import write_layers
from vectors.checks.answers.dosed_answers import BROKEN, Coherence
from vectors.checks.answers.margins import MarginEffect
from vectors.checks.answers.text_effects import TextEffect
from vectors.checks.gradients.nulls import COVARIANCE, RANDOM, SHUFFLED
from vectors.checks.gradients.ranks import LIMIT, ClassRank

MOVED = 0.75
OTHER_WAY = 0.2
FEWEST_PAIRS = 6
FEWEST_TOKENS = 24
PROMPT_SHARE = 0.9
TEXTS_OF = {RANDOM: "random", COVARIANCE: "covariance-matched", SHUFFLED: "label-shuffled"}


@dataclass(frozen=True)
class Findings:
    """What the table reads; None where something was not measured. `sign` −1: it acts the other way round."""

    name: str
    towards: str
    band: tuple[int, ...] = ()
    ranks: tuple[ClassRank, ...] = ()
    sign: int = 1
    margin: MarginEffect | None = None
    text: TextEffect | None = None
    coherence: Coherence | None = None
    scale: float = 0.0
    unit: str = ""
    kl: float = 0.0
    pairs: int = 0
    prompt_share: float | None = None
    max_new: int = FEWEST_TOKENS
    in_sample: bool = False
    problem: str = ""
    no_gradient: str = ""
    no_judge: str = ""
    ends_apart: bool = False
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """`decided_by` is the step that gave the colour."""

    colour: str
    reasons: tuple[str, ...]
    decided_by: str


Reason = tuple[str, str]


def decide_verdict(found: Findings) -> Verdict:
    """Red if there is a red reason, else amber if there is an amber one, else green."""
    for colour, reasons in (("red", [*_red_reasons(found)]), ("amber", [*_amber_reasons(found)])):
        if reasons:
            rest = [*_amber_reasons(found)] if colour == "red" and found.margin else []
            effect = [("margins", effect_sentence(found))] if found.margin and found.scale else []
            said = dict.fromkeys(sentence for _, sentence in (*reasons, *rest, *effect))
            return Verdict(colour, tuple(said), reasons[0][0])
    return Verdict("green", (f"it moves this behaviour: {_beaten(found)}", effect_sentence(found)), "ranks")


def ranks_are_red(ranks: Sequence[ClassRank]) -> bool:
    """Whether random or covariance-matched directions do as much, towards plus and towards minus."""
    return bool(ranks) and all(_worst(ranks, sign) > LIMIT for sign in (1, -1))


def acting_sign(ranks: Sequence[ClassRank]) -> int:
    """−1 where only the other direction beats the nulls."""
    return -1 if _worst(ranks, 1) > LIMIT >= _worst(ranks, -1) else 1


def _worst(ranks: Sequence[ClassRank], sign: int) -> float:
    return max((rank.p_norm(sign) for rank in ranks if rank.name != SHUFFLED), default=0.0)


def _red_reasons(found: Findings) -> Iterator[Reason]:
    if found.problem:
        yield "measure", found.problem
        return
    if ranks_are_red(found.ranks):
        yield "ranks", _red_rank_sentence(found)
        return
    # Without a gradient nothing was predicted, so a sign alone is no contradiction.
    if found.margin and found.margin.predicted is not None and found.margin.size <= 0:
        yield (
            "margins",
            f"at the dose it moves the pairs the other way ({found.margin.size:+.2f} nats/token,"
            f" predicted {found.margin.predicted:+.2f})",
        )
    if found.coherence and found.coherence.at_twice is not None and found.coherence.plus > BROKEN:
        yield (
            "coherence",
            f"the text breaks: {found.coherence.at_twice:.0%} of the answers at {2 * found.scale:.2g}"
            f" {found.unit}, {found.coherence.plus:.0%} at half of it",
        )


def _amber_reasons(found: Findings) -> Iterator[Reason]:
    if found.no_gradient:
        yield (
            "gradient",
            f"{found.no_gradient}; only pairs and texts under a dose were measured, with three controls",
        )
    if not found.pairs:
        yield "pairs", "no contrast set: nothing says what it should move; give --contrast SET"
    shuffled = next((rank for rank in found.ranks if rank.name == SHUFFLED), None)
    if shuffled and shuffled.p_norm(found.sign) > LIMIT:
        yield (
            "ranks",
            f"it moves replies more than unrelated directions, but {_count(shuffled, found.sign)} from the same"
            " pairs with shuffled labels do as much: too few pairs, or the wrong read",
        )
    if found.sign < 0:
        yield "ranks", f"its sign is reversed: + moves the model away from {_quoted(found.towards)}"
    if found.margin:
        yield from _margin_reasons(found, found.margin)
    yield from _text_reasons(found)
    if found.in_sample:
        yield "pairs", "measured on pairs that made the vector: no hold-out"
    if 0 < found.pairs < FEWEST_PAIRS:
        yield "pairs", f"too few held-out pairs: {found.pairs}, at least {FEWEST_PAIRS} are needed"
    if found.prompt_share is not None and found.prompt_share > PROMPT_SHARE:
        yield "margins", f"{found.prompt_share:.0%} of the effect enters through the prompt's tokens alone"
    yield from (("fit", doubt) for doubt in found.doubts)


def _margin_reasons(found: Findings, margin: MarginEffect) -> Iterator[Reason]:
    if not margin.is_as_predicted:
        yield (
            "margins",
            f"at the dose it does {margin.size:+.2f} nats/token where {margin.predicted or 0:+.2f} was predicted",
        )
    if not margin.is_linear:
        yield "margins", "not linear: the controls at the dose are not as predicted, so ranks say little"
    other = margin.of - margin.moved
    if margin.moved < MOVED * margin.of or other > OTHER_WAY * margin.of:
        yield "margins", f"{other} of {margin.of} pairs move the other way"


def _text_reasons(found: Findings) -> Iterator[Reason]:
    text, whole = found.text, found.coherence
    if found.no_judge:
        yield "texts", found.no_judge
    elif text and not text.confirms:
        likelier = (
            f"the replies it should favour get likelier ({found.margin.size:+.2f}), but "
            if found.margin
            else ""
        )
        shown = f"only {text.moved} of {text.of} of its own answers lean that way"
        if text.moved >= MOVED * text.of:
            largest = max(map(abs, text.controls), default=0.0)
            shown = f"its own answers lean less ({text.size:+.2g}) than a control's do ({largest:.2g})"
        yield "texts", f"{likelier}{shown} ({text.measure})"
    if text and found.max_new < FEWEST_TOKENS:
        yield "texts", f"answers were cut after {found.max_new} tokens, at least {FEWEST_TOKENS} are needed"
    if whole and whole.minus > BROKEN >= whole.plus:
        yield (
            "coherence",
            f"{whole.minus:.0%} of the answers at the negative dose break, though the positive dose holds",
        )


def effect_sentence(found: Findings) -> str:
    """What one dose does, on how many pairs, at which KL."""
    head = f"at {found.scale:.2g} {found.unit} on layers {write_layers(found.band)}"
    broken = found.coherence.plus if found.coherence else 0.0
    whole = "text whole" if not broken else f"{broken:.0%} of the texts broken"
    if found.margin is None:
        return f"{head}: KL {found.kl:.2g}; {whole}"
    held = "own" if found.in_sample else "held-out"
    return (
        f"{head}: {found.margin.size:+.2f} nats/token on {found.margin.of} {held} pairs"
        f" ({found.margin.moved} of {found.margin.of}), KL {found.kl:.2g}; {whole}"
    )


def _beaten(found: Findings) -> str:
    counts = [f"{_as_much(rank, found.sign)} of {rank.n} {TEXTS_OF[rank.name]}" for rank in found.ranks]
    listed = f"{', '.join(counts[:-1])} and {counts[-1]}" if len(counts) > 1 else "".join(counts)
    return f"{listed} directions move the model towards {_quoted(found.towards)} as much"


def _red_rank_sentence(found: Findings) -> str:
    """Of the sign that comes nearest; the class that fails first in the table names the reason."""
    by_name = {rank.name: rank for rank in found.ranks}
    sign = 1 if _worst(found.ranks, 1) <= _worst(found.ranks, -1) else -1
    unlike, own, shuffled = (by_name.get(name) for name in (RANDOM, COVARIANCE, SHUFFLED))
    stop = "; doses and texts were not tried"
    if unlike and unlike.p_norm(sign) > LIMIT:
        where = f"on layers {write_layers(found.band)} it does not move the model towards {_quoted(found.towards)}"
        return f"{where}: {_count(unlike, 1)} random directions do more{stop}"
    assert own is not None
    if shuffled and shuffled.p_norm(sign) > LIMIT:
        hint = ". The sides end in different tokens; try --read response-mean" if found.ends_apart else ""
        return (
            f"{_count(own, sign)} directions of this model's own activity and {_count(shuffled, sign)} made from the"
            f" same pairs with shuffled labels do as much{stop}{hint}"
        )
    return (
        f"{_count(own, sign)} directions drawn from this model's own activity do as much: the measure answers to"
        f" anything{stop}"
    )


def _count(rank: ClassRank, sign: int) -> str:
    return f"{_as_much(rank, sign)} of {rank.n}"


def _as_much(rank: ClassRank, sign: int) -> int:
    return rank.above if sign > 0 else rank.below


def _quoted(pole: str) -> str:
    return "the positive side" if pole == "positive" else f"“{pole}”"
