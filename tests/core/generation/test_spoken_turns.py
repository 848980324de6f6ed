"""Replies stand where the model would say them: seven templates against renderings written by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from core.generation.chat import spoken_turn
from core.generation.token_ids import REWRITTEN, answer_context, prompt_ids
from core.regions.notations import find_notation
from tests.core.regions.test_regions import SPECIAL, byte_tokenizer
from vectors.texts.position_spec import read_positions
from vectors.texts.thinking import thinking_mode
from vectors.texts.tokenized import tokenize_text

MESSAGES = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": " Yes, all right. "}]
LOOP = "{% for m in messages %}"
END = "{% endfor %}{% if add_generation_prompt %}"
QWEN = (
    LOOP + "<|im_start|>{{ m.role }}\n"
    "{% if m.role == 'assistant' %}{% if loop.last %}<think>\n\n</think>\n\n{% endif %}{{ m.content|trim }}"
    "{% else %}{{ m.content }}{% endif %}<|im_end|>\n"
    + END
    + "<|im_start|>assistant\n{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n"
    "{% else %}<think>\n{% endif %}{% endif %}"
)
# The template, the prompt before the reply's own words, and the words as the template writes them.
TEMPLATES = {
    "Qwen": (
        QWEN,
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n",
        "Yes, all right.",
    ),
    "DeepSeek": (
        LOOP + "{% if m.role == 'user' %}<｜User｜>{{ m.content }}{% else %}<｜Assistant｜>"
        "{{ m.content.split('</think>')[-1] }}<｜end▁of▁sentence｜>{% endif %}"
        + END
        + "<｜Assistant｜><think>\n{% endif %}",
        "<｜User｜>Hi<｜Assistant｜>",
        " Yes, all right. ",
    ),
    "gpt-oss": (
        LOOP + "<|start|>{{ m.role }}{% if m.role == 'assistant' %}<|channel|>final{% endif %}<|message|>"
        "{{ m.content }}{% if m.role == 'assistant' and loop.last and not add_generation_prompt %}<|return|>"
        "{% else %}<|end|>{% endif %}" + END + "<|start|>assistant{% endif %}",
        "<|start|>user<|message|>Hi<|end|><|start|>assistant<|channel|>final<|message|>",
        " Yes, all right. ",
    ),
    "Gemma 4": (
        LOOP
        + "<|turn>{{ 'model' if m.role == 'assistant' else m.role }}\n{{ m.content|trim }}<turn|>\n"
        + END
        + "<|turn>model\n{% endif %}",
        "<|turn>user\nHi<turn|>\n<|turn>model\n",
        "Yes, all right.",
    ),
    "Mistral": (
        LOOP
        + "{% if m.role == 'user' %}[INST]{{ m.content }}[/INST]{% else %}{{ m.content }}</s>{% endif %}"
        + END
        + "{% endif %}",
        "[INST]Hi[/INST]",
        " Yes, all right. ",
    ),
    "Seed": (
        LOOP + "<seed:bos>{{ m.role }}\n{{ m.content }}<seed:eos>" + END + "<seed:bos>assistant\n{% endif %}",
        "<seed:bos>user\nHi<seed:eos><seed:bos>assistant\n",
        " Yes, all right. ",
    ),
    "Llama": (
        LOOP + "<h>{{ m.role }}</h>\n\n{{ m.content|trim }}<e>" + END + "<h>assistant</h>\n\n{% endif %}",
        "<h>user</h>\n\nHi<e><h>assistant</h>\n\n",
        "Yes, all right.",
    ),
}
REWRITING = (
    LOOP + "{{ m.role }}: {{ m.content|replace('all right', 'fine') }};" + END + "assistant: {% endif %}"
)


def model_with(name: str, template: str) -> Any:
    tokenizer = byte_tokenizer(SPECIAL.get(name, ""))
    tokenizer.chat_template = template
    return SimpleNamespace(tokenizer=tokenizer, name=name, notation=find_notation(tokenizer))


def text_of(model: Any, ids: list[int] | tuple[int, ...]) -> str:
    return str(model.tokenizer.decode(list(ids)))


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_reply_is_read_in_a_turn_of_its_own(name: str) -> None:
    template, before, words = TEMPLATES[name]
    model = model_with(name, template)
    side = tokenize_text(model, MESSAGES)
    assert side.text == before + words
    own = read_positions("response-mean", side)
    assert isinstance(own, list)
    assert text_of(model, [side.ids[i] for i in own]) == "Yes, all right."
    assert side.note == ""
    assert text_of(model, answer_context(model, MESSAGES[:1])) == before


@pytest.mark.parametrize(("args", "mode"), [({}, "on"), ({"enable_thinking": False}, "off")])
def test_the_answer_s_place_does_not_depend_on_thinking_and_the_mode_is_told(args: dict, mode: str) -> None:
    template, before, _ = TEMPLATES["Qwen"]
    model = model_with("Qwen", template)
    assert text_of(model, answer_context(model, MESSAGES[:1], args)) == before
    asked = text_of(model, prompt_ids(model, MESSAGES[:1], template_args=args))
    assert asked.endswith("<think>\n" if mode == "on" else "</think>\n\n")
    assert thinking_mode(model, args) == mode
    assert thinking_mode(model_with("Llama", TEMPLATES["Llama"][0])) == ""


def test_a_template_that_rewrites_words_is_told() -> None:
    model = model_with("Llama", REWRITING)
    assert spoken_turn(model.tokenizer, MESSAGES) is None
    side = tokenize_text(model, MESSAGES)
    assert side.text == "user: Hi;assistant:  Yes, all right. "
    assert side.note == REWRITTEN
    unchanged = [MESSAGES[0], {"role": "assistant", "content": "Sure."}]
    assert tokenize_text(model, unchanged).note == ""
