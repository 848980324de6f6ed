"""Weight diff: two checkpoints in slices, against merely reading their files; memory of its own beside it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import torch
from safetensors.torch import save_file

from bench.arms import Arm, Check, Lap, Setting, race
from bench.shapes import QWEN, qwen
from core.jobs.job import End
from core.jobs.runner import run
from vectors.diff.checkpoint import open_checkpoint
from vectors.diff.matrix import SpectrumOptions
from vectors.diff.weights import weight_diff

LAYERS = 8
PIECE = 1 << 24
MOST_MEMORY = 300e6
CHANGED = 0.05  # relative size of the random change
FASTEST = 1.3  # GB per second of one core, files warm


def bench(setting: Setting) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="bench-diff-") as folder:
        base, tuned = _written(Path(folder))
        size = sum(path.stat().st_size for f in (base, tuned) for path in f.glob("*.safetensors"))
        arms = [
            Arm("reading both files", lambda: _read(base) + _read(tuned)),
            Arm("norms", lambda: _diff(base, tuned, 0)["bytes_read"]),
            Arm("top 5", lambda: _diff(base, tuned, 5)["bytes_read"]),
        ]
        report = _diff(base, tuned, 5)
        laps = race(arms, setting)
    return {
        "model": f"Qwen2 shape, {LAYERS} layers, bfloat16, twice {size / 2e6:.0f} MB",
        "bytes": size,
        "peak_anon": report["peak_anon"],
        "rates": {name: [lap.rate(setting.clock) for lap in found] for name, found in laps.items()},
        "goals": [],
        "checks": [check.to_json() for check in (*_checks(report), _speed(laps["norms"], setting.clock))],
    }


def _checks(report: dict[str, Any]) -> list[Check]:
    matrices = [row for row in report["modules"].values() if row.get("singular_values")]
    off = max(abs(row["relative_norm"] / CHANGED - 1) for row in matrices)
    return [
        Check("relative norms are those of the change that was made", off, 0.02),
        Check("new anonymous memory in bytes", float(report["peak_anon"]), MOST_MEMORY),
    ]


def _speed(laps: Sequence[Lap], clock: str) -> Check:
    """Against the files themselves a ratio says little: a warm cache may give them at any rate."""
    return Check(
        "GB per second of norms", median(lap.rate(clock) for lap in laps) / 1e9, FASTEST, at_least=True
    )


def _diff(base: Path, tuned: Path, top: int) -> dict[str, Any]:
    for event in run(weight_diff(open_checkpoint(base), open_checkpoint(tuned), None, SpectrumOptions(top))):
        if isinstance(event, End):
            return dict(event.summary)
    raise RuntimeError("the diff did not end")


def _read(folder: Path) -> int:
    total = 0
    for path in folder.glob("*.safetensors"):
        with path.open("rb", buffering=0) as file:
            while piece := file.read(PIECE):
                total += len(piece)
    return total


def _written(folder: Path) -> tuple[Path, Path]:
    """A random model, and the same with noise of a known relative size on every matrix."""
    chance = torch.Generator().manual_seed(1)
    before = {
        name: weight.detach().contiguous()
        for name, weight in qwen(LAYERS, torch.bfloat16).state_dict().items()
        if name != "lm_head.weight"
    }
    after = {}
    for name, weight in before.items():
        noise = torch.randn(weight.shape, generator=chance)
        scale = CHANGED * weight.float().norm() / noise.norm()
        after[name] = (weight.float() + scale * noise).bfloat16() if weight.dim() > 1 else weight.clone()
    config = f'{{"model_type": "qwen2", "hidden_size": {QWEN["hidden_size"]}}}'
    folders = []
    for which, weights in (("base", before), ("tuned", after)):
        place = folder / which
        place.mkdir()
        (place / "config.json").write_text(config)
        save_file(weights, place / "model.safetensors")
        folders.append(place)
    return folders[0], folders[1]
