"""Damaged files of every format: each is read or refused by the one typed error, quickly and in little memory.

Every format's good file is changed in 2,000 seeded ways. Zips are also changed inside, where a checksum would otherwise
catch nearly everything before a parser sees it.
"""

from __future__ import annotations

import contextlib
import io
import json
import random
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vectors import samples
from tests.vectors.worker import Worker
from vectors.data.layer_numbers import ReadOptions
from vectors.errors import VectorFileError
from vectors.files import formats
from vectors.files.containers.unpickler import OPCODES, Unpickler
from vectors.files.opening import OpenedFile
from vectors.files.reading import parse

MUTANTS = 2_000
FULL_PATH = 20
SMALL = (0, 1)
TEXT = b'{}[]",:.0123456789eE-+NaInfinity\\u '
NASTY = (
    b"\xff" * 8,
    b"\x00" * 8,
    b"\xff\xff\xff\x7f",
    b"\x00\x00\x00\x80",
    b"9" * 20,
    b"\x7f",
    b"\n",
    b"[" * 64,
    b"NaN",
)


def small_vector() -> samples.vectors.SteeringVector:
    return samples.vector(layers=SMALL)


def written(name: str) -> bytes:
    return formats.WRITERS[name](small_vector())[0]


def stack() -> torch.Tensor:
    return torch.randn(3, 6, generator=torch.Generator().manual_seed(1))


GOOD: dict[str, Callable[[], bytes]] = {
    "native": lambda: written("native"),
    "gguf": lambda: written("gguf"),
    "repeng": lambda: samples.control_vector(samples.rows(layers=SMALL)),
    "svec": lambda: written("svec"),
    "pt-dict": lambda: written("pt-dict"),
    "persona": lambda: written("persona"),
    "axis": lambda: samples.saved({"axis": stack(), "metadata": {"model": "x"}}),
    "role": lambda: samples.saved({"vector": stack(), "type": "mean", "role": "pirate"}),
    "capping": lambda: samples.saved(samples.capping_config()),
    "old-pt": lambda: samples.saved(samples.tensors(SMALL), _use_new_zipfile_serialization=False),
    "steering-lite": lambda: samples.safetensors(
        {"layer0.v": samples.tensor_entry(4)}, bytes(8) + b"\x00\x00\x80?" * 2
    ),
    "npz": lambda: samples.npz(layer_0=samples.rows()[0]),
    "npy": lambda: samples.npy(stack().numpy()),
}


def mutated(data: bytes, chance: random.Random) -> bytes:
    """One to four changes: a bit, a run of bytes, something inserted, cut out, doubled or cut off.

    Text stays text most of the time, or nothing behind its decoder would ever be reached.
    """
    changed, text = bytearray(data), data.isascii() and chance.random() < 0.9

    def new(count: int) -> bytes:
        return bytes(chance.choices(TEXT, k=count)) if text else chance.randbytes(count)

    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(changed)) if changed else 0
        kind = chance.randrange(7)
        if kind == 0 and changed:
            changed[at : at + 1] = new(1)
        elif kind == 1 and changed:
            changed[at] ^= 1 << chance.randrange(7 if text else 8)
        elif kind == 2:
            changed[at:at] = new(chance.randint(1, 9))
        elif kind == 3:
            del changed[at : at + chance.randint(1, 40)]
        elif kind == 4:
            nasty = chance.choice(NASTY)
            changed[at : at + len(nasty)] = nasty
        elif kind == 5:
            changed[at:at] = changed[at : at + chance.randint(1, 60)]
        else:
            del changed[at:]
    return bytes(changed)


def repacked(data: bytes, chance: random.Random) -> bytes:
    """A zip with one record mutated and every checksum right."""
    whole, buffer = zipfile.ZipFile(io.BytesIO(data)), io.BytesIO()
    records = {name: whole.read(name) for name in whole.namelist()}
    telling = [name for name in records if name.endswith((".pkl", ".npy", ".json"))] or list(records)
    target = chance.choice(telling) if chance.random() < 0.8 else chance.choice(list(records))
    records[target] = mutated(records[target], chance)
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in records.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def mutants(name: str) -> Iterator[bytes]:
    chance, good = random.Random(f"mutants of {name}"), GOOD[name]()
    inside = good.startswith(b"PK")
    for count in range(MUTANTS):
        yield repacked(good, chance) if inside and count % 2 else mutated(good, chance)


