"""A Messages API on this machine, for tests through the real SDK: it says what it is told to, well or badly.

with ClaudeServer() as claude:
    claude.script(status(529), says({"score": 7}))   # one turn per request; the last one is repeated
    claude.answer(lambda body: {"score": len(body["messages"][0]["content"])})
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

CANARY = "sk-ant-canary-never-write-this"
Body = Mapping[str, Any]


@dataclass(frozen=True)
class Turn:
    """What one request meets: `content` goes out after `delay`, byte by byte every `drip` seconds if that is set."""

    content: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    drip: float = 0.0
    hang_up: bool = False


def says(reply: Any, stop: str = "end_turn", tokens: tuple[int, int] = (100, 20), **turn: Any) -> Turn:
    """A message: a text as it is, anything else as its JSON."""
    text = reply if isinstance(reply, str) else json.dumps(reply)
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-5-5",
        "content": [{"type": "text", "text": text}] if text else [],
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {"input_tokens": tokens[0], "output_tokens": tokens[1]},
    }
    return Turn(json.dumps(message).encode(), **turn)


def status(code: int, message: str = "no", **headers: str) -> Turn:
    """An error of the API; `retry_after="2"` is a header."""
    error = {"type": "error", "error": {"type": "api_error", "message": message}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Turn(json.dumps(error).encode(), code, named)


class ClaudeServer:
    """`requests` are the bodies and `headers` the headers that came, in order."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self._turns: Callable[[Body], Turn] = lambda body: says({"score": 5})
        self._lock, self._over = threading.Lock(), threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads, self._server.block_on_close = True, False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def script(self, *turns: Turn) -> None:
        left = list(turns)
        self._turns = lambda body: left.pop(0) if len(left) > 1 else left[0]

    def answer(self, answer: Callable[[Body], Any]) -> None:
        """A reply made from each request; a `Turn` is taken as it is."""

        def turn(body: Body) -> Turn:
            reply = answer(body)
            return reply if isinstance(reply, Turn) else says(reply)

        self._turns = turn

    def take(self, body: dict[str, Any], headers: dict[str, str]) -> Turn:
        with self._lock:
            self.requests.append(body)
            self.headers.append(headers)
            return self._turns(body)

    def rest(self, seconds: float) -> None:
        """A wait that ends with the server."""
        self._over.wait(seconds)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()


def _handler(server: ClaudeServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            turn = server.take(body, {name.lower(): value for name, value in self.headers.items()})
            server.rest(turn.delay)
            try:
                self._send(turn)
            except OSError:
                self.close_connection = True

        def _send(self, turn: Turn) -> None:
            if turn.hang_up:
                self.connection.close()
                return
            self.send_response(turn.status)
            for name, value in {"content-type": "application/json", **turn.headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(turn.content)))
            self.end_headers()
            for piece in _pieces(turn):
                self.wfile.write(piece)
                server.rest(turn.drip)

        def log_message(self, *_: Any) -> None:
            """Tests speak for themselves."""

    return Handler


def _pieces(turn: Turn) -> list[bytes]:
    return [turn.content[i : i + 1] for i in range(len(turn.content))] if turn.drip else [turn.content]


def main() -> None:
    """By hand: `python -m tests.claude_server`, then point ANTHROPIC_BASE_URL at what it prints."""
    with ClaudeServer() as server:
        print(server.url, flush=True)
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    main()
