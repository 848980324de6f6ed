"""Kinds of parameters that name something to read: vectors, models, contrast sets, layers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from core.byte_sizes import format_bytes
from core.errors import BadInput
from core.files import expand_home
from core.loading.fetched_models import FETCHABLE, find_fetchable
from core.loading.model_names import find_local_model, named_folder
from core.mixer.layer_ranges import DEEPEST, parse_layers
from sessions.job_specs.kinds.kind import CheckContext, Json, KnownName, ParamKind

if TYPE_CHECKING:
    from vectors.library.library import LibraryEntry


class VectorKind(ParamKind):
    """A vector of the library by name, or a vector file."""

    metavar = "VECTOR"
    is_path = has_names = True

    def check(self, value: Json, context: CheckContext) -> None:
        find_vector_file(value)

    def knows(self, value: str, context: CheckContext) -> bool:
        from vectors.library import library

        return value in library.vector_paths()

    def complete(self, context: CheckContext) -> list[KnownName]:
        from vectors.library import library

        return [KnownName(entry.name, vector_detail(entry)) for entry in library.list_entries()]


class ModelKind(ParamKind):
    """A demo or fetched model, a local folder or GGUF file, or a model of the hub, which is not asked here."""

    metavar = "MODEL"
    is_path = has_names = True

    def check(self, value: Json, context: CheckContext) -> None:
        if not self.knows(value, context):
            find_local_model(value)

    def knows(self, value: str, context: CheckContext) -> bool:
        return named_folder(value) is not None

    def complete(self, context: CheckContext) -> list[KnownName]:
        return list(context.list_models())


class FetchableKind(ParamKind):
    """A model that `steertui models get` can fetch, by its name."""

    metavar = "NAME"
    has_names = True
    steps = tuple(FETCHABLE)

    def parse(self, name: str, value: Json) -> str:
        return find_fetchable(str(value).strip()).name

    def complete(self, context: CheckContext) -> list[KnownName]:
        return [
            KnownName(each.name, f"{each.licence}, {format_bytes(each.wheel_bytes)} to download")
            for each in FETCHABLE.values()
        ]


class ContrastKind(ParamKind):
    """A built-in contrast set, or a file with one."""

    metavar = "SET"
    is_path = has_names = True

    def check(self, value: Json, context: CheckContext) -> None:
        from vectors.contrasts.catalogue import contrast

        if not self.knows(value, context) and context.may_read(expand_home(value)):
            contrast(value)

    def knows(self, value: str, context: CheckContext) -> bool:
        from vectors.contrasts.catalogue import BUILT_IN

        return value in BUILT_IN

    def complete(self, context: CheckContext) -> list[KnownName]:
        from vectors.contrasts.catalogue import BUILT_IN

        return [KnownName(found.name, found.summary) for found in BUILT_IN.values()]


class NewContrastKind(ContrastKind):
    """A contrast set, or a name without a suffix for one that is to be made."""

    def check(self, value: Json, context: CheckContext) -> None:
        # A name without a suffix is a new set, so there is nothing to check.
        if Path(value).suffix:
            super().check(value, context)


class LayersKind(ParamKind):
    """Layers of the model; while its depth is unknown, only the notation is checked."""

    metavar = "LAYERS"

    def check(self, value: Json, context: CheckContext) -> None:
        # Without a model the depth is unknown, so the largest possible one is assumed.
        parse_layers(value, context.n_layers or DEEPEST)


def vector_detail(entry: LibraryEntry) -> str:
    """What a list says of a vector beside its name."""
    if entry.card is None:
        return entry.problem
    return "starter" if entry.starter else (entry.note or entry.card.format)


def find_vector_file(name: str) -> Path:
    """The path of an existing vector file, by name or path; its content is not checked."""
    from vectors.library import library

    path = library.find(name)
    if not path.exists():
        raise BadInput(f"no vector {name!r}: there is no such file")
    return path


VECTOR_SOURCE = VectorKind()
MODEL_SOURCE = ModelKind()
FETCHABLE_MODEL = FetchableKind()
CONTRAST_SET = ContrastKind()
NEW_CONTRAST_SET = NewContrastKind()
LAYER_BAND = LayersKind()
