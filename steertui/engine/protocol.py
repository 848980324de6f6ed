"""What travels over the socket: one JSON object per line, in both directions.

Events are the journal's own lines (they have a `t`); everything else is a hello, a request, a reply (`re`)
or a notice (`ev`). Events carry all state; replies only say whether a command was taken, and a notice never
needs to be replayed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, TypeAlias

from core.errors import SteerError

PROTO = 1
OLDEST_PROTO = 1
MAX_FRAME = 1 << 20
"""What a client may send in one line; the journal's lines that it gets may be as long as `LINE_LIMIT`."""
LAG = 256
"""A client further behind than this is told so."""
ROLES = ("writer", "observer", "guest", "probe")
"""A guest has a session of its own beside the open one, with the same model. A probe only asks: it gets replies, no
events, and leaves no trace in the session."""
BEAT_S = 2.0
DEAD_BEATS = 3
"""Beats that may fail to come before an engine counts as not responding."""
DEAD_BEATS_LOADING = 30

Frame: TypeAlias = dict[str, Any]


class ProtocolError(SteerError):
    """A frame that cannot be meant. `fatal`: the connection is closed after the error reply."""

    exit_code = 2

    def __init__(self, code: str, message: str, *, fatal: bool = False) -> None:
        super().__init__(message)
        self.code, self.fatal = code, fatal


@dataclass(frozen=True)
class Op:
    """A command's shape: fields it needs, fields it takes, and whether only the writer may give it."""

    needs: Mapping[str, type] = field(default_factory=dict)
    takes: Mapping[str, type] = field(default_factory=dict)
    writes: bool = True


OPS: dict[str, Op] = {
    "load_model": Op({"model": str}, {"options": dict}),
    "unload": Op(),
    "models": Op(writes=False),
    "chat": Op(
        {"text": str},
        {"role": str, "parent": int, "system": str, "prefill": str, "settings": dict},
    ),
    "regenerate": Op({}, {"turn": int, "settings": dict}),
    "cancel": Op(),
    "pause": Op({"paused": bool}),
    "mixer": Op({"rev": int, "state": dict}, {"words": str, "source": str}),
    "remember": Op({"text": str}, {"role": str}),
    "vector.load": Op({"source": str}, {"name": str, "force": bool}),
    "vector.remove": Op({"name": str}),
    "inject": Op({"text": str}, {"how": str}),
    "rewind": Op({"tokens": int}),
    "job.start": Op({"kind": str}, {"params": dict}),
    "job.cancel": Op({"job": int}),
    "note": Op({"text": str}),
    "mark": Op({"label": str}),
    "session.new": Op(),
    "session.branch": Op({"turn": int}, {"at": int}),
    "session.open": Op({"session": str}),
    "status": Op(writes=False),
    "take_control": Op(writes=False),
    "detach": Op({}, {"reason": str}, writes=False),
    "shutdown": Op({}, {"reason": str}),
}


LONGEST = 10**9
"""Seconds that anybody is waited for at most: for ever."""


@dataclass(frozen=True)
class Hello:
    """A client's first line. `since`: the last event it has (-1: none); `epoch`: whose events those are. `record`:
    whether a guest's session is kept. `on_detach`: seconds after which an answer is ended that its writer has left
    (-1: never)."""

    proto: int = PROTO
    min: int = OLDEST_PROTO
    client: str = ""
    role: str = "writer"
    since: int = -1
    epoch: str = ""
    pid: int = 0
    record: bool = True
    on_detach: float = -1.0


@dataclass(frozen=True)
class Welcome:
    """The engine's first line. Another `epoch` than the client's: everything follows from the start. `options`: how the
    model was loaded."""

    proto: int
    engine: str
    epoch: str
    session: str
    seq: int
    client: int
    role: str
    pid: int
    state: str
    model: str | None
    folder: str | None
    app: str
    options: Mapping[str, Any] = field(default_factory=dict)


def dump(frame: Mapping[str, Any]) -> bytes:
    """One frame as a line."""
    return json.dumps(frame, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"


def parse(line: bytes) -> Frame:
    """One line as a frame."""
    try:
        frame = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("bad_json", "this line is not JSON", fatal=True) from error
    if not isinstance(frame, dict):
        raise ProtocolError("bad_frame", "a frame is a JSON object", fatal=True)
    return frame


def parse_hello(frame: Frame) -> Hello:
    """The client's hello, refused when the two sides share no version."""
    known = {key: value for key, value in frame.items() if key in Hello.__dataclass_fields__}
    if type(known.get("on_detach")) is int:
        known["on_detach"] = float(max(-1, min(known["on_detach"], LONGEST)))  # JSON has one kind of number
    mistyped = [
        k for k, value in known.items() if type(value) is not type(Hello.__dataclass_fields__[k].default)
    ]
    if mistyped or "proto" not in known:
        raise ProtocolError("bad_hello", 'the first line must be {"proto":1,…}', fatal=True)
    hello = Hello(**known)
    if hello.proto < OLDEST_PROTO or hello.min > PROTO:
        said = (
            f"this engine speaks protocol {OLDEST_PROTO} to {PROTO}, the client {hello.min} to {hello.proto}"
        )
        raise ProtocolError("bad_proto", said, fatal=True)
    if hello.role not in ROLES:
        raise ProtocolError("bad_hello", f"a client is {' or '.join(ROLES)}, not {hello.role!r}", fatal=True)
    return hello


def parse_request(frame: Frame) -> tuple[int, str, Frame]:
    """Number, op and arguments of a request, checked against `OPS`."""
    number, name = frame.get("id"), frame.get("op")
    if not isinstance(number, int) or not isinstance(name, str):
        raise ProtocolError("bad_frame", 'a request is {"id":N,"op":"…",…}')
    op = OPS.get(name)
    if op is None:
        raise ProtocolError("unknown_op", f"there is no op {name!r}")
    args = {key: value for key, value in frame.items() if key not in ("id", "op") and value is not None}
    shape = {**op.needs, **op.takes}
    for key in op.needs.keys() - args.keys():
        raise ProtocolError("bad_args", f"{name} needs {key!r}")
    for key, value in args.items():
        if key not in shape:
            raise ProtocolError("bad_args", f"{name} takes no {key!r}")
        if not isinstance(value, shape[key]) or (shape[key] is int and isinstance(value, bool)):
            raise ProtocolError("bad_args", f"{name}: {key!r} must be of type {shape[key].__name__}")
    return number, name, args


def reply(number: int | None, **result: Any) -> bytes:
    return dump({"re": number, "ok": result})


def refusal(number: int | None, error: Exception) -> bytes:
    """An error as a reply; what is not ours to explain is named by its class only."""
    if isinstance(error, SteerError):
        code = getattr(error, "code", type(error).__name__)
        said: Frame = {"code": code, "exit": error.exit_code, "msg": str(error)}
    else:
        said = {
            "code": "internal",
            "exit": 1,
            "msg": f"internal error ({type(error).__name__}), see the engine's log",
        }
    return dump({"re": number, "err": said})


def notice(ev: str, **what: Any) -> bytes:
    return dump({"ev": ev, **what})


def greeting(hello: Hello | Welcome) -> bytes:
    return dump(asdict(hello))
