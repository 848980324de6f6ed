"""The status line's data, from session, connection and key mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steertui.widgets.status.status import Status

if TYPE_CHECKING:
    from steertui.screens.desk.screen import DeskScreen


NONE = "no model: F6"


def desk_status(desk: DeskScreen) -> Status:
    link, feed, state = desk.link, desk.feed, desk.link.state
    word, facts = _engine_word(desk), state.model.facts if state.model else {}
    return Status(
        word=word,
        mode=desk.modes.name,
        progress=state.model.progress if state.model else None,
        model=_model_name(desk),
        device=" ".join(str(facts[key]) for key in ("dtype", "device") if key in facts),
        context=feed.prompt_tokens + feed.tokens if feed.prompt_tokens else None,
        max_context=facts.get("max_context"),
        rate=desk.token_rate.rate() if word == "generating" else None,
        bypassed=desk.mixer_panel.board.mixer.bypassed,
        session=state.session[-6:],
        recorded=link.recorded,
        record_paused=bool(state.unrecorded),
        lost_events=state.lost,
        observer=link.observer,
        job=desk.ledger.words,
    )


def _model_name(desk: DeskScreen) -> str:
    """The model that is loaded or loading; before there is an engine, the requested one."""
    link, known = desk.link, desk.link.state.model
    if known is not None and known.state in ("ready", "loading"):
        return known.name
    return link.model if link.client is None or link.client.connection == "gone" else NONE


def _engine_word(desk: DeskScreen) -> str:
    """The engine's state word, or that of the connection if there is no engine."""
    link = desk.link
    if link.failure or (link.client is not None and link.client.connection in ("lost", "gone")):
        return "lost"
    if link.client is None:
        return "starting"
    return "silent" if link.client.connection == "silent" else link.state.word
