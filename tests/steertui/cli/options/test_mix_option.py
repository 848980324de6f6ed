"""What `--mix` names: the desk, a preset, a file, else a line; all of it found before a model is loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import vectors
from core.errors import EngineUnavailable, SteerError, UsageError
from core.mixer.mixer import Channel, Mixer
from sessions.journal.events import VectorChanged
from sessions.state.vector_facts import VectorFacts
from steertui import mixers
from steertui.cli.options.mix_option import find_mixer
from steertui.mixer_lines import MixerLine

LINE = "0.5 drifting - 0.2 pirate@40%-85% [scope=response]"


def facts(source: str) -> VectorFacts:
    """What an engine says of a vector it has loaded."""
    vector = vectors.read(source)
    hint = {"scale": 0.9, "unit": "relative"}
    return VectorFacts(
        vector.name, vector.sha256, dict.fromkeys(vector.layers), suggestion=hint, source=source
    )


def asked(text: str, load: Any = facts, *, force: bool = False) -> Mixer:
    return find_mixer(text, "demo-instruct", {})(load, force=force)


def test_a_line_is_played_with_what_the_engine_knows() -> None:
    mixer = asked(LINE)
    assert str(mixer) == "-0.5 relative determined-drifting - 0.2 relative pirate@40%-85%[scope=response]"
    # The dose is the one that the engine knows, not the one of the file.
    assert str(asked("drifting")) == "-0.9 relative determined-drifting[split]"


def test_a_preset_comes_before_a_file_and_a_file_before_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    state = Mixer((Channel(facts("pirate"), 0.7),)).to_json()
    Path("pirate").write_text(json.dumps(state))
    assert asked("pirate").channels[0].scale == 0.7
    mixers.save("pirate", Mixer((Channel(facts("pirate"), 0.1),)), {})
    assert asked("pirate").channels[0].scale == 0.1
    mixers.remove("pirate")
    Path("pirate").unlink()
    assert asked("pirate").channels[0].scale == 0.9


@pytest.mark.parametrize("name", ["desk", "plain"])
def test_no_preset_is_called_like_a_word_of_the_language(name: str) -> None:
    with pytest.raises(UsageError, match="has a meaning of its own"):
        mixers.save(name, Mixer(), {})


def test_plain_and_the_desk() -> None:
    assert asked("plain") == Mixer()
    with pytest.raises(EngineUnavailable, match="no engine holds demo-instruct"):
        asked("desk")


@pytest.mark.parametrize("text", ["0.5 nobody", "0.5 pirate [angle=3deg]", "x" * 5000, "0.5 pirate@", ""])
def test_a_wrong_line_is_refused_before_anything_is_loaded(text: str) -> None:
    with pytest.raises(SteerError, match="^column "):
        find_mixer(text, "demo-instruct", {})


def test_a_vector_that_only_the_session_holds_is_found_there() -> None:
    held = [VectorChanged(name="gone", sha256="ab" * 32, source="/tmp/gone.gguf", layers=(1, 2))]
    for name in ("gone", f"whatever#sha={'ab' * 4}"):
        line = MixerLine.read(f"1 unit {name}", held)
        assert line.sources == {}
        assert str(line.build({})) == "1.0 unit /tmp/gone.gguf"
