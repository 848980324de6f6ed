"""`steertui.connect()`: use an engine from a notebook or a script, without asyncio."""

from __future__ import annotations

import asyncio
import math
import queue
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from core.errors import EngineUnavailable, UsageError
from core.mixer.mixer import Mixer
from sessions.journal.codec import JournalRecord
from sessions.state.state import AnswerToken, SessionState, Turn
from steertui.engine.client import EngineClient, Item
from steertui.engine.launch import choose_engine, ensure_engine, options_in_words
from steertui.engine.protocol import Frame

if TYPE_CHECKING:
    from steertui.engine.inline import InlineEngine

BREATH_S = 0.1


def connect(
    model: str | None = None, *, socket: Path | str | None = None, role: str = "writer", inline: bool = False
) -> EngineConnection:
    """Connect to the engine at `socket`, else the one that has `model` loaded, else the only running one.

    Args:
        model: Demo or fetched model, local folder, GGUF file or Hugging Face id. An engine is started if none has it
            loaded; warns if it was loaded with other options.
        socket: The path of an engine's socket, for example a forwarded one.
        role: `writer` to change the session, `observer` to follow it, `guest` for its own session.
        inline: Run an engine in this process, closed together with the connection.

    Example:
        with steertui.connect("demo-instruct") as engine:
            engine.ready()
            print(engine.say("What is the sea?", max_new_tokens=20).text)
    """
    if inline:
        if model is None or socket is not None:
            raise UsageError("an engine in this process needs a model, and no socket")
        own = import_module("steertui.engine.inline").start_inline(model)
        return EngineConnection(own.path, role, own=own)
    path = Path(socket) if socket else (ensure_engine(model) if model else choose_engine().path)
    engine = EngineConnection(path, role)
    if model and not socket and (way := options_in_words(engine.options)):
        warnings.warn(f"the engine that has {model} loaded it as: {way}", stacklevel=2)
    return engine


class EngineConnection:
    """A blocking connection to an engine: `ask` sends any op of the protocol; `state` is the session's state as far
    as its events have come.
    """

    def __init__(
        self, path: Path, role: str = "writer", *, record: bool = True, own: InlineEngine | None = None
    ) -> None:
        self._own = own
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="steertui-client", daemon=True)
        self._thread.start()
        self._events: queue.SimpleQueue[Item | None] = queue.SimpleQueue()
        self._moved = threading.Condition()
        try:
            self._client: EngineClient = self._wait(EngineClient.open(path, role=role, record=record))
        except BaseException:
            # The thread would otherwise keep running its loop after a failed connection.
            self._loop.call_soon_threadsafe(self._loop.stop)
            raise
        self._pump = asyncio.run_coroutine_threadsafe(self._listen(), self._loop)

    @property
    def state(self) -> SessionState:
        return self._client.state

    @property
    def role(self) -> str:
        return self._client.role

    @property
    def options(self) -> Mapping[str, Any]:
        """The options its model was loaded with, without defaults."""
        return self._client.welcome.options

    @property
    def folder(self) -> str | None:
        """The session's folder, or None if it is not recorded."""
        return self._client.welcome.folder

    def ask(self, op: str, **args: Any) -> Frame:
        """Send a request and return its reply; raises the engine's error."""
        return self._wait(self._client.ask(op, **args))

    def mix(self, mixer: Mixer | Mapping[str, Any], words: str = "") -> Frame:
        """Set the mixer; the reply says from which token it acts."""
        state = mixer.to_json() if isinstance(mixer, Mixer) else dict(mixer)
        return self.ask("mixer", rev=self.state.mixer.rev + 1, state=state, words=words)

    def say(self, text: str, **settings: Any) -> Turn:
        """Send a message and return the finished answer."""
        return self._answer(self.ask("chat", text=text, settings=settings)["turn"])

    def stream(self, text: str, **settings: Any) -> Iterator[AnswerToken]:
        """Send a message and yield the answer's tokens; the mixer can be changed meanwhile."""
        turn = self.ask("chat", text=text, settings=settings)["turn"]
        heard, ended = 0, False
        while not ended:
            answer = self._answer(turn, beyond=heard)
            yield from answer.tokens[heard:]
            # The answer is an immutable snapshot: only tokens after the last one seen are new.
            heard, ended = len(answer.tokens), answer.stop is not None

    def ready(self, seconds: float = 600.0) -> SessionState:
        """Wait until the model is loaded."""
        # A model that failed to load ends the wait as well.
        self._until(lambda state: state.model is not None and state.model.state != "loading", seconds)
        return self.state

    def current_state(self, seconds: float = 60.0) -> SessionState:
        """The state with all that had happened when this connected: events follow the connection, and take a while."""
        reached = self._client.welcome.seq
        self._until(lambda state: state.seq >= reached, seconds)
        return self.state

    def events(self) -> Iterator[JournalRecord]:
        """All events of the session from the first on, until the connection ends."""
        while (item := self._next()) is not None:
            if isinstance(item, JournalRecord):
                yield item

    def close(self) -> None:
        """Disconnect; the engine keeps running, unless it is inline."""
        if self._thread.is_alive():
            self._wait(self._client.close())
            # Stopped only after the client has closed its connection on this loop.
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        if self._own:
            self._own.close()

    def __enter__(self) -> EngineConnection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()

    def _next(self) -> Item | None:
        """The next item; waits in short intervals so that signals are handled."""
        while True:
            with suppress(queue.Empty):
                # A get without a timeout would delay signals such as ctrl+c until the next event.
                return self._events.get(timeout=BREATH_S)

    async def _listen(self) -> None:
        async for item in self._client.items():
            self._events.put(item)
            with self._moved:
                # Wakes the callers that wait in `_until`, which run on other threads.
                self._moved.notify_all()
        self._events.put(None)

    def _answer(self, turn: int, beyond: float = math.inf) -> Turn:
        """The answer to a turn, once it has ended or has more than `beyond` tokens."""

        def found(state: SessionState) -> Turn | None:
            answer = next((each for each in state.turns.values() if each.parent == turn), None)
            return answer if answer and (answer.stop or len(answer.tokens) > beyond) else None

        answer: Turn = self._until(found)
        return answer

    def _until(self, true: Callable[[SessionState], Any], seconds: float | None = None) -> Any:
        """Wait until `true(state)` is truthy and return its value."""
        with self._moved:
            done: Any = self._moved.wait_for(
                lambda: true(self.state) or self._client.connection == "gone", seconds
            )
        if not done or self._client.connection == "gone":
            raise EngineUnavailable("the engine is gone" if done else "the engine did not finish in time")
        return done

    def _wait(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()
