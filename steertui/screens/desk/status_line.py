"""The status line's data, from session, connection and key mode."""

from __future__ import annotations

from steertui.screens.connection import EngineLink
from steertui.widgets.status.status import Status

NONE = "no model: F6"


def desk_status(
    link: EngineLink, *, mode: str, context: int, rate: float | None, bypassed: bool, job: str
) -> Status:
    """`context`: tokens of conversation and answer, 0 if unknown; `rate`: tokens a second, shown during an
    answer.
    """
    state, word = link.state, _engine_word(link)
    facts = state.model.facts if state.model else {}
    return Status(
        word=word,
        mode=mode,
        progress=state.model.progress if state.model else None,
        model=_model_name(link),
        device=" ".join(str(facts[key]) for key in ("dtype", "device") if key in facts),
        context=context or None,
        max_context=facts.get("max_context"),
        rate=rate if word == "generating" else None,
        bypassed=bypassed,
        session=state.session[-6:],
        recorded=link.recorded,
        record_paused=bool(state.unrecorded),
        lost_events=state.lost,
        observer=link.observer,
        job=job,
    )


def _model_name(link: EngineLink) -> str:
    """The model that is loaded or loading; before there is an engine, the requested one."""
    known = link.state.model
    if known is not None and known.state in ("ready", "loading"):
        return known.name
    # Without a connection the requested model is all that is known.
    return link.model if link.client is None or link.client.connection == "gone" else NONE


def _engine_word(link: EngineLink) -> str:
    """The engine's state word, or that of the connection if there is no engine."""
    # The connection comes first: the last known state of the engine is out of date without it.
    if link.failure or (link.client is not None and link.client.connection in ("lost", "gone")):
        return "lost"
    if link.client is None:
        return "starting"
    return "silent" if link.client.connection == "silent" else link.state.word
