"""The conversation of a command: sends messages to a model and yields the events until each answer has
ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sessions.journal import events as ev
from sessions.state.state import State
from steertui.cli.backend import Workplace, arrived, said
from steertui.cli.output.progress import Bar
from steertui.cli.run_job import on_ctrl_c

FAILED = ("error", "oom")


class Booth:
    """A session with a loaded model, local or in an engine."""

    def __init__(self, place: Workplace, model: str, options: Mapping[str, Any]) -> None:
        self._place = place
        place.load(model, options)
        with Bar() as bar:
            arrived(place, bar)

    @property
    def state(self) -> State:
        return self._place.state

    def do(self, op: str, **args: Any) -> Mapping[str, Any]:
        if op == "mixer":
            args["rev"] = self.state.desk.rev + 1
        return self._place.do(op, **args)

    def ask(
        self, text: str, role: str, parent: int | None, settings: Mapping[str, Any]
    ) -> Iterator[ev.Event]:
        """Send a message and yield the events until its answer has ended; a failed answer is raised."""
        turn = self.do("chat", text=text, role=role, parent=parent, settings=dict(settings))["turn"]
        with on_ctrl_c(lambda: self._cancel(turn)):
            for record in self._place.records():
                event = record.event
                if isinstance(event, ev.Error) and event.where == "session":
                    raise said(event.message, event.code)
                yield event
                if isinstance(event, ev.Stop):
                    break
        if isinstance(event, ev.Stop) and event.reason in FAILED:
            raise said(event.message, event.code)

    def _cancel(self, turn: int) -> None:
        """Cancel the answer after the current token; if it had not begun, raise KeyboardInterrupt."""
        if self.do("cancel")["dropped"] == turn:
            raise KeyboardInterrupt
