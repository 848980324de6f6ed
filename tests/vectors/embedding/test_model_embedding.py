"""The loaded model as an embedding: its prompt, its common part, the test it has to pass, and what is kept of that."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import pytest

import core
from core.jobs.job import Progress, run_steps
from vectors.embedding import model_embedding as tested_model
from vectors.embedding.fixture import read_fixture
from vectors.embedding.model_embedding import fit_and_test, model_embedding
from vectors.embedding.one_word import (
    TEMPLATE,
    embedding_layer,
    first_token_id,
    fit_common_part,
    prompt_token_ids,
    read_sentences,
)
from vectors.embedding.self_test import SelfTest
from vectors.embedding.text_embedding import UnfitEmbedding


@pytest.fixture(scope="module")
def demo() -> core.Model:
    return core.load("demo-instruct")


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that every model passes, to see what follows."""
    monkeypatch.setattr(
        tested_model, "grade_embedding", lambda fixture, rows: SelfTest(0.91, (0.9, 0.92), 0.3)
    )


def cached() -> list[Path]:
    return list((Path(platformdirs.user_cache_dir("steertui")) / "embedding").glob("*.json"))


def test_the_demo_is_refused_with_its_figure(demo: core.Model) -> None:
    _, found = run_steps(fit_and_test(demo))
    assert max(found.auroc, *found.halves) < 0.65
    with pytest.raises(UnfitEmbedding) as problem:
        run_steps(model_embedding(demo))
    assert f"{found.auroc:.2f}" in str(problem.value)
    assert "--embeddings" in str(problem.value)
    assert problem.value.exit_code == 4


def test_the_test_is_made_once(demo: core.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        with pytest.raises(UnfitEmbedding):
            run_steps(model_embedding(demo))
        monkeypatch.setattr(tested_model, "fit_and_test", None)
    assert len(cached()) == 1
    assert cached()[0].name.startswith(demo.fingerprint[:32])


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "[]",
        "{}",
        '{"auroc": 0.9}',
        '{"mean": [1], "component": [1], "auroc": 1, "hard": 0, "halves": []}',
    ],
)
def test_a_broken_cache_is_made_again(broken: str, demo: core.Model) -> None:
    with pytest.raises(UnfitEmbedding):
        run_steps(model_embedding(demo))
    (file,) = cached()
    good = file.read_text()
    file.write_text(broken)
    with pytest.raises(UnfitEmbedding):
        run_steps(model_embedding(demo))
    assert file.read_text() == good


def test_a_figure_outside_of_its_range_is_not_believed(demo: core.Model) -> None:
    with pytest.raises(UnfitEmbedding):
        run_steps(model_embedding(demo))
    (file,) = cached()
    file.write_text(json.dumps(json.loads(file.read_text()) | {"auroc": 7.0}))
    with pytest.raises(UnfitEmbedding):
        run_steps(model_embedding(demo))


def test_the_kept_common_part_is_the_fitted_one(demo: core.Model, passing: None) -> None:
    texts = ["the reply becomes a poem", 'a text with "quotes" and {braces}', "no"]
    first = run_steps(model_embedding(demo))
    again = run_steps(model_embedding(demo))
    assert first.identity == again.identity
    assert run_steps(first.embed(texts)) == pytest.approx(run_steps(again.embed(texts)), abs=1e-12)
    assert first.facts() == {"embedded_by": demo.name, "auroc": 0.91, "halves": [0.9, 0.92], "hard": 0.3}
    assert "0.30" in first.warning
    assert "warm" in first.warning
    assert first.missing(texts) == []


