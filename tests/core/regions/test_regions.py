"""Seven dialogues in six notations, labelled by hand: where every token stands while it is streamed."""

from __future__ import annotations

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from core.regions.notations import NOTATIONS, find_notation, read_template
from core.regions.region_reader import RegionReader, token_region

SPECIAL = {
    "Qwen": "<|im_start|> <|im_end|> <think> </think> <tool_call> </tool_call>",
    "Gemma 4": "<|turn> <turn|> <|channel> <channel|> <|tool_call> <tool_call|> <|tool_response> <tool_response|>",
    "gpt-oss": "<|start|> <|end|> <|message|> <|channel|> <|call|> <|return|>",
    "Mistral": "[INST] [/INST] [THINK] [/THINK] [TOOL_CALLS] [ARGS] </s>",
    "DeepSeek": "<｜User｜> <｜Assistant｜> <think> </think> <｜end▁of▁sentence｜> <｜tool▁calls▁begin｜>"
    " <｜tool▁calls▁end｜>",
    "Seed": "<seed:bos> <seed:eos> <seed:think> </seed:think> <seed:tool_call> </seed:tool_call>",
}
# Prompt, then pieces of the answer: T thought, C tool call, A answer; marks belong to what they mark.
DIALOGUES = {
    "Qwen, thinks itself": (
        "Qwen",
        "<|im_start|>user\nWhat is <think> for?<|im_end|>\n<|im_start|>assistant\n",
        [
            ("T", "<think>\nA mark. Ω</think>"),
            ("A", "\n\nFor thoughts."),
            ("C", '<tool_call>\n{"name": "look"}\n</tool_call>'),
            ("A", "<|im_end|>"),
        ],
    ),
    "Qwen, the template opens the thought": (
        "Qwen",
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\n",
        [("T", "He greets.\n</think>"), ("A", "\n\nHello <tool>!<|im_end|>")],
    ),
    "Gemma 4": (
        "Gemma 4",
        "<|turn>user\nHi<turn|>\n<|turn>model\n",
        [
            ("T", "<|channel>thought\nHe greets.<channel|>"),
            ("C", "<|tool_call>call:look{at:3}<tool_call|>"),
            ("A", "Hello.<turn|>"),
        ],
    ),
    "gpt-oss": (
        "gpt-oss",
        "<|start|>user<|message|>Hi<|end|><|start|>assistant",
        [
            # The channel's name decides, so its opening mark alone is still answer.
            ("A", "<|channel|>analysi"),
            ("T", "s<|message|>He greets.<|end|>"),
            ("A", "<|start|>assistant<|channel|>commentary to"),
            ("C", '=functions.look<|message|>{"at": 3}<|call|>'),
        ],
    ),
    "Mistral": (
        "Mistral",
        "<s>[INST]Hi[/INST]",
        [
            ("T", "[THINK]He greets.[/THINK]"),
            ("A", "Hello."),
            ("C", '[TOOL_CALLS]look[ARGS]{"at": 3}</s>'),
        ],
    ),
    "DeepSeek R1": (
        "DeepSeek",
        "<｜User｜>Hi<｜Assistant｜><think>\n",
        [("T", "He greets.\n</think>"), ("A", "Hello.<｜end▁of▁sentence｜>")],
    ),
    "Seed": (
        "Seed",
        "<seed:bos>user\nHi<seed:eos><seed:bos>assistant\n",
        [
            ("T", "<seed:think>He greets.</seed:think>"),
            ("A", "Hello."),
            ("C", "<seed:tool_call><function=look></function></seed:tool_call>"),
            ("A", "<seed:eos>"),
        ],
    ),
}
NAMES = {"T": "thinking", "C": "tool", "A": "answer"}
EVERY = pytest.mark.parametrize("name", DIALOGUES)


def byte_tokenizer(special: str) -> PreTrainedTokenizerFast:
    """One token for every byte, and one for every mark."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    raw = Tokenizer(models.BPE({sign: n for n, sign in enumerate(alphabet)}, []))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    made = PreTrainedTokenizerFast(tokenizer_object=raw, clean_up_tokenization_spaces=False)
    made.add_special_tokens({"additional_special_tokens": special.split()})
    return made


def labelled(name: str) -> tuple[RegionReader, list[int], list[int], list[str]]:
    """A reader, the prompt's ids, the answer's ids, and the label of each of these."""
    notation, prompt, pieces = DIALOGUES[name]
    tokenizer = byte_tokenizer(SPECIAL[notation])

    def encode(text: str) -> list[int]:
        return list(tokenizer(text, add_special_tokens=False)["input_ids"])

    ids, labels = [], []
    for label, text in pieces:
        ids += encode(text)
        labels += [NAMES[label]] * (len(ids) - len(labels))
    return RegionReader(find_notation(tokenizer), tokenizer), encode(prompt), ids, labels


def streamed(reader: RegionReader, ids: list[int]) -> list[str]:
    found = []
    for token in ids:
        before = reader.region
        found.append(token_region(before, reader.feed(token)))
    return found


@EVERY
def test_every_token_is_right_while_it_is_streamed(name: str) -> None:
    reader, prompt, ids, labels = labelled(name)
    reader.begin(prompt)
    assert streamed(reader, ids) == labels


@EVERY
def test_after_a_rewind_to_any_token_the_rest_is_right(name: str) -> None:
    reader, prompt, ids, labels = labelled(name)
    for kept in range(len(ids)):
        reader.begin([*prompt, *ids[:kept]])
        assert streamed(reader, ids[kept:]) == labels[kept:]


def test_what_marks_nothing_is_answer() -> None:
    tokenizer = byte_tokenizer("<|im_start|>")
    assert find_notation(tokenizer) is None
    assert find_notation(None) is None
    reader = RegionReader(None, tokenizer)
    assert [reader.begin([3, 4]), reader.feed(5)] == ["answer", "answer"]


def test_only_regions_that_the_vocabulary_can_mark_are_known() -> None:
    found = find_notation(byte_tokenizer("<|im_start|> <tool_call> </tool_call>"))
    assert found is not None
    assert list(found.regions) == ["tool"]


def test_a_tokenizer_s_own_template_counts_where_it_is_literal() -> None:
    def template(**tool: str) -> dict:
        fields = {"reasoning_content": {"open": "{{", "close": "}}"}, "tool_calls": tool, "content": {}}
        return {"start_anchor": "A:", "fields": fields}

    tokenizer = byte_tokenizer(SPECIAL["Qwen"])
    tokenizer.response_template = template(open="[[", close="]]")
    own = find_notation(tokenizer)
    assert own is not None
    assert own.regions["tool"].opens == ("[[",)
    reader = RegionReader(own, tokenizer)
    ids = tokenizer("A:{{so}}ok[[x]]")["input_ids"]
    assert reader.begin(ids[:2]) == "answer"
    assert streamed(reader, ids[2:]) == ["answer", *["thinking"] * 5, *["answer"] * 3, *["tool"] * 4]
    # A pattern would call the first token of a region answer.
    tokenizer.response_template = template(open_pattern=r"\s*<tool_call>", close="</tool_call>")
    found = find_notation(tokenizer)
    assert found is not None
    assert found.regions == NOTATIONS["Qwen"].regions
    assert read_template(None) == (None, False)
