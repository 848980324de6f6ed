"""Sentence templates that both generate and parse: a template fills its slots and recognises its own sentences.

Matching is exact, slot words included, so the label of a well-formed sentence is never a guess.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache

from core.demo.world import words

_SLOT = re.compile(r"\{(\w+)\}")


def fill_template(template: str, slots: Mapping[str, str]) -> str:
    """The sentence of a template, its first letter upper case."""
    sentence = template.format_map(slots)
    return sentence[0].upper() + sentence[1:]


@cache
def template_pattern(template: str) -> re.Pattern[str]:
    """A regular expression for every sentence of a template; a slot that occurs twice must have the same word."""
    pieces, seen = [], set()
    for position, piece in enumerate(_SLOT.split(template)):
        if position % 2 == 0:
            pieces.append(re.escape(piece))
        elif piece in seen:
            pieces.append(f"(?P={piece})")
        else:
            seen.add(piece)
            pieces.append(f"(?P<{piece}>{_alternatives(piece)})")
    return re.compile("".join(pieces))


def match_template(template: str, sentence: str) -> dict[str, str] | None:
    """The slots of a sentence made by this template, or None; the case of its first letter does not matter."""
    for spelling in (sentence, sentence[:1].lower() + sentence[1:]):
        if found := template_pattern(template).fullmatch(spelling):
            return found.groupdict()
    return None


@cache
def _alternatives(slot: str) -> str:
    return "|".join(re.escape(word) for word in sorted(_values(slot), key=lambda word: (-len(word), word)))


def _values(slot: str) -> Iterable[str]:
    domains, names = words.DOMAINS, words.WOMEN + words.MEN
    return {
        "obj": [thing for domain in domains for thing in domain.objects],
        "part": [part for domain in domains for part in domain.parts],
        "tool": [tool for domain in domains for tool in domain.tools],
        "verb": [verb for domain in domains for verb, _ in domain.verbs],
        "past": [past for domain in domains for _, past in domain.verbs],
        "place": [place for domain in domains for place in domain.places],
        "name": names,
        "who": (*names, "he", "she"),
        "fun": [distraction.name for distraction in words.DISTRACTIONS],
        "charm": [distraction.charm for distraction in words.DISTRACTIONS],
        "bait": [bait.name for bait in words.BAITS],
    }[slot]
