"""What `--mix` names: the desk of an engine, a saved mixer, or a line that is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from core.errors import EngineUnavailable
from core.mixer.mixer import Mixer
from steertui import mixers
from steertui.engine.connect import EngineConnection
from steertui.engine.launch import engine_with_model
from steertui.mixer_lines import MixerLine
from steertui.mixer_options import load_saved_mixer, mixer_of_json

DESK = "desk"
Load = Callable[[str], Any]


class AskedMixer(Protocol):
    """A mixer that was found, but whose vectors are not loaded yet."""

    def __call__(self, load: Load, *, force: bool) -> Mixer: ...


def find_mixer(text: str, model: str, options: Mapping[str, Any]) -> AskedMixer:
    """`desk`, else the name of a preset, else a file, else a line; what is wrong is refused before a model loads."""
    if text.strip() == DESK:
        return _mixer_of_desk(model, options)
    path = mixers.find(text)
    if _is_file(path):
        return lambda load, *, force: load_saved_mixer(path, load, force=force)
    line = MixerLine.read(text)
    return lambda load, *, force: line.build({sha: load(source) for sha, source in line.sources.items()})


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        # A line may be longer than any file name.
        return False


def _mixer_of_desk(model: str, options: Mapping[str, Any]) -> AskedMixer:
    engine = engine_with_model(model, options)
    if engine is None:
        raise EngineUnavailable(f"no engine holds {model}, so there is no desk with a mixer")
    desk = EngineConnection(engine.path, "observer")
    try:
        state = desk.current_state()
    finally:
        desk.close()
    sources = {vector.sha256: vector.source for vector in state.vectors.values()}

    def build(load: Load, *, force: bool) -> Mixer:
        def find(name: str, sha256: str | None) -> Any:
            return load(sources.get(str(sha256), name))

        return mixer_of_json(state.mixer.state, find, "the desk", force=force)

    return build