def test_a_row_is_the_last_state_without_the_common_part(demo: core.Model, passing: None) -> None:
    """By hand: Hugging Face's own pass over one prompt, and numpy on the reference sentences."""
    embedding = run_steps(model_embedding(demo))
    states = {}
    layer = embedding_layer(demo.n_layers)

    def keep(module: Any, given: Any, out: Any) -> None:
        states[layer] = (out[0] if isinstance(out, tuple) else out)[0, -1].double().numpy()

    def state(text: str) -> np.ndarray:
        ids = [
            first_token_id(demo),
            *demo.tokenizer(TEMPLATE.format(text), add_special_tokens=False)["input_ids"],
        ]
        hook = demo.layers[layer].register_forward_hook(keep)
        try:
            with core.steered(demo, core.Mixer([])):
                demo.hf(torch_ids(ids))
        finally:
            hook.remove()
        return np.array(states[layer])

    reference = np.array([state(text) for text in read_fixture().reference])
    mean = reference.mean(0)
    values, axes = np.linalg.eigh((reference - mean).T @ (reference - mean))
    component = axes[:, np.argmax(values)]
    by_hand = state("the dog slept") - mean
    by_hand -= (by_hand @ component) * component
    assert run_steps(embedding.embed(["the dog slept"]))[0] == pytest.approx(by_hand, abs=1e-3)


def torch_ids(ids: list[int]) -> Any:
    import torch

    return torch.tensor([ids])


def test_a_text_means_the_same_in_a_batch_and_alone(demo: core.Model) -> None:
    texts = ["We will finish the parser.", "Look at the parade, it is lovely and long today!", "No."]
    together = run_steps(read_sentences(demo, texts))
    for row, text in zip(together, texts, strict=True):
        assert row == pytest.approx(run_steps(read_sentences(demo, [text]))[0], abs=1e-3)


def test_exactly_one_token_begins_the_prompt(demo: core.Model) -> None:
    ids = prompt_token_ids(demo, "a dog")
    assert ids[0] == first_token_id(demo)
    assert ids.count(ids[0]) == 1


def test_the_token_that_begins_a_text_is_found_where_it_is_named() -> None:
    def named(tokenizer: dict[str, Any], config: dict[str, Any]) -> Any:
        place = lambda facts: type("Place", (), facts)()  # noqa: E731
        hf = type("Hf", (), {"config": place(config)})()
        return type("Model", (), {"tokenizer": place(tokenizer), "hf": hf, "vocab_size": 100})()

    assert first_token_id(named({"bos_token_id": 3, "eos_token_id": 4}, {"bos_token_id": 5})) == 3
    assert first_token_id(named({"bos_token_id": None, "eos_token_id": 4}, {"bos_token_id": 5})) == 5
    assert first_token_id(named({"bos_token_id": None}, {"bos_token_id": None, "eos_token_id": [6, 7]})) == 6
    assert first_token_id(named({}, {"bos_token_id": 100})) is None, "not in the vocabulary"


@pytest.mark.parametrize(("layers", "block"), [(30, 27), (32, 29), (10, 9), (4, 3), (1, 0), (80, 72)])
def test_the_block_is_nine_tenths_up(layers: int, block: int) -> None:
    assert embedding_layer(layers) == block


def test_the_common_part_is_gone_from_the_rows_it_is_taken_from() -> None:
    chance = np.random.default_rng(3)
    planted = chance.standard_normal(12)
    rows = 5 + chance.standard_normal((60, 12)) + np.outer(10 * chance.standard_normal(60), planted)
    common = fit_common_part(rows)
    left = common.remove_from(rows)
    assert np.abs(left.mean(0)).max() < 1e-9
    assert abs(common.component @ planted) / np.linalg.norm(planted) > 0.99
    assert np.abs(left @ common.component).max() < 1e-9


def test_the_self_test_reports_how_far_it_is(demo: core.Model) -> None:
    counts = [event for event in events(fit_and_test(demo)) if isinstance(event, Progress)]
    assert counts[-1].done == counts[-1].total == len(read_fixture().texts)
    assert len(counts) > 10


def events(steps: Any) -> Iterator[Any]:
    answer = None
    try:
        while True:
            item = steps.send(answer)
            answer = item.work() if hasattr(item, "work") else None
            yield item
    except StopIteration:
        return
