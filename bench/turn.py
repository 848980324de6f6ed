"""The first token of a turn: after a long conversation it may cost little more than the turn alone."""

from __future__ import annotations

from typing import Any

import core
from bench.arms import Arm, Check, Goal, Setting, judge, race
from bench.mixers import add_and_cap, prompt
from bench.shapes import qwen
from core.generation.prefill import feed_in_chunks
from core.model.cache import Tape
from core.model.model import Model
from core.steering.plan import Plan

HISTORY, TURN = 3900, 64
GOALS = (Goal("after the history", "alone", 1 / 1.2),)


def bench(setting: Setting) -> dict[str, Any]:
    model = core.adopt(qwen(device=setting.device), name="qwen shape")
    plan = model.planner.plan([add_and_cap(model)])
    long, short = Tape(model), Tape(model)
    _feed(long, prompt(model, HISTORY), plan)
    ids = prompt(model, TURN, seed=1)

    def turn(tape: Tape) -> int:
        before = len(tape)
        _feed(tape, ids, plan)
        _forget(tape, before)
        return TURN

    laps = race([Arm("after the history", lambda: turn(long)), Arm("alone", lambda: turn(short))], setting)
    return {
        "model": f"Qwen2 shape of 148M parameters, {model.dtype}; {HISTORY} tokens before, {TURN} in the turn",
        "rates": {name: [lap.rate(setting.clock) for lap in found] for name, found in laps.items()},
        "goals": [judge(laps, goal, setting.clock) for goal in GOALS],
        "checks": [_nothing_encoded_again(model).to_json()],
    }


def _feed(tape: Tape, ids: list[int], plan: Plan) -> None:
    for _ in feed_in_chunks(tape, [ids], ["prompt"] * len(ids), plan):
        pass


def _forget(tape: Tape, length: int) -> None:
    if length:
        tape.crop(length)
    else:
        tape.clear()


def _nothing_encoded_again(model: Model) -> Check:
    """Positions that went through the first block for the second of two answers on one tape, beyond its own."""
    from core.generation.live import AnswerStream
    from core.generation.settings import DecoderSettings
    from core.mixer.mixer import Mixer

    tape, how = Tape(model), DecoderSettings(max_new_tokens=2, ignore_end=True)
    list(AnswerStream(model, tape, prompt(model, HISTORY // 10), Mixer(), how))
    fed: list[int] = []
    with model.steering.hooking_outputs([0], lambda layer, hidden: fed.append(hidden.shape[1])):
        list(AnswerStream(model, tape, prompt(model, TURN, seed=1), Mixer(), how))
    return Check("positions encoded again", sum(fed) - TURN - 2, 0)
