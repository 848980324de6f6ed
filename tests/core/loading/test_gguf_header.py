"""The header of a GGUF file: what it says, and that no damage costs time or memory."""

from __future__ import annotations

import struct
import time
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
