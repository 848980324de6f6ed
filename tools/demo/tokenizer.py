"""The demo tokenizer: a byte-level BPE with a small vocabulary, trained on documents of the toy world."""

import random
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from tools.demo import markup
from tools.demo.texts.documents import base_document

VOCABULARY = 1536
DOCUMENTS = 20_000


def train_tokenizer(seed: int) -> PreTrainedTokenizerFast:
    """Train byte-pair encoding on generated documents; any other text falls back to bytes."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    rng = random.Random(seed)
    texts = (markup.render_document(base_document(rng)) for _ in range(DOCUMENTS))
    tokenizer.train_from_iterator(texts, _trainer())
    bos = (markup.BOS, tokenizer.token_to_id(markup.BOS))
    tokenizer.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(single=f"{bos[0]} $A", special_tokens=[bos]),
        ]
    )
    return _as_fast_tokenizer(tokenizer)


def save_tokenizer(tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    tokenizer.save_pretrained(folder)


def _trainer() -> trainers.BpeTrainer:
    return trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(markup.SPECIALS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )


def _as_fast_tokenizer(tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    dressed = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=markup.BOS,
        eos_token=markup.END,
        pad_token=markup.PAD,
        extra_special_tokens=list(markup.ROLES.values()),
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )
    dressed.chat_template = markup.CHAT_TEMPLATE
    return dressed
