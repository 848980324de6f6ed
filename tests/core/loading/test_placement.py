"""Plans live where their layers run, even when the parameters are parked elsewhere."""

import pytest
import torch
from accelerate import cpu_offload

import core
from core.mixer.mixer import Channel, Mixer
from core.steering.layer_plan import LayerPlan
from tests.core import reference, zoo
from tests.core.reference import touch, vector

V, W, U = (vector(i) for i in range(3))
DESK = Mixer(
    (
        Channel(V, 4.0, "unit", layers=[0, 1]),
        Channel(W, -1.0, "unit", layers=[2], floor=-0.5, ceiling=0.5),
        Channel(U, 0.3, layers=[2, 3], gain=0.0, half_life=5.0, scope="response"),
    ),
    keep_norm=True,
)


@pytest.fixture
def spy(monkeypatch):
    """Every tensor of a plan that steers is compared with the hook's input."""
    seen, steer = [], LayerPlan.steer

    def watching(plan, layer, hidden, readings):
        tensors = [x for x in (plan.push, plan.rows, plan.meter_rows) if x is not None]
        seen.extend((layer, tensor.device, hidden.device) for tensor in tensors)
        return steer(plan, layer, hidden, readings)

    monkeypatch.setattr(LayerPlan, "steer", watching)
    return seen


@pytest.mark.parametrize("name", ["llama", "gpt2", "falcon"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["fp32", "bf16"])
def test_a_model_under_cpu_offload_is_steered_like_any_other(name, dtype, spy):
    hf = zoo.build(name, dtype=dtype)
    cpu_offload(hf, execution_device=torch.device("cpu"))
    assert all(p.is_meta for p in hf.parameters())
    runs = []
    for model in (core.adopt(hf, zoo.tokenizer()), reference.model(name, dtype)):
        live = core.stream(
            model, zoo.ids(1, 8)[0].tolist(), mixer=DESK, max_new_tokens=6, ignore_end=True, shadow="forced"
        )
        next(live)
        live.mixer = live.mixer.flip(0)
        list(live)
        runs.append([(s.token_id, s.logprob, s.forced[1].kl) for s in live.steps])
    assert runs[0] == runs[1]
    assert {layer for layer, _, _ in spy} == {0, 1, 2, 3}
    assert all(tensor == hidden for _, tensor, hidden in spy)


def test_an_offloaded_model_equals_naive_hooks():
    hf = zoo.build("llama")
    cpu_offload(hf, execution_device=torch.device("cpu"))
    model, ids = core.adopt(hf), zoo.ids(1, 8)
    mixer = Mixer((Channel(V, 4.0, "unit", layers=[1]), Channel(W, 0.0, layers=[2], ceiling=-1.0)))
    touches = {1: [touch(V, 1, push=4.0)], 2: [touch(W, 2, ceiling=-1.0)]}
    wanted = reference.logits(
        reference.copy(), ids[0].tolist(), reference.always(lambda layer: touches.get(layer, []))
    )
    with torch.no_grad(), core.steered(model, mixer):
        torch.testing.assert_close(model.hf(ids).logits[0], wanted, atol=1e-3, rtol=1e-3)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_nothing_of_a_plan_stays_behind(spy):
    model = core.adopt(zoo.build("llama").cuda(), zoo.tokenizer())
    live = core.stream(model, zoo.ids(1, 8)[0].tolist(), mixer=DESK, max_new_tokens=6, ignore_end=True)
    here = core.stream(
        reference.model(), zoo.ids(1, 8)[0].tolist(), mixer=DESK, max_new_tokens=6, ignore_end=True
    )
    assert [s.token_id for s in live] == [s.token_id for s in here]
    assert all(tensor == hidden for _, tensor, hidden in spy)
