import pytest
import torch

import core
from core.activations.budget import TokenBudget, budget_for_model
from core.activations.capture import capture
from core.activations.listener import BatchReader
from core.errors import OutOfMemory
from tests.core import zoo
from tests.core.naive import error, naive, prompts


@pytest.fixture(scope="module")
def model():
    return core.adopt(zoo.build("llama"), zoo.tokenizer())


def test_batches_keep_to_their_budget_with_little_padding(model, monkeypatch):
    shapes, read = [], BatchReader.read
    monkeypatch.setattr(
        BatchReader, "read", lambda self, b, c: shapes.append((b.ids.shape, b.tokens)) or read(self, b, c)
    )
    rows = prompts(60, longest=50)
    capture(model, rows, batch_tokens=256)
    assert all(shape.numel() <= 256 for shape, _ in shapes)
    assert sum(tokens for _, tokens in shapes) == sum(map(len, rows))
    assert sum(shape.numel() for shape, _ in shapes) < 1.15 * sum(map(len, rows))


def test_the_budget_tries_every_candidate_and_stays_with_the_fastest():
    rates = {256: 100.0, 512: 300.0, 1024: 200.0}
    budget, used = TokenBudget(tuple(rates)), []
    for _ in range(10):
        used.append(budget.next_limit())
        budget.record_speed(used[-1], 1000, 1000 / rates[used[-1]])
    assert sorted(used[:6]) == [256, 256, 512, 512, 1024, 1024]
    assert set(used[6:]) == {512}


def test_a_slow_first_try_is_forgiven():
    budget = TokenBudget((256, 512))
    for used, seconds in ((256, 9.0), (512, 1.0), (256, 0.1), (512, 1.0)):
        budget.record_speed(used, 100, seconds)
    assert budget.best() == 256


def test_the_budget_is_measured_only_where_there_is_work_enough_and_then_remembered():
    model = core.adopt(zoo.build("llama"))
    assert len(budget_for_model(model, 100).candidates) == 1
    assert len(budget_for_model(model, 10**6).candidates) > 1
    assert budget_for_model(model, 10**6, fixed=77).next_limit() == 77
    capture(model, [[7] * 500] * 64)
    assert len(budget_for_model(model, 10**6).candidates) == 1


def test_running_out_of_memory_halves_the_batch_until_one_prompt_fails(model, monkeypatch):
    rows, read, sizes = prompts(8), BatchReader.read, []

    def cramped(self, batch, chosen):
        sizes.append(len(batch.indices))
        if len(batch.indices) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return read(self, batch, chosen)

    monkeypatch.setattr(BatchReader, "read", cramped)
    got = capture(model, rows, batch_tokens=10_000).rows
    assert max(sizes) == 8
    assert error(got, naive(model, rows)) < 2e-6

    def full(*_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(BatchReader, "read", full)
    with pytest.raises(OutOfMemory, match="a prompt of"):
        capture(model, rows)


def test_after_running_out_of_memory_only_what_fits_is_tried():
    budget = TokenBudget((256, 512, 1024))
    budget.halve(1300)
    budget.record_speed(256, 100, 1.0)
    assert budget.next_limit() == 512
    budget.halve(300)
    assert budget.next_limit() == 150
    assert budget.is_settled
