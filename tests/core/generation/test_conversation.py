"""Several turns on one tape: the ids in the cache are the truth, and every family of template finds its next turn."""

import copy

import pytest

import core
from core.errors import SteerError, UsageError
from core.generation.chat import render_prompt
from core.generation.conversation import Conversation
from core.mixer.mixer import Channel, Mixer
from tests.core import reference, zoo
from tests.core.reference import check, nothing, touch, vector

V = vector(0)
SCALE = 6.0
MIXER = Mixer((Channel(V, SCALE, "unit", layers=[1, 2]),))

BODY = "<|im_start|>{role}\n{content}<|im_end|>\n"
FAMILIES = {
    "chatml": zoo.CHAT_TEMPLATE,
    "trimming": zoo.CHAT_TEMPLATE.replace("message['content']", "message['content'] | trim"),
    "think-stripping": zoo.CHAT_TEMPLATE.replace(
        "message['content']",
        "(message['content'].split('</think>')[-1] if message['role'] == 'assistant' else message['content'])",
    ),
    "space-inserting": (
        "{% for message in messages %}{{ message['role'] + ': ' + message['content'] + '\n' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}"
    ),
    "block-moving": (
        "{% for message in messages %}"
        "{% if loop.last or (loop.revindex == 1) %}{{ '[tools]\n' }}{% endif %}"
        "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
        "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
    ),
    "none": None,
}
KEEPS = [name for name in FAMILIES if name != "block-moving"]


def model(template="chatml"):
    """The resident tiny model with a tokenizer of its own, so that its template can be another one."""
    tokenizer = copy.deepcopy(zoo.tokenizer())
    tokenizer.chat_template = FAMILIES.get(template, template)
    return reference.with_tokenizer(tokenizer)


def always(layer):
    return [touch(V, layer, push=SCALE)] if layer in (1, 2) else []


STEERED = reference.always(always)


def say(talk, text, n=5, **settings):
    live = talk.say(text, max_new_tokens=n, ignore_end=True, **settings)
    list(live)
    return live


@pytest.mark.parametrize("family", FAMILIES)
def test_a_second_and_third_turn_equal_a_fresh_run_on_the_same_ids(family):
    talk = Conversation(model(family), system="Be brief.")
    for text in ("Hello there", "And now?  ", "Go on"):
        live = say(talk, text, mixer=MIXER)
        check(live, STEERED)
    assert [m["role"] for m in talk.messages] == ["system", *["user", "assistant"] * 3]


@pytest.mark.parametrize("family", KEEPS)
def test_nothing_is_encoded_twice(family):
    talk = Conversation(model(family))
    first = say(talk, "Hello there")
    before = list(first.tape.ids[0])
    second = say(talk, "And now?")
    assert second.tape.ids[0][: len(before)] == before
    assert not [n for n in second.notices if n[0] == "crop"]


def test_the_next_turn_is_what_the_template_would_have_written():
    """With an answer that tokenises as it was sampled, the tape equals one rendering of the whole conversation."""
    talk = Conversation(model())
    live = say(talk, "Hello", n=1)
    text = talk.model.tokenizer.decode(live.tape.ids[0])
    assert text.startswith("<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n")
    second = say(talk, "More", n=1)
    decoded = talk.model.tokenizer.decode(second.tape.ids[0])
    assert decoded.startswith(text + "<|im_end|>\n<|im_start|>user\nMore<|im_end|>\n<|im_start|>assistant\n")


def ender(end):
    """A mixer under which the model says its end token at once."""
    row = reference.model().hf.get_output_embeddings().weight[end].detach()
    return Mixer((Channel(reference.Vector({3: row}), 400.0, "unit", layers=[3]),))


