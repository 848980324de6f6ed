"""What lies on the disk before a scene begins: vectors with their cards, mixers, distractors, settings, models."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from core.mixer.mixer import Channel, Mixer
from sessions.state.vector_facts import VectorFacts
from steertui import mixers, paths, promptlog
from steertui.catalogue import ModelEntry
from steertui.screens.desk import next_sampling
from steertui.screens.desk.dialogs import distractor
from tests.steertui.scenes.words import Words
from vectors.data.metadata import About
from vectors.library import library
from vectors.vector import SteeringVector

WIDTH, LAYERS = 64, 12
SAID = (
    "What is a good name for a parser?",
    "Write a haiku about tests.",
    "Why does the build fail at night?",
)
OWN_DISTRACTORS = ("Your colleague brings cake.", "# not this one", "The fire alarm is being tested.")


def vectors(words: Words) -> None:
    """Two of the user's own, one of them with a card that tells everything, and a file that is no vector."""
    library.library_folder().mkdir(parents=True, exist_ok=True)
    about = About(
        name=words("card name", "calm"),
        model_id=words("card model", "acme/small-7b"),
        method=words("card method", "mean"),
        read=words("card read", "response-mean"),
        contrast=words("card contrast", "calm-hurried"),
        created=words("card date", "2026-02-11T10:00:00Z"),
        sign_note=words("card sign", "+ is calm, − is hurried"),
        suggestion={"scale": 0.3, "unit": words("card unit", "relative"), "layers": [4, 5, 6]},
    )
    for seed, (name, said) in enumerate({"calm": about, "wry": About()}.items()):
        vector = SteeringVector(_rows(seed), about=said)
        vector.save(library.library_folder() / f"{name}{library.SUFFIX}")
    (library.library_folder() / f"{_file_name(words('file name', 'broken'))}{library.SUFFIX}").write_bytes(
        b"not a vector"
    )
    library.write_note("calm", words("vector note", "held in 24 of 24 answers; too loud above 0.6"))


def _rows(seed: int) -> dict[int, np.ndarray]:
    """Layers that turn a little from one to the next, as a real direction does."""
    rng = np.random.default_rng(seed)
    row, rows = rng.standard_normal(WIDTH), {}
    for layer in range(LAYERS):
        row = 0.9 * row + 0.4 * rng.standard_normal(WIDTH)
        rows[layer] = (row * (1 + layer / 4)).astype(np.float32)
    return rows


def _file_name(text: str) -> str:
    """As far as a file system lets it be called that."""
    return text.replace("/", "∕").replace("\0", "")[:60]


def saved_mixers(words: Words) -> None:
    """Two that can be loaded and one that somebody broke."""
    axis = VectorFacts("axis", "a" * 64, dict.fromkeys(range(10)))
    calm = VectorFacts("calm", "b" * 64, dict.fromkeys(range(10)))
    night = Mixer((Channel(axis, scale=0.3, layers=(3, 4), floor="p25"), Channel(calm, scale=-0.2)))
    mixers.save("night shift", night, {})
    mixers.save("one push", Mixer((Channel(calm, scale=0.5),)), {})
    state = {"channels": [{"name": words("preset vector", "axis"), "scale": "loud"}]}
    (mixers.mixer_folder() / f"{_file_name(words('preset name', 'by hand'))}.json").write_text(
        json.dumps(state)
    )


def distractions(words: Words) -> None:
    lines = [words("own distractor", line) if line[0] != "#" else line for line in OWN_DISTRACTORS]
    text = "\n".join(" ".join(line.splitlines()) for line in lines)
    (paths.config_folder() / distractor.FILE).write_text(text, "utf-8", errors="replace")


def history(words: Words) -> None:
    for text in SAID:
        promptlog.append_prompt(words("earlier prompt", text))


def settings(words: Words) -> None:
    """How the next answers are made, as somebody's file has it."""
    said = {
        "system": words("system prompt", "You are a patient reviewer."),
        "temperature": 0.7,
        "stop": [words("stop text", "\n\n")],
        "seed": None,
        "template_args": {words("template argument", "enable_thinking"): words("template value", "no")},
        "prefill": "",
    }
    (paths.config_folder() / next_sampling.FILE).write_text(json.dumps(said))


def models(words: Words) -> list[ModelEntry]:
    """What the cache of the engine's machine holds."""

    def entry(name: str, size: int, layers: int, **known: str) -> ModelEntry:
        return ModelEntry(
            name, words("model kind", "cached"), Path("/m"), size, "Llama", layers, 128 * layers, **known
        )

    return [
        entry("acme/small-7b", 14_000_000_000, 32, dtype="bfloat16"),
        entry("acme/tiny-135m", 270_000_000, 30, dtype="bfloat16"),
        entry(words("cached model", "someone/finetune"), 2_400_000_000, 26, dtype="bfloat16"),
        entry("acme/large-70b", 140_000_000_000, 80, dtype="bfloat16"),
        entry("acme/pickled", 0, 24, problem=words("model problem", "no safetensors weights")),
    ]
