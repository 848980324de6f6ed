"""The whole way once: a real model in a real engine process, dials from a script, kill -9, and the session verified."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest
import torch

import steertui
import vectors
from core.mixer.mixer import Channel, Mixer
from sessions.journal import events as ev
from sessions.journal.folder import all_folders
from sessions.journal.reader import read
from steertui import paths
from steertui.engine.launch import find_engines
from tests.core import zoo
from tests.steertui.engine.test_process import steertui as command


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A tiny random model and a vector for it, as a user has them: in files."""
    zoo.build().save_pretrained(tmp_path / "tiny")
    zoo.tokenizer().save_pretrained(tmp_path / "tiny")
    generator = torch.Generator().manual_seed(0)
    rows = {layer: torch.randn(zoo.HIDDEN, generator=generator) for layer in range(zoo.LAYERS)}
    vectors.SteeringVector(rows).named("v").save(tmp_path / "v.safetensors")
    return tmp_path / "tiny"


def steered_then_killed(model: Path, dials: int) -> dict[int, int]:
    """One finished answer, then one in which dials are turned until the engine is killed; what it acknowledged."""
    acked: dict[int, int] = {}
    with steertui.connect(str(model)) as engine:
        (found,) = find_engines()
        engine.ready(120)
        engine.ask("vector.load", source=str(model.parent / "v.safetensors"))
        vector = engine.state.vectors["v"]
        engine.mix(Mixer((Channel(vector, scale=0.3, layers=(1, 2)),)))
        assert (
            engine.say("hello", max_new_tokens=20, ignore_end=True, temperature=0.7, seed=1).stop == "length"
        )
        engine.ask("chat", text="go on", settings={"max_new_tokens": 400, "ignore_end": True, "pace": 200})
        for k in range(dials):
            ack = engine.mix(
                Mixer((Channel(vector, scale=0.1 * (k % 7), layers=(1, 2), flipped=bool(k % 2)),))
            )
            acked[ack["rev"]] = ack["at"]
            time.sleep(0.005)
        os.kill(found.pid, signal.SIGKILL)
    return acked


def check(model: Path, dials: int) -> None:
    acked = steered_then_killed(model, dials)
    (folder,) = all_folders(paths.sessions_folder())[:1]
    kept = {
        r.event.rev: r.event for r in read(folder.journal).records if isinstance(r.event, ev.MixerChanged)
    }
    assert {rev: kept[rev].at for rev in acked} == acked
    done = command("sessions", "verify", "last", "--json")
    assert done.returncode == 0, done.stderr
    verdict = json.loads(done.stdout)
    assert (verdict["grade"], verdict["first_divergence"]) == ("bit-exact", None)
    assert len(verdict["answers"]) == 2


def test_a_killed_engine_leaves_a_session_that_verifies_to_the_bit(model: Path) -> None:
    check(model, 40)


@pytest.mark.slow
@pytest.mark.parametrize("dials", range(5, 105, 10))
def test_ten_kills_of_the_real_engine(model: Path, dials: int) -> None:
    check(model, dials)
