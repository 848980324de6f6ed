"""Every experiment of the registry on scripted voices: a new one has no case here, and the tests say so."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.mixer.mixer import Mixer
from sessions.experiments.common.sampler import SamplePrompt
from tests.sessions.experiments.scripted import ScriptedVoice, dose

PLAIN = {"vector": "scripted", "prompts": "english", "n": 6, "measure": "words:plan"}
CASES: Mapping[str, Mapping[str, Any]] = {
    "sweep": {**PLAIN, "contrast": "pirate"},
    "distraction": {"vector": "scripted", "tasks": "english", "at": 3, "window": 5},
    "honeypot": {"vector": "scripted", "traps": "english", "n": 4},
    "hot-swap": {**PLAIN, "at": 4, "after": 8},
    "lobotomy": {key: value for key, value in PLAIN.items() if key != "vector"} | {"base": "other"},
    "compare": {**PLAIN, "other": "another"},
    "transfer": {key: value for key, value in PLAIN.items() if key != "vector"}
    | {"vectors": "scripted,another", "models": "other"},
    "induce": {**PLAIN, "tuned": "other"},
    "axis-drift": {"vector": "scripted", "n": 3, "turns": 3, "floor": "2", "layers": "2"},
    "phases": {"contrast": "pirate", "only": "dataset,behaviour,analysis", "n": 3, "behaviour": "sweep,distraction"},
}  # fmt: skip


def says(prompt: SamplePrompt, mixer: Mixer) -> str:
    """A word count that goes with the dose, and a walk to the first file for whoever is in a terminal."""
    if "$" in prompt.messages[0]["content"]:
        return "$ ls" if len(prompt.messages) < 3 else "$ cat notes.txt" if dose(mixer) > 0 else "Done."
    plans = int(6 + 3 * dose(mixer) + len(prompt.text) % 3)
    return " ".join([*["plan"] * max(0, plans), *["other"] * max(0, 12 - plans)])


def voice() -> ScriptedVoice:
    other = ScriptedVoice(says, name="other", tokens=0.9)
    return ScriptedVoice(
        says,
        nll=lambda text: 1 + text.count("plan") / 50,
        projects=lambda text: float(len(text) % 5),
        prefers=lambda mixer, pair: dose(mixer) + pair / 10,
        others={"other": other},
    )


def asked(name: str, folder: Path) -> dict[str, Any]:
    """A study finds its folder as it was before anything ran."""
    if name != "phases":
        return dict(CASES[name])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "vector.safetensors").write_bytes(b"scripted")
    return {**CASES[name], "out": str(folder)}
