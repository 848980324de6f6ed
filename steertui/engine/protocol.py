"""The socket protocol: one JSON object per line, in both directions.

Events are the journal's lines (they have a `t`); everything else is a hello, a request, a reply (`re`) or
a notice (`ev`). All state is in the events; a reply only confirms or refuses a request, and notices need
not be replayed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from operator import attrgetter
from typing import Any, TypeAlias

from core.errors import SteerError

PROTO = 1
OLDEST_PROTO = 1
MAX_FRAME = 1 << 20
"""Longest line a client may send; journal lines it receives may be up to `LINE_LIMIT` long."""
LAG = 256
"""A client that is more events behind gets a `lag` notice."""
ROLES = ("writer", "observer", "guest", "probe")
"""A guest has its own session beside the open one, on the same model. A probe gets only replies, no
events, and is not recorded.
"""
BEAT_S = 2.0
DEAD_BEATS = 3
"""Missing beats after which an engine counts as not responding."""
DEAD_BEATS_LOADING = 30

Frame: TypeAlias = dict[str, Any]


class ProtocolError(SteerError):
    """An invalid frame. `fatal`: the connection is closed after the error reply."""

    exit_code = 2

    def __init__(self, code: str, message: str, *, fatal: bool = False) -> None:
        super().__init__(message)
        self.code, self.fatal = code, fatal


@dataclass(frozen=True)
class Op:
    """One operation: its required fields, its optional fields, and who may use it.

    Args:
        do: The method that carries it out, from `session` (the open session), `host` (the `SessionHost`) or
            `server` (the `EngineServer`, which passes the client first).
        writes: Only the writer may use it, and a guest in its own session.
        slow: It reads files or renders templates, so it runs on a thread and does not delay other clients.
        guests: A guest may use it; False where it acts on the engine or on the open session.
    """

    do: str
    needs: Mapping[str, type] = field(default_factory=dict)
    takes: Mapping[str, type] = field(default_factory=dict)
    writes: bool = True
    slow: bool = False
    guests: bool = True

    @property
    def owner(self) -> str:
        return self.do.partition(".")[0]

    def handler_of(self, owner: object) -> Callable[..., Any]:
        """The method of its owner that carries it out."""
        method: Callable[..., Any] = attrgetter(self.do.partition(".")[2])(owner)
        return method


OPS: Mapping[str, Op] = {
    "load_model": Op("session.load_model", {"model": str}, {"options": dict}),
    "unload": Op("session.unload"),
    "models": Op("host.models", writes=False, slow=True),
    "chat": Op(
        "session.chat",
        {"text": str},
        {"role": str, "parent": int, "system": str, "prefill": str, "settings": dict},
    ),
    "regenerate": Op("session.regenerate", {}, {"turn": int, "settings": dict}),
    "cancel": Op("session.cancel"),
    "pause": Op("session.pause", {"paused": bool}),
    "mixer": Op("session.mixer", {"rev": int, "state": dict}, {"words": str, "source": str}),
    "remember": Op("session.remember", {"text": str}, {"role": str, "parent": int}),
    "vector.load": Op("session.load_vector", {"source": str}, {"name": str, "force": bool}, slow=True),
    "vector.remove": Op("session.remove_vector", {"name": str}),
    "inject": Op("session.inject", {"text": str}, {"how": str}, slow=True),
    "rewind": Op("session.rewind", {"tokens": int}),
    "job.start": Op("session.tasks.start", {"kind": str}, {"params": dict}, slow=True),
    "job.cancel": Op("session.tasks.cancel", {"job": int}),
    "note": Op("session.note", {"text": str}),
    "mark": Op("session.mark", {"label": str}),
    "session.new": Op("host.new_session", slow=True),
    "session.branch": Op("host.branch_session", {"turn": int}, {"at": int}, slow=True),
    "session.open": Op("host.open_session", {"session": str}, slow=True, guests=False),
    "status": Op("host.status", writes=False),
    "take_control": Op("server.take_control", writes=False, guests=False),
    "detach": Op("server.detach", {}, {"reason": str}, writes=False),
    "shutdown": Op("server.shutdown", {}, {"reason": str}, guests=False),
}


LONGEST = 10**9
"""Upper limit for `on_detach`, in seconds."""


@dataclass(frozen=True)
class Hello:
    """A client's first line. `since`: the last event it has (-1: none) of epoch `epoch`. `record`: whether a
    guest's session is kept. `on_detach`: seconds after which the answer of a disconnected writer is
    stopped (-1: never).
    """

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
    """The engine's first line. If `epoch` differs from the client's, all events are sent again. `options`:
    how the model was loaded.
    """

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


def dump_frame(frame: Mapping[str, Any]) -> bytes:
    """Encode one frame as a line."""
    return json.dumps(frame, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"


def parse_frame(line: bytes) -> Frame:
    """Decode one line as a frame."""
    try:
        frame = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("bad_json", "this line is not JSON", fatal=True) from error
    if not isinstance(frame, dict):
        raise ProtocolError("bad_frame", "a frame is a JSON object", fatal=True)
    return frame


def parse_hello(frame: Frame) -> Hello:
    """Parse a client's hello; refused if there is no common protocol version."""
    known = {key: value for key, value in frame.items() if key in Hello.__dataclass_fields__}
    if type(known.get("on_detach")) is int:
        known["on_detach"] = float(max(-1, min(known["on_detach"], LONGEST)))  # JSON has one kind of number
    # `type is` and not isinstance: a bool must not pass for a number.
    mistyped = [
        k for k, value in known.items() if type(value) is not type(Hello.__dataclass_fields__[k].default)
    ]
    if mistyped or "proto" not in known:
        raise ProtocolError("bad_hello", 'the first line must be {"proto":1,…}', fatal=True)
    hello = Hello(**known)
    # Refused only if the two ranges of versions do not overlap.
    if hello.proto < OLDEST_PROTO or hello.min > PROTO:
        said = (
            f"this engine speaks protocol {OLDEST_PROTO} to {PROTO}, the client {hello.min} to {hello.proto}"
        )
        raise ProtocolError("bad_proto", said, fatal=True)
    if hello.role not in ROLES:
        raise ProtocolError(
            "bad_hello", f"a client's role is {' or '.join(ROLES)}, not {hello.role!r}", fatal=True
        )
    return hello


def parse_request(frame: Frame) -> tuple[int, str, Frame]:
    """Number, op and arguments of a request, checked against `OPS`."""
    number, name = frame.get("id"), frame.get("op")
    if not isinstance(number, int) or not isinstance(name, str):
        raise ProtocolError("bad_frame", 'a request is {"id":N,"op":"…",…}')
    op = OPS.get(name)
    if op is None:
        raise ProtocolError("unknown_op", f"there is no op {name!r}")
    # A null argument counts as left out.
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


def reply_frame(number: int | None, **result: Any) -> bytes:
    return dump_frame({"re": number, "ok": result})


def error_frame(number: int | None, error: Exception) -> bytes:
    """An error as a reply; unexpected errors are reported only by their class."""
    if isinstance(error, SteerError):
        code = getattr(error, "code", type(error).__name__)
        said: Frame = {"code": code, "exit": error.exit_code, "msg": str(error)}
    else:
        said = {
            "code": "internal",
            "exit": 1,
            "msg": f"internal error ({type(error).__name__}), see the engine's log",
        }
    return dump_frame({"re": number, "err": said})


def notice_frame(ev: str, **what: Any) -> bytes:
    return dump_frame({"ev": ev, **what})


def greeting_frame(hello: Hello | Welcome) -> bytes:
    return dump_frame(asdict(hello))
