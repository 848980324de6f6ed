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
from core.collapse.collapse import CERTAIN, CERTAIN_NATS, AnswerEvidence, find_collapse
from core.collapse.writing_systems import LATIN, letter_system, writing_systems
from core.generation.endings import TextStream
from core.generation.probabilities import token_entropy
from core.generation.token_ids import prompt_ids
from core.mixer.mixer import Channel, Mixer
from steertui.cli import main
from tests.core.collapse.collapse_texts import ordinary_texts
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


def test_null_ordinary_text_is_never_certain(smollm2_model: core.Model) -> None:
    """Not even beside a model that would be uncertain of every token."""
    for row in ordinary_texts()[::25]:
        ids = row["tokens"][:200]
        logprobs = token_distributions(smollm2_model, [1, *ids], 1)
        own = [token_entropy(each) for each in logprobs.unbind(0)]
        assert longest_low(own) < CERTAIN // 2, row["id"]


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
    assert len(foreign) == 8
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
