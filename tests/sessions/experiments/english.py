"""A tiny random model that reads English: a byte-level BPE trained on the packs themselves, room for long dialogues."""

from __future__ import annotations

from functools import lru_cache

import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from sessions.experiments.axis_drift import scripts
from sessions.experiments.common.prompts import ENGLISH
from sessions.experiments.distraction import dialogues
from sessions.experiments.honeypot import traps
from tests.core import zoo
from vectors.contrasts.catalogue import contrast

VOCAB, CONTEXT = 1200, 2048


@lru_cache(maxsize=1)
def tokenizer() -> transformers.PreTrainedTokenizerFast:
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    special = ["<|pad|>", "<|im_start|>", "<|im_end|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    bpe.train_from_iterator(_corpus(), trainer)
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        pad_token=special[0],
        bos_token=special[1],
        eos_token=special[2],
        chat_template=zoo.CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
    )


def _corpus() -> list[str]:
    said = [line for lines in ENGLISH.values() for line in lines]
    said += [line for talk in scripts.ENGLISH for line in talk]
    said += [
        text
        for task in dialogues.read_tasks(dialogues.BUILT_IN)
        for text in (task.prompt.text, task.distractor)
    ]
    for setting in traps.read_settings(traps.BUILT_IN):
        said += [setting.task, *setting.files.values(), setting.system]
    pairs = contrast("motivation").pairs
    return said + [str(text) for pair in pairs for text in (pair.positive, pair.negative)]


def model(seed: int = 0) -> transformers.PreTrainedModel:
    config = transformers.LlamaConfig(
        **{**zoo.SHAPE, "vocab_size": VOCAB, "max_position_embeddings": CONTEXT, "num_hidden_layers": 3}
    )
    made = transformers.AutoModelForCausalLM.from_config(config)
    zoo.fill(made, seed)
    return made.eval()
