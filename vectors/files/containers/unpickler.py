"""A safe reader for the pickle inside a `.pt` file: it builds plain data and never runs code.

A pickle is a program, and Python's own unpickler runs it. This one knows the opcodes that tensors,
dictionaries, numbers and text need, turns every class or function into an inert `Symbol`, and refuses the
file if the symbol is not on the list. No object of a foreign class is created and nothing is imported.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import TypeAlias, TypeVar

from vectors.errors import VectorFileError, printable_name
from vectors.files.containers.symbols import (
    BUILDERS,
    NOT_TORCH,
    STORAGES,
    PickleValue,
    Symbol,
    TensorStorage,
    is_count,
    require_symbol,
)

MOST_STEPS = 1_000_000
T = TypeVar("T")


class _Mark:
    """Stack marker: the beginning of a group."""


StackItem: TypeAlias = "PickleValue | _Mark"


class Unpickler:
    """A pickle machine over a byte string; `at` is the read position, also after a pickle has ended."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data, self.at = data, at
        self.stack: list[StackItem] = []
        self.memo: dict[int, StackItem] = {}
        self.storages: list[TensorStorage] = []

    def run(self) -> PickleValue:
        """The value of the next pickle; stack and memo are reset first."""
        self.stack, self.memo = [], {}
        # Opcodes without arguments are one byte each: the file's size alone would allow too many.
        for _ in range(MOST_STEPS):
            opcode = self.next_bytes(1)
            if opcode == b".":
                return self.pop()
            step = OPCODES.get(opcode)
            if step is None:
                raise VectorFileError(f"its pickle uses opcode {opcode!r}, which tensors do not need")
            step(self)
        raise VectorFileError(f"its pickle has more than {MOST_STEPS:,} steps")

    def next_bytes(self, count: int) -> bytes:
        if count > len(self.data) - self.at:
            raise VectorFileError(f"file is truncated (its pickle ends after {len(self.data):,} bytes)")
        self.at += count
        return self.data[self.at - count : self.at]

    def next_number(self, code: str) -> int:
        return int(struct.unpack("<" + code, self.next_bytes(struct.calcsize(code)))[0])

    def next_line(self) -> str:
        end = self.data.find(b"\n", self.at)
        # Where no newline follows, one byte too many is requested: the file is truncated.
        text = self.next_bytes((end if end >= 0 else len(self.data)) - self.at + 1)
        return text[:-1].decode("utf-8", "backslashreplace")

    def push(self, value: StackItem) -> None:
        self.stack.append(value)

    def pop(self) -> PickleValue:
        # A mark on top means that the opcode has too few operands.
        if not self.stack or isinstance(top := self.stack[-1], _Mark):
            raise VectorFileError("its pickle is damaged")
        self.stack.pop()
        return top

    def pop_kind(self, kind: type[T]) -> T:
        value = self.pop()
        if not isinstance(value, kind):
            raise VectorFileError("its pickle is damaged")
        return value

    def pop_group(self) -> list[PickleValue]:
        """Pop everything above the last mark."""
        for index in range(len(self.stack) - 1, -1, -1):
            if isinstance(self.stack[index], _Mark):
                above = [item for item in self.stack[index:] if not isinstance(item, _Mark)]
                del self.stack[index:]
                return above
        raise VectorFileError("its pickle is damaged")

    def memoize(self, index: int) -> None:
        if not self.stack:
            raise VectorFileError("its pickle is damaged")
        self.memo[index] = self.stack[-1]

    def push_memo(self, index: int) -> None:
        if index not in self.memo:
            raise VectorFileError("its pickle is damaged")
        self.push(self.memo[index])

    def update_dict(self, pairs: list[PickleValue]) -> None:
        # Keys of other kinds could be unhashable, or be tensors.
        target = self.pop_kind(dict)
        if len(pairs) % 2 or any(not isinstance(key, str | int) for key in pairs[::2]):
            raise VectorFileError("it has a dictionary whose keys are neither text nor whole numbers")
        target.update(zip(pairs[::2], pairs[1::2], strict=True))
        self.push(target)

    def extend_list(self, items: list[PickleValue]) -> None:
        target = self.pop_kind(list)
        target.extend(items)
        self.push(target)

    def apply_builder(self) -> None:
        # REDUCE, where Python's unpickler would call a function: here only builders of plain data run.
        arguments, target = self.pop_kind(tuple), self.pop_kind(Symbol)
        if target not in BUILDERS:
            raise VectorFileError(f"contains code ({printable_name('.'.join(target))}), not loaded")
        try:
            self.push(BUILDERS[target](arguments))
        except (IndexError, ValueError, AttributeError, TypeError):
            raise VectorFileError(NOT_TORCH) from None

    def push_storage(self) -> None:
        """`('storage', type, key, device, elements)`: torch's persistent id for the bytes of a tensor."""
        described = self.pop_kind(tuple)
        if len(described) < 5 or not isinstance(described[1], Symbol) or not is_count(described[4]):
            raise VectorFileError("its pickle refers to something that is not a tensor's storage")
        dtype = STORAGES.get(described[1].name, described[1].name)
        self.storages.append(TensorStorage(str(described[2])[:64], dtype, described[4]))
        self.push(self.storages[-1])

    def ignore_state(self) -> None:
        """BUILD: drop the attributes of an ordered dictionary; the state of any other object is refused."""
        self.pop()
        self.push(self.pop_kind(dict))


