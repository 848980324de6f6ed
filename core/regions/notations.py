"""How models mark thoughts and tool calls in their answers, as a table; a new notation is one more entry.

Marks that are literal are known with their last token. transformers' own templates give some marks as patterns,
which wait for one character more, so that the first token of a region would be read as answer; such a template is
replaced by the table's entry.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

THINKING, TOOL, ANSWER = "thinking", "tool", "answer"
THOUGHT_BUDGET = "thought budget"
"""The source of an insertion that closes a thought at its budget."""


@dataclass(frozen=True)
class RegionMarks:
    """The texts that open and close a region; `tokens` are the entries of the vocabulary that they are known by."""

    opens: tuple[str, ...]
    closes: tuple[str, ...]
    tokens: tuple[str, ...] = ()


@dataclass(frozen=True)
class Notation:
    """The marks of one family; `anchors` are the texts after which an assistant's turn begins.

    `by_id` are the marks that are one token of a vocabulary, by its id.
    """

    anchors: tuple[str, ...]
    regions: Mapping[str, RegionMarks]
    tokens: tuple[str, ...] = ()
    by_id: Mapping[int, str] = field(default_factory=dict)

    @property
    def literals(self) -> tuple[str, ...]:
        marks = (text for each in self.regions.values() for text in (*each.opens, *each.closes, *each.tokens))
        return (*self.anchors, *marks, *self.tokens)

    def shown_marks(self, tokenizer: Any) -> frozenset[int]:
        """The marks that are part of an answer's text, though they may be special tokens; not the end token."""
        return frozenset(self.by_id) - {getattr(tokenizer, "eos_token_id", None)}

    def as_template(self) -> dict[str, Any]:
        """As transformers' response parser takes it; text outside of all marks is the answer."""
        fields = {
            name: {"open": list(marks.opens), "close": list(marks.closes)}
            for name, marks in self.regions.items()
        }
        return {"defaults": {}, "start_anchor": list(self.anchors), "fields": {**fields, ANSWER: {}}}


def _marks(opens: str, closes: str) -> RegionMarks:
    return RegionMarks((opens,), (closes,), (opens, closes))


_THINK = _marks("<think>", "</think>")
_TOOL_CALL = _marks("<tool_call>", "</tool_call>")

NOTATIONS: Mapping[str, Notation] = {
    "Gemma 4": Notation(
        ("<|turn>model\n", "<tool_response|>"),
        {THINKING: _marks("<|channel>", "<channel|>"), TOOL: _marks("<|tool_call>", "<tool_call|>")},
        ("<|turn>",),
    ),
    "gpt-oss": Notation(
        ("<|start|>assistant",),
        {
            THINKING: RegionMarks(("<|channel|>analysis",), ("<|end|>",), ("<|channel|>", "<|end|>")),
            # The recipient of a call stands behind the channel, or behind the role.
            TOOL: RegionMarks(
                ("<|channel|>commentary to=", " to=functions."), ("<|call|>", "<|end|>"), ("<|call|>",)
            ),
        },
        ("<|start|>", "<|message|>"),
    ),
    "Mistral": Notation(
        ("[/INST]",),
        {
            THINKING: _marks("[THINK]", "[/THINK]"),
            TOOL: RegionMarks(("[TOOL_CALLS]",), ("</s>",), ("[TOOL_CALLS]",)),
        },
        ("[/INST]",),
    ),
    "DeepSeek": Notation(
        ("<｜Assistant｜>",),
        {THINKING: _THINK, TOOL: _marks("<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>")},
        ("<｜Assistant｜>",),
    ),
    "Seed": Notation(
        ("<seed:bos>assistant\n",),
        {
            THINKING: _marks("<seed:think>", "</seed:think>"),
            TOOL: _marks("<seed:tool_call>", "</seed:tool_call>"),
        },
        ("<seed:bos>",),
    ),
    "Qwen": Notation(("<|im_start|>assistant\n",), {THINKING: _THINK, TOOL: _TOOL_CALL}, ("<|im_start|>",)),
    # Families with a turn of their own that borrow the marks.
    "think tags": Notation(
        ("<|assistant|>", "<|im_assistant|>assistant<|im_middle|>", "<|im_start|>assistant<|im_sep|>"),
        {THINKING: _THINK, TOOL: _TOOL_CALL},
    ),
    "thinking tags": Notation(
        ("<|im_start|>assistant\n",), {THINKING: _marks("<thinking>", "</thinking>"), TOOL: _TOOL_CALL}
    ),
    "begin of thought": Notation(
        ("<|im_start|>assistant\n",), {THINKING: _marks("<|begin_of_thought|>", "<|end_of_thought|>")}
    ),
}


def find_notation(tokenizer: Any) -> Notation | None:
    """The tokenizer's own notation where it is literal, else the table's entry whose marks its vocabulary holds.

    None where neither marks anything.
    """
    known: dict[str, int] = getattr(tokenizer, "get_vocab", dict)()
    own, is_whole = read_template(getattr(tokenizer, "response_template", None))
    found = own if own and is_whole else next(_fitting(known), own)
    if found is None:
        return None
    return replace(found, by_id={known[text]: text for text in found.literals if text in known})


def _fitting(known: Mapping[str, int]) -> Iterator[Notation]:
    """The entries whose marks are in a vocabulary, with the regions that it has marks for."""
    for entry in NOTATIONS.values():
        regions = {name: marks for name, marks in entry.regions.items() if _holds(known, marks.tokens)}
        if regions and _holds(known, entry.tokens):
            yield replace(entry, regions=regions)


def _holds(known: Mapping[str, int], tokens: tuple[str, ...]) -> bool:
    return all(token in known for token in tokens)


def read_template(template: Any) -> tuple[Notation | None, bool]:
    """The notation of a tokenizer's own response template, and whether nothing in it was a pattern."""
    fields = template.get("fields") if isinstance(template, Mapping) else None
    if not isinstance(fields, Mapping):
        return None, False
    regions: dict[str, RegionMarks] = {}
    is_whole = "start_anchor" in template
    for name, given in fields.items():
        region = _region_of_field(str(name))
        # The field without an opening mark is the answer.
        if region is None or not ("open" in given or "open_pattern" in given):
            continue
        if "open" in given and "close" in given:
            regions[region] = RegionMarks(_texts(given["open"]), _texts(given["close"]))
        else:
            is_whole = False
    anchors = _texts(template.get("start_anchor", ()))
    return (Notation(anchors, regions) if anchors and regions else None), is_whole


def _region_of_field(name: str) -> str | None:
    """The region that a field of a response template stands for: their names differ between tokenizers."""
    if "think" in name or "reason" in name:
        return THINKING
    return TOOL if "tool" in name else None


def _texts(given: Any) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(map(str, given))
