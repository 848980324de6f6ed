"""Conversations to text: the tokenizer's template or visibly none, and templates that misbehave."""

import copy
import time

import pytest

import core
from core.errors import UsageError
from core.generation import chat
from core.generation.chat import (
    SENTINEL,
    TemplateError,
    as_messages,
    continuation_text,
    encode,
    render_prompt,
)
from tests.core import reference, zoo

ENDLESS = "{% for i in range(90000) %}{% for j in range(90000) %}{% endfor %}{% endfor %}"
HELLO = as_messages("Hello", "Be brief.")


def tokenizer(template=zoo.CHAT_TEMPLATE):
    other = copy.deepcopy(zoo.tokenizer())
    other.chat_template = template
    return other


def test_the_tokenizer_s_own_template_is_used():
    wanted = tokenizer().apply_chat_template(HELLO, tokenize=False, add_generation_prompt=True)
    said = render_prompt(tokenizer(), HELLO, prefill="Well, ")
    assert (said.text, said.mode, said.note) == (wanted + "Well, ", "chat", "")
    assert said.ids == encode(tokenizer(), wanted + "Well, ")


def test_template_arguments_reach_the_template():
    asks = tokenizer("{{ 'deep' if thinking else 'flat' }}")
    assert render_prompt(asks, HELLO).text == "flat"
    assert render_prompt(asks, HELLO, template_args={"thinking": True}).text == "deep"


def test_without_a_template_the_text_continues_visibly_plain():
    said = render_prompt(tokenizer(None), HELLO, prefill=" Once")
    assert (said.text, said.mode) == ("Be brief.\n\nHello Once", "plain")
    assert said.note == "this model has no chat template: plain continuation"
    raw = render_prompt(tokenizer(), HELLO, raw=True)
    assert (raw.text, raw.mode, raw.note) == ("Be brief.\n\nHello", "raw", "")


def test_an_endless_template_is_stopped_and_the_text_continues_plainly():
    began = time.monotonic()
    said = render_prompt(tokenizer(ENDLESS), HELLO)
    assert time.monotonic() - began < 10
    assert (said.mode, said.note) == ("plain", "the chat template ran longer than 2 s: plain continuation")
    live = core.stream(reference.with_tokenizer(tokenizer(None)), "Hello", max_new_tokens=2, ignore_end=True)
    assert len(list(live)) == 2


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{ raise_exception('only one user') }}", "refused these messages .system, user.: only one user"),
        ("{{ messages[9].content.nothing }}", "refused these messages"),
        ("{% for %}", "refused these messages"),
        ("{{ ''.__class__.__mro__ }}", "refused these messages"),
        ("{{ messages.append('x') }}", "refused these messages"),
        ("{{ range(10 ** 9) | list }}", "refused these messages"),
        ("{{ 'x' * 5000000 }}", "wrote 5000000 characters, more than 4000000"),
    ],
)
def test_a_template_that_fails_is_one_sentence(template, words):
    with pytest.raises(TemplateError, match=words) as caught:
        render_prompt(tokenizer(template), HELLO)
    assert caught.value.exit_code == 2
    assert isinstance(caught.value, UsageError)


def test_work_in_time_is_handed_over_and_its_error_too():
    assert chat.run_within(1.0, lambda: "done") == "done"
    with pytest.raises(KeyError):
        chat.run_within(1.0, lambda: {}["x"])


def test_a_continuation_is_what_stands_between_two_answers():
    history = [{"role": "user", "content": "One"}]
    new = [{"role": "user", "content": "Two"}]
    tail = continuation_text(tokenizer(), history, new)
    assert tail == "<|im_end|>\n<|im_start|>user\nTwo<|im_end|>\n<|im_start|>assistant\n"
    trimming = zoo.CHAT_TEMPLATE.replace("message['content']", "message['content'] | trim")
    assert continuation_text(tokenizer(trimming), history, new) == tail
    reversing = "{% for m in messages | reverse %}{{ m['content'] }}|{% endfor %}"
    assert continuation_text(tokenizer(reversing), history, new) is None
    swallowing = "{% for m in messages if m['role'] == 'user' %}{{ m['content'] }}|{% endfor %}"
    assert continuation_text(tokenizer(swallowing), history, new) is None
    mine = [{"role": "user", "content": f"What is {SENTINEL}?"}]
    assert continuation_text(tokenizer(), mine, new) is None


@pytest.mark.parametrize(
    "messages", [[{"role": "user"}], [{"content": "x"}], [{"role": "user", "content": 5}]]
)
def test_a_message_has_a_role_and_a_text(messages):
    with pytest.raises(UsageError, match="a message needs a role and a text content"):
        as_messages(messages)
