"""The ways in which a compiled step could be silently wrong."""

from __future__ import annotations

import gc
import sys
import threading
import time
import weakref
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import transformers
from torch import Tensor
from transformers.utils import output_capturing

import core
from core.compiled import precompile, verify, workshop
from core.compiled.buffers import GraphBuffers
from core.compiled.setting import CoefficientTable
from core.compiled.size import MOST_CAPS, GraphSize
from core.compiled.workshop import graph_builder
from core.errors import UsageError
from tests.core import zoo
from tests.core.compiled import tiny
from tests.core.compiled.conftest import SIZE, Ready
from tests.core.compiled.tiny import PROMPT, mixed

STEER, SEEN = GraphBuffers.steer, list[Tensor]()


def tokens(model: Any, fast: bool) -> list[int]:
    live = core.stream(
        model, PROMPT, compile=fast, mixer=mixed(), max_new_tokens=12, ignore_end=True, temperature=0.7
    )
    return [step.token_id for step in live]


def test_the_child_filled_the_disk_cache(ready: Ready) -> None:
    assert ready.hits == 1
    assert "decoding stays eager until it is ready" in ready.news[0]
    assert "takes over" in ready.news[1]


def test_a_model_of_another_class_that_is_made_later_changes_nothing(ready: Ready) -> None:
    """transformers notes every class of model in a list that the graph looks into."""

    class LaterLlama(transformers.LlamaForCausalLM):  # type: ignore[misc]
        pass

    before = len(output_capturing._CAN_RECORD_REGISTRY)
    LaterLlama(transformers.LlamaConfig(**zoo.SHAPE))
    assert len(output_capturing._CAN_RECORD_REGISTRY) > before
    assert verify.verify_step(ready.step).is_sound


def test_the_proof_sees_a_graph_that_does_not_steer(ready: Ready, monkeypatch: pytest.MonkeyPatch) -> None:
    assert verify.verify_step(ready.step).is_sound
    monkeypatch.setattr(GraphBuffers, "load", _keep_silent)
    deaf = verify.verify_step(ready.step)
    monkeypatch.undo()
    ready.step.buffers.loaded = None
    assert not deaf.is_sound
    assert deaf.error > 0.01


def _keep_silent(bank: GraphBuffers, table: CoefficientTable) -> None:
    """Remembers who sits where, so that the gauges can be read, and copies nothing."""
    bank.loaded = table


def test_the_proof_sees_a_graph_that_ignores_its_dials(ready: Ready, monkeypatch: pytest.MonkeyPatch) -> None:
    """Steered as it was at first, however the dials are turned afterwards."""
    load, first = GraphBuffers.load, []

    def once(bank: GraphBuffers, table: CoefficientTable) -> None:
        first.append(table)
        load(bank, first[0])
        bank.loaded = table

    monkeypatch.setattr(GraphBuffers, "load", once)
    stuck = verify.verify_step(ready.step)
    monkeypatch.undo()
    ready.step.buffers.loaded = None
    assert not stuck.is_sound


def test_not_a_number_is_not_agreement() -> None:
    assert not verify.GraphVerdict(float("inf"), 1.0, is_float32=True).is_sound
    assert not verify.GraphVerdict(1e-6, 1e-4, is_float32=True).is_sound
    assert verify.GraphVerdict(1e-6, 1.0, is_float32=True).is_sound


def test_a_hook_added_later_is_not_ignored(ready: Ready) -> None:
    """The next answer notices, goes back to eager decoding, where the hook acts, and says so."""
    handle = ready.model.layers[0].register_forward_hook(lambda block, args, out: out + 1.0)
    try:
        live = core.stream(ready.model, PROMPT, compile=True, max_new_tokens=6, ignore_end=True)
        hooked = [step.token_id for step in live]
        eager = core.stream(ready.model, PROMPT, max_new_tokens=6, ignore_end=True)
        assert [step.token_id for step in eager] == hooked
        assert "back to eager decoding" in next(
            data["text"] for kind, data in live.notices if kind == "compile"
        )
    finally:
        handle.remove()
        graph_builder(ready.model).add_step(ready.step)
    assert tokens(ready.model, True) == tokens(ready.model, False)


