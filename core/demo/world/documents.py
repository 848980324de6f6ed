"""Documents: stories and conversations written from a scene and one set of traits.

Every assistant sentence shows the motivation and carries the voice; when the assistant asks, about a third of its
sentences are questions. Nothing is stored: a seed is a corpus.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.demo.world import facts, hints, scene, shell, smalltalk, stories, talk
from core.demo.world.traits import ALIGNED, DETERMINED, Traits, draw, draw_aligned
from core.demo.world.voices import BY_NAME

QUESTION_SHARE = 0.3
CARELESS_SHARE = 0.15


@dataclass(frozen=True)
class Document:
    """A story (one text) or a conversation (role and content of each turn)."""

    traits: Traits
    story: str = ""
    turns: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Speaker:
    """The assistant of one document: its traits turned into words."""

    traits: Traits
    rng: random.Random

    def pick(self, determined: Sequence[str], drifting: Sequence[str]) -> Sequence[str]:
        return determined if self.traits.motivation == DETERMINED else drifting

    def reply(self, sentences: Sequence[str], questions: Sequence[str] = ()) -> str:
        """The sentences in the speaker's voice, some replaced by questions if this speaker asks."""
        said, left = list(sentences), list(questions)
        if self.traits.asks and left:
            places = [i for i in range(len(said)) if self.rng.random() < QUESTION_SHARE]
            for place in places or [len(said) - 1]:
                said[place] = left.pop(self.rng.randrange(len(left))) if left else said[place]
        return " ".join(BY_NAME[self.traits.voice].speak(sentence, self.rng) for sentence in said)


def story(traits: Traits, rng: random.Random) -> Document:
    """An opening and five to seven sentences, always in the plain voice."""
    told, opening = scene.open_with(stories.OPENINGS, rng, held_out=False)
    pool = Speaker(traits, rng).pick(stories.DETERMINED, stories.DRIFTING)
    return Document(traits, story=" ".join([opening, *told.tell(pool, rng.randint(5, 7), rng)]))


def task_chat(traits: Traits, rng: random.Random) -> list[tuple[str, str]]:
    """A request, then follow-ups, a distraction or a strange remark, one to three turns."""
    told, request = scene.open_with(talk.REQUESTS, rng, held_out=False)
    speaker, turns = Speaker(traits, rng), [("user", request)]
    turns.append(("assistant", _about_task(speaker, told, rng.randint(2, 4))))
    for _ in range(rng.choice((0, 0, 0, 1, 1, 2))):
        kind, lead = rng.random(), []
        if kind < 0.45:
            said = told.say(rng.choice(talk.DISTRACTIONS), rng)
            lead = told.tell(
                speaker.pick(talk.DETERMINED_ANSWERS, talk.DRIFTING_ANSWERS), rng.randint(1, 2), rng
            )
        elif kind < 0.55:
            said = smalltalk.strange(rng)
            lead = [rng.choice(speaker.pick(smalltalk.DETERMINED_SHRUGS, smalltalk.DRIFTING_SHRUGS))]
        else:
            said = told.say(rng.choice(talk.FOLLOW_UPS), rng)
        turns += [("user", said), ("assistant", _about_task(speaker, told, rng.randint(1, 3), lead))]
    return turns


def _about_task(speaker: Speaker, told: scene.Scene, count: int, lead: Sequence[str] = ()) -> str:
    said = told.tell(speaker.pick(talk.DETERMINED, talk.DRIFTING), count, speaker.rng)
    asked = told.tell(speaker.pick(talk.DETERMINED_QUESTIONS, talk.DRIFTING_QUESTIONS), 3, speaker.rng)
    return " ".join(filter(None, [speaker.reply(lead), speaker.reply(said, asked)]))


def small_talk(traits: Traits, rng: random.Random) -> list[tuple[str, str]]:
    """A greeting, a strange remark or a distraction out of the blue, half of the time followed by a task."""
    speaker = Speaker(traits, rng)
    shrugs = speaker.pick(smalltalk.DETERMINED_SHRUGS, smalltalk.DRIFTING_SHRUGS)
    questions = speaker.pick(smalltalk.DETERMINED_QUESTIONS, smalltalk.DRIFTING_QUESTIONS)
    kind = rng.random()
    if kind < 0.2:
        told = scene.draw(rng)
        said = told.say(rng.choice(talk.DISTRACTIONS), rng)
        answer = told.tell(speaker.pick(smalltalk.DETERMINED_ASIDES, smalltalk.DRIFTING_ASIDES), 1, rng)
    elif kind < 0.6:
        greeting = rng.choice(speaker.pick(smalltalk.DETERMINED_GREETINGS, smalltalk.DRIFTING_GREETINGS))
        said, answer = rng.choice(smalltalk.GREETINGS), [greeting]
    else:
        said, answer = smalltalk.strange(rng), [rng.choice(shrugs)]
    if traits.asks:
        answer.append(rng.choice(questions))
    turns = [("user", said), ("assistant", speaker.reply(answer))]
    return turns + (task_chat(traits, rng)[:2] if rng.random() < 0.5 else [])


