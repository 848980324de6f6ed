"""Lints a contrast set: everything about it that would make a vector doubtful and that needs no model to see."""

from __future__ import annotations

from core.errors import BadInput
from vectors.contrasts.lint.finding import LintFinding
from vectors.contrasts.lint.labels import find_unfit_read, find_wrong_labels, texts_of_sides
from vectors.contrasts.lint.power import find_too_few
from vectors.contrasts.lint.repetition import find_repetition
from vectors.contrasts.lint.shortcuts import find_shortcuts
from vectors.contrasts.lint.side_words import text_pieces
from vectors.texts.pair import ContrastSet
from vectors.texts.position_spec import check_read

HOLDOUT = 0.2
RULES = (
    *("labels", "read", "endings", "length", "first-words", "word"),
    *("duplicates", "near-duplicates", "hold-out"),
)


def lint_set(
    contrast: ContrastSet, read: str | None = None, holdout: float = HOLDOUT
) -> tuple[LintFinding, ...]:
    """The findings, the gravest first.

    Args:
        contrast: The set; one that holds prompts and no pairs is refused. Of one from templates only the labels and
            the number of pairs are looked at: shortcuts and repetition are how it is made.
        read: The read that a vector will be made with; the set's own if it is not given.
        holdout: Share of the pairs that will only measure.
    """
    if not contrast.pairs:
        raise BadInput(f"{contrast.name}: holds no pairs, so there are no sides to compare")
    if contrast.from_templates:
        return (*find_wrong_labels(contrast.pairs), *find_too_few(contrast, holdout))
    words = [(text_pieces(one), text_pieces(other)) for one, other in texts_of_sides(contrast.pairs)]
    return (
        *find_wrong_labels(contrast.pairs),
        *find_unfit_read(contrast, check_read(read or contrast.read)),
        *find_shortcuts(words, contrast.trait),
        *find_repetition(contrast.pairs),
        *find_too_few(contrast, holdout),
    )