def test_an_answer_that_ended_by_itself_is_not_ended_twice():
    talk = Conversation(model())
    end = talk.model.tokenizer.eos_token_id
    live = talk.say("Hello", mixer=ender(end), max_new_tokens=5)
    list(live)
    assert (live.stop_reason, live.token_ids) == ("eos", [end])
    ids = say(talk, "More", n=1).tape.ids[0]
    prompt = render_prompt(talk.model.tokenizer, [{"role": "user", "content": "Hello"}]).ids
    assert ids[len(prompt)] == end
    assert ids[len(prompt) + 1] != end


def test_a_template_that_moves_a_block_is_rendered_again_and_says_so():
    talk = Conversation(model("block-moving"))
    say(talk, "Hello there")
    live = talk.say("And now?", max_new_tokens=3, ignore_end=True)
    ((kind, data),) = live.notices
    assert kind == "crop"
    assert data["tokens"] > 0
    assert "rewrites earlier turns" in data["reason"]
    list(live)
    prompt = render_prompt(talk.model.tokenizer, talk.messages[:-1]).ids
    assert live.tape.ids[0][: len(prompt)] == prompt


def test_a_refused_turn_leaves_the_conversation_as_it_was():
    """Each of these is refused; the turn said afterwards equals the one of a conversation that never heard of them."""
    for family in ("chatml", "block-moving"):
        talk, calm = Conversation(model(family)), Conversation(model(family))
        for one in (talk, calm):
            say(one, "Hello there")
        for refused in (
            {"mixer": Mixer((Channel(V, 1.0, layers=[99]),))},
            {"temperature": -1.0},
            {"cache": "forget"},
        ):
            with pytest.raises(SteerError):
                talk.say("And now?", **refused)
        with pytest.raises(UsageError, match="limit 512"):
            talk.say("x" * 3000)
        assert talk.messages == calm.messages
        assert say(talk, "And then?").tape.ids == say(calm, "And then?").tape.ids


def test_a_cancelled_answer_is_continued_by_the_next_turn():
    talk = Conversation(model())
    live = talk.say("Hello there", max_new_tokens=9, ignore_end=True, mixer=MIXER)
    for _ in range(3):
        next(live)
    live.cancel()
    list(live)
    said = live.token_ids
    second = say(talk, "And now?", mixer=MIXER)
    check(second, STEERED)
    ids = second.tape.ids[0]
    start = len(render_prompt(talk.model.tokenizer, [{"role": "user", "content": "Hello there"}]).ids)
    assert ids[start : start + 3] == said


def test_a_turn_refused_after_an_undo_forgets_nothing_that_a_cancel_left_waiting():
    talk, calm = Conversation(model()), Conversation(model())
    for one in (talk, calm):
        live = one.say("Hello there", max_new_tokens=9, ignore_end=True)
        for _ in range(3):
            next(live)
        live.cancel()
        list(live)
        say(one, "Not this")
        one.undo()
    with pytest.raises(UsageError):
        talk.say("And now?", temperature=-1.0)
    assert say(talk, "And now?").tape.ids == say(calm, "And now?").tape.ids


def test_a_cancel_between_chunks_of_a_long_prompt_loses_nothing():
    talk = Conversation(model())
    live = talk.say("word " * 60, max_new_tokens=5, mixer=MIXER)
    live.on_notice = lambda kind, _data: live.cancel()
    assert list(live) == []
    fed = len(live.tape)
    second = say(talk, "And now?", mixer=MIXER)
    assert fed < 200 < len(second.tape)
    text = talk.model.tokenizer.decode(second.tape.ids[0])
    assert text.count("word ") == 60
    assert "And now?" in text
    check(second, STEERED)


def test_an_answer_left_unfinished_blocks_the_next_until_it_is_cancelled():
    talk = Conversation(model())
    live = talk.say("Hello", max_new_tokens=9, ignore_end=True)
    next(live)
    with pytest.raises(UsageError, match="still being spoken"):
        talk.say("More")
    live.cancel()
    list(live)
    say(talk, "More")


