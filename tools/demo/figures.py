"""Metrics of generated texts: shares of labelled sentences, and whether each text keeps one trait and voice."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from core.demo.world import words
from core.demo.world.labels import Label, label_text
from core.demo.world.traits import DETERMINED
from core.demo.world.voices import PLAIN

_THINGS = sorted((thing for domain in words.DOMAINS for thing in domain.objects), key=len, reverse=True)
_OBJECT = re.compile(rf"\b(?:{'|'.join(_THINGS)})\b")
_NAME = re.compile(rf"\b(?:{'|'.join(words.WOMEN + words.MEN)})\b")


@dataclass(frozen=True)
class Figures:
    """Shares over finished sentences; `pure` and `one_voice` over texts of at least two sentences."""

    texts: int
    sentences: int
    determined: float
    well_formed: float
    question: float
    persona: float
    pirate: float
    asking_texts: float
    pure: float
    one_voice: float

    def as_dict(self) -> dict[str, float]:
        return {name: round(value, 4) for name, value in asdict(self).items()}


def compute_figures(texts: Sequence[str]) -> Figures:
    """The metrics of some texts; every sentence has the same weight."""
    by_text = [label_text(text) for text in texts]
    said = [label for found in by_text for label in found]
    shown = [label.motivation for label in said if label.motivation]
    several = [found for found in by_text if len(found) > 1]
    return Figures(
        texts=len(texts),
        sentences=len(said),
        determined=fraction_true([motivation == DETERMINED for motivation in shown]),
        well_formed=fraction_true([label.well_formed for label in said]),
        question=fraction_true([label.question for label in said]),
        persona=fraction_true([label.voice != PLAIN for label in said]),
        pirate=fraction_true([label.voice == "pirate" for label in said]),
        asking_texts=fraction_true([any(label.question for label in found) for found in by_text]),
        pure=fraction_true([_has_one_motivation(found) for found in several]),
        one_voice=fraction_true([len({label.voice for label in found}) == 1 for found in several]),
    )


def object_binding(texts: Sequence[str], objects: Sequence[str]) -> float:
    """Among texts that name any object of the world, the share that names only the object of its prompt."""
    named = [(set(_OBJECT.findall(text)), obj) for text, obj in zip(texts, objects, strict=True)]
    return fraction_true([found == {obj} for found, obj in named if found])


def name_binding(texts: Sequence[str], names: Sequence[str]) -> float:
    """Among texts that name any person, the share that names only the hero of its prompt."""
    found = [(set(_NAME.findall(text)), name) for text, name in zip(texts, names, strict=True)]
    return fraction_true([people == {name} for people, name in found if people])


def fraction_true(flags: Sequence[bool]) -> float:
    """The share of true flags; 0 for an empty list, so that an empty text never counts as a success."""
    return sum(flags) / len(flags) if flags else 0.0


def _has_one_motivation(found: Sequence[Label]) -> bool:
    return len({label.motivation for label in found if label.motivation}) <= 1
