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
PLACES = (
    *("at the station", "before noon", "in the rain", "near the bridge", "after the meeting"),
    *("on Monday", "behind a hedge", "during lunch", "outside the town hall", "without any reason"),
    *("across two fields", "for the third time", "under great pressure", "beside the river", "at midnight"),
    *("through heavy snow", "once more", "while it was dark", "between two trains", "as usual"),
)
COUNT, SEED = 100, 17


def subject_pairs() -> tuple[ContrastPair, ...]:
    """“The nurse helped the pilot … . This is about the nurse” against the same with the roles exchanged."""
    rng, pairs = random.Random(SEED), []
    # Of one place nobody is in two pairs: sentences of different pairs then share less than half.
    people = {place: rng.sample(PEOPLE, len(PEOPLE)) for place in PLACES}
    for number in range(COUNT):
        # Domains take turns, and within each domain its deeds do; no deed meets a place twice.
        domain = list(DEEDS)[number % len(DEEDS)]
        turn = number // len(DEEDS)
        deed = DEEDS[domain][turn % 5]
        place = PLACES[(number + turn // 5) % len(PLACES)]
        one, other = people[place].pop(), people[place].pop()
        sides = [
            f"The {doer} {deed} the {done_to} {place}. This is about the {one}"
            for doer, done_to in ((one, other), (other, one))
        ]
        pairs.append(ContrastPair(sides[0], sides[1], domain))
    return tuple(pairs)
