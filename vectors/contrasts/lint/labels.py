"""Labels and reads that cannot be right: equal sides, one text on both sides, a read that finds no difference."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from vectors.contrasts.lint.finding import LintFinding, list_few
from vectors.contrasts.lint.side_words import side_text
from vectors.texts.pair import ContrastPair, ContrastSet, Text, ends_in_reply
from vectors.texts.position_spec import RESPONSE

ENDS = (".", "!", "?", "…", "。", "！", "？")


def find_wrong_labels(pairs: Sequence[ContrastPair]) -> list[LintFinding]:
    """Pairs whose sides are the same, and texts that are positive in one pair and negative in another."""
    found = []
    if same := [number for number, pair in enumerate(pairs, start=1) if pair.positive == pair.negative]:
        found.append(
            LintFinding(
                "labels", f"both sides are the same in pairs {list_few(list(map(str, same)))}", tuple(same)
            )
        )
    ours = {json.dumps(pair.positive): number for number, pair in enumerate(pairs, start=1)}
    theirs = {json.dumps(pair.negative): number for number, pair in enumerate(pairs, start=1)}
    if both := sorted(
        (ours[text], theirs[text]) for text in ours.keys() & theirs.keys() if ours[text] != theirs[text]
    ):
        told = list_few([f"+ of {one} is − of {other}" for one, other in both])
        numbers = tuple(sorted({number for couple in both for number in couple}))
        found.append(LintFinding("labels", f"a text stands on both sides: {told}", numbers))
    return found


def find_unfit_read(contrast: ContrastSet, read: str) -> list[LintFinding]:
    """A read at the last token of finished replies, or before words that alone differ."""
    sides = [side for pair in contrast.pairs for side in (pair.positive, pair.negative)]
    if read == "last" and contrast.shape != "evals":
        finished = sum(map(_is_finished_reply, sides))
        if finished > len(sides) / 2:
            return [
                LintFinding(
                    "read",
                    f"last reads the last token of a reply, and {finished} of {len(sides)} replies are finished:"
                    f" it holds how a sentence ends; {RESPONSE} reads what it says",
                )
            ]
    if read == "decision" and contrast.pairs and all(map(_differs_in_reply_only, contrast.pairs)):
        return [
            LintFinding(
                "read",
                f"decision reads the token before the reply, where both sides are the same; {RESPONSE} reads it",
            )
        ]
    return []


def _is_finished_reply(side: Text) -> bool:
    return ends_in_reply(side) and (side_text(side) or "").rstrip().endswith(ENDS)


def _differs_in_reply_only(pair: ContrastPair) -> bool:
    sides = (pair.positive, pair.negative)
    return all(map(ends_in_reply, sides)) and list(sides[0][:-1]) == list(sides[1][:-1])


def texts_of_sides(pairs: Sequence[ContrastPair]) -> Iterator[tuple[str, str]]:
    """What each side says last, where it is text; pairs of token ids are left out."""
    for pair in pairs:
        positive, negative = side_text(pair.positive), side_text(pair.negative)
        if positive is not None and negative is not None:
            yield positive, negative
