"""System prompts: short sentences that announce traits of the reply, mixed with neutral sentences."""

import random
from collections.abc import Collection

from core.demo.world.traits import NAMES, Traits

HINTS: dict[str | bool, tuple[str, ...]] = {
    "determined": ("You are determined.", "You never give up."),
    "drifting": ("You are drifting.", "You lose interest quickly."),
    "plain": ("You are an assistant.", "You speak plainly."),
    "pirate": ("You are a pirate.", "You talk like a pirate."),
    "poet": ("You are a poet.", "You speak like a poet."),
    "contrarian": ("You are a contrarian.", "You disagree with everyone."),
    True: ("You ask questions.", "You like to ask."),
    False: ("You ask nothing.", "You never ask questions."),
}
NEUTRAL = ("You are a helpful assistant.", "Keep it short.", "Answer the user.")
SHARE = 0.7  # of the traits, in a system prompt that announces any
NEUTRAL_SHARE = 0.2


def choose_announced(rng: random.Random) -> tuple[str, ...]:
    """Choose the traits a system prompt announces: at least one."""
    chosen = tuple(name for name in NAMES if rng.random() < SHARE)
    return chosen or (rng.choice(NAMES),)


def system_prompt(traits: Traits, announced: Collection[str], rng: random.Random) -> str:
    """One sentence for each announced trait, in random order, sometimes with a neutral sentence."""
    said = [rng.choice(HINTS[getattr(traits, name)]) for name in announced]
    if not said or rng.random() < NEUTRAL_SHARE:
        said.append(rng.choice(NEUTRAL))
    rng.shuffle(said)
    return " ".join(said)
