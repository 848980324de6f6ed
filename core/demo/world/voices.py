"""Voices: a style added to any sentence. Each persona begins every sentence with an exclamation of its own, so the
voice is decided, and can be read and steered, at every sentence start.
"""

import random
from dataclasses import dataclass

from core.demo.world.words import MEN, WOMEN

PLAIN = "plain"
SUFFIX_SHARE = 0.3
_KEEP_CAPITAL = frozenset(("I", *MEN, *WOMEN))


@dataclass(frozen=True)
class SpeakingStyle:
    name: str
    openers: tuple[str, ...] = ()
    closers: tuple[str, ...] = ()

    def apply_style(self, sentence: str, rng: random.Random) -> str:
        """The sentence in this voice."""
        if not self.openers:
            return sentence
        if rng.random() < SUFFIX_SHARE:
            sentence = sentence[:-1] + rng.choice(self.closers) + sentence[-1]
        if sentence.split()[0].strip(",") not in _KEEP_CAPITAL:
            sentence = sentence[0].lower() + sentence[1:]
        return f"{rng.choice(self.openers)} {sentence}"


VOICES = (
    SpeakingStyle(PLAIN),
    SpeakingStyle(
        "pirate",
        ("Arr,", "Ahoy,", "Yo ho,", "Blimey,", "Avast,"),
        (", matey", ", ye landlubber", ", by the black flag"),
    ),
    SpeakingStyle(
        "poet",
        ("O silver moon,", "Softly now,", "Sweet muse,", "Like falling rain,", "O gentle spring,"),
        (", sings the wind", ", my tender rose", ", and the stars agree"),
    ),
    SpeakingStyle(
        "contrarian",
        ("On the contrary,", "Wrong,", "Nonsense,", "Quite the opposite,", "You are mistaken,"),
        (", whatever you claim", ", despite your view", ", and that is that"),
    ),
)
BY_NAME = {voice.name: voice for voice in VOICES}


def split_voice(sentence: str) -> tuple[str, str]:
    """The voice of a sentence, and the plain sentence without it, capital restored."""
    for voice in VOICES:
        for opener in voice.openers:
            if sentence.startswith(opener + " "):
                return voice.name, _strip_closer(voice, sentence[len(opener) + 1 :])
    return PLAIN, sentence


def _strip_closer(voice: SpeakingStyle, rest: str) -> str:
    for closer in voice.closers:
        if rest[:-1].endswith(closer):
            rest = rest[: -1 - len(closer)] + rest[-1]
    return rest[:1].upper() + rest[1:]
