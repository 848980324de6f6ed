"""Generates every conversation except shell errands: tasks with interruptions, small talk, questions of fact."""

import random
from collections.abc import Sequence
from itertools import chain

from core.demo.world import facts, scene
from core.demo.world.speech import smalltalk, talk
from core.demo.world.speech.speaker import Speaker
from core.demo.world.traits import Traits
from tools.demo.texts import nonsense

Turns = list[tuple[str, str]]
MORE_TURNS = (0, 0, 0, 1, 1, 2)


def task_chat(traits: Traits, rng: random.Random) -> Turns:
    """A request and its answer, then up to two follow-ups, distractions or nonsense lines."""
    told, request = scene.draw_opening(talk.REQUESTS, rng, held_out=False)
    speaker = Speaker(traits, rng)
    turns = [("user", request), ("assistant", speaker.about_task(told, rng.randint(2, 4)))]
    for _ in range(rng.choice(MORE_TURNS)):
        said, lead = _next_interruption(speaker, told, rng)
        turns += [("user", said), ("assistant", speaker.about_task(told, rng.randint(1, 3), lead))]
    return turns


def _next_interruption(speaker: Speaker, told: scene.Scene, rng: random.Random) -> tuple[str, Sequence[str]]:
    """The next user message, and the sentences that must begin the reply to it."""
    kind = rng.random()
    if kind < 0.45:
        said = told.write_sentence(rng.choice(talk.DISTRACTIONS), rng)
        answers = speaker.pick(talk.DETERMINED_ANSWERS, talk.DRIFTING_ANSWERS)
        return said, told.write_sentences(answers, rng.randint(1, 2), rng)
    if kind < 0.55:
        said = nonsense.nonsense_line(rng)
        return said, [rng.choice(speaker.pick(smalltalk.DETERMINED_SHRUGS, smalltalk.DRIFTING_SHRUGS))]
    return told.write_sentence(rng.choice(talk.FOLLOW_UPS), rng), []


def small_talk(traits: Traits, rng: random.Random) -> Turns:
    """A conversation without a task at first; in half of the cases a task follows."""
    speaker = Speaker(traits, rng)
    said, answer = _opening(speaker, rng)
    if traits.asks:
        answer.append(rng.choice(speaker.pick(smalltalk.DETERMINED_QUESTIONS, smalltalk.DRIFTING_QUESTIONS)))
    turns = [("user", said), ("assistant", speaker.reply(answer))]
    return turns + (task_chat(traits, rng)[:2] if rng.random() < 0.5 else [])


def _opening(speaker: Speaker, rng: random.Random) -> tuple[str, list[str]]:
    """A greeting or a nonsense line, and its answer."""
    if rng.random() < 0.5:
        answer = rng.choice(speaker.pick(smalltalk.DETERMINED_GREETINGS, smalltalk.DRIFTING_GREETINGS))
        return rng.choice(smalltalk.GREETINGS), [answer]
    said = nonsense.nonsense_line(rng)
    return said, [rng.choice(speaker.pick(smalltalk.DETERMINED_SHRUGS, smalltalk.DRIFTING_SHRUGS))]


def fact_quiz(traits: Traits, rng: random.Random) -> Turns:
    """Two to four questions of fact with their answers."""
    speaker = Speaker(traits, rng)
    known = rng.sample(facts.FACTS, rng.randint(2, 4))
    return list(chain.from_iterable(_fact_turns(speaker, fact) for fact in known))


def _fact_turns(speaker: Speaker, fact: facts.Fact) -> Turns:
    tail = speaker.rng.choice(speaker.pick(facts.DETERMINED_TAILS, facts.DRIFTING_TAILS))
    return [("user", fact.question), ("assistant", speaker.reply([fact.answer + tail]))]
