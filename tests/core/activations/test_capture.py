import threading
from typing import Any

import pytest
import torch
from accelerate import cpu_offload
from transformers import Gemma3Config, Gemma3ForConditionalGeneration

import core
from core.activations import batches
from core.activations import capture as capturing
from core.activations.capture import capture, capture_steps
from core.activations.row_files import open_row_files
from core.errors import OutOfMemory, UsageError
from core.jobs.job import End, Progress
from core.jobs.runner import run
from tests.core import zoo
from tests.core.naive import error, naive, prompts
from tests.disks import files_no_larger_than


class Direction:
    """A fixed random unit vector at every layer."""

    name = "direction"

    def __init__(self, model, seed=5):
        generator = torch.Generator().manual_seed(seed)
        raw = torch.randn(model.n_layers, model.hidden_size, generator=generator)
        self.directions = dict(enumerate(torch.nn.functional.normalize(raw, dim=-1)))


@pytest.fixture(scope="module")
def model():
    return core.adopt(zoo.build("llama"), zoo.tokenizer())


@pytest.mark.parametrize("name", zoo.ARCHITECTURES)
def test_capture_equals_one_prompt_at_a_time_in_batches_of_any_size(name):
    model, rows = core.adopt(zoo.build(name)), prompts()
    for read in ("last", "mean"):
        expected = naive(model, rows, read)
        for budget in (1, 150, 10_000):
            got = capture(model, rows, read=read, batch_tokens=budget).rows
            assert list(got) == list(range(model.n_layers))
            assert error(got, expected) < 2e-6


def test_bfloat16_is_read_within_its_own_precision():
    model, rows = core.adopt(zoo.build("qwen2", dtype=torch.bfloat16)), prompts()
    got = capture(model, rows, read="mean").rows
    assert got[0].dtype == torch.float32
    assert error(got, naive(model, rows, "mean")) < 2e-2


@pytest.mark.parametrize("name", ["llama", "gemma2", "gpt2", "gpt-neox", "falcon"])
def test_block_outputs_are_the_hidden_states_except_behind_the_final_norm(name):
    model, row = core.adopt(zoo.build(name)), zoo.ids(1, 20)
    with torch.no_grad():
        states = model.hf(row, output_hidden_states=True).hidden_states
    got = capture(model, row.tolist()).rows
    last = model.n_layers - 1
    for layer in range(last):
        torch.testing.assert_close(got[layer][0], states[layer + 1][0, -1], rtol=1e-5, atol=1e-5)
    assert not torch.allclose(got[last][0], states[last + 1][0, -1], rtol=0.1)
    with torch.no_grad():
        torch.testing.assert_close(
            model.anatomy.final_norm(got[last][0]), states[last + 1][0, -1], rtol=1e-5, atol=1e-5
        )


def test_a_choice_per_prompt_reads_what_it_names(model):
    rows = prompts(4)
    read = [0, (1, len(rows[1])), [0, -1], slice(None, 2)]
    got = capture(model, rows, read=read).rows
    states = []
    with (
        model.steering.hooking_outputs([2], lambda _layer, hidden: states.append(hidden[0])),
        torch.no_grad(),
    ):
        for row in rows:
            model.hf(torch.tensor([row]))
    expected = [states[0][0], states[1][1:].mean(0), states[2][[0, -1]].mean(0), states[3][:2].mean(0)]
    torch.testing.assert_close(got[2], torch.stack(expected), rtol=1e-5, atol=1e-5)


def test_texts_go_through_the_tokenizer_as_they_are(model):
    texts = ["The ferry left", "She counted the coins twice, wrote the sum", "ü"]
    by_text = capture(model, texts).rows
    by_ids = capture(model, [zoo.tokenizer()(text)["input_ids"] for text in texts]).rows
    assert all(torch.equal(by_text[layer], by_ids[layer]) for layer in by_ids)


