"""Every architecture under our hooks: untouched when bypassed, and otherwise what naive hooks on a copy would do."""

import pytest
import torch

import core
from core.mixer.mixer import Channel, Mixer
from core.model.cache import Tape
from tests.core import reference, zoo
from tests.core.reference import touch, vector

ALL = list(zoo.ARCHITECTURES)
BOTH = pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["fp32", "bf16"])
EVERY = pytest.mark.parametrize("name", ALL)
V, W, U = (vector(i) for i in range(3))

# An add alone, add and cap and gain together, a cap on the last block.
DESK = Mixer(
    (
        Channel(V, 2.0, "unit", layers=[1, 2]),
        Channel(W, -1.0, "unit", layers=[2, 3], floor=-0.5, ceiling=0.5),
        Channel(U, 0.0, "unit", layers=[2], gain=0.0),
    )
)


def desk(layer, sign=1.0):
    """The same in R^d."""
    by_layer = {
        1: [touch(V, 1, push=2.0)],
        2: [
            touch(V, 2, push=2.0),
            touch(W, 2, push=-1.0, floor=-0.5, ceiling=0.5),
            touch(U, 2, gain=0.0),
        ],
        3: [touch(W, 3, push=-1.0, floor=-0.5, ceiling=0.5)],
    }
    return [t._replace(push=sign * t.push) for t in by_layer.get(layer, [])]


def close(got, wanted, dtype=torch.float32):
    """fp32: 2·10⁻⁴ of the spread of the logits. bf16 keeps 8 bits per block: the mean error under 3 % of the spread."""
    spread, error = wanted.float().std(), (got.float() - wanted.float()).abs()
    assert spread > 0.1
    if dtype == torch.float32:
        assert error.max() <= 2e-4 * spread
    else:
        assert error.mean() <= 0.03 * spread


@BOTH
@EVERY
def test_bypass_is_bit_identical_at_prefill_and_at_every_step(name, dtype):
    """In equal batch shape; a bypassed mixer, a neutral one and none at all."""
    model, plain = reference.model(name, dtype), reference.copy(name, dtype)
    neutral = Mixer((Channel(V, 0.0, floor=-1e9, ceiling=1e9), Channel(W, 0.0, gain=1.0)))
    prompt = zoo.ids(2, 9)
    with torch.no_grad():
        wanted = plain(prompt).logits
        for mixer in (DESK.bypass(), neutral, Mixer()):
            with core.steered(model, mixer):
                assert torch.equal(model.hf(prompt).logits, wanted)
        tape, theirs = Tape(model, 2), Tape(model, 2).cache
        plan = model.planner.plan([DESK.bypass()] * 2, {0: [1, 2]})
        for ids in (prompt, zoo.ids(2, 1, seed=1), zoo.ids(2, 1, seed=2)):
            ours = tape.feed(ids.tolist(), ["answer"] * ids.shape[1], plan, [])
            out = plain(ids, past_key_values=theirs, use_cache=True, **tape.last_only)
            assert torch.equal(ours, out.logits[:, -1].float())


@BOTH
@EVERY
def test_steered_logits_equal_naive_hooks(name, dtype):
    model, ids = reference.model(name, dtype), zoo.ids(1, 10)
    wanted = reference.logits(
        reference.copy(name, dtype), ids[0].tolist(), reference.always(desk), reference.path(name)
    )
    with torch.no_grad(), core.steered(model, DESK):
        got = model.hf(ids).logits[0]
    close(got, wanted, dtype)
    with torch.no_grad():
        assert (model.hf(ids).logits[0].float() - wanted).abs().max() > 0.2 * wanted.std()


@EVERY
def test_cached_steps_equal_one_uncached_forward(name):
    model, ids = reference.model(name), zoo.ids(1, 12)[0].tolist()
    wanted = reference.logits(reference.copy(name), ids, reference.always(desk), reference.path(name))
    tape, plan = Tape(model), model.planner.plan([DESK])
    got = [tape.feed([ids[:5]], ["prompt"] * 5, plan)[0]]
    got += [tape.feed([[token]], ["answer"], plan)[0] for token in ids[5:]]
    close(torch.stack(got), wanted[4:])


