"""The table of ops: each names a method that takes exactly its fields, and no such method is left out."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import pytest

from sessions.live.jobs import SessionJobs
from sessions.live.session import Session
from steertui.engine.host import SessionHost
from steertui.engine.protocol import OPS, Op, ProtocolError, parse_request
from steertui.engine.server import EngineServer

OWNERS = {"session": Session, "session.tasks": SessionJobs, "host": SessionHost, "server": EngineServer}
REPLIES = ("dict[str, Any]", "Frame")
"""What a method returns that carries out an op."""
DISPATCH = "host.run_op"


def handlers() -> Iterator[str]:
    """Every public method that returns a reply."""
    for owner, kind in OWNERS.items():
        for name, method in inspect.getmembers(kind, inspect.isfunction):
            if not name.startswith("_") and inspect.signature(method).return_annotation in REPLIES:
                yield f"{owner}.{name}"


@pytest.mark.parametrize("op", OPS.values(), ids=list(OPS))
def test_an_op_has_a_method_that_takes_its_fields(op: Op) -> None:
    owner, _, name = op.do.rpartition(".")
    taken = list(inspect.signature(getattr(OWNERS[owner], name)).parameters.values())
    fields = taken[2:] if owner == "server" else taken[1:]
    assert {each.name for each in fields} == {*op.needs, *op.takes}
    assert {each.name for each in fields if each.default is each.empty} == set(op.needs)


def test_every_method_that_answers_a_request_is_in_the_table_once() -> None:
    assert sorted(handlers()) == sorted([*(op.do for op in OPS.values()), DISPATCH])


def test_an_op_of_the_server_runs_on_its_loop() -> None:
    """A slow op runs on a thread, where only the session and the host may be used."""
    assert not [name for name, op in OPS.items() if op.owner == "server" and op.slow]


def test_true_is_no_whole_number() -> None:
    assert parse_request({"id": 1, "op": "rewind", "tokens": 1}) == (1, "rewind", {"tokens": 1})
    with pytest.raises(ProtocolError, match="'tokens' must be of type int"):
        parse_request({"id": 1, "op": "rewind", "tokens": True})
