"""Opening the session of a lost engine again: a new engine may refuse for a moment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from core.errors import BadInput, EngineUnavailable, SteerError, UsageError
from steertui.engine.client import EngineClient, RemoteError
from steertui.screens import connection
from steertui.screens.connection import RESUME_TRIES, EngineLink

pytestmark = pytest.mark.anyio

BUSY = RemoteError("UsageError", "the session is busy", UsageError.exit_code)
LOCKED = RemoteError("EngineUnavailable", "recorded by process 7", EngineUnavailable.exit_code)
MISSING = RemoteError("BadInput", "no such session", BadInput.exit_code)


class RefusingClient:
    """Answers requests with these errors in turn, then with success; `words` are the engine's states meanwhile."""

    def __init__(self, refusals: Sequence[SteerError], words: Sequence[str] = ()) -> None:
        self.refusals, self.asked = list(refusals), 0
        self._words = list(words)

    @property
    def state(self) -> SimpleNamespace:
        return SimpleNamespace(word=self._words.pop(0) if self._words else "idle")

    async def ask(self, op: str, **what: Any) -> dict[str, Any]:
        assert (op, what) == ("session.open", {"session": "01OLD"})
        self.asked += 1
        if self.refusals:
            raise self.refusals.pop(0)
        return {}


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "RESUME_PAUSE_S", 0.0)


def link_to(client: RefusingClient) -> EngineLink:
    return EngineLink(
        "m", Path("socket"), lambda message: None, client=cast(EngineClient, client), lost_session="01OLD"
    )


@pytest.mark.parametrize("refusals", [(), (BUSY,), (BUSY, BUSY), (LOCKED, BUSY, LOCKED)])
async def test_an_engine_that_is_busy_or_waits_for_the_lock_is_asked_again(
    refusals: Sequence[SteerError],
) -> None:
    client = RefusingClient(refusals)
    assert await link_to(client).resume()
    assert client.asked == len(refusals) + 1


async def test_it_waits_while_the_model_is_loading() -> None:
    client = RefusingClient([], ["loading", "loading", "idle"])
    assert await link_to(client).resume()
    assert client.asked == 1


@pytest.mark.parametrize(("refusals", "asked"), [([MISSING], 1), ([BUSY] * 99, RESUME_TRIES)])
async def test_what_stays_refused_ends(refusals: Sequence[SteerError], asked: int) -> None:
    client = RefusingClient(refusals)
    assert not await link_to(client).resume()
    assert client.asked == asked
