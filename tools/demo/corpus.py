"""Rows of tokens for training: documents generated on the fly and packed one after the other, nothing stored."""

import random
from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from tools.demo import markup
from tools.demo.texts.documents import TrainingDocument

CHUNK = 256  # documents tokenised at once

Writer = Callable[[random.Random], TrainingDocument]


def token_stream(tokenizer: PreTrainedTokenizerBase, write: Writer, seed: int) -> Iterator[int]:
    """An endless stream of token ids of generated documents."""
    rng = random.Random(seed)
    while True:
        texts = [markup.render_document(write(rng)) for _ in range(CHUNK)]
        for ids in tokenizer(texts, add_special_tokens=False)["input_ids"]:
            yield from ids


def next_batch(stream: Iterator[int], rows: int, length: int) -> Tensor:
    """The next `rows` rows of `length` tokens."""
    return torch.tensor([next(stream) for _ in range(rows * length)]).view(rows, length)
