from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core import demo

ROOT = Path(__file__).resolve().parents[2]


def cache_model(cache: Path, name: str, config: Any, weights: str | None = "model.safetensors") -> None:
    """A repository as the hub's client lays it out."""
    repo = cache / f"models--{name.replace('/', '--')}"
    snapshot = repo / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (repo / "blobs").mkdir()
    (repo / "refs").mkdir()
    (repo / "refs" / "main").write_text("0" * 40)
    (snapshot / "config.json").write_text(config if isinstance(config, str) else json.dumps(config))
    if weights:
        (snapshot / weights).write_bytes(b"\0" * 5000)


@pytest.fixture
def listed(tmp_path: Path) -> list[dict[str, Any]]:
    """What `steertui models --json` says about a cache with good and odd repositories in it."""
    cache = tmp_path / "hub"
    llama = {"architectures": ["LlamaForCausalLM"], "num_hidden_layers": 28, "hidden_size": 2048}
    cache_model(cache, "ann/zeta", llama)
    cache_model(cache, "ann/alpha", {"text_config": llama})
    cache_model(cache, "ann/pickled", llama, "pytorch_model.bin")
    cache_model(cache, "ann/torn", "{not json")
    cache_model(cache, "ann/odd", {"architectures": "x", "num_hidden_layers": "many"})
    environment = os.environ | {"HF_HUB_CACHE": str(cache)}
    done = subprocess.run(
        [sys.executable, "-m", "steertui", "models", "--json"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return list(json.loads(done.stdout)["models"])


def test_cached_models_are_listed_with_size_shape_and_what_is_wrong(listed: list[dict[str, Any]]) -> None:
    cached = {e["name"]: e for e in listed if e["kind"] == "cached"}
    assert list(cached) == ["ann/alpha", "ann/odd", "ann/pickled", "ann/torn", "ann/zeta"]
    zeta = cached["ann/zeta"]
    assert (zeta["layers"], zeta["hidden_size"], zeta["weight_bytes"]) == (28, 2048, 5000)
    assert (zeta["architecture"], zeta["problem"]) == ("LlamaForCausalLM", None)
    assert (cached["ann/alpha"]["layers"], cached["ann/alpha"]["hidden_size"]) == (28, 2048)
    assert cached["ann/pickled"]["problem"] == "no safetensors weights"
    assert cached["ann/torn"]["problem"] == "no config.json"
    assert (cached["ann/odd"]["layers"], cached["ann/odd"]["architecture"]) == (None, None)


def test_the_demo_models_come_first(listed: list[dict[str, Any]]) -> None:
    assert [e["name"] for e in listed if e["kind"] == "demo"] == list(demo.checkpoint_folders())
    assert [e["kind"] for e in listed[: len(demo.checkpoint_folders())]] == ["demo"] * len(
        demo.checkpoint_folders()
    )


def test_a_cached_model_with_a_slash_in_its_name_is_found_by_it(tmp_path: Path) -> None:
    cache_model(tmp_path / "hub", "ann/alpha", {"num_hidden_layers": 28, "hidden_size": 2048})
    environment = os.environ | {"HF_HUB_CACHE": str(tmp_path / "hub")}
    said = {}
    for name in ("ann/alpha", "ann/nobody"):
        words = [sys.executable, "-m", "steertui", "card", "pirate", "--model", name]
        done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        said[name] = done.returncode, done.stderr
    assert said["ann/alpha"][0] == 4
    assert "2048" in said["ann/alpha"][1]
    assert said["ann/nobody"] == (
        2,
        "steertui: no model 'ann/nobody' on this machine; `steertui models` lists them\n",
    )
