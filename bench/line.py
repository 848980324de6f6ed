"""The line to the terminal: the bytes that one answer costs, as usual and in slow-line mode.

The real app in a pseudo-terminal, the demo model, one vector on the desk. An answer is counted from the key that
sends its prompt to the end of the rest after it, so that everything is in it: words, markers, meters, strips, status.
"""

from __future__ import annotations

from statistics import median
from typing import Any

from bench.arms import Check, Setting
from bench.terminal import Terminal, app, home

SIZE = 140, 40
ARMS = {"as usual": (), "--fps 10": ("--fps", "10")}
TIMES_LESS = 5.0
ANSWERS = 2


def bench(setting: Setting) -> dict[str, Any]:
    spent: dict[str, list[int]] = {name: [] for name in ARMS}
    for _ in range(setting.repetitions):
        for name, options in ARMS.items():
            spent[name] += _answers(options)
    usual, slow = (median(spent[name]) for name in ARMS)
    print(f"line: {usual:,.0f} bytes for an answer as usual, {slow:,.0f} with --fps 10")
    check = Check("bytes of an answer, as usual / in slow-line mode", usual / slow, TIMES_LESS, at_least=True)
    return {
        "model": f"demo-instruct at {SIZE[0]} × {SIZE[1]}, one strip, bytes written to a pseudo-terminal",
        "bytes": spent,
        "goals": [],
        "checks": [check.to_json()],
    }


def _answers(options: tuple[str, ...]) -> list[int]:
    with home() as env:
        terminal = Terminal(app("demo-instruct", *options), SIZE, env)
        try:
            terminal.wait("IDLE")
            for keys in ("\t", "a", "\r", "i"):
                terminal.type(keys)
                terminal.rest(1.0)
            return [_answer(terminal) for _ in range(ANSWERS)]
        finally:
            terminal.close()


def _answer(terminal: Terminal) -> int:
    terminal.type("\x1b[A")
    terminal.rest(0.5)
    terminal.forget()
    terminal.type("\r")
    for word in ("GEN", "IDLE"):
        terminal.wait(word)
    terminal.rest(1.5)
    return terminal.written
