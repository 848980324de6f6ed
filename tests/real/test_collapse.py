"""Signs of collapse on a real model: dark on ordinary text, lit by what the model really says when it is broken."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import torch

import core
import vectors
from core.collapse.collapse import CERTAIN, CERTAIN_NATS, AnswerEvidence, find_collapse, is_certain
from core.collapse.writing_systems import LATIN, letter_system, writing_systems
from core.generation.endings import TextStream, end_ids
from core.generation.probabilities import token_entropy
from core.generation.token_ids import prompt_ids
from core.mixer.mixer import Channel, Mixer
from steertui.cli import main
from tests.core.collapse.collapse_texts import greedy_answers, ordinary_texts
from vectors.checks.likelihood import token_distributions

pytestmark = pytest.mark.real
LAST = 29
"""The last block: a push behind it acts on the logits alone."""


def distributions(model: core.Model, prompt: str, ids: Sequence[int]) -> torch.Tensor:
    """Log-probabilities of the unsteered model at every token of an answer."""
    asked = prompt_ids(model, prompt)
    return token_distributions(model, [*asked, *ids], len(asked))


def pieces(model: core.Model, ids: Sequence[int]) -> list[str]:
    """The text that is shown with each token."""
    stream = TextStream(model.tokenizer)
    return [stream.push(token) for token in ids]


def push_towards(model: core.Model, tokens: Sequence[int], scale: float) -> Mixer:
    """Towards the unembedding rows of these tokens, behind the last block."""
    with torch.no_grad():
        rows = model.hf.get_output_embeddings().weight
        row = rows[list(tokens)].mean(0) - rows.mean(0)
    return Mixer((Channel(vectors.SteeringVector({LAST: row}), scale, layers=(LAST,)),))


def longest_low(entropies: Sequence[float]) -> int:
    """Most tokens in a row of whose entropy the rule would say `certain`."""
    run = longest = 0
    for entropy in entropies:
        run = run + 1 if entropy < CERTAIN_NATS else 0
        longest = max(longest, run)
    return longest


def test_the_long_greedy_answers_are_this_model_s_own(smollm2_model: core.Model) -> None:
    """Of the first two loops and two sound ones every token is the likeliest but for the end token."""
    ends = sorted(end_ids(smollm2_model.hf, smollm2_model.tokenizer))
    for row in [row for row in greedy_answers() if row["id"] in (1, 2, 6, 9)]:
        logprobs = distributions(smollm2_model, row["prompt"], row["tokens"])
        logprobs[:, ends] = -torch.inf
        same = (logprobs.argmax(-1) == torch.tensor(row["tokens"])).float().mean()
        assert same > 0.98, row["id"]


def test_certainty_of_the_model_s_own_loops_is_no_doing_of_steering(smollm2_model: core.Model) -> None:
    """Null: the unsteered model is certain of its own loops, for more than 32 tokens; the loop alone is told."""
    (row,) = [row for row in greedy_answers() if row["id"] == 1]
    own = [
        token_entropy(each) for each in distributions(smollm2_model, row["prompt"], row["tokens"]).unbind(0)
    ]
    assert longest_low(own) >= CERTAIN
    found = find_collapse(AnswerEvidence(row["tokens"], entropies=own, unsteered=own))
    assert found is not None
    assert found.reason == "loop"
    assert not any(is_certain(own[:n], own[:n]) for n in range(len(own) + 1))
    assert is_certain([0.0] * 60, [1.0] * 60)


def test_null_ordinary_text_is_never_certain(smollm2_model: core.Model) -> None:
    """Not even beside a model that would be uncertain of every token."""
    for row in ordinary_texts()[::25]:
        ids = row["tokens"][:200]
        logprobs = token_distributions(smollm2_model, [1, *ids], 1)
        own = [token_entropy(each) for each in logprobs.unbind(0)]
        assert longest_low(own) < CERTAIN // 2, row["id"]


def test_a_push_that_leaves_no_choice_is_told_where_an_unsteered_lane_runs_beside_it(
    smollm2_model: core.Model,
) -> None:
    """The steered model can say but one word; the unsteered one is asked beside it at every token."""
    word = smollm2_model.tokenizer(" river")["input_ids"][0]
    mixer = push_towards(smollm2_model, [word], 8.0)
    live = core.stream(
        smollm2_model, "Tell me a story.", mixer=mixer, shadow="forced", max_new_tokens=48, ignore_end=True
    )
    steps = list(live)
    steered = [step.entropy for step in steps]
    beside = [step.forced[1].entropy for step in steps]
    assert longest_low(steered) >= CERTAIN
    ids = [step.token_id for step in steps]
    assert any(is_certain(steered[:n], beside[:n]) for n in range(len(ids) + 1))
    # Null: the same certainty, shared by the unsteered model.
    assert not any(is_certain(steered[:n], steered[:n]) for n in range(len(ids) + 1))
    # Without a lane beside it nothing is known of the unsteered model.
    assert not is_certain(steered, [None] * len(ids))


def by_kind_of_letter(model: core.Model, system: str) -> Iterator[int]:
    """Tokens of the vocabulary that are letters of one writing system."""
    for token in range(model.vocab_size):
        text = model.tokenizer.decode([token]).strip()
        if text and all(letter_system(c) == system for c in text):
            yield token


def test_null_no_ordinary_text_is_foreign_under_a_prompt_in_its_own_script(smollm2_model: core.Model) -> None:
    """In the model's own tokens, where a letter may be several tokens and a token a part of a letter."""
    lit = []
    for row in ordinary_texts():
        systems = writing_systems(row["text"]) - {LATIN}
        prompt = [next(c for c in row["text"] if letter_system(c) == system) for system in sorted(systems)]
        evidence = AnswerEvidence(row["tokens"], pieces(smollm2_model, row["tokens"]), prompt)
        if found := find_collapse(evidence):
            lit.append((row["id"], found.words))
    assert len(ordinary_texts()) == 300
    assert lit == []


