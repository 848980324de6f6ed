"""The conversation of a command: sends messages to a model and yields the events until each answer has
ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sessions.journal import events as ev
from sessions.state.state import SessionState
from steertui.cli.backend import CommandBackend, event_error, wait_for_model
from steertui.cli.output.progress import ProgressLine
from steertui.cli.run_job import cancel_job, on_ctrl_c, report_progress

FAILED = ("error", "oom")


class CommandConversation:
    """A session with a loaded model, local or in an engine."""

    def __init__(self, place: CommandBackend, model: str, options: Mapping[str, Any]) -> None:
        self._place = place
        place.load(model, options)
        with ProgressLine() as bar:
            wait_for_model(place, bar)

    @property
    def state(self) -> SessionState:
        return self._place.state

    def do(self, op: str, **args: Any) -> Mapping[str, Any]:
        if op == "mixer":
            args["rev"] = self.state.mixer.rev + 1
        return self._place.do(op, **args)

    def stream_answer(
        self, text: str, role: str, parent: int | None, settings: Mapping[str, Any]
    ) -> Iterator[ev.Event]:
        """Send a message and yield the events until its answer has ended; a failed answer is raised."""
        turn = self.do("chat", text=text, role=role, parent=parent, settings=dict(settings))["turn"]
        with on_ctrl_c(lambda: self._cancel(turn)):
            for record in self._place.records():
                event = record.event
                if isinstance(event, ev.ErrorReported) and event.where == "session":
                    raise event_error(event.message, event.code)
                yield event
                if isinstance(event, ev.AnswerStopped):
                    break
        # Raised only after the loop, so that the caller has seen the final event.
        if isinstance(event, ev.AnswerStopped) and event.reason in FAILED:
            raise event_error(event.message, event.code)

    def stream_job(self, kind: str, params: Mapping[str, Any]) -> Iterator[ev.Event]:
        """Start a job and yield the session's events until it has ended; a failed job is raised. ctrl+c cancels
        it, and the last event says so.
        """
        number = self.do("job.start", kind=kind, params=dict(params))["job"]
        with ProgressLine() as bar, on_ctrl_c(lambda: cancel_job(self._place, number)):
            for record in self._place.records():
                event = record.event
                if isinstance(event, ev.JobChanged) and event.job == number:
                    report_progress(event, bar)
                yield event
                if isinstance(event, ev.JobChanged) and event.job == number and event.ended:
                    break
        if isinstance(event, ev.JobChanged) and event.state == "failed":
            raise event_error(event.message, event.event.get("exit_code", ""))

    def _cancel(self, turn: int) -> None:
        """Cancel the answer after the current token; if it had not begun, raise KeyboardInterrupt."""
        if self.do("cancel")["dropped"] == turn:
            raise KeyboardInterrupt
