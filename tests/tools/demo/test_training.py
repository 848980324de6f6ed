"""The training script: a few steps learn something and give the same bytes twice."""

import random

import pytest
import torch

from tools.demo import corpus, markup, recipe, tokenizer, train
from tools.demo.texts.documents import base_document

BASE = recipe.Schedule(steps=6, tokens_per_step=512, row_length=128, long_row_length=256, warm_up=2)
TUNED = recipe.Schedule(steps=2, tokens_per_step=512, row_length=128, long_row_length=256, warm_up=1)


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def files(folder):
    return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


def test_two_runs_give_the_same_bytes(tmp_path, one_thread):
    losses = [train.train_checkpoints(tmp_path / name, BASE, TUNED) for name in ("first", "second")]
    first, second = files(tmp_path / "first"), files(tmp_path / "second")
    assert {"demo-base/model.safetensors", "demo-instruct/model.safetensors"} <= set(first)
    assert first == second
    assert losses[0] == losses[1]
    assert first["demo-base/model.safetensors"] != first["demo-instruct/model.safetensors"]


def test_rows_are_packed_documents(base):
    stream = corpus.token_stream(base.tokenizer, base_document, seed=4)
    rows = corpus.next_batch(stream, 4, 128)
    assert rows.shape == (4, 128)
    rng = random.Random(4)
    text = "".join(markup.render_document(base_document(rng)) for _ in range(12))
    assert text.startswith(base.tokenizer.decode(rows.flatten()))


def test_the_schedule_warms_up_holds_and_falls():
    schedule = recipe.Schedule(steps=100, warm_up=10)
    rates = [schedule.rate(step) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[9:30] == pytest.approx([1.0] * 21)
    assert rates[65] == pytest.approx(0.5)
    assert rates[99] == pytest.approx(1 / 70)
    assert schedule.shape(84) == (8, 256)
    assert schedule.shape(85) == (4, 512)


def test_the_vocabulary_keeps_its_special_tokens_whole():
    words = tokenizer.train_tokenizer(seed=1)
    assert len(words) == tokenizer.VOCABULARY
    for special in markup.SPECIALS:
        assert words(special, add_special_tokens=False)["input_ids"] == [words.convert_tokens_to_ids(special)]