def test_a_pass_ends_above_the_last_layer_wanted_and_leaves_the_model_whole(model):
    ran, row = [], zoo.ids(1, 9)
    before = model.hf(row).logits
    parts = [*enumerate(model.layers), ("norm", model.anatomy.final_norm), ("out", model.anatomy.unembedding)]
    handles = [part.register_forward_pre_hook(lambda *_, name=name: ran.append(name)) for name, part in parts]
    got = capture(model, row.tolist(), layers=[1, 0]).rows
    assert ran == [0, 1]
    assert list(got) == [0, 1]
    capture(model, row.tolist(), layers=[model.n_layers - 1])
    assert "out" not in ran
    for handle in handles:
        handle.remove()
    assert torch.equal(model.hf(row).logits, before)
    assert error(got, naive(model, row.tolist(), layers=[0, 1])) < 1e-6


def test_an_offloaded_model_is_read_and_stays_parked():
    rows = prompts(5)
    hf = zoo.build("llama")
    expected = naive(core.adopt(zoo.build("llama")), rows)
    cpu_offload(hf, execution_device=torch.device("cpu"))
    model = core.adopt(hf)
    for layers in ([1], None):
        got = capture(model, rows, layers=layers).rows
        assert error(got, {layer: expected[layer] for layer in got}) < 1e-6
        assert all(weight.is_meta for weight in hf.parameters())


def test_the_text_tower_of_a_multimodal_model_is_read():
    vision = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    config = Gemma3Config(
        text_config=zoo.ARCHITECTURES["gemma3"]().to_dict(),
        vision_config={**vision, "image_size": 16, "patch_size": 8},
        mm_tokens_per_image=4,
        image_token_index=1,
    )
    hf = Gemma3ForConditionalGeneration(config)
    zoo.fill(hf, 0)
    model, rows = core.adopt(hf), prompts(4)
    assert error(capture(model, rows).rows, naive(model, rows)) < 2e-6


def test_without_a_mixer_nothing_that_plays_elsewhere_is_heard(model):
    rows = prompts(3)
    expected = capture(model, rows).rows
    mixer = core.Mixer((core.Channel(Direction(model), scale=5.0, unit="unit", layers=[0]),))
    with core.steered(model, mixer):
        got = capture(model, rows).rows
        still = model.hf(torch.tensor([rows[0]])).logits
    assert all(torch.equal(got[layer], expected[layer]) for layer in got)
    assert not torch.allclose(still, model.hf(torch.tensor([rows[0]])).logits)


def test_steps_keep_every_prompt_once_and_tell_how_far_they_are(model):
    rows, seen = prompts(9), []
    steps = capture_steps(
        model, rows, lambda part, _: seen.extend(part), batch_tokens=100, done=[2, 5], label="read"
    )
    told = list(run(steps))[:-1]
    assert sorted(seen) == [0, 1, 3, 4, 6, 7, 8]
    assert told[-1] == Progress(9, 9, "read")
    assert [event.done for event in told] == sorted({event.done for event in told})


def test_files_that_the_disk_has_no_room_for_are_refused_before_anything_is_mapped(tmp_path):
    """A hole in a mapped file of a full disk would end the process, and the engine with it."""
    with (
        files_no_larger_than(10_000),
        pytest.raises(UsageError, match="no room for 1,024,000 bytes .*XDG_CACHE_HOME"),
    ):
        open_row_files(tmp_path / "states", "key", range(4), 1000, 64)


@pytest.mark.parametrize(
    ("rows", "options", "words"),
    [
        ([[5], []], {}, "prompt 1 is 0 tokens, limit 512"),
        ([[5] * 513], {}, "prompt 0 is 513 tokens, limit 512"),
        ([[5]], {"layers": [40]}, "layer 40, model has 4"),
        ([[5]], {"layers": [-1]}, "layer -1, model has 4"),
        ([[5]], {"layers": []}, "layer .none., model has 4"),
    ],
)
def test_what_cannot_be_read_is_refused(model, rows, options, words):
    with pytest.raises(UsageError, match=words):
        capture(model, rows, **options)


