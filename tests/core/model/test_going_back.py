"""Going back on every cache: walks against a fresh run of the passes that survived, to the bit."""

import pytest
import torch

import core
from core.generation.conversation import Conversation
from core.mixer.mixer import Channel, Mixer
from core.model import cache_layers
from core.model.cache import Tape
from core.model.past import SPARSE_INTERVAL, SnapshotStore
from tests.core import families, reference, walks, zoo

REFUSED = {"deepseek_v4", "hy_v4", "gemma3n", "qwen4_exp"}
NAMES = [name for name in families.CONFIGS if name not in REFUSED]
TOLERANCE = {"nemotron_h": 5e-3}
MIXER = Mixer((Channel(reference.vector(0), 6.0, "unit", layers=[1, 2]),))
PROMPT = list(range(3, 90))


def adopted(name, dtype=torch.float32, limit=None):
    model = core.adopt(families.build(name, dtype=dtype), zoo.tokenizer(), name)
    if limit is not None:
        model.snapshot_limit = limit
    return model


def walked(model, seed, operations=walks.OPERATIONS):
    walk = walks.Walk(model, seed, dict(operations))
    walk.run(30)
    return walk


def assert_equal_to_a_fresh_run(walk):
    cache, logits = walk.fresh_run(0)
    assert list(walks.state_differences(walk.tape.cache, cache)) == [], walk.done
    assert torch.equal(walk.logits, logits), walk.done


def walk_is_wrong(walk):
    cache, logits = walk.fresh_run(0)
    return any(walks.state_differences(walk.tape.cache, cache)) or not torch.equal(walk.logits, logits)


@pytest.mark.parametrize("name", NAMES)
def test_a_walk_leaves_what_its_surviving_passes_make(name):
    assert_equal_to_a_fresh_run(walked(adopted(name), 0))