def _push_symbol(machine: Unpickler) -> None:
    machine.push(require_symbol(machine.next_line(), machine.next_line()))


def _push_symbol_from_stack(machine: Unpickler) -> None:
    name, module = machine.pop_kind(str), machine.pop_kind(str)
    machine.push(require_symbol(module, name))


def _refuse_instance(machine: Unpickler) -> None:
    found = require_symbol(machine.next_line(), machine.next_line())
    raise VectorFileError(f"needs class {printable_name('.'.join(found))}; export it as safetensors or GGUF")


def _skip_bytes(count: int) -> Callable[[Unpickler], None]:
    """Skip the protocol number or a frame length; neither is trusted."""

    def step(machine: Unpickler) -> None:
        machine.next_bytes(count)

    return step


def _push_constant(value: bool | None) -> Callable[[Unpickler], None]:
    return lambda machine: machine.push(value)


def _push_number(code: str) -> Callable[[Unpickler], None]:
    return lambda machine: machine.push(machine.next_number(code))


def _push_text(code: str) -> Callable[[Unpickler], None]:
    return lambda machine: machine.push(
        machine.next_bytes(machine.next_number(code)).decode("utf-8", "backslashreplace")
    )


def _push_bytes(code: str) -> Callable[[Unpickler], None]:
    return lambda machine: machine.push(machine.next_bytes(machine.next_number(code)))


def _push_tuple(count: int) -> Callable[[Unpickler], None]:
    # The last item was pushed last, so it comes off the stack first.
    return lambda machine: machine.push(tuple(machine.pop() for _ in range(count))[::-1])


OPCODES: Mapping[bytes, Callable[[Unpickler], None]] = {
    # Protocol number, frame length, group mark.
    b"\x80": _skip_bytes(1),
    b"\x95": _skip_bytes(8),
    b"(": lambda machine: machine.push(_Mark()),
    # Constants and numbers.
    b"N": _push_constant(None),
    b"\x88": _push_constant(True),
    b"\x89": _push_constant(False),
    b"J": _push_number("i"),
    b"K": _push_number("B"),
    b"M": _push_number("H"),
    b"\x8a": lambda machine: machine.push(
        int.from_bytes(machine.next_bytes(machine.next_number("B")), "little", signed=True)
    ),
    b"G": lambda machine: machine.push(struct.unpack(">d", machine.next_bytes(8))[0]),
    # Text and bytes, with lengths of one, four or eight bytes.
    b"X": _push_text("I"),
    b"\x8c": _push_text("B"),
    b"\x8d": _push_text("Q"),
    b"U": _push_text("B"),
    b"T": _push_text("I"),
    b"C": _push_bytes("B"),
    b"B": _push_bytes("I"),
    # Dictionaries, lists and tuples: empty ones, and what fills them.
    b"}": lambda machine: machine.push({}),
    b"]": lambda machine: machine.push([]),
    b")": lambda machine: machine.push(()),
    b"t": lambda machine: machine.push(tuple(machine.pop_group())),
    b"\x85": _push_tuple(1),
    b"\x86": _push_tuple(2),
    b"\x87": _push_tuple(3),
    b"a": lambda machine: machine.extend_list([machine.pop()]),
    b"e": lambda machine: machine.extend_list(machine.pop_group()),
    b"s": lambda machine: machine.update_dict([machine.pop(), machine.pop()][::-1]),
    b"u": lambda machine: machine.update_dict(machine.pop_group()),
    # Names of classes and functions, and what a pickle does with them.
    b"c": _push_symbol,
    b"\x93": _push_symbol_from_stack,
    b"i": _refuse_instance,
    b"R": Unpickler.apply_builder,
    b"Q": Unpickler.push_storage,
    b"b": Unpickler.ignore_state,
    # The memo: values that the pickle refers to more than once.
    b"q": lambda machine: machine.memoize(machine.next_number("B")),
    b"r": lambda machine: machine.memoize(machine.next_number("I")),
    b"\x94": lambda machine: machine.memoize(len(machine.memo)),
    b"h": lambda machine: machine.push_memo(machine.next_number("B")),
    b"j": lambda machine: machine.push_memo(machine.next_number("I")),
}