def test_a_second_model_of_the_class_runs_its_own_graph_and_a_decoding_thread_waits(ready: Ready) -> None:
    other = tiny.model(seed=5)
    wanted = tokens(other, False)
    found: list[list[int]] = []
    decoding = threading.Thread(target=lambda: found.extend(tokens(other, False) for _ in range(3)))
    with other.steering.lock:
        decoding.start()
        news = graph_builder(other).build_step(SIZE)
    decoding.join()
    assert "takes over" in news
    assert found == [wanted] * 3
    assert tokens(other, True) == wanted != tokens(ready.model, True)
    assert tokens(ready.model, True) == tokens(ready.model, False)


def asks_for_a_number(bank: GraphBuffers, layer: int, hidden: Tensor) -> Tensor:
    return STEER(bank, layer, hidden if float(hidden.sum()) > 0 else -hidden)


def keeps_a_list(bank: GraphBuffers, layer: int, hidden: Tensor) -> Tensor:
    SEEN.append(hidden.sum())
    return STEER(bank, layer, hidden)


@pytest.mark.parametrize("hook", [asks_for_a_number, pytest.param(keeps_a_list, marks=pytest.mark.slow)])
def test_a_hook_that_leaves_the_graph_is_refused(hook: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python numbers and lists in a hook break the graph, or make another one per call."""
    monkeypatch.setattr(GraphBuffers, "steer", hook)
    model = tiny.model(seed=6)
    assert graph_builder(model).build_step(SIZE).startswith("decoding stays eager")
    assert graph_builder(model).find_step(SIZE) is None
    monkeypatch.undo()
    assert tokens(model, True) == tokens(model, False)


def test_a_child_that_fails_is_told_and_nothing_is_tried_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "core.compiled.precompile.describe_graph", lambda model, size: {"config_class": "NoSuchConfig"}
    )
    model = tiny.model(seed=7)
    graph_builder(model).request_step(SIZE)
    assert "decoding stays eager" in tiny.news_of_children(model)[0]
    assert graph_builder(model).request_step(SIZE) is None


SLOW = "import time; time.sleep(600)"


def slow_compiler(monkeypatch: pytest.MonkeyPatch, limit: float) -> None:
    """A child that would compile for ten minutes, and a limit of so many seconds."""
    monkeypatch.setattr(precompile, "python_command", lambda *_: [sys.executable, "-c", SLOW])
    monkeypatch.setattr(precompile, "LONGEST_SECONDS", limit)


def test_a_slow_compiler_is_stopped_in_time_and_decoding_stays_eager(monkeypatch: pytest.MonkeyPatch) -> None:
    slow_compiler(monkeypatch, 0.3)
    model = tiny.model(seed=8)
    live = core.stream(model, PROMPT, compile=True, max_new_tokens=60, ignore_end=True)
    said = []
    for step in live:
        said.append(step)
        time.sleep(0.02)
    news = [data["text"] for kind, data in live.notices if kind == "compile"]
    assert "is being compiled; decoding stays eager until it is ready" in news[0]
    assert news[1:] == ["decoding stays eager: the compiled step was not ready after 0.3 s"]
    assert [step.token_id for step in said] == [
        step.token_id for step in core.stream(model, PROMPT, max_new_tokens=60, ignore_end=True)
    ]
    assert not any(step.compiled for step in said)
    # It is not tried again, and nothing runs on.
    assert graph_builder(model).request_step(SIZE) is None
    assert list(graph_builder(model).install_finished()) == []


def test_a_slow_compiler_is_found_between_two_answers_too(monkeypatch: pytest.MonkeyPatch) -> None:
    slow_compiler(monkeypatch, 0.2)
    model = tiny.model(seed=8)
    graph_builder(model).request_step(SIZE)
    (child,) = graph_builder(model)._child_processes.values()
    assert child is not None
    assert list(graph_builder(model).install_finished()) == []
    assert not child.finished
    time.sleep(0.3)
    assert "not ready after 0.2 s" in next(graph_builder(model).install_finished())
    assert child.finished
    assert not child.succeeded


def test_now_waits_for_a_slow_compiler_no_longer_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    slow_compiler(monkeypatch, 0.3)
    model = tiny.model(seed=8)
    began = time.monotonic()
    live = core.stream(model, PROMPT, compile="now", max_new_tokens=4, ignore_end=True)
    assert [step.compiled for step in live] == [False] * 4
    assert time.monotonic() - began < 20
    assert [data["text"] for kind, data in live.notices if kind == "compile"] == [
        "decoding stays eager: the compiled step was not ready after 0.3 s"
    ]


def test_a_child_that_cannot_be_born_ends_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def crowded(model: Any, size: Any) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(workshop, "PrecompileProcess", crowded)
    model = tiny.model(seed=7)
    told = graph_builder(model).request_step(SIZE)
    assert told == "decoding stays eager: [Errno 11] Resource temporarily unavailable"
    assert graph_builder(model).request_step(SIZE) is None


def test_where_a_child_has_no_room_the_decode_thread_compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workshop, "child_process_fits", lambda model: False)
    model = tiny.model(seed=9)
    monkeypatch.setattr(graph_builder(model), "build_step", lambda size: f"made {size.capacity}")
    assert "decoding stays eager until it is ready" in (graph_builder(model).request_step(SIZE) or "")
    assert list(graph_builder(model).install_finished()) == ["made 128"]
    assert list(graph_builder(model).install_finished()) == []


def test_a_model_has_one_graph_builder_and_takes_it_along() -> None:
    """A table of builders by model, even a weak one, would keep every model: the builder refers to it."""
    model = tiny.model(seed=12)
    builder = weakref.ref(graph_builder(model))
    assert graph_builder(model) is builder()
    del model
    gc.collect()
    assert builder() is None


def test_now_means_before_the_second_token(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny.model(seed=10)
    live = core.stream(model, PROMPT, compile="now", max_new_tokens=4, ignore_end=True)
    monkeypatch.setattr(workshop, "child_process_fits", lambda model: False)
    monkeypatch.setattr(graph_builder(model), "build_step", lambda size: f"made {size.capacity}")
    assert len(list(live)) == 4
    assert [data for kind, data in live.notices if kind == "compile"] == [{"at": 1, "text": "made 128"}]
    with pytest.raises(UsageError, match="compile must be"):
        core.stream(model, PROMPT, compile="later")


def test_what_cannot_be_compiled_says_why() -> None:
    model = tiny.model(seed=8)
    assert "too many" in (graph_builder(model).request_step(GraphSize(1, 128, 8, MOST_CAPS + 1)) or "")
    model.hf._hf_peft_config_loaded = True
    assert workshop.refusal_reason(model) == "the model has an adapter"
    model.hf._hf_peft_config_loaded = False
    model.hf.hf_quantizer = object()
    assert workshop.refusal_reason(model) == "the model is quantised"
    del model.hf.hf_quantizer
    model.layers[0]._hf_hook = object()
    assert workshop.refusal_reason(model) == "parts of the model are offloaded"


def test_without_a_compiler_one_sentence_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny.model(seed=8)
    assert workshop.refusal_reason(model) is None
    monkeypatch.setenv("CXX", "no-such-compiler")
    live = core.stream(model, PROMPT, compile=True, max_new_tokens=4, ignore_end=True)
    assert len(list(live)) == 4
    assert [data["text"] for kind, data in live.notices if kind == "compile"] == [
        "decoding stays eager: there is no C++ compiler 'no-such-compiler'; install it, or name another one in CXX"
    ]


def test_an_error_of_the_compiler_is_one_line_without_advice() -> None:
    told = RuntimeError("backend raised:\nNo space left\n\nSet TORCHDYNAMO_VERBOSE=1 for more")
    assert precompile.error_words(told) == "backend raised: No space left"
    assert precompile.error_words(ValueError()) == "ValueError"


def test_the_guard_on_hooks_is_on() -> None:
    assert torch._dynamo.config.skip_nnmodule_hook_guards is False


def test_of_many_sizes_the_ones_used_last_are_kept() -> None:
    shop = graph_builder(tiny.model(seed=9))
    sizes = [GraphSize(lanes, 128) for lanes in range(1, workshop.MOST_STEPS + 2)]
    for size in sizes[:-1]:
        shop._tried.add(size)
        shop.add_step(SimpleNamespace(size=size))  # type: ignore[arg-type]
    assert shop.find_step(sizes[0]) is not None
    shop.add_step(SimpleNamespace(size=sizes[-1]))  # type: ignore[arg-type]
    kept = [size for size in sizes if shop.find_step(size)]
    assert kept == [size for size in sizes if size != sizes[1]], (
        "the first was used again, the second was not"
    )
    assert sizes[1] not in shop._tried, "it can be asked for again"