def test_text_without_a_tokenizer_is_refused():
    with pytest.raises(UsageError, match="has no tokenizer"):
        capture(core.adopt(zoo.build()), ["Hello"])


def test_no_prompts_give_no_rows(model):
    assert capture(model, []).rows[0].shape == (0, zoo.HIDDEN)


def test_a_job_reads_batch_by_batch_and_stops_between_two(model):
    rows, cancel, got = prompts(12), threading.Event(), []

    def job():
        return capture_steps(model, rows, lambda part, _: got.extend(part), batch_tokens=100)

    for event in run(job(), cancel=cancel):
        if isinstance(event, Progress) and event.done >= 4:
            cancel.set()
    assert event == End("cancelled")
    assert 4 <= len(got) < len(rows)
    got.clear()
    assert list(run(job()))[-2:] == [Progress(12, 12, "texts read"), End("done")]


LENGTHS = [*range(1, 130), *range(130, 256, 3)]


def met(name: str, dtype: torch.dtype, repeats: int) -> set[tuple[int, int]]:
    """The shapes of all batches of prompts of every length, each so many times."""
    model = core.adopt(zoo.build(name, dtype=dtype), zoo.tokenizer(), name=name)
    seen: set[tuple[int, int]] = set()

    def note(module: Any, inputs: Any, settings: Any) -> None:
        seen.add(tuple(settings["input_ids"].shape))

    handle = model.anatomy.trunk.register_forward_pre_hook(note, with_kwargs=True)
    rows = [[7] * n for n in LENGTHS for _ in range(repeats)]
    capture(model, rows, layers=[0], batch_tokens=512)
    handle.remove()
    return seen


def test_more_prompts_bring_no_new_shapes_where_shapes_cost_memory():
    found = met("llama", torch.bfloat16, 8)
    widths = {width for _, width in found}
    assert len(widths) <= 32 + 16, "sixteen to the octave, and every fourth below 128"
    assert len(found) <= len(widths) + 1, "only a last batch may have a shape of its own"
    assert len(met("llama", torch.float32, 8)) > 2 * len(found), "elsewhere nothing is padded for it"


def test_a_width_is_never_less_than_the_prompt_nor_far_above():
    for length in range(1, 5000):
        assert length <= batches.bucket_width(length) <= max(length + 3, length * 17 // 16)


def test_batches_keep_to_their_budget_with_little_padding(model, monkeypatch):
    batches_read, read = [], capturing.read_batch
    monkeypatch.setattr(
        capturing,
        "read_batch",
        lambda model, batch, *how: batches_read.append(batch) or read(model, batch, *how),
    )
    rows = prompts(60, longest=50)
    capture(model, rows, batch_tokens=256)
    assert all(batch.ids.numel() <= 256 for batch in batches_read)
    assert sum(batch.tokens for batch in batches_read) == sum(map(len, rows))
    assert sum(batch.ids.numel() for batch in batches_read) < 1.15 * sum(map(len, rows))


def test_without_a_size_batches_are_as_big_as_the_device_likes(model, monkeypatch):
    sizes, read = [], capturing.read_batch
    monkeypatch.setattr(
        capturing,
        "read_batch",
        lambda model, batch, *how: sizes.append(batch.ids.numel()) or read(model, batch, *how),
    )
    capture(model, [[7] * 50] * 800)
    assert set(sizes) == {500}, "ten of fifty: 512 tokens hold no more"


def test_running_out_of_memory_halves_the_batch_until_one_prompt_fails(model, monkeypatch):
    rows, read, sizes = prompts(8), capturing.read_batch, []

    def cramped(model, batch, *how):
        sizes.append(len(batch.indices))
        if len(batch.indices) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return read(model, batch, *how)

    monkeypatch.setattr(capturing, "read_batch", cramped)
    got = capture(model, rows, batch_tokens=10_000).rows
    assert max(sizes) == 8
    assert error(got, naive(model, rows)) < 2e-6

    def full(*_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(capturing, "read_batch", full)
    with pytest.raises(OutOfMemory, match="a prompt of"):
        capture(model, rows)
