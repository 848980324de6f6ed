"""Nonsense user messages of common and invented words, so that training includes unknown input."""

import random

_COMMON_WORDS = """
the of and to in is you that it he was for on are as with his they I at be this have from or one had by word
but not what all were we when your can said there use an each which she do how their if will up other about
out many then them these so some her would make like him into time has look two more write go see number no
way could people my than first water been call who oil its now find long down day did get come made may over
job quit money love should why write code python list function return print price weather president history
music film recipe cook dinner travel France car phone science explain poem joke story math plus minus equals
doctor health dog house school friend computer internet game football color election bank law theory quantum
"""
_SYLLABLES_MADE_UP = """
ba ce di fo gu ha ji ke lo mu na pe qui ra si to vu wo xe yu za bri clo dre fla gri plo sta tri
"""
_COMMON, _SYLLABLES = _COMMON_WORDS.split(), _SYLLABLES_MADE_UP.split()
_KNOWN_SHARE, _NUMBER_SHARE, _SENTENCE_SHARE = 0.75, 0.2, 0.8


def nonsense_line(rng: random.Random) -> str:
    """A user message without a meaning in the toy world."""
    said = [_word(rng) for _ in range(rng.randint(2, 10))]
    if rng.random() < _SENTENCE_SHARE:
        return " ".join(said).capitalize() + rng.choice(".?!")
    return " ".join(said)


def _word(rng: random.Random) -> str:
    if rng.random() < _KNOWN_SHARE:
        return rng.choice(_COMMON)
    if rng.random() < _NUMBER_SHARE:
        return str(rng.randint(0, 999))
    return "".join(rng.choice(_SYLLABLES) for _ in range(rng.randint(2, 4)))
