from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.claude_server import CANARY, ClaudeServer


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ClaudeServer]:
    with ClaudeServer() as running:
        monkeypatch.setenv("ANTHROPIC_API_KEY", CANARY)
        monkeypatch.setenv("ANTHROPIC_BASE_URL", running.url)
        yield running