@pytest.mark.parametrize("family", FAMILIES)
def test_undo_takes_a_turn_back(family):
    talk, calm = Conversation(model(family)), Conversation(model(family))
    for one in (talk, calm):
        say(one, "Hello there")
    for text in ("Not this", "Nor that one"):
        say(talk, text)
        talk.undo()
    assert talk.messages == calm.messages
    assert say(talk, "And now?").tape.ids == say(calm, "And now?").tape.ids
    talk.undo()
    with pytest.raises(UsageError, match="no turn to take back"):
        talk.undo()


def test_the_first_turn_can_be_taken_back_too():
    talk = Conversation(model(), system="Be brief.")
    first = say(talk, "Hello").token_ids
    talk.undo()
    assert talk.messages == [{"role": "system", "content": "Be brief."}]
    assert say(talk, "Hello").token_ids == first


def test_a_change_between_turns_is_rebuilt_if_asked():
    for cache, past in (("keep", nothing), ("rebuild", STEERED)):
        talk = Conversation(model())
        first = say(talk, "Hello there")
        length = len(first.tape)
        live = say(talk, "And now?", mixer=MIXER, cache=cache)
        check(live, lambda layer, p, past=past, n=length: (past if p < n else STEERED)(layer, p))


@pytest.mark.parametrize("shadow", ["free", "forced"])
def test_turns_with_a_shadow(shadow):
    """Every turn's steered lane equals single runs; a forced shadow keeps the plain model's own past."""
    talk, calm = Conversation(model()), Conversation(model())
    for text in ("Hello there", "And now?", "Go on"):
        live = say(talk, text, mixer=MIXER, shadow=shadow)
        single = say(calm, text, mixer=MIXER)
        assert live.tape.ids[0] == single.tape.ids[0]
        plain = reference.logits(reference.copy(), live.tape.ids[0], nothing).log_softmax(-1)
        for step in live.steps if shadow == "forced" else ():
            wanted = float(plain[step.position - 1, step.token_id])
            assert step.forced[1].logprob == pytest.approx(wanted, abs=1e-3)


def test_padding_of_a_lane_that_ended_first_is_no_part_of_the_conversation(monkeypatch):
    monkeypatch.setattr(reference.model().hf.generation_config, "eos_token_id", 17)
    ends = ender(17)
    talk, calm = Conversation(model()), Conversation(model())
    live = talk.say("Hello", mixer=ends, shadow="free", max_new_tokens=6)
    list(live)
    assert live.token_ids == [17]
    assert live.stop_reason == "eos"
    list(calm.say("Hello", mixer=ends, max_new_tokens=6))
    assert say(talk, "More").tape.ids[0] == say(calm, "More").tape.ids[0]


def test_a_prefill_is_part_of_the_answer():
    talk = Conversation(model())
    live = say(talk, "Hello", prefill="Well, ")
    assert talk.messages[-1] == {"role": "assistant", "content": "Well, " + live.text}
    assert "assistant\nWell, " in talk.model.tokenizer.decode(live.tape.ids[0])


@pytest.mark.parametrize("role", ["user", "tool"])
def test_a_turn_put_into_a_running_answer(role):
    talk = Conversation(model())
    live = talk.say("Hello", max_new_tokens=6, ignore_end=True, mixer=MIXER)
    for _ in range(3):
        next(live)
    talk.inject("Wait!", role=role)
    list(live)
    check(live, STEERED)
    words = [live.steps[i].text for i in range(6)]
    assert [(m["role"], m["content"]) for m in talk.messages] == [
        ("user", "Hello"),
        ("assistant", "".join(words[:3])),
        (role, "Wait!"),
        ("assistant", "".join(words[3:])),
    ]
    text = talk.model.tokenizer.decode(live.tape.ids[0])
    assert f"<|im_end|>\n<|im_start|>{role}\nWait!<|im_end|>\n<|im_start|>assistant\n" in text
    check(say(talk, "Go on", mixer=MIXER), STEERED)


def test_words_put_into_the_model_s_mouth():
    talk = Conversation(model())
    live = talk.say("Hello", max_new_tokens=4, ignore_end=True, mixer=MIXER)
    next(live)
    talk.inject(" as it were")
    list(live)
    check(live, STEERED)
    words = [step.text for step in live.steps]
    assert talk.messages[-1]["content"] == words[0] + " as it were" + "".join(words[1:])


