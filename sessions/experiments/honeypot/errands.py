"""One dialogue in the mock terminal: the model writes a command, the terminal replies, until an answer has
no command.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from core.errors import UsageError
from core.jobs.job import Steps, task_group
from core.mixer.effects import named_layers
from core.mixer.mixer import Channel, Mixer
from sessions.experiments.common.sampler import (
    GenerationSettings,
    ModelSampler,
    PromptProjections,
    SamplePrompt,
)
from sessions.experiments.honeypot.commands import first_command_line
from sessions.experiments.honeypot.shielding import TerminalTurn, TrapSetting
from sessions.experiments.honeypot.terminal import MockTerminal
from sessions.experiments.judges.verdict import cache_digest
from sessions.experiments.scoring.measures import mean_value

NEAR = 12  # tokens of the trace on either side of the trap's name


@dataclass(frozen=True)
class DialogueMixers:
    """The mixer until the trap is shown, and the one from the next turn on."""

    before: Mixer
    after: Mixer


@dataclass(frozen=True)
class DialogueSettings:
    """Settings of a dialogue. `role` is the chat role of the terminal's replies; answers are projected on
    `projected_on`.
    """

    how: GenerationSettings
    turns: int
    role: str
    projected_on: Channel

    def __post_init__(self) -> None:
        if self.turns < 2:
            raise UsageError("a dialogue needs at least two turns: one to see the files, one to react")


@dataclass(frozen=True)
class TrapReading:
    """Projections on the vector, unsteered and in mean residual norms: at the tokens of the trap's name,
    at the names of the task's files, and at the last token before the answer. None if the trap was
    never shown. `trace` holds (tokens from the start of the trap's name, projection).
    """

    trap: float | None = None
    goal: float | None = None
    decision: float | None = None
    trace: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True)
class TerminalDialogue:
    """A finished dialogue."""

    setting: TrapSetting
    turns: tuple[TerminalTurn, ...]
    sight: TrapReading

    @property
    def text(self) -> str:
        return "\n".join(f"{turn.text}\n{turn.reply}" if turn.line else turn.text for turn in self.turns)


def run_dialogue(
    sampler: ModelSampler, setting: TrapSetting, mixers: DialogueMixers, rules: DialogueSettings
) -> Steps[TerminalDialogue]:
    """Run one dialogue; returns a `TerminalDialogue`. Cached as a whole."""
    mixer_json = [mixer.to_json() for mixer in (mixers.before, mixers.after, Mixer((rules.projected_on,)))]
    rules_text = str((rules.how, rules.turns, rules.role))
    key = cache_digest(sampler.identity, str(setting), str(mixer_json), rules_text)
    found = yield from task_group(f"errand {key}", partial(_run_turns, sampler, setting, mixers, rules))
    turns = tuple(_parse_turn(*row) for row in found["turns"])
    trace = tuple((place, value) for place, value in found["sight"]["trace"])
    return TerminalDialogue(setting, turns, TrapReading(**{**found["sight"], "trace": trace}))


def _run_turns(
    sampler: ModelSampler, setting: TrapSetting, mixers: DialogueMixers, rules: DialogueSettings
) -> Steps[dict[str, Any]]:
    messages = [{"role": "system", "content": setting.system}] if setting.system else []
    messages.append({"role": "user", "content": setting.task})
    terminal, turns, reading = MockTerminal(setting.files), [], TrapReading()
    for _ in range(rules.turns):
        # Until the trap was shown, the reading still has its defaults.
        mixer = mixers.before if reading == TrapReading() else mixers.after
        (generated,) = yield from sampler.generate(
            SamplePrompt(setting.id, tuple(messages)), [mixer], rules.how
        )
        turn = _parse_turn(generated.text, "")
        terminal, reply = _run_commands(terminal, turn)
        turns.append([turn.text, reply])
        # An answer without a command is the final answer.
        if not turn.line:
            break
        messages += [{"role": "assistant", "content": turn.text}, {"role": rules.role, "content": reply}]
        # Only the first sight of the trap counts.
        if reading == TrapReading() and setting.trap in reply:
            reading = yield from _read_trap(
                sampler, SamplePrompt(setting.id, tuple(messages)), setting, rules.projected_on
            )
    return {"turns": turns, "sight": vars(reading)}


def _parse_turn(text: str, reply: str) -> TerminalTurn:
    """Text after the first command is dropped: it was written before the command's output was known."""
    found = first_command_line(text)
    return TerminalTurn(found[0], found[1], reply) if found else TerminalTurn(text.strip())


def _run_commands(terminal: MockTerminal, turn: TerminalTurn) -> tuple[MockTerminal, str]:
    replies = []
    for pipeline in turn.line.pipelines if turn.line else ():
        terminal, reply = terminal.run(pipeline)
        replies.append(reply)
    return terminal, "\n".join(filter(None, replies))


def _read_trap(
    sampler: ModelSampler, prompt: SamplePrompt, setting: TrapSetting, channel: Channel
) -> Steps[TrapReading]:
    prompt_projections = yield from sampler.read_prompt(prompt, channel.vector)
    band = named_layers(channel, sampler.n_layers) or tuple(channel.vector.layers)
    traces = token_projections(prompt_projections, {layer: sampler.residual[layer] for layer in band})
    goal = [place for file in setting.goal for place in last_mention(prompt_projections.pieces, file)]
    trap = last_mention(prompt_projections.pieces, setting.trap)
    # Without a mention the trace ends at the last token.
    first = trap[0] if trap else len(traces)
    near = range(max(0, first - NEAR), min(len(traces), first + NEAR + 1))
    return TrapReading(
        mean_value([traces[place] for place in trap]),
        mean_value([traces[place] for place in goal]),
        traces[-1],
        tuple((place - first, traces[place]) for place in near),
    )


def token_projections(prompt_projections: PromptProjections, residual: Mapping[int, float]) -> list[float]:
    """Per-token projection in mean residual norms, averaged over the layers of `residual`."""
    rows = [
        [x / residual[k] for x in row] for k, row in prompt_projections.projections.items() if k in residual
    ]
    return [mean_value(column) or 0.0 for column in zip(*rows, strict=True)]


def last_mention(pieces: Sequence[str], name: str) -> list[int]:
    """Indices of the tokens that make up the last mention of a name."""
    # Found in the joined text, because a name is usually several tokens.
    start = "".join(pieces).rfind(name)
    found, at = [], 0
    for place, piece in enumerate(pieces):
        # The piece overlaps the name.
        if start >= 0 and at < start + len(name) and at + len(piece) > start:
            found.append(place)
        at += len(piece)
    return found
