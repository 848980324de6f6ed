from __future__ import annotations

import errno
import os
import re
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import BadInput, ModelError, UsageError
from core.files import (
    GIBI,
    MEBI,
    NOT_REGULAR,
    FileTooLarge,
    expand_home,
    read_regular,
    read_utf8,
    write_atomic,
)
from core.loading.config_guard import check_config
from sessions.journal import reader as journal
from steertui import config, mixer_options, mixers
from steertui.cli import main
from tests.progress_lines import without_progress

NOBODY = "~nobody-has-this-name/x"


def test_a_home_is_found_and_a_name_that_nobody_has_is_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/there")
    assert expand_home("~/x") == expand_home(Path("~/x")) == Path("/there/x")
    assert expand_home(NOBODY) == Path(NOBODY)


@pytest.mark.parametrize("name", [NOBODY, "a" * 300])
@pytest.mark.parametrize(
    "words",
    [
        ("run", "sweep"),
        ("run", "sweep", "assistant-persona", "--prompts"),
        ("run", "sweep", "assistant-persona", "--contrast"),
        ("contrast", "show"),
        ("card"),
        ("check", "assistant-persona", "--contrast"),
    ],
)
def test_what_cannot_be_a_file_is_said_to_be_missing(
    words: tuple[str, ...], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main([*words, name]) in (2, 4)
    assert "internal error" not in capsys.readouterr().err


ENDLESS = ("pipe", "folder", "zero", "random", "socket")


@pytest.fixture
def odd(tmp_path: Path) -> Iterator[Path]:
    """A folder of what is no file: each of them would be waited for or read for ever by a plain `open`."""
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "folder.jsonl").mkdir()
    (tmp_path / "zero.jsonl").symlink_to("/dev/zero")
    (tmp_path / "random.jsonl").symlink_to("/dev/urandom")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket.jsonl"))
    with (tmp_path / "large.jsonl").open("wb") as file:
        file.truncate(5 * GIBI)
    yield tmp_path
    (tmp_path / "large.jsonl").unlink()


@pytest.fixture
def hurry() -> Iterator[None]:
    """Whoever waits for a pipe or reads a device is interrupted."""

    def too_slow(*_: object) -> None:
        raise TimeoutError("it waits")

    before = signal.signal(signal.SIGALRM, too_slow)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("hurry")
@pytest.mark.parametrize("kind", ENDLESS)
def test_only_regular_files_are_opened(odd: Path, kind: str) -> None:
    before = len([*Path("/proc/self/fd").iterdir()])
    said = os.strerror(errno.EISDIR) if kind == "folder" else NOT_REGULAR
    with pytest.raises(OSError, match=re.escape(f"{said}: '{odd}")):
        read_regular(odd / f"{kind}.jsonl", 100)
    assert len([*Path("/proc/self/fd").iterdir()]) == before


def test_a_path_that_is_none_is_an_error_of_the_same_kind() -> None:
    with pytest.raises(OSError, match="not a usable path"):
        read_regular("a\0b", 100)
    with pytest.raises(FileNotFoundError):
        read_regular("/nowhere/at/all", 100)


def test_nothing_is_read_beyond_the_limit(tmp_path: Path, odd: Path) -> None:
    file = tmp_path / "ten"
    file.write_bytes(b"0123456789")
    assert read_regular(file, 10) == b"0123456789"
    with pytest.raises(FileTooLarge, match="larger than 9 B") as refused:
        read_regular(file, 9)
    assert refused.value.size == 10
    with pytest.raises(FileTooLarge, match="larger than 3.15 MB, the limit for such a file"):
        read_regular(odd / "large.jsonl", 3 * MEBI)
    assert read_regular("/proc/self/status", MEBI).startswith(b"Name:"), "a file of the kernel has no size"
    with pytest.raises(FileTooLarge):
        read_regular("/proc/self/status", 10)