@pytest.mark.slow
@pytest.mark.parametrize("limit", [None, 0], ids=["snapshots", "no snapshots"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["float32", "bfloat16"])
@pytest.mark.parametrize("name", NAMES)
def test_forty_walks_leave_what_their_surviving_passes_make(name, dtype, limit):
    model = adopted(name, dtype, limit)
    for seed in range(40):
        assert_equal_to_a_fresh_run(walked(model, seed))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_walks_with_lanes_are_near_each_lane_alone(name):
    """Not to the bit: rounding depends on how many rows a pass has."""
    model, several = adopted(name), 0
    for seed in range(10):
        walk = walked(model, seed, walks.LANE_OPERATIONS)
        several += len(walk.lanes) > 1
        for lane in range(len(walk.lanes)):
            _, logits = walk.fresh_run(lane)
            apart = float((walk.logits[lane] - logits[0]).abs().max())
            assert apart <= TOLERANCE.get(name, 1e-4), (seed, lane, walk.done)
    assert several == 10


class TestPlantedErrors:
    """What a walk would not see, it could not vouch for."""

    @pytest.fixture(
        params=[
            "lfm2",
            pytest.param("qwen3_5", marks=pytest.mark.slow),
            pytest.param("falcon_h1", marks=pytest.mark.slow),
        ]
    )
    def walk_differs(self, request):
        def differs():
            model = adopted(request.param)
            return any(walk_is_wrong(walked(model, seed)) for seed in range(3))

        return differs

    def test_none_is_the_null_case(self, walk_differs):
        assert not walk_differs()

    def test_a_flag_that_is_not_restored(self, walk_differs, monkeypatch):
        held = cache_layers._held

        def without_flag(layer):
            return {name: value for name, value in held(layer).items() if name != "has_previous_state"}

        monkeypatch.setattr(cache_layers, "_held", without_flag)
        assert walk_differs()

    def test_a_snapshot_that_is_not_copied(self, walk_differs, monkeypatch):
        copied = cache_layers._copied_back

        def shared(value):
            return value.copy if isinstance(value, cache_layers.HeldTensor) else copied(value)

        # The first passes behind it write into the snapshot itself.
        monkeypatch.setattr(cache_layers, "_copied_back", shared)
        assert walk_differs()

    def test_a_snapshot_that_follows_the_state(self, walk_differs, monkeypatch):
        copied = cache_layers._copied_out

        def shared(value):
            is_tensor = isinstance(value, torch.Tensor)
            return cache_layers.HeldTensor(value, value.device) if is_tensor else copied(value)

        monkeypatch.setattr(cache_layers, "_copied_out", shared)
        assert walk_differs()

    def test_passes_repeated_with_another_plan(self, walk_differs, monkeypatch):
        again = Tape._plan_again

        def newest(self, was):
            return again(self, self.past.passes[-1]._replace(start=was.start, stop=was.stop))

        monkeypatch.setattr(Tape, "_plan_again", newest)
        assert walk_differs()


SPEAKING = ["qwen3_5", "falcon_h1", "lfm2", "nemotron_h", "jamba", "mamba2", "deepseek_v32"]


@pytest.fixture(scope="module", params=SPEAKING)
def model(request):
    return adopted(request.param)


def spoken(live):
    return [(step.token_id, step.logprob) for step in live]


HOW = {"max_new_tokens": 8, "ignore_end": True, "temperature": 0.0}


def test_a_rewind_gives_the_same_tokens_again(model):
    whole = spoken(core.stream(model, PROMPT, mixer=MIXER, **HOW))
    live = core.stream(model, PROMPT, mixer=MIXER, **HOW)
    for step in live:
        if step.index == 6:
            break
    # Where columns are cut, the first token's rewind feeds the prompt's last token alone, which rounds otherwise.
    live.rewind(7 if live.tape.past else 6)
    list(live)
    assert spoken(live.steps) == whole


def test_an_answer_is_given_again_as_it_was(model):
    talk = Conversation(model)
    list(talk.say("One", mixer=MIXER, **HOW))
    first = spoken(talk.say("Two", mixer=MIXER, **HOW))
    talk.undo()
    assert spoken(talk.say("Two", mixer=MIXER, **HOW)) == first


@pytest.mark.parametrize("shadow", ["forced", "free"])
def test_a_shadow_leaves_the_next_turn_as_it_would_have_been(model, shadow):
    def last_turn(first):
        talk = Conversation(model)
        list(talk.say("One", mixer=MIXER, **HOW))
        list(talk.say("Two", mixer=MIXER, **first, **HOW))
        return spoken(talk.say("Three", mixer=MIXER, **HOW))

    beside, alone = last_turn({"shadow": shadow}), last_turn({})
    # Passes of two rows round otherwise than passes of one.
    for (token, logprob), (wanted, expected) in zip(beside, alone, strict=True):
        assert token == wanted
        assert logprob == pytest.approx(expected, abs=1e-4)


def test_a_shadow_opened_in_a_later_turn_sees_the_whole_conversation(model):
    talk = Conversation(model)
    list(talk.say("One", **HOW))
    live = talk.say("Two", mixer=MIXER.bypass(), shadow="forced", **HOW)
    assert max(step.forced[1].kl for step in live) < 1e-6


def test_an_error_inside_a_block_takes_nothing_with_it(model):
    talk = Conversation(model)
    list(talk.say("One", mixer=MIXER, **HOW))
    whole = spoken(talk.say("Two", mixer=MIXER, **HOW))
    talk.undo()
    live = talk.say("Two", mixer=MIXER, **HOW)
    said = [next(live), next(live)]

    def hiccup(*_):
        raise RuntimeError("a hiccup")

    handle = model.layers[1].register_forward_pre_hook(hiccup)
    with pytest.raises(RuntimeError, match="a hiccup"):
        next(live)
    handle.remove()
    assert spoken(said) == whole[:2]
    again = spoken(talk.say("Three", mixer=MIXER, **HOW))
    # The same without the error: two tokens of the second answer, the last of them not fed yet.
    other = Conversation(model)
    list(other.say("One", mixer=MIXER, **HOW))
    stopped = other.say("Two", mixer=MIXER, **HOW)
    assert [next(stopped), next(stopped)] == said
    stopped.cancel()
    list(stopped)
    assert spoken(other.say("Three", mixer=MIXER, **HOW)) == again


class TestSnapshots:
    """Host memory for snapshots has a limit; what is older is thinned first."""

    def test_the_limit_holds_and_one_in_512_tokens_stays(self):
        model = adopted("lfm2")
        each = model.snapshot_bytes
        assert each == 2 * 64 * 3 * 4, "two convolutions over three tokens, 64 channels, float32"
        model.snapshot_limit = 14 * each
        tape = Tape(model)
        store = SnapshotStore(model.snapshot_limit)
        model.attached[SnapshotStore] = store
        for _ in range(2048 // 64):
            tape.feed([[5] * 64], ["prompt"] * 64, model.planner.plan([Mixer()]))
            assert store.used <= model.snapshot_limit
        kept = [at for at, each in tape.past.snapshots.items() if each.state.layers is not None]
        older = [64, 64 + SPARSE_INTERVAL, 64 + 2 * SPARSE_INTERVAL]
        assert kept == [*older, *range(2048 - 10 * 64, 2049, 64)]

    def test_nothing_is_kept_without_memory_for_it(self):
        model = adopted("lfm2", limit=0)
        live = core.stream(model, PROMPT, **HOW)
        whole = spoken(live)
        assert live.tape.past.snapshots == {}
        live = core.stream(model, PROMPT, **HOW)
        next(live), next(live)
        live.rewind(1)
        list(live)
        assert spoken(live.steps) == whole

    def test_those_of_an_ended_conversation_are_freed(self):
        model = adopted("lfm2")
        live = core.stream(model, PROMPT, **HOW)
        list(live)
        assert model.attached[SnapshotStore].used > 0
        del live
        assert model.attached[SnapshotStore].used == 0

    def test_plain_caches_need_none(self):
        model = adopted("olmo3")
        assert model.snapshot_bytes == 0
        live = core.stream(model, PROMPT, **HOW)
        list(live)
        assert live.tape.past is None
        assert SnapshotStore not in model.attached