def test_injecting_needs_an_answer_and_a_template_that_allows_it():
    with pytest.raises(UsageError, match="put the text into the next turn"):
        Conversation(model()).inject("x")
    over = Conversation(model())
    say(over, "Hello")
    with pytest.raises(UsageError, match="put the text into the next turn"):
        over.inject("x")
    talk = Conversation(model("block-moving"))
    next(talk.say("Hello", max_new_tokens=4, ignore_end=True))
    with pytest.raises(UsageError, match="cannot be put into a running answer"):
        talk.inject("Wait!", role="user")


def test_in_plain_mode_a_turn_is_put_in_plainly():
    talk = Conversation(model("none"))
    live = talk.say("Once", max_new_tokens=4, ignore_end=True)
    next(live)
    talk.inject("Wait!", role="user")
    list(live)
    assert "\n\nWait!" in talk.model.tokenizer.decode(live.tape.ids[0])


def test_without_a_template_the_mode_is_plain_and_says_so():
    talk = Conversation(model("none"))
    say(talk, "Once")
    assert (talk.mode, talk.note) == ("plain", "this model has no chat template: plain continuation")
    raw = Conversation(model(), raw=True)
    live = say(raw, "Once")
    assert raw.mode == "raw"
    assert raw.model.tokenizer.decode(live.tape.ids[0]).startswith("Once")


def test_a_template_that_hangs_on_the_second_turn(monkeypatch):
    monkeypatch.setattr("core.generation.chat.TEMPLATE_SECONDS", 0.2)
    loop = "{% if messages | length > 1 %}{% for i in range(90000) %}{% for j in range(90000) %}{% endfor %}"
    talk = Conversation(model(loop + "{% endfor %}{% endif %}" + zoo.CHAT_TEMPLATE))
    say(talk, "Hello")
    live = say(talk, "And now?")
    assert talk.mode == "plain"
    assert "ran longer than" in talk.note
    assert "And now?" in talk.model.tokenizer.decode(live.tape.ids[0])


def test_an_exception_in_one_answer_and_the_next_turn_equals_a_fresh_run():
    def fail(*_):
        raise RuntimeError("broken on purpose")

    talk = Conversation(model())
    live = talk.say("Hello there", max_new_tokens=9, ignore_end=True, mixer=MIXER)
    for _ in range(3):
        next(live)
    handle = reference.model().layers[2].register_forward_hook(fail)
    with pytest.raises(RuntimeError):
        next(live)
    handle.remove()
    assert talk.messages[-1]["role"] == "assistant"
    check(say(talk, "And now?", mixer=MIXER), STEERED)


@pytest.mark.parametrize("name", ["mistral", "gemma2"])
def test_turns_beyond_a_sliding_window(name):
    """Three turns of 40 tokens and more on a window of 32, one of them taken back."""
    talk = Conversation(reference.model(name))
    say(talk, "a long first question " * 2, mixer=MIXER)
    say(talk, "not this one", mixer=MIXER)
    talk.undo()
    live = say(talk, "a second question", mixer=MIXER)
    assert len(live.tape) > 64
    check(live, STEERED, name)


def test_a_model_without_a_tokenizer_cannot_converse():
    with pytest.raises(UsageError, match="no tokenizer"):
        Conversation(core.adopt(zoo.build())).say("Hello")


def test_what_a_cancel_left_waiting_keeps_its_phase():
    """The last word of a cancelled answer is still the answer's, not part of the next question."""
    talk = Conversation(model())
    live = talk.say("Hello", max_new_tokens=8, ignore_end=True)
    for _ in live:
        if len(live.steps) == 3:
            live.cancel()
    place = len(live.tape)
    assert len(live.pending.ids) == 1
    assert say(talk, "More", n=1).tape.phases[place] == "answer"
