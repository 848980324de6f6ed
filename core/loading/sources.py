"""Finds a model from the name a user gives: a demo or fetched model, a local folder or GGUF file, or a hub repository.

Hub models are downloaded in two steps, small files first: a model can be refused before gigabytes are
downloaded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import huggingface_hub
from huggingface_hub import errors as hub
from huggingface_hub.utils.tqdm import tqdm

from core.errors import ModelError, NetworkError
from core.loading import config_guard
from core.loading.model_names import find_local_model, is_gguf, named_folder

T = TypeVar("T")
Progress = Callable[[str, int, int], None]

SMALL_FILES = ["*.json", "*.jinja", "*.txt", "*.model", "*.tiktoken"]
FOLDERS_INSIDE = ["*/*"]
INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"
OTHER_WEIGHTS = (".bin", ".pt", ".pth", ".ckpt", ".msgpack", ".h5", ".gguf")


@dataclass(frozen=True)
class ModelSource:
    """A folder with a model's small files; the weights may still be on the hub (`repository`, `commit`).

    `gguf` is the file that is the whole model, where it is one; `folder` is then the one it lies in.
    """

    name: str
    folder: Path
    repository: str | None = None
    commit: str | None = None
    gguf: Path | None = None


def locate_model(name: str | Path, revision: str | None = None) -> ModelSource:
    """Find a demo or fetched model by its name, else a local folder or GGUF file, else a repository of the hub."""
    known = named_folder(str(name))
    if known is not None:
        return ModelSource(str(name), known)
    path = find_local_model(name)
    if path is not None and not path.is_dir():
        return ModelSource(path.name, path.parent, gguf=path)
    if path is not None:
        return ModelSource(path.resolve().name, path)
    folder = _download(str(name), revision, SMALL_FILES, FOLDERS_INSIDE)
    # A snapshot's folder is named after its commit; the weights must come from the same one.
    return ModelSource(str(name), folder, str(name), folder.name)


def weight_files(source: ModelSource, on_progress: Progress | None = None) -> list[Path]:
    """The safetensors files of a model, downloaded if they are still on the hub."""
    if source.gguf is not None:
        raise ModelError(
            f"{source.gguf} is a GGUF file: only safetensors folders can be compared by their weights"
        )
    files = [source.folder / name for name in weight_names(source.folder)]
    missing = [file.name for file in files if not file.is_file()]
    # The single file's name is only a guess (an index names real files), so the hub is asked first.
    if missing and source.repository is not None and (missing != [SINGLE] or _on_hub(source)):
        _download(source.repository, source.commit, missing, on_progress=on_progress)
        missing = [file.name for file in files if not file.is_file()]
    if missing:
        raise ModelError(_missing_weights_error(source, missing))
    return files


def weight_names(folder: Path) -> list[str]:
    """File names in the index, else the single file; an index may only name files in its own folder."""
    if not (folder / INDEX).is_file():
        return [SINGLE]
    listed = config_guard.read_json(folder / INDEX).get("weight_map")
    names = sorted(set(listed.values())) if isinstance(listed, dict) else []
    if not names or not all(isinstance(name, str) and Path(name).name == name for name in names):
        raise ModelError(f"{folder / INDEX}: its weight_map names no files of this folder")
    return names


def _missing_weights_error(source: ModelSource, missing: list[str]) -> str:
    others = sorted(path.name for path in source.folder.iterdir() if path.suffix in OTHER_WEIGHTS)
    ggufs = [name for name in others if is_gguf(Path(name))]
    if missing == [SINGLE] and ggufs and source.repository is None:
        return f"{source.name} has no safetensors weights; name its GGUF file: {source.folder / ggufs[0]}"
    if missing == [SINGLE]:
        return (
            f"{source.name} has no safetensors weights ({f'only {others[0]}' if others else f'no {SINGLE}'});"
            " convert them once in a place you trust, with"
            " from_pretrained(…).save_pretrained(FOLDER, safe_serialization=True)"
        )
    return f"{source.folder} lacks {missing[0]}" + (f" and {len(missing) - 1} more" if missing[1:] else "")


def _on_hub(source: ModelSource) -> bool:
    """Whether the hub has a weights file that is not in the cache; raises when offline."""
    repository, commit = str(source.repository), source.commit
    return _call_hub(
        repository, commit, lambda: huggingface_hub.file_exists(repository, SINGLE, revision=commit)
    )


def _download(
    repository: str,
    revision: str | None,
    allow: list[str],
    ignore: list[str] | None = None,
    on_progress: Progress | None = None,
) -> Path:
    """Download one snapshot of the hub's files, or take it from the cache."""
    return Path(
        _call_hub(
            repository,
            revision,
            lambda: huggingface_hub.snapshot_download(
                repository,
                revision=revision,
                allow_patterns=allow,
                ignore_patterns=ignore,
                tqdm_class=_progress_bar(on_progress),
            ),
        )
    )


def _call_hub(repository: str, revision: str | None, question: Callable[[], T]) -> T:
    """Call the hub and turn its failures into sentences that say what to do."""
    try:
        return question()
    except hub.GatedRepoError:
        # This error is a subclass of the next one, so it has to be caught first.
        raise ModelError(
            f"{repository} is gated: accept its terms at https://huggingface.co/{repository},"
            " then `hf auth login`"
        ) from None
    except hub.RepositoryNotFoundError:
        raise ModelError(
            f"no folder or demo named {repository}, and the hub has no such model"
            " (private ones need `hf auth login`)"
        ) from None
    except (hub.RevisionNotFoundError, hub.RevisionResolutionError):
        raise ModelError(f"{repository} has no revision {revision}") from None
    except hub.RemoteEntryNotFoundError:
        raise ModelError(f"{repository} lists a file that the hub does not have") from None
    except hub.HFValidationError:
        raise ModelError(f"{repository} is no name of a model on the hub (owner/model)") from None
    except (hub.LocalEntryNotFoundError, hub.OfflineModeIsEnabled, hub.HfHubHTTPError, OSError) as error:
        raise NetworkError(
            f"{repository} is not in the local cache and the hub did not answer"
            f" ({type(error.__cause__ or error).__name__}); with a network: hf download {repository}"
        ) from None


def _progress_bar(on_progress: Progress | None) -> type[tqdm]:
    """A progress bar class that draws nothing and reports the bytes of all files together."""

    class Bar(tqdm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            # Several bars are opened; this one counts the bytes written of all files.
            self.bytes_on_disk = str(kwargs.get("desc")).startswith("Reconstructing")
            self.done = 0
            super().__init__(*args, **{**kwargs, "disable": True})

        def update(self, n: float | None = 1) -> None:
            # A disabled bar does not count, so its sum is kept here.
            self.done += int(n or 0)
            if on_progress is not None and self.bytes_on_disk and self.total:
                on_progress("download", self.done, int(self.total))

    return Bar