@pytest.mark.parametrize("name", GOOD)
def test_mutants_are_read_or_refused(name: str, tmp_path: Path) -> None:
    ends: dict[str, int] = {}
    with Worker() as worker:
        assert worker.parse(GOOD[name]())["end"] in ("read", "refused")
        for count, mutant in enumerate(mutants(name)):
            answer = worker.parse(mutant)
            ends[answer["end"]] = ends.get(answer["end"], 0) + 1
            assert answer["end"] in ("read", "refused"), (count, answer)
            assert answer.get("text", "").isprintable(), (count, answer)
            if count < FULL_PATH:
                full_path(worker, samples.put(tmp_path, f"mutant-{count}", mutant), answer["end"])
        assert worker.restarts == 0
    assert ends["refused"] > MUTANTS // 20


def full_path(worker: Worker, path: Path, end: str) -> None:
    """From the command line to the exit code; a card is one JSON object of plain ASCII."""
    answer = worker.run("card", str(path), "--json")
    assert answer["end"] == "ran", answer
    assert answer["code"] == (0 if end == "read" else 4)
    assert answer["out"].isascii()
    assert ("sha256" if end == "read" else "error") in json.loads(answer["out"])


def tried(data: bytes) -> None:
    """Anything but the one typed error fails the test."""
    with contextlib.suppress(VectorFileError):
        parse(OpenedFile(Path("odd"), data, len(data)), ReadOptions(allow_undecided=True))


NAMES = st.sampled_from([b"ctorch\nFloatStorage\n", b"ctorch._utils\n_rebuild_tensor_v2\n", b"cos\nsystem\n"])
PIECES = st.one_of(
    st.sampled_from(sorted(OPCODES)), NAMES, st.binary(max_size=6), st.just(b"X\x07\0\0\0storage")
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=40))
def test_any_program_of_opcodes_ends_in_data_or_refusal(pieces: list[bytes]) -> None:
    with contextlib.suppress(VectorFileError):
        Unpickler(b"\x80\x02" + b"".join(pieces) + b".").run()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
LAYER_KEYS = st.sampled_from(["0", "7", "-1", "x", "99999999", "٣"])


@settings(max_examples=200, deadline=None)
@given(
    st.fixed_dictionaries(
        {"directions": st.dictionaries(LAYER_KEYS, JSON)}, optional={"steertui": JSON, "model_type": JSON}
    )
)
def test_any_json_is_read_or_refused_as_svec(tree: object) -> None:
    tried(json.dumps(tree).encode())


HEADERS = st.dictionaries(
    st.sampled_from(["layer.0", "layer.1", "__metadata__", "5", "../x", "layer0.v"]),
    JSON
    | st.fixed_dictionaries(
        {
            "dtype": st.sampled_from(["F32", "BF16", "F64", "I8", "F8_E4M3"]),
            "shape": st.lists(st.integers(-1, 1 << 62), max_size=3),
            "data_offsets": st.lists(st.integers(-1, 64), max_size=3),
        }
    ),
)


@settings(max_examples=200, deadline=None)
@given(HEADERS, st.binary(max_size=64))
def test_any_header_is_read_or_refused_as_safetensors(header: object, body: bytes) -> None:
    tried(samples.safetensors(header, body))


GGUF_KEYS = st.sampled_from(["general.architecture", "controlvector.x", "general.alignment"])
GGUF_ENTRIES = st.lists(st.tuples(GGUF_KEYS, st.integers(0, 14), st.binary(max_size=12)), max_size=4)
TENSOR_NAMES = st.sampled_from(["direction.1", "direction.x", "direction.٣", "x"])


@settings(max_examples=200, deadline=None)
@given(GGUF_ENTRIES, st.dictionaries(TENSOR_NAMES, st.integers(0, 9), max_size=3), st.integers(0, 5))
def test_any_header_is_read_or_refused_as_gguf(
    entries: list[tuple[str, int, bytes]], sizes: dict[str, int], version: int
) -> None:
    rows = {name: samples.rows(width=size)[0] for name, size in sizes.items()}
    tried(samples.gguf([samples.entry(*one) for one in entries], rows, version))


METADATA_KEYS = st.sampled_from(
    ["raw_norms", "raw_ulps", "stats", "act_norms", "suggestion", "metrics", "n_layers"]
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(METADATA_KEYS, st.text(max_size=12) | JSON.map(json.dumps), max_size=4))
def test_any_metadata_is_read_or_refused_in_our_own_file(metadata: dict[str, str]) -> None:
    header = {"__metadata__": {"format": "steertui/1", **metadata}, "layer.2": samples.tensor_entry(4)}
    tried(samples.safetensors(header, b"\x00\x00\x80?" * 4))
