"""A resident model that keeps to a script: what was written for a token happens right before that token.

It stands where a session expects its model, so everything it does is recorded like a hand at the dials.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from core.errors import SteerError
from core.mixer import Mixer
from sessions.resident import Resident
from sessions.resident import Studio as Residents
from sessions.studio import Notice, Progress, Speech, Ticket


@dataclass(frozen=True)
class Script:
    """What happens before which token: everything is flipped, words come in."""

    flip_at: int | None = None
    injections: tuple[tuple[int, str], ...] = ()

    def perform(self, index: int, mixer: Mixer, do: Callable[..., Any]) -> None:
        """What is due before token `index`, as ops of the session."""
        if index == self.flip_at:
            for channel in range(len(mixer.channels)):
                mixer = mixer.flip(channel)
            do("mixer", state=mixer.to_json(), words="flip")
        for at, text in self.injections:
            if at == index:
                do("inject", text=text, how="own")


class Company:
    """The studio of one command: the real one, with a player for a model, and the vectors within reach."""

    def __init__(self, *, force: bool) -> None:
        self._residents = Residents(force=force)
        self.player: Player
        self.vectors: dict[str, Any] = {}

    def load(self, name: str, options: Mapping[str, Any], progress: Progress) -> Player:
        self.player = Player(self._residents.load(name, options, progress))
        return self.player

    def vector(self, source: str, keep: Path | None) -> Any:
        self.vectors[source] = self._residents.vector(source, keep)
        return self.vectors[source]


class Player:
    """The model as the session's instrument. `failure` keeps the error that a record can only describe."""

    def __init__(self, resident: Resident) -> None:
        self.model, self.facts = resident.model, resident.facts
        self.check, self.forget, self.close = resident.check, resident.forget, resident.close
        self.beside = resident.beside
        self._resident = resident
        self.act: Callable[[int], None] = lambda index: None
        self.hear: Callable[[Any], None] = lambda step: None
        self.live: Any = None
        self.failure: SteerError | None = None

    def speak(self, messages: list[dict[str, str]], mixer: Mixer, settings: Mapping[str, Any]) -> Speech:
        self.live = self.failure = None
        try:
            speech = self._resident.speak(messages, mixer, settings)
        except SteerError as error:
            self.failure = error
            raise
        self.live = speech.answer
        return replace(speech, answer=Acted(self))


class Acted:
    """The answer of a player's model, with its acts between the tokens."""

    def __init__(self, player: Player) -> None:
        self._player, self._live = player, player.live
        self.set: Callable[[Mixer], Ticket] = self._live.set
        self.rewind, self.settle, self.cancel = self._live.rewind, self._live.settle, self._live.cancel

    @property
    def stop_reason(self) -> str | None:
        return cast("str | None", self._live.stop_reason)

    @stop_reason.setter
    def stop_reason(self, reason: str | None) -> None:
        self._live.stop_reason = reason

    @property
    def on_notice(self) -> Notice | None:
        return cast("Notice | None", self._live.on_notice)

    @on_notice.setter
    def on_notice(self, listener: Notice | None) -> None:
        self._live.on_notice = listener

    def __iter__(self) -> Iterator[Any]:
        try:
            self._player.act(0)
            for step in self._live:
                self._player.hear(step)
                yield step
                self._player.act(step.index + 1)
        except SteerError as error:
            self._player.failure = error
            raise
