"""The packs of the experiments by what they hold: the built-in names, and the function that reads a file."""

from __future__ import annotations

from sessions.job_specs.kinds.kind import PackSource


def pack_source(holds: str) -> PackSource:
    """The source of a kind of pack; only the experiment that it belongs to is imported."""
    if holds == "tasks":
        from sessions.experiments.distraction import dialogues

        return PackSource(dialogues.PACKS, dialogues.read_tasks)
    if holds == "traps":
        from sessions.experiments.honeypot import traps

        return PackSource(traps.PACKS, traps.read_settings)
    if holds == "conversations":
        from sessions.experiments.axis_drift import scripts

        return PackSource((), scripts.read_conversations)
    from sessions.experiments.common import prompts

    return PackSource(prompts.PACKS, prompts.read_prompt_file)
