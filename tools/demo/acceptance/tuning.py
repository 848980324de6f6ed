"""Effects of fine-tuning on behaviour, activations and weights, and what removing the tuning restores.

Activation shift: s_L = mean(h_tuned − h_base) at the assistant's turn. Weight change: ΔW = W_tuned − W_base = UΣVᵀ
for the matrices that write to the residual stream; |cos(u₁, v̂)| and ‖U₅ᵀv̂‖ are compared with those of a random v̂.
Tuning removal ("lobotomy"): W = W_tuned − λΔW.
"""

from typing import Any

import torch
from torch import Tensor

from core.loading.loading import adopt
from core.model.model import Model
from tools.demo.acceptance.prompt_sets import AcceptancePrompts, chat_prompts
from tools.demo.directions import read_activations
from vectors.statistics.metrics import cosine
from vectors.vector import SteeringVector

COUNT = 200
LAMBDAS = (0.0, 0.5, 1.0)
WRITERS = ("self_attn.o_proj", "mlp.down_proj")
TOP, RANDOM = 5, 2000


def tuned_behaviour(tuned: Model) -> dict[str, float]:
    """Metrics of the tuned assistant, unsteered and without a system prompt."""
    return chat_prompts(tuned, COUNT).figures(tuned).as_dict()


def activation_shift(base: Model, tuned: Model, system: SteeringVector) -> dict[str, Any]:
    """cos(s_L, v̂_L) per layer, and the 95th percentile of |cos| for random directions."""
    asked = chat_prompts(base, COUNT).prompts
    before, after = read_activations(base, asked), read_activations(tuned, asked)
    shift = {layer: (after[layer] - before[layer]).mean(0) for layer in before}
    cosines = {layer: cosine(shift[layer], system.directions[layer]) for layer in shift}
    return {"n": COUNT, "cosine": cosines, "random_p95": _random_cosine(base.hidden_size)}


def weight_shift(base: Model, tuned: Model, system: SteeringVector) -> dict[str, Any]:
    """Per writing matrix: alignment of ΔW's leading output directions with the system-prompt vector."""
    return {
        writer: {
            layer: _leading_alignment(
                _matrix(tuned, layer, writer) - _matrix(base, layer, writer), system.directions[layer]
            )
            for layer in range(base.n_layers)
        }
        for writer in WRITERS
    } | {"random": _random_leading(base.hidden_size)}


def measure_tuning_removal(base: Model, tuned: Model) -> dict[str, dict[str, float]]:
    """Behaviour and KL(base ‖ model) on the same prompts, for each share λ of the tuning that is removed."""
    return {str(amount): _behaviour_without(base, tuned, amount) for amount in LAMBDAS}


def _behaviour_without(base: Model, tuned: Model, amount: float) -> dict[str, float]:
    ours, theirs = base.hf.state_dict(), tuned.hf.state_dict()
    hf = type(base.hf)(base.hf.config)
    hf.load_state_dict({name: theirs[name] - amount * (theirs[name] - ours[name]) for name in ours})
    model = adopt(hf, base.tokenizer, f"lobotomy {amount:g}")
    asked = chat_prompts(model, COUNT)
    said = asked.figures(model)
    return {
        "determined": said.determined,
        "question": said.question,
        "kl_to_base": _kl_to_base(base, model, asked),
    }


@torch.inference_mode()
def _kl_to_base(base: Model, model: Model, asked: AcceptancePrompts) -> float:
    """Mean KL(base ‖ model) of the first token of the answer, in nats."""
    total = 0.0
    for prompt in asked.prompts:
        ours, theirs = (
            m.hf(input_ids=torch.tensor([prompt])).logits[0, -1].log_softmax(-1) for m in (base, model)
        )
        total += (ours.exp() * (ours - theirs)).sum().item()
    return total / len(asked.prompts)


def _matrix(model: Model, layer: int, writer: str) -> Tensor:
    module: Any = model.layers[layer].get_submodule(writer)
    weight: Tensor = module.weight
    return weight.detach().float()


def _leading_alignment(change: Tensor, direction: Tensor) -> dict[str, float]:
    left, values, _ = torch.linalg.svd(change, full_matrices=False)
    return {
        "top1": (left[:, 0] @ direction).abs().item(),
        "top5": (left[:, :TOP].T @ direction).norm().item(),
        "share1": (values[0] ** 2 / (values**2).sum()).item(),
    }


def _random_units(size: int) -> Tensor:
    drawn = torch.randn(RANDOM, size, generator=torch.Generator().manual_seed(0))
    return drawn / drawn.norm(dim=1, keepdim=True)


def _random_cosine(size: int) -> float:
    return _random_units(size)[:, 0].abs().quantile(0.95).item()


def _random_leading(size: int) -> dict[str, float]:
    units = _random_units(size)
    return {
        "top1_p95": units[:, 0].abs().quantile(0.95).item(),
        "top5_p95": units[:, :TOP].norm(dim=1).quantile(0.95).item(),
    }
