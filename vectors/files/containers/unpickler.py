"""A safe reader for the pickle inside a `.pt` file: it builds plain data and never runs code.

A pickle is a program, and Python's own unpickler runs it. This one knows the opcodes that tensors,
dictionaries, numbers and text need, turns every class or function into an inert `Symbol`, and refuses the
file if the symbol is not on the list. No object of a foreign class is created and nothing is imported.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any

from vectors.errors import VectorFileError, shown
from vectors.files.containers.symbols import BUILDERS, STORAGES, Storage, Symbol, is_count, symbol

MOST_STEPS = 1_000_000


class _Mark:
    """Stack marker: the beginning of a group."""


class Unpickler:
    """A pickle machine over a byte string; `at` is the read position, also after a pickle has ended."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data, self.at = data, at
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.storages: list[Storage] = []

    def run(self) -> Any:
        """The value of the next pickle; stack and memo are reset first."""
        self.stack, self.memo = [], {}
        for _ in range(MOST_STEPS):
            opcode = self.take(1)
            if opcode == b".":
                return self.pop()
            step = OPCODES.get(opcode)
            if step is None:
                raise VectorFileError(f"its pickle uses opcode {opcode!r}, which tensors do not need")
            step(self)
        raise VectorFileError(f"its pickle has more than {MOST_STEPS:,} steps")

    def take(self, count: int) -> bytes:
        if count > len(self.data) - self.at:
            raise VectorFileError(f"file is truncated (its pickle ends after {len(self.data):,} bytes)")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, code: str) -> int:
        return int(struct.unpack("<" + code, self.take(struct.calcsize(code)))[0])

    def line(self) -> str:
        end = self.data.find(b"\n", self.at)
        text = self.take((end if end >= 0 else len(self.data)) - self.at + 1)
        return text[:-1].decode("utf-8", "backslashreplace")

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def pop(self, kind: type = object) -> Any:
        if not self.stack or isinstance(self.stack[-1], _Mark) or not isinstance(self.stack[-1], kind):
            raise VectorFileError("its pickle is damaged")
        return self.stack.pop()

    def group(self) -> list[Any]:
        """Pop everything above the last mark."""
        for index in range(len(self.stack) - 1, -1, -1):
            if isinstance(self.stack[index], _Mark):
                above = self.stack[index + 1 :]
                del self.stack[index:]
                return above
        raise VectorFileError("its pickle is damaged")

    def remember(self, index: int) -> None:
        if not self.stack:
            raise VectorFileError("its pickle is damaged")
        self.memo[index] = self.stack[-1]

    def recall(self, index: int) -> None:
        if index not in self.memo:
            raise VectorFileError("its pickle is damaged")
        self.push(self.memo[index])

    def fill(self, pairs: list[Any]) -> None:
        target = self.pop(dict)
        if len(pairs) % 2 or any(not isinstance(key, str | int) for key in pairs[::2]):
            raise VectorFileError("it has a dictionary whose keys are neither text nor whole numbers")
        target.update(zip(pairs[::2], pairs[1::2], strict=True))
        self.push(target)

    def extend(self, items: list[Any]) -> None:
        target = self.pop(list)
        target.extend(items)
        self.push(target)

    def call(self) -> None:
        arguments, target = self.pop(tuple), self.pop(Symbol)
        if target not in BUILDERS:
            raise VectorFileError(f"contains code ({shown('.'.join(target))}), not loaded")
        try:
            self.push(BUILDERS[target](arguments))
        except (IndexError, ValueError, AttributeError, TypeError):
            raise VectorFileError("a tensor in it is not described the way torch does") from None

    def storage(self) -> None:
        """`('storage', type, key, device, elements)`: torch's persistent id for the bytes of a tensor."""
        described = self.pop(tuple)
        if len(described) < 5 or not isinstance(described[1], Symbol) or not is_count(described[4]):
            raise VectorFileError("its pickle refers to something that is not a tensor's storage")
        dtype = STORAGES.get(described[1].name, described[1].name)
        self.storages.append(Storage(str(described[2])[:64], dtype, described[4]))
        self.push(self.storages[-1])

    def ignore_state(self) -> None:
        """BUILD: drop the attributes of an ordered dictionary; the state of any other object is refused."""
        self.pop()
        self.push(self.pop(dict))


def _named(machine: Unpickler) -> None:
    machine.push(symbol(machine.line(), machine.line()))


def _named_on_stack(machine: Unpickler) -> None:
    name, module = machine.pop(str), machine.pop(str)
    machine.push(symbol(module, name))


def _instance(machine: Unpickler) -> None:
    found = symbol(machine.line(), machine.line())
    raise VectorFileError(f"needs class {shown('.'.join(found))}; export it as safetensors or GGUF")


def _skip(count: int) -> Callable[[Unpickler], None]:
    """Skip the protocol number or a frame length; neither is trusted."""

    def step(machine: Unpickler) -> None:
        machine.take(count)

    return step


def _constant(value: Any) -> Callable[[Unpickler], None]:
    return lambda machine: machine.push(value)


def _number(code: str) -> Callable[[Unpickler], None]:
    return lambda machine: machine.push(machine.number(code))


def _text(code: str) -> Callable[[Unpickler], None]:
    return lambda machine: machine.push(
        machine.take(machine.number(code)).decode("utf-8", "backslashreplace")
    )


def _bytes(code: str) -> Callable[[Unpickler], None]:
    return lambda machine: machine.push(machine.take(machine.number(code)))


def _tuple(count: int) -> Callable[[Unpickler], None]:
    return lambda machine: machine.push(tuple(machine.pop() for _ in range(count))[::-1])


OPCODES: Mapping[bytes, Callable[[Unpickler], None]] = {
    b"\x80": _skip(1),
    b"\x95": _skip(8),
    b"(": lambda machine: machine.push(_Mark()),
    b"N": _constant(None),
    b"\x88": _constant(True),
    b"\x89": _constant(False),
    b"J": _number("i"),
    b"K": _number("B"),
    b"M": _number("H"),
    b"\x8a": lambda machine: machine.push(
        int.from_bytes(machine.take(machine.number("B")), "little", signed=True)
    ),
    b"G": lambda machine: machine.push(struct.unpack(">d", machine.take(8))[0]),
    b"X": _text("I"),
    b"\x8c": _text("B"),
    b"\x8d": _text("Q"),
    b"U": _text("B"),
    b"T": _text("I"),
    b"C": _bytes("B"),
    b"B": _bytes("I"),
    b"}": lambda machine: machine.push({}),
    b"]": lambda machine: machine.push([]),
    b")": lambda machine: machine.push(()),
    b"t": lambda machine: machine.push(tuple(machine.group())),
    b"\x85": _tuple(1),
    b"\x86": _tuple(2),
    b"\x87": _tuple(3),
    b"a": lambda machine: machine.extend([machine.pop()]),
    b"e": lambda machine: machine.extend(machine.group()),
    b"s": lambda machine: machine.fill([machine.pop(), machine.pop()][::-1]),
    b"u": lambda machine: machine.fill(machine.group()),
    b"c": _named,
    b"\x93": _named_on_stack,
    b"i": _instance,
    b"R": Unpickler.call,
    b"Q": Unpickler.storage,
    b"b": Unpickler.ignore_state,
    b"q": lambda machine: machine.remember(machine.number("B")),
    b"r": lambda machine: machine.remember(machine.number("I")),
    b"\x94": lambda machine: machine.remember(len(machine.memo)),
    b"h": lambda machine: machine.recall(machine.number("B")),
    b"j": lambda machine: machine.recall(machine.number("I")),
}
