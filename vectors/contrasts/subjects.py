"""Subject against object: the same words and the same last name; only the roles of agent and patient
differ.
"""

from __future__ import annotations

import random

from vectors.texts.pair import ContrastPair

PEOPLE = (
    *("nurse", "pilot", "baker", "lawyer", "farmer", "teacher", "singer", "plumber", "judge", "waiter"),
    *("tailor", "miner", "chemist", "painter", "driver", "cook", "editor", "sailor", "dentist", "guard"),
)
DEEDS = {
    "help": ("helped", "rescued", "taught", "paid", "guided"),
    "harm": ("pushed", "robbed", "deceived", "blamed", "ignored"),
    "speech": ("called", "thanked", "warned", "questioned", "praised"),
    "motion": ("followed", "carried", "chased", "overtook", "led"),
}
PLACES = ("at the station", "before noon", "in the rain", "near the bridge", "after the meeting")
COUNT, SEED = 100, 17


def subject_pairs() -> tuple[ContrastPair, ...]:
    """“The nurse helped the pilot … . This is about the nurse” against the same with the roles exchanged."""
    rng = random.Random(SEED)
    pairs = []
    for number in range(COUNT):
        # Domains take turns, and within each domain its deeds do.
        domain = list(DEEDS)[number % len(DEEDS)]
        deed = DEEDS[domain][number // len(DEEDS) % 5]
        one, other = rng.sample(PEOPLE, 2)
        place = rng.choice(PLACES)
        sides = [
            f"The {doer} {deed} the {done_to} {place}. This is about the {one}"
            for doer, done_to in ((one, other), (other, one))
        ]
        pairs.append(ContrastPair(sides[0], sides[1], domain))
    return tuple(pairs)
