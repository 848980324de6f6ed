"""A model that goes certain under steering, and one that is certain anyway; neither of them ever loops.

Every token is followed by the next of 94: the blocks do nothing, and the unembedding of a token is the embedding of the
one before it. In the first model a constant as long as a hundred embeddings stands beside them, so after the last norm
nothing of the token is left and every token is equally likely; a vector that takes the constant away leaves one.
"""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import LlamaForCausalLM

import vectors
from tests.core import zoo
from vectors.data.metadata import About

FIRST, COUNT = 3, 94
"""The ids of the printable ASCII characters: no special token, no other writing system."""
CONSTANT, LOUD = 100.0, 5.0
PLACE = zoo.HIDDEN - 1


def counting_model(*, constant: float) -> LlamaForCausalLM:
    model = zoo.build("llama")
    words = torch.randn(zoo.VOCAB, PLACE, generator=torch.Generator().manual_seed(3))
    words /= words.norm(dim=1, keepdim=True)
    order = [FIRST + number for number in range(COUNT)]
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith(("o_proj.weight", "down_proj.weight")):
                weight.zero_()
            elif weight.dim() == 1:
                weight.fill_(1.0)
        embedding, head = model.get_input_embeddings().weight, model.get_output_embeddings().weight
        embedding[:, :PLACE], embedding[:, PLACE] = words, constant
        head.zero_()
        for token, after in zip(order, [*order[1:], order[0]], strict=True):
            head[after, :PLACE] = LOUD * words[token]
        # Where a prompt ends, counting begins.
        embedding[[token for token in range(zoo.VOCAB) if token not in order], :PLACE] = words[order[0]]
    return model


def save_counting(folder: Path, *, constant: float) -> Path:
    counting_model(constant=constant).save_pretrained(folder)
    zoo.tokenizer().save_pretrained(folder)
    return folder


def against_constant(path: Path, scale: float = 1.0) -> Path:
    """The vector whose suggestion takes the constant away, or that much of it."""
    row = torch.zeros(zoo.HIDDEN)
    row[PLACE] = -1.0
    hint = {"scale": scale, "unit": "relative", "layers": [1], "split": False}
    vectors.SteeringVector({1: row}, about=About(name=path.stem, suggestion=hint)).save(path)
    return path
