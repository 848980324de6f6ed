"""One model goes, another comes: its memory with it, and the desk as far as the new one can play it."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, LlamaConfig

import vectors
from core.errors import BadInput, UsageError
from core.loading import memory
from core.mixer.mixer import Channel, Mixer
from sessions.journal import events as ev
from sessions.journal.journal import Journal
from sessions.live.compatibility import mute_incompatible
from sessions.live.model_host import ModelHost
from sessions.live.session import Session
from sessions.live.torch_backend import TorchBackend
from sessions.state.fold import fold_all
from tests.core import zoo
from tests.sessions.live.test_session import until

NARROW = 32


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`wide` and `narrow`, and a vector for each."""
    root = tmp_path_factory.mktemp("models")
    shape = {**zoo.SHAPE, "hidden_size": NARROW}
    narrow = AutoModelForCausalLM.from_config(LlamaConfig(**shape), dtype=torch.float32)
    zoo.fill(narrow, 1)
    for name, hf in (("wide", zoo.build()), ("narrow", narrow)):
        hf.save_pretrained(root / name)
        zoo.tokenizer().save_pretrained(root / name)
        width = hf.config.hidden_size
        generator = torch.Generator().manual_seed(width)
        rows = {layer: torch.randn(width, generator=generator) for layer in range(zoo.LAYERS)}
        vectors.SteeringVector(rows).named(name).save(root / f"{name}.safetensors")
    return root


class Room:
    """A session with the real studio; `loaded` waits for a model."""

    def __init__(self, root: Path, models: Path) -> None:
        self.journal, self.folder = Journal.create(root)
        self.studio, self.models = TorchBackend(), models
        self.residence = ModelHost(self.studio)
        self.session = Session(self.journal, self.residence, keep=self.folder.vectors)
        self.errors: list[str] = []
        self.journal.listen(self._heard)

    def _heard(self, record: Any) -> None:
        if isinstance(record.event, ev.ErrorReported):
            self.errors.append(record.event.message)

    def loaded(self, name: str, **options: Any) -> None:
        self.session.load_model(str(self.models / name), options)
        self.idle()

    def idle(self) -> None:
        until(lambda: not self.session.busy and self.session.state.word == "idle", 60)

    def put_on(self, *names: str, **settings: Any) -> None:
        for name in names:
            self.session.load_vector(str(self.models / f"{name}.safetensors"))
        known = [self.session._vectors.find(name) for name in names]
        how = {"scale": 0.5, "unit": "relative", "layers": (1, 2), **settings}
        self.session.mixer(1, Mixer(tuple(Channel(vector, **how) for vector in known)).to_json())

    def said(self, **settings: Any) -> Any:
        self.session.chat("hello", settings={"max_new_tokens": 8, "ignore_end": True, **settings})
        self.idle()
        return self.session.state.path()[-1]

    @property
    def strips(self) -> list[tuple[str, float, bool]]:
        channels = self.session.state.mixer.state["channels"]
        return [(channel["name"], channel["scale"], channel["muted"]) for channel in channels]


@pytest.fixture
def room(tmp_path: Path, models: Path) -> Iterator[Room]:
    room = Room(tmp_path / "sessions", models)
    yield room
    room.session.close("test over")


def test_what_the_new_model_cannot_play_is_muted_at_once_and_it_is_said_why(room: Room) -> None:
    room.loaded("wide")
    room.put_on("wide")
    room.loaded("narrow")
    assert room.errors == ["muted: vector 'wide' has 64 dimensions, the model has 32"]
    assert room.strips == [("wide", 0.5, True)], "its settings are kept"
    answer = room.said()
    assert answer.stop == "length"
    with pytest.raises(BadInput, match="64 dimensions, the model has 32"):
        room.session.mixer(9, Mixer(room.session._mixer.channels).mute(0, False).to_json())


def test_on_its_own_model_again_it_is_switched_on_again(room: Room) -> None:
    room.loaded("wide")
    room.put_on("wide")
    before = room.said(temperature=0.0)
    room.loaded("narrow")
    room.loaded("wide")
    assert room.strips == [("wide", 0.5, True)]
    room.session.mixer(9, room.session._mixer.mute(0, False).to_json())
    room.session.regenerate()
    room.idle()
    assert room.session.state.path()[-1].tokens == before.tokens


def test_a_model_that_can_play_it_changes_nothing(room: Room) -> None:
    room.loaded("wide")
    room.put_on("wide")
    rev = room.session.state.mixer.rev
    room.loaded("wide")
    assert (room.errors, room.session.state.mixer.rev) == ([], rev)