@EVERY
@pytest.mark.parametrize("side", ["left", "right"])
def test_batched_equals_unbatched_under_padding(name, side):
    model = reference.model(name)
    texts = [zoo.ids(1, 9)[0], zoo.ids(1, 5, seed=3)[0]]
    ids, mask = torch.zeros(2, 9, dtype=torch.long), torch.zeros(2, 9, dtype=torch.long)
    places = [slice(9 - len(t), 9) if side == "left" else slice(0, len(t)) for t in texts]
    for row, (text, place) in enumerate(zip(texts, places, strict=True)):
        ids[row, place], mask[row, place] = text, 1
    extra = {} if name in ("bloom", "opt") else {"position_ids": (mask.cumsum(-1) - 1).clamp(min=0)}
    with torch.no_grad(), core.steered(model, DESK):
        together = model.hf(ids, attention_mask=mask, **extra).logits
        for row, (text, place) in enumerate(zip(texts, places, strict=True)):
            close(together[row, place], model.hf(text[None]).logits[0])


def test_generate_is_steered_inside_and_nowhere_else():
    model, ids = reference.model(), zoo.ids(1, 6)
    settings = {"max_new_tokens": 8, "do_sample": False, "eos_token_id": None, "pad_token_id": 0}
    plain = reference.copy().generate(ids, **settings)
    with core.steered(model, DESK):
        steered = model.hf.generate(ids, **settings)
    assert torch.equal(model.hf.generate(ids, **settings), plain)
    assert not torch.equal(steered, plain)
    grown = ids[0].tolist()
    for token in steered[0, 6:].tolist():
        logits = reference.logits(reference.copy(), grown, reference.always(desk))
        assert logits[-1].argmax() == token
        grown.append(token)


def test_a_forward_that_keeps_gradients_is_steered_all_the_same():
    """The way the contract shows it: no `torch.no_grad` around."""
    model, ids = reference.model(), zoo.ids(1, 6)
    with torch.no_grad(), core.steered(model, DESK):
        wanted = model.hf(ids).logits
    with core.steered(model, DESK):
        assert torch.equal(model.hf(ids).logits, wanted)
        assert torch.isfinite(model.hf(ids[:, :1]).logits).all()


def test_scopes_of_a_single_forward():
    """The last prompt position produces the first generated token and counts as generated."""
    model, ids = reference.model(), zoo.ids(1, 6)
    for scope, hears in (("prompt", lambda p: p < 5), ("response", lambda p: p == 5)):
        mixer = Mixer((Channel(V, 2.0, "unit", layers=[1], scope=scope),))
        wanted = reference.logits(
            reference.copy(),
            ids[0].tolist(),
            lambda layer, p, hears=hears: ([touch(V, 1, push=2.0)] if layer == 1 and hears(p) else [], False),
        )
        with torch.no_grad(), core.steered(model, mixer):
            close(model.hf(ids).logits[0], wanted)


def test_the_norm_of_every_token_is_kept():
    model, ids = reference.model(), zoo.ids(1, 6)
    mixer = Mixer((Channel(V, 20.0, "unit", layers=[2]),), keep_norm=True)
    wanted = reference.logits(
        reference.copy(),
        ids[0].tolist(),
        reference.always(lambda layer: [touch(V, 2, push=20.0)] if layer == 2 else [], keep_norm=True),
    )
    with torch.no_grad(), core.steered(model, mixer):
        close(model.hf(ids).logits[0], wanted)


def test_a_tap_sees_what_the_next_block_gets():
    model, ids, seen = reference.model(), zoo.ids(1, 6), {}
    arrived = {}
    handle = model.layers[3].register_forward_pre_hook(lambda _m, args: arrived.update({2: args[0]}))
    with torch.no_grad(), core.steered(model, DESK), model.steering.hooking_outputs([2], seen.__setitem__):
        model.hf(ids)
    handle.remove()
    assert torch.equal(seen[2], arrived[2])


def test_an_exception_inside_leaves_nothing_steered():
    model, ids = reference.model(), zoo.ids(1, 6)
    with pytest.raises(ValueError, match="mine"), core.steered(model, DESK):
        raise ValueError("mine")
    with torch.no_grad():
        assert torch.equal(model.hf(ids).logits, reference.copy()(ids).logits)


def test_two_steerings_nest():
    model, ids = reference.model(), zoo.ids(1, 6)
    with torch.no_grad(), core.steered(model, DESK):
        outer = model.hf(ids).logits
        with core.steered(model, Mixer()):
            assert torch.equal(model.hf(ids).logits, reference.copy()(ids).logits)
        assert torch.equal(model.hf(ids).logits, outer)
