"""Restarts and leaves the engine, loads models into it, and begins sessions on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import SteerError
from sessions.job_specs.fetching import MODELS_GET
from steertui.screens.desk.commands.prompt_actions import search_prompts
from steertui.screens.desk.dialogs import leave, model
from steertui.screens.notices import ScreenNotice

if TYPE_CHECKING:
    from steertui.screens.desk.screen import DeskScreen


def restart_or_search(desk: DeskScreen) -> None:
    """Restart a lost engine; with a running one, search earlier prompts (same key)."""
    if desk.link.connected:
        search_prompts(desk)
    else:
        desk.link.prepare_restart()
        desk.listen()


def take_control(desk: DeskScreen) -> None:
    desk.request("take_control")


def new_session(desk: DeskScreen) -> None:
    desk.request("session.new")
    # A new session begins with a prompt: what is typed next are no PLAY keys.
    desk.enter_type()


def open_leave_dialog(desk: DeskScreen) -> None:
    """Ask whether to detach or to shut the engine down."""
    if desk.link.client is None:
        desk.app.exit(0)
        return

    def leave_desk(how: str) -> None:
        if how in (leave.DETACH, leave.SHUTDOWN):
            desk.run_async(_leave(desk, shutdown=how == leave.SHUTDOWN))

    desk.open_dialog(leave.leave_dialog(inline=desk.inline), leave_desk)


async def _leave(desk: DeskScreen, *, shutdown: bool) -> None:
    link = desk.link
    stopped = shutdown and await link.request("shutdown", reason="quit from the desk") is not None
    # Read before the connection closes; a session without turns is not worth a mention.
    kept = link.state.session if link.recorded and link.state.turns else ""
    words = leave.leave_message(stopped=stopped, connected=link.connected, kept_session=kept)
    await link.close()
    desk.app.exit(0, message=words)


def open_model_dialog(desk: DeskScreen) -> None:
    """Ask the engine which models there are, and load the chosen one."""
    desk.run_worker(_open_model_dialog(desk), group="opening", exit_on_error=False)


async def _open_model_dialog(desk: DeskScreen) -> None:
    found = await desk.link.request("models")
    if found is None:
        return
    known = desk.link.state.model
    # Only a loaded model can be unloaded.
    here = known.name if known and known.state == "ready" else ""

    def change_model(wanted: str) -> None:
        if wanted == model.UNLOAD:
            desk.request("unload")
        elif wanted.startswith(model.FETCH):
            desk.run_async(_fetch_model(desk, wanted.removeprefix(model.FETCH)))
        elif wanted:
            load_model(desk, wanted)

    desk.open_dialog(model.model_dialog(found, here), change_model)


async def _fetch_model(desk: DeskScreen, name: str) -> None:
    """Have the engine fetch a model, and say when it can be loaded: somebody may be in a conversation by then."""
    reply = await desk.link.request("job.start", kind=MODELS_GET.kind, params={"name": name})
    if reply is None:
        return
    desk.post_message(ScreenNotice(f"fetching {name}: F3 shows its progress, and k there stops it"))
    report = await desk.ledger.wait_for_end(int(reply["job"]))
    if report is not None and report.state == "done":
        desk.post_message(ScreenNotice(f"{name} is here: F6 loads it"))
    elif report is not None and report.message:
        desk.warn(report.message)


def load_model(desk: DeskScreen, wanted: str) -> None:
    """Load `NAME`, or `NAME dtype=bfloat16 …`; events report the result."""
    try:
        name, options = model.parse_model_choice(wanted)
    except SteerError as error:
        desk.warn(str(error))
        return
    desk.link.load_options[name] = options
    desk.request("load_model", model=name, options=options)