def test_a_waiting_prompt_is_answered_by_what_can_be_played(room: Room) -> None:
    room.loaded("wide")
    room.put_on("wide")
    room.session.load_model(str(room.models / "narrow"))
    assert room.said().stop == "length"
    assert room.strips[0][2], "muted before the answer began"


def refuses(names: set[str]) -> Any:
    def check(mixer: Mixer) -> None:
        playing = [mixer.channels[i].label for i in mixer.active_indices()]
        if bad := sorted(names & set(playing)) or (playing == ["a", "b"] and ["a and b together"]):
            raise BadInput(f"{bad[0]} is too much")

    return check


def test_a_soloed_channel_that_cannot_play_silences_nobody_else() -> None:
    mixer = Mixer((Channel({}, name="a", solo=True), Channel({}, name="b")))
    changed, sentence = mute_incompatible(mixer, refuses({"a"}))
    assert [changed.channels[i].label for i in changed.active_indices()] == ["b"]
    assert sentence == "muted: a is too much"
    assert mute_incompatible(mixer, refuses(set())) == (mixer, "")


def test_what_cannot_play_together_is_bypassed() -> None:
    mixer = Mixer((Channel({}, name="a"), Channel({}, name="b")))
    changed, sentence = mute_incompatible(mixer, refuses(set()))
    assert (changed.bypassed, sentence) == (True, "bypassed: a and b together is too much")


def test_a_model_that_has_gone_leaves_nothing_behind(room: Room) -> None:
    """After answers with meters, caps, lanes and a guest: switched and unloaded, its weights are garbage."""
    gone = []
    for name in ("wide", "narrow", "wide"):
        room.loaded(name)
        assert room.studio._resident
        gone.append(weakref.ref(room.studio._resident.model.hf))
        room.put_on(name, ceiling=0.1)
        for shadow in ("free", "forced"):
            room.said(shadow=shadow)
        assert room.residence.share(lambda event: None).loaded_model
    room.session.unload()
    room.idle()
    until(lambda: room.session.state.model is None, 60)
    gc.collect()
    assert [each() for each in gone] == [None, None, None]


def test_a_model_that_finds_no_room_is_refused_with_figures_and_the_old_one_stays(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.loaded("narrow")
    monkeypatch.setattr(memory, "available_bytes", lambda device: 200_000)
    room.loaded("wide")
    assert len(room.errors) == 1
    assert room.errors[0].startswith("wide needs about 680 kB and ")
    until(lambda: room.session.state.model and room.session.state.model.state == "ready")
    assert room.session.state.model is not None
    assert room.session.state.model.facts["hidden_size"] == NARROW
    assert room.said().stop == "length"


def test_a_way_of_loading_that_is_none_costs_nobody_the_model_that_is_here(room: Room) -> None:
    room.loaded("narrow")
    room.loaded("wide", dytpe="bfloat16")
    assert room.errors[0].endswith("force, not 'dytpe'")
    assert room.said().stop == "length"


def test_the_room_of_the_model_that_goes_is_counted(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    room.loaded("wide")
    assert room.studio._resident
    weights = memory.held_bytes(room.studio._resident.model.hf, torch.device("cpu"))
    assert memory.held_bytes(room.studio._resident.model.hf, torch.device("cuda")) == 0
    resident = {"is": True}

    def free(device: torch.device) -> int:
        return int(0.06 * weights) + (0 if resident["is"] else weights)

    monkeypatch.setattr(memory, "available_bytes", free)
    close = type(room.studio._resident).close
    monkeypatch.setattr(
        type(room.studio._resident), "close", lambda self: (resident.update({"is": False}), close(self))
    )
    room.loaded("wide")
    assert room.errors == []


def test_no_model_is_exchanged_under_a_guest_that_speaks(room: Room) -> None:
    room.loaded("wide")
    guest = room.residence.share(lambda event: None)
    go = threading.Event()
    said = guest.run_answer(lambda: go.wait(10))
    with pytest.raises(UsageError, match="a command is using the model"):
        room.session.load_model(str(room.models / "narrow"))
    with pytest.raises(UsageError, match="a command is using the model"):
        room.session.unload()
    go.set()
    assert said.result(10)
    room.loaded("narrow")
    guest.close()


def test_an_old_session_of_another_model_opens_without_what_it_cannot_have(room: Room) -> None:
    room.loaded("wide")
    room.put_on("wide")
    room.loaded("narrow")
    room.session.close("over")
    journal, reading = Journal.resume(room.folder)
    room.session = Session(journal, room.residence, keep=room.folder.vectors, state=fold_all(reading.records))
    room.session.restore()
    assert not room.session.state.mixer.state["channels"], "what the desk shows is what plays"
    assert room.session.state.error == (
        "'wide' is removed from the mixer: vector 64, model 32 dimensions (narrow)"
    )
