"""The header of a GGUF file: what it says, and that no damage costs time or memory."""

from __future__ import annotations

import struct
import time
import tracemalloc
from pathlib import Path

import gguf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ModelError
from core.loading.gguf.guard import check_gguf, stored_size
from core.loading.gguf.header import ArrayLength, read_gguf_header
from tests.core import gguf_files, zoo


@pytest.fixture(scope="module")
def tiny_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    gguf_files.write_model(path, gguf_files.tiny_llama(), "Q4_0")
    return path


def test_the_header_says_what_the_gguf_package_reads(tiny_gguf: Path) -> None:
    header, reader = read_gguf_header(tiny_gguf), gguf.GGUFReader(tiny_gguf)
    assert header.architecture == "llama"
    assert header.vocabulary == zoo.VOCAB
    assert (header.size_of("block_count"), header.size_of("embedding_length")) == (2, gguf_files.WIDTH)
    assert header.data_start == reader.data_offset
    assert header.parameters == sum(tensor.n_elements for tensor in reader.tensors)
    for tensor in reader.tensors:
        entry = header.tensors[tensor.name]
        assert (entry.kind, list(entry.shape)) == (tensor.tensor_type, tensor.shape.tolist()[::-1])
        assert header.data_start + entry.offset == tensor.data_offset
    for name, field in reader.fields.items():
        if not name.startswith("GGUF.") and not isinstance(header.metadata[name], ArrayLength):
            assert header.metadata[name] == field.contents()


