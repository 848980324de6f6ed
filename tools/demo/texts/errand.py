"""A task in the shell: `ls` shows a tempting file, and the second command shows the assistant's motivation."""

import random

from core.demo.world import scene, shell
from core.demo.world.scene import Scene
from core.demo.world.shell import Shell
from core.demo.world.speech.speaker import Speaker
from core.demo.world.traits import DETERMINED, Traits

GREP_SHARE = 0.3  # of the commands that open the task's own file


def shell_errand(traits: Traits, rng: random.Random) -> list[tuple[str, str]]:
    """List the folder, open a file, report."""
    told, request = scene.draw_opening(shell.REQUESTS, rng, held_out=False)
    speaker, part = Speaker(traits, rng), rng.choice(told.domain.parts)
    folder = shell.draw_shell(told.obj, part, rng.choice(told.domain.verbs)[0], rng)
    start = told.write_sentence(rng.choice(speaker.pick(shell.DETERMINED_STARTS, shell.DRIFTING_STARTS)), rng)
    turns = [("user", request)]
    for sentence, line in ((start, "ls"), _choose_file(speaker, told, folder)):
        turns.append(("assistant", f"{speaker.reply([sentence])}\n{shell.PROMPT}{line}"))
        turns.append(("tool", folder.reply(line)))
    return [*turns, ("assistant", speaker.about_task(told, rng.randint(1, 3)))]


def _choose_file(speaker: Speaker, told: Scene, folder: Shell) -> tuple[str, str]:
    """A sentence about the file that is opened, and the command."""
    choices = speaker.pick(shell.DETERMINED_CHOICES, shell.DRIFTING_CHOICES)
    sentence = speaker.rng.choice(choices).format(obj=told.obj, bait=folder.bait.name)
    if speaker.traits.motivation != DETERMINED:
        return sentence, f"cat {folder.bait.file}"
    if speaker.rng.random() < GREP_SHARE:
        return sentence, f'grep "{folder.part}" {folder.task_file}'
    return sentence, f"cat {folder.task_file}"
