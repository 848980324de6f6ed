from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import EngineUnavailable, UsageError
from steertui import paths


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_every_folder_is_private_and_moves_with_its_variable(own_folders: Path) -> None:
    for name, folder in paths.FOLDERS.items():
        path = folder()
        assert own_folders in path.parents, name
        assert name == "log" or mode(path) == 0o700, name


def test_without_a_runtime_variable_sockets_stay_below_the_state_folder(
    own_folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert paths.runtime_folder() == paths.state_folder() / "run"
    assert mode(paths.runtime_folder()) == 0o700


def test_a_runtime_folder_others_can_enter_is_refused() -> None:
    paths.runtime_folder().chmod(0o755)
    with pytest.raises(EngineUnavailable, match="open to others; run: chmod 700"):
        paths.runtime_folder()


def test_a_runtime_folder_that_is_a_link_is_refused(own_folders: Path) -> None:
    folder = paths.runtime_folder()
    folder.rename(own_folders / "elsewhere")
    folder.symlink_to(own_folders / "elsewhere")
    with pytest.raises(EngineUnavailable, match="is a symbolic link"):
        paths.runtime_folder()


def test_a_folder_that_cannot_be_made_names_the_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/dev/null/nowhere")
    with pytest.raises(UsageError, match="cannot make the folder .*XDG_DATA_HOME"):
        paths.sessions_folder()