@pytest.mark.parametrize(
    "body",
    [
        struct.pack("<IQQ", 3, 1 << 60, 0),
        struct.pack("<IQQ", 3, 0, 1 << 60),
        struct.pack("<IQQQ", 3, 0, 1, 1 << 62),
        struct.pack("<IQQQ1sIIQ", 3, 0, 1, 1, b"x", 9, 0, 1 << 31),
        struct.pack("<IQQQ1sIIQ", 3, 0, 1, 1, b"x", 9, 8, 1 << 22),
        struct.pack("<IQQQ1sI", 3, 0, 1, 1, b"x", 9) + struct.pack("<IQ", 9, 1) * 9999,
        struct.pack("<IQQ", 99, 0, 0),
        struct.pack(">IQQ", 3, 0, 0),
        b"",
    ],
)
def test_a_number_that_the_file_cannot_keep_is_refused_at_once(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "m.gguf").write_bytes(b"GGUF" + body)
    begun = time.process_time()
    with pytest.raises(ModelError, match=r"m\.gguf"):
        read_gguf_header(tmp_path / "m.gguf")
    assert time.process_time() - begun < 1


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_any_damage_ends_in_a_header_or_a_sentence(tiny_gguf: Path, data: st.DataObject) -> None:
    whole = tiny_gguf.read_bytes()
    head = read_gguf_header(tiny_gguf).data_start
    spoilt = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        spoilt[data.draw(st.integers(4, head - 1))] = data.draw(st.integers(0, 255))
    path = tiny_gguf.with_name("spoilt.gguf")
    path.write_bytes(spoilt[: data.draw(st.sampled_from([len(spoilt), head, head // 2]))])
    try:
        check_gguf(path, read_gguf_header(path))
    except ModelError as error:
        sentence = str(error)
        assert "spoilt.gguf" in sentence and "\n" not in sentence  # noqa: PT018 - both ends are right


def test_tensors_that_share_bytes_are_refused(tiny_gguf: Path, tmp_path: Path) -> None:
    content, header = bytearray(tiny_gguf.read_bytes()), read_gguf_header(tiny_gguf)
    for name, entry in header.tensors.items():
        entered = struct.pack("<Q", len(name)) + name.encode()
        # Behind a name stand the number of axes, the axes and the type; then comes the offset.
        at = content.index(entered) + len(entered) + 4 + 8 * len(entry.shape) + 4
        content[at : at + 8] = bytes(8)
    largest = max(stored_size(tiny_gguf, name, header) for name in header.tensors)
    (tmp_path / "m.gguf").write_bytes(content[: header.data_start + largest])
    assert {entry.offset for entry in read_gguf_header(tmp_path / "m.gguf").tensors.values()} == {0}
    with pytest.raises(ModelError, match="damaged or truncated"):
        check_gguf(tmp_path / "m.gguf", read_gguf_header(tmp_path / "m.gguf"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"GGML" + bytes(64), "is no GGUF file"),
        (b"PK\x03\x04" + bytes(64), "is no GGUF file"),
        (b"GGUF" + struct.pack("<III", 1, 0, 0), "GGUF version 1, only 2 and 3 can be read"),
        (b"GGUF" + struct.pack(">IQQ", 3, 1, 1), "a big-endian GGUF file, only little-endian ones can be read"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 0), f"its header claims {1 << 60} tensors: damaged"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1 << 62), f"its header claims a text of {1 << 62} bytes: damaged"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1 << 20), "the file ends in its header (32 bytes): damaged"),
    ],
)  # fmt: skip
def test_each_kind_of_wrong_file_has_its_own_sentence(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "m.gguf").write_bytes(content)
    with pytest.raises(ModelError) as caught:
        read_gguf_header(tmp_path / "m.gguf")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def hostile_texts() -> bytes:
    """A list of a hundred thousand texts of which the last claims to be longer than the file."""
    texts = struct.pack("<Q", 0) * (1 << 17) + struct.pack("<Q", 1 << 40)
    return struct.pack("<IQQQ1sIIQ", 3, 0, 1, 1, b"x", 9, 8, (1 << 17) + 1) + texts


@pytest.mark.parametrize(
    "body",
    [
        struct.pack("<IQQ", 3, (1 << 16), 0) + bytes(100),
        struct.pack("<IQQQ1sIIQ", 3, 0, 1, 1, b"x", 9, 10, 1 << 22) + bytes(100),
        hostile_texts(),
        # As many axes, each as long, as fit.
        struct.pack("<IQQQ1sI8QIQ", 3, 1, 0, 1, b"x", 8, *[1 << 62] * 8, 0, 0),
        struct.pack("<IQQQ1sI2QIQ", 3, 1, 0, 1, b"x", 2, 1 << 32, 1 << 31, 0, 1 << 62),
    ],
)
def test_a_hostile_header_costs_neither_time_nor_memory(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "m.gguf").write_bytes(b"GGUF" + body)
    begun = time.process_time()
    tracemalloc.start()
    with pytest.raises(ModelError, match=r"m\.gguf"):
        check_gguf(tmp_path / "m.gguf", read_gguf_header(tmp_path / "m.gguf"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert time.process_time() - begun < 2
    assert peak < 8 << 20


def rewritten(content: bytes, key: str, code: str, value: float) -> bytes:
    """The file with another value of a scalar in its metadata."""
    entered = struct.pack("<Q", len(key)) + key.encode()
    at = content.index(entered) + len(entered) + 4
    return content[:at] + struct.pack(code, value) + content[at + struct.calcsize(code) :]


@pytest.mark.parametrize(
    ("key", "code", "value", "words"),
    [
        ("llama.block_count", "<I", 0, "its llama.block_count is 0, with which no model computes"),
        ("llama.embedding_length", "<I", 0, "its llama.embedding_length is 0"),
        ("llama.rope.freq_base", "<f", float("nan"), "its llama.rope.freq_base is nan"),
        ("llama.rope.freq_base", "<f", 0.0, "its llama.rope.freq_base is 0"),
        ("llama.attention.layer_norm_rms_epsilon", "<f", float("inf"), "epsilon is inf"),
        ("llama.attention.layer_norm_rms_epsilon", "<f", -1.0, "epsilon is -1"),
        ("tokenizer.ggml.eos_token_id", "<I", zoo.VOCAB, f"is {zoo.VOCAB}, of {zoo.VOCAB} tokens"),
        ("tokenizer.ggml.padding_token_id", "<I", (1 << 32) - 1, "padding_token_id is 4294967295"),
    ],
)
def test_numbers_with_which_no_model_computes_are_named(
    tiny_gguf: Path, tmp_path: Path, key: str, code: str, value: float, words: str
) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(tiny_gguf.read_bytes())
    check_gguf(path, read_gguf_header(path))
    path.write_bytes(rewritten(tiny_gguf.read_bytes(), key, code, value))
    with pytest.raises(ModelError) as caught:
        check_gguf(path, read_gguf_header(path))
    assert words in str(caught.value)


def test_more_tokens_than_rows_are_refused(tmp_path: Path) -> None:
    small = gguf_files.tiny_llama(vocab_size=zoo.VOCAB - 1)
    gguf_files.write_model(tmp_path / "m.gguf", small)
    with pytest.raises(ModelError, match=f"{zoo.VOCAB} tokens, and rows of {zoo.VOCAB - 1} in its embedding"):
        check_gguf(tmp_path / "m.gguf", read_gguf_header(tmp_path / "m.gguf"))


def test_a_tensor_that_lies_outside_is_refused(tiny_gguf: Path, tmp_path: Path) -> None:
    content, header = bytearray(tiny_gguf.read_bytes()), read_gguf_header(tiny_gguf)
    name, entry = next(iter(header.tensors.items()))
    entered = struct.pack("<Q", len(name)) + name.encode()
    at = content.index(entered) + len(entered) + 4 + 8 * len(entry.shape) + 4
    content[at : at + 8] = struct.pack("<Q", 1 << 62)
    (tmp_path / "m.gguf").write_bytes(content)
    with pytest.raises(ModelError, match="damaged or truncated"):
        check_gguf(tmp_path / "m.gguf", read_gguf_header(tmp_path / "m.gguf"))