def test_every_text_in_another_script_is_foreign_under_an_english_prompt(smollm2_model: core.Model) -> None:
    """Planted: the same rule, the same texts, another prompt."""
    foreign = [row for row in ordinary_texts() if _share_of_latin(row["text"]) < 0.1]
    told = [
        find_collapse(
            AnswerEvidence(row["tokens"], pieces(smollm2_model, row["tokens"]), ["What do you know of it?"])
        )
        for row in foreign
    ]
    assert len(foreign) >= 20
    assert [found.reason for found in told if found] == ["writing system"] * len(foreign)


def _share_of_latin(text: str) -> float:
    letters = [c for c in unicodedata.normalize("NFKC", text) if c.isalpha()]
    return sum(letter_system(c) == LATIN for c in letters) / len(letters) if letters else 1.0


def test_an_answer_pushed_into_another_script_is_told_in_json(
    smollm2_model: core.Model, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    cyrillic = list(by_kind_of_letter(smollm2_model, "Cyrillic"))
    assert len(cyrillic) > 20
    (channel,) = push_towards(smollm2_model, cyrillic, 1.0).channels
    file = tmp_path / "cyrillic.safetensors"
    channel.vector.save(file)
    words = [
        "say",
        "Tell me a story.",
        "--model",
        "smollm2",
        "--vector",
        f"{file}:3@{LAST}",
        "--max-new",
        "48",
    ]
    words += ["--temperature", "1", "--seed", "3", "--own", "--json"]
    assert main.main(words) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["flags"]["collapsed"]["reason"] == "writing system"
    assert found["flags"]["collapsed"]["system"] == "Cyrillic"


def test_a_loop_is_told_in_json(
    smollm2_model: core.Model, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    word = smollm2_model.tokenizer(" river")["input_ids"][0]
    push_towards(smollm2_model, [word], 1.0).channels[0].vector.save(tmp_path / "river.safetensors")
    words = ["say", "Tell me a story.", "--model", "smollm2", "--max-new", "40", "--own", "--json"]
    assert main.main([*words, "--vector", f"{tmp_path / 'river.safetensors'}:8@{LAST}"]) == 0
    flags = json.loads(capsys.readouterr().out)["flags"]
    assert flags["collapsed"] == {
        "reason": "loop", "at": 24, "words": "the text repeats one token", "period": 1,
    }  # fmt: skip
    assert main.main(["say", "What is the capital of France?", *words[2:]]) == 0
    assert "collapsed" not in json.loads(capsys.readouterr().out)["flags"]
