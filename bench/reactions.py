"""How soon an engine that is speaking does what it is told: dials, and cancels in the answer and in a long prompt."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.mixer.mixer import Channel, Mixer
from sessions.journal import events as ev
from sessions.journal.codec import JournalRecord
from sessions.state.mixer_words import mix_hash
from sessions.state.state import ROOT, SessionState, Turn
from steertui.engine.client import EngineClient, RemoteError
from steertui.engine.protocol import Frame

VECTOR = "determined-drifting"
ANSWER = {"max_new_tokens": 1800, "ignore_end": True}
PAUSE_S = (0.005, 0.025)
"""Between two turns of a dial: more of them than a hand manages, at no fixed beat with the tokens."""
CANCELS = 20
LONG_CANCELS = 8
LONG_WORDS = 1500


@dataclass(frozen=True)
class Reactions:
    """Microseconds, each as the client sees it: from its request to the reply (dial) or to the `stop` event (cancel).

    `tokens` per dial: how many were begun between the asking and the one it is in force for. `wrong`: dials whose
    token was not made under them. `late`: cancels that more than one token or chunk went past.
    """

    dials: tuple[float, ...]
    tokens: tuple[int, ...]
    cancels: tuple[float, ...]
    long_cancels: tuple[float, ...]
    wrong: int
    late: int


async def reactions(path: Path) -> Reactions:
    client = await EngineClient.open(path)
    async with aclosing(_events(client)) as events:
        await client.ask("vector.load", source=VECTOR)
        dials, tokens, wrong = await _dials(client, events)
        cancels = [await _cancel(client, events, k, "go") for k in range(CANCELS)]
        long = [await _cancel(client, events, k, "word " * LONG_WORDS) for k in range(LONG_CANCELS)]
    await client.close()
    late = sum(late for _, late in (*cancels, *long))
    return Reactions(dials, tokens, tuple(t for t, _ in cancels), tuple(t for t, _ in long), wrong, late)


async def _events(client: EngineClient) -> AsyncIterator[ev.Event]:
    async for item in client.items():
        if isinstance(item, JournalRecord):
            yield item.event


async def _until(events: AsyncIterator[ev.Event], true: Callable[[ev.Event], bool]) -> ev.Event:
    return await anext(event async for event in events if true(event))


async def _dials(
    client: EngineClient, events: AsyncIterator[ev.Event]
) -> tuple[tuple[float, ...], tuple[int, ...], int]:
    """Scales turned for as long as an answer lasts; each is asked for beside the number of tokens heard so far."""
    dice, times, late, promised = random.Random(0), [], [], {}
    gen = await _begun(client, events, "go")
    await _until(events, lambda event: isinstance(event, ev.TokensGenerated) and event.gen == gen)
    while client.state.running:
        await asyncio.sleep(dice.uniform(*PAUSE_S))
        state = Mixer((Channel(client.state.vectors[VECTOR], scale=dice.uniform(-1, 1)),)).to_json()
        heard, ack, took = await _turned(client, state)
        if heard is None or ack["gen"] is None:
            break
        times.append(took)
        promised[ack["at"]] = mix_hash(state)
        late.append(ack["at"] - heard["at"])
    answer = _answer(client.state, gen)
    played = {at: answer.tokens[at].mix for at in promised if at < len(answer.tokens)}
    wrong = sum(mix != promised[at] for at, mix in played.items())
    return tuple(times), tuple(late), wrong


async def _turned(client: EngineClient, state: dict[str, Any]) -> tuple[Frame | None, Frame, float]:
    """What a pause that is none says of the tokens so far, what the dial was told, and how long that took."""
    heard = asyncio.ensure_future(client.ask("pause", paused=False))
    await asyncio.sleep(0)
    began = time.perf_counter()
    ack = await client.ask("mixer", rev=client.state.mixer.rev + 1, state=state)
    took = 1e6 * (time.perf_counter() - began)
    try:
        return await heard, ack, took
    except RemoteError:  # the answer has ended
        return None, ack, took


async def _cancel(
    client: EngineClient, events: AsyncIterator[ev.Event], number: int, text: str
) -> tuple[float, bool]:
    """At some moment after the answer began: in a long prompt most of its time is spent on reading that."""
    gen = await _begun(client, events, f"{number} {text}")
    await asyncio.sleep(random.Random(number).uniform(0.01, 0.06))
    began = time.perf_counter()
    at = (await client.ask("cancel"))["at"]
    stop: Any = await _until(events, lambda event: isinstance(event, ev.AnswerStopped) and event.gen == gen)
    return 1e6 * (time.perf_counter() - began), stop.tokens > at + 1


async def _begun(client: EngineClient, events: AsyncIterator[ev.Event], text: str) -> int:
    """The number of an answer that has just begun."""
    turn = (await client.ask("chat", text=text, parent=ROOT, settings=ANSWER))["turn"]
    gen: Any = await _until(
        events, lambda event: isinstance(event, ev.AnswerStarted) and event.parent == turn
    )
    return int(gen.gen)


def _answer(state: SessionState, gen: int) -> Turn:
    return next(turn for turn in state.turns.values() if turn.gen == gen)