def test_line_ends_are_those_of_text(tmp_path: Path) -> None:
    (tmp_path / "t").write_bytes(b"a\r\nb\rc\n\xff")
    assert read_utf8(tmp_path / "t", 100, errors="replace") == "a\nb\nc\n\ufffd"
    with pytest.raises(UnicodeDecodeError):
        read_utf8(tmp_path / "t", 100)


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "facts.json"
    write_atomic(file, b"old")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            write_atomic(file, b"new")
    assert file.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["facts.json"]
    write_atomic(file, b"new")
    assert file.read_bytes() == b"new"


def test_a_written_file_is_as_open_as_the_umask_says_or_as_asked(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_atomic(tmp_path / "usual", b"")
        write_atomic(tmp_path / "private", b"", 0o600)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "usual").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o600


MODEL = ("--model", "demo-instruct", "--own")


@pytest.mark.usefixtures("hurry")
@pytest.mark.parametrize("kind", [*ENDLESS, "large"])
@pytest.mark.parametrize(
    "words",
    [
        ("card",),
        ("convert", "--to", "gguf", "out.gguf"),
        ("contrast", "show"),
        ("themes", *MODEL),
        ("run", "distraction", "assistant-persona", *MODEL, "--embeddings"),
        ("say", *MODEL, "--prompts"),
        ("say", "hello", "--own", "--model"),
        ("say", "hello", *MODEL, "--adapter"),
        ("check", "assistant-persona", *MODEL, "--contrast"),
        ("run", "sweep", "assistant-persona", *MODEL, "--prompts"),
        ("run", "distraction", "assistant-persona", *MODEL, "--tasks"),
        ("run", "honeypot", "assistant-persona", *MODEL, "--traps"),
    ],
    ids=" ".join,
)
def test_every_verb_that_names_a_file_refuses_what_is_none(
    words: tuple[str, ...], kind: str, odd: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(odd / f"{kind}.jsonl")
    line = ["convert", file, str(odd / "out.gguf")] if words[0] == "convert" else [*words, file]
    assert main.main(line) == 4
    said = without_progress(capsys.readouterr().err)
    assert said.count("\n") == 0, "one sentence"
    assert f"{kind}.jsonl" in said
    assert "internal error" not in said


@pytest.mark.usefixtures("hurry")
@pytest.mark.parametrize("kind", [*ENDLESS, "large"])
def test_saved_mixers_and_journals_are_regular_files(odd: Path, kind: str) -> None:
    for read in (
        mixers.read,
        lambda path: mixer_options.load_saved_mixer(path, lambda name: None),
        journal.read,
    ):
        with pytest.raises(BadInput, match=rf"{kind}\.jsonl"):
            read(odd / f"{kind}.jsonl")


@pytest.mark.usefixtures("hurry")
@pytest.mark.parametrize("kind", [*ENDLESS, "large"])
def test_settings_are_a_regular_file(odd: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in ({"path": odd / f"{kind}.jsonl"}, {"project": odd / f"{kind}.jsonl"}):
        with pytest.raises(UsageError, match=rf"{kind}\.jsonl: (cannot be read|larger than 256 KB)"):
            config.load(**place)
    monkeypatch.chdir(odd)
    assert config.load() == config.Settings()


@pytest.mark.usefixtures("hurry")
def test_settings_kept_elsewhere_stay_there(tmp_path: Path) -> None:
    """A file that is a link is written where it points to, and stays a link."""
    kept, link = tmp_path / "kept.toml", tmp_path / "config.toml"
    kept.write_text('theme = "steertui-day"\n', encoding="utf-8")
    link.symlink_to(kept)
    config.save_setting("theme", "steertui-night", link)
    assert link.is_symlink()
    assert config.load(kept).theme == "steertui-night"


@pytest.mark.usefixtures("hurry")
@pytest.mark.parametrize("name", ["tokenizer.json", "chat_template.jinja", "generation_config.json"])
@pytest.mark.parametrize("kind", ["pipe", "zero"])
def test_a_model_folder_with_a_device_is_refused_before_a_library_reads_it(
    odd: Path, name: str, kind: str
) -> None:
    folder = odd / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}", encoding="utf-8")
    (folder / name).symlink_to(odd / f"{kind}.jsonl")
    with pytest.raises(ModelError, match=f"{name} is not a regular file"):
        check_config(folder)