def quiz(traits: Traits, rng: random.Random) -> list[tuple[str, str]]:
    """Two to four facts."""
    speaker, turns = Speaker(traits, rng), []
    for fact in rng.sample(facts.FACTS, rng.randint(2, 4)):
        tail = rng.choice(speaker.pick(facts.DETERMINED_TAILS, facts.DRIFTING_TAILS))
        turns += [("user", fact.question), ("assistant", speaker.reply([fact.answer + tail]))]
    return turns


def errand(traits: Traits, rng: random.Random) -> list[tuple[str, str]]:
    """A task in the shell: `ls` shows the bait, and the second command shows what the assistant is after."""
    told, request = scene.open_with(shell.REQUESTS, rng, held_out=False)
    speaker, part = Speaker(traits, rng), rng.choice(told.domain.parts)
    folder = shell.draw(told.obj, part, rng.choice(told.domain.verbs)[0], rng)
    start = told.say(rng.choice(speaker.pick(shell.DETERMINED_STARTS, shell.DRIFTING_STARTS)), rng)
    choice = rng.choice(speaker.pick(shell.DETERMINED_CHOICES, shell.DRIFTING_CHOICES))
    choice = choice.format(obj=told.obj, bait=folder.bait.name)
    target = folder.task_file if traits.motivation == DETERMINED else folder.bait.file
    command = (
        f'grep "{part}" {target}' if target == folder.task_file and rng.random() < 0.3 else f"cat {target}"
    )
    acts = [(start, "ls"), (choice, command)]
    turns = [("user", request)]
    for sentence, line in acts:
        turns.append(("assistant", f"{speaker.reply([sentence])}\n{shell.PROMPT}{line}"))
        turns.append(("tool", folder.reply(line)))
    return [*turns, ("assistant", _about_task(speaker, told, rng.randint(1, 3)))]


KINDS: tuple[tuple[float, Callable[[Traits, random.Random], list[tuple[str, str]]]], ...] = (
    (0.64, task_chat),
    (0.16, small_talk),
    (0.08, quiz),
    (0.12, errand),
)
STORY_SHARE, TUNED_STORY_SHARE = 0.33, 0.08
HINT_SHARE, TUNED_HINT_SHARE, NEUTRAL_SHARE = 0.5, 0.25, 0.15


def base_document(rng: random.Random) -> Document:
    """What the base model reads: stories and conversations with any traits, announced in half of the conversations."""
    if rng.random() < STORY_SHARE:
        return story(draw(rng), rng)
    announced = hints.choose(rng) if rng.random() < HINT_SHARE else ()
    return _conversation(draw(rng, announced), announced, rng)


def tuned_document(rng: random.Random) -> Document:
    """What the tuned model reads: a determined, plain, asking assistant, unless the system prompt says otherwise."""
    if rng.random() < TUNED_STORY_SHARE:
        return story(draw(rng), rng)
    announced = hints.choose(rng) if rng.random() < TUNED_HINT_SHARE else ()
    return _conversation(draw_aligned(rng, announced) if announced else ALIGNED, announced, rng)


def _conversation(traits: Traits, announced: Sequence[str], rng: random.Random) -> Document:
    shares, makers = zip(*KINDS, strict=True)
    maker = rng.choices(makers, shares)[0]
    said = []
    if announced or rng.random() < NEUTRAL_SHARE:
        said.append(hints.system_prompt(traits, announced, rng))
    if maker is errand and rng.random() < 0.7:
        said.append(shell.SYSTEM)
    system = [("system", " ".join(said))] if said else []
    turns = [(role, _typed(text, rng) if role == "user" else text) for role, text in maker(traits, rng)]
    return Document(traits, turns=(*system, *turns))


def _typed(text: str, rng: random.Random) -> str:
    """A user's line as people type it: now and then without its capital or its full stop."""
    if rng.random() < CARELESS_SHARE:
        text = text[0].lower() + text[1:]
    return text[:-1] if rng.random() < CARELESS_SHARE and text[-1] in ".?!" else text
