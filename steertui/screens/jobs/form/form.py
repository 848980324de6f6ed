"""The form of a job, generated from its job spec: a line per parameter, checked during typing, and the
equivalent command line. It closes when the engine has accepted the job.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from rich.text import Text
from textual import events, on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from sessions.experiments.packs import pack_source
from sessions.job_specs.kinds.kind import CheckContext
from sessions.job_specs.offer import JobSpec
from sessions.job_specs.spending import BUDGET, costs_money
from steertui import commands
from steertui.catalogue import known_models
from steertui.screens.copy_text import copy_or_warn
from steertui.screens.jobs.form.entry import FormEntry
from steertui.screens.jobs.form.field import Field
from steertui.screens.jobs.form.proposing import proposed_path
from steertui.screens.notices import ShowsNotices
from steertui.screens.pick import ChoiceDialog
from steertui.text import safe_text
from steertui.widgets.choices import Choice
from steertui.widgets.cover import Cover
from steertui.widgets.field_scroll import FieldScroll
from steertui.widgets.status.hints import Hints

ESTIMATE = "estimate"
"""The flag of jobs that can report their cost instead of running."""
SPEND = (
    Choice(ESTIMATE, "estimate the cost first", "no request is sent to Claude yet"),
    Choice(BUDGET, "start", "spends at most its budget"),
)
MACHINE = CheckContext(pack_source, list_models=known_models)
"""What completes a name: the models, vectors and sets on this machine."""
Begin = Callable[[str, Mapping[str, Any]], Awaitable[int | None]]


class JobForm(ShowsNotices, ModalScreen[int | None]):
    """Returns the number of the started job, or None after esc."""

    CSS_PATH = "form.tcss"
    BINDINGS = [*commands.key_bindings(commands.FORM)]
    PLACES = (commands.FORM,)
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (20, "-short"), (30, "-tall")]
    AUTO_FOCUS = "Field Input"

    def __init__(
        self, offer: JobSpec, given: Mapping[str, Any], model: str | None, n_layers: int, begin: Begin
    ) -> None:
        super().__init__()
        self._offer, self._model, self._begin = offer, model, begin
        # Required parameters come first; sorting is stable, so the spec's order holds otherwise.
        asked = sorted(offer.params, key=lambda param: not param.required)
        shown = [param for param in asked if param.name != ESTIMATE]
        self._fields = {param.name: Field(param, given) for param in shown}
        self._entry = FormEntry(offer, shown, n_layers)
        self._command = ""

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = Text(safe_text(self._offer.title))
            yield Static(Text(safe_text(self._offer.summary)), id="summary")
            with FieldScroll(id="fields", can_focus=False):
                yield from self._fields.values()
            yield Static(id="command")
            yield Hints()
        yield Cover()

    def on_mount(self) -> None:
        hints = [("enter", "start", "screen.begin"), *commands.place_hints(commands.FORM)]
        self.query_one(Hints).show([hint for hint in hints if self._has_estimate or hint[1] != "cost"])
        self.suggest()
        self.update_form()

    @property
    def _has_estimate(self) -> bool:
        return any(param.name == ESTIMATE for param in self._offer.params)

    @work(group="suggest", exit_on_error=False)
    async def suggest(self) -> None:
        for field in self._fields.values():
            if field.param.kind.has_names:
                found = await asyncio.to_thread(field.param.kind.complete, MACHINE)
                field.suggest([known.name for known in found])

    # Errors, proposals and the command line ------------------------------------------------------------------------

    def on_field_changed(self, message: Field.Changed) -> None:
        message.stop()
        self.update_form()

    @on(events.DescendantBlur)
    def _check_left_line(self) -> None:
        """While a line was being written, its file was not read."""
        self.update_form()

    @work(exclusive=True, group="look", exit_on_error=False)
    async def update_form(self) -> None:
        """Check touched fields, propose values for the others, and update the command line."""
        # Proposals come first, since they fill lines that the check would find empty.
        await self._propose()
        focused = self._focused
        wrong = await self._problems(focused.param.name if focused else "")
        for name, field in self._fields.items():
            field.show_problem(wrong.get(name, "") if field.touched else "")
        self._command = "" if wrong else self._offer.command(await self._params(), self._model)
        self.query_one("#command", Static).update(self._command_text(len(wrong)))

    async def _propose(self) -> None:
        for field in self._fields.values():
            if field.param.kind.will_be_written and not field.touched:
                place = await asyncio.to_thread(proposed_path, self._offer, field.param, self._texts)
                # The user may have reached the line while the thread was working.
                if place and not field.touched and field is not self._focused:
                    field.propose(place)

    @property
    def _texts(self) -> dict[str, str]:
        return {name: field.text for name, field in self._fields.items()}

    async def _problems(self, typing: str = "") -> dict[str, str]:
        """Error sentences by parameter name."""
        return await asyncio.to_thread(self._entry.problems, self._texts, typing)

    async def _params(self) -> dict[str, Any]:
        return await asyncio.to_thread(self._entry.values, self._texts)

    def _command_text(self, wrong: int) -> Text:
        if self._command:
            return Text.assemble(("$ ", "dim"), safe_text(self._command))
        return Text(f"{wrong} to fill in or correct before it can start", style="dim")

    # Actions -----------------------------------------------------------------------------------------------------

    @on(Input.Submitted)
    def _submit(self) -> None:
        """Enter starts the job; on an empty required line with a list it opens the list."""
        field = self._focused
        if field is not None and field.param.required and not field.text and field.param.kind.has_names:
            self.action_list()
        else:
            self.action_begin()

    def action_begin(self) -> None:
        """Start the job; ask for confirmation first if it costs money."""
        if costs_money(self._offer, {name: field.text.strip() for name, field in self._fields.items()}):
            self.app.push_screen(
                ChoiceDialog("this job calls the Claude API and costs money", SPEND, filtered=False),
                self._start_confirmed,
            )
        else:
            self.start(estimate=False)

    def _start_confirmed(self, how: str | None) -> None:
        if how is not None:
            self.start(estimate=how == ESTIMATE)

    def action_cost(self) -> None:
        if self._has_estimate:
            self.start(estimate=True)

    @work(exclusive=True, group="start", exit_on_error=False)
    async def start(self, *, estimate: bool) -> None:
        # Files may have changed since the last check.
        self._entry.forget()
        wrong = await self._problems()
        for name, field in self._fields.items():
            field.touched = True
            field.show_problem(wrong.get(name, ""))
        if wrong:
            self._fields[next(name for name in self._fields if name in wrong)].focus_line()
            return
        # An empty optional line is left to its default.
        params = {key: value for key, value in (await self._params()).items() if value is not None}
        begun = await self._begin(self._offer.kind, params | ({ESTIMATE: True} if estimate else {}))
        if begun is not None:
            self.dismiss(begun)

    def action_list(self) -> None:
        field = self._focused
        if field is not None and field.param.kind.has_names:
            self.open_list(field)

    @work(exclusive=True, group="list", exit_on_error=False)
    async def open_list(self, field: Field) -> None:
        known = await asyncio.to_thread(field.param.kind.complete, MACHINE)
        found = [Choice(each.name, each.name, each.detail) for each in known]

        def taken(name: str | None) -> None:
            if name is not None:
                field.set_text(name)

        self.app.push_screen(
            ChoiceDialog(field.param.name, found, free="type to filter, or a path", wide=True), taken
        )

    def action_copy(self) -> None:
        copy_or_warn(self.app, self._command, self.warn)

    def action_move(self, change: int) -> None:
        """Move the focus up or down by one line."""
        if change > 0:
            self.focus_next("Field Input")
        else:
            self.focus_previous("Field Input")

    def action_back(self) -> None:
        self.dismiss(None)

    @property
    def _focused(self) -> Field | None:
        return next((field for field in self._fields.values() if field.has_focus_within), None)
