"""Kinds of parameters that name what the job writes; checking them creates nothing."""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path

from core.errors import UsageError
from core.files import expand_home
from sessions.job_specs.kinds.kind import CheckContext, Json, ParamKind


class VectorFileKind(ParamKind):
    """A vector file, whose suffix says its format unless the parameter `to` does."""

    metavar = "FILE"
    will_be_written = True
    related = ("to",)

    def check(self, value: Json, context: CheckContext) -> None:
        from vectors.files.target import check_writable
        from vectors.files.writing import choose_format

        choose_format(Path(value), context.given.get("to") or None)
        check_writable(value)

    def suggest(self, stem: str) -> str:
        from vectors.library import library

        return str(_unused_path(library.library_folder(), stem, library.SUFFIX, library.vector_paths()))


class SetFileKind(ParamKind):
    """A file of pairs."""

    metavar = "FILE"
    will_be_written = True

    def check(self, value: Json, context: CheckContext) -> None:
        from vectors.contrasts.store import check_output

        check_output(value)

    def suggest(self, stem: str) -> str:
        from vectors.contrasts.store import SUFFIX

        taken = {path.stem for path in Path.cwd().glob(f"*{SUFFIX}")}
        return str(_unused_path(Path.cwd(), stem, SUFFIX, taken))


class PlotFileKind(ParamKind):
    """A picture."""

    metavar = "FILE"
    will_be_written = True

    def check(self, value: Json, context: CheckContext) -> None:
        from vectors.plots.paper import check_output

        check_output(value)


class FolderKind(ParamKind):
    """A folder, which need not exist yet."""

    metavar = "DIR"
    will_be_written = True

    def check(self, value: Json, context: CheckContext) -> None:
        from vectors.files.target import check_writable_folder

        folder = expand_home(value)
        if folder.is_file():
            raise UsageError(f"{folder} is a file: give a folder")
        check_writable_folder(folder)


def _unused_path(folder: Path, stem: str, suffix: str, taken: Container[str]) -> Path:
    """The first unused path of stem, stem-2, stem-3, …"""
    name, number = stem, 1
    while name in taken:
        number += 1
        name = f"{stem}-{number}"
    return folder / f"{name}{suffix}"


VECTOR_FILE = VectorFileKind()
SET_FILE = SetFileKind()
PLOT_FILE = PlotFileKind()
FOLDER = FolderKind()
