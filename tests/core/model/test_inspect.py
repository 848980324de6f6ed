"""What an inspector shows of a token: its likeliest rivals, in both lanes, and how far the state was moved for it."""

import pytest
import torch

import core
from core.errors import UsageError
from core.generation.token import TokenTexts
from core.mixer.mixer import Channel, Mixer
from tests.core import reference, zoo
from tests.core.reference import nothing, touch, vector

SCALE = 6.0
V, W = vector(0), vector(1)
MIXER = Mixer((Channel(V, SCALE, "unit", layers=[1, 2]), Channel(W, 0.0, layers=[2], ceiling=0.5)))
PROMPT = zoo.ids(1, 9)[0].tolist()


def touches(layer):
    pushed = [touch(V, layer, push=SCALE)] if layer in (1, 2) else []
    return pushed + ([touch(W, 2, ceiling=0.5)] if layer == 2 else [])


STEERED = reference.always(touches)


def speak(mixer=MIXER, **settings):
    live = core.stream(
        reference.model(), PROMPT, mixer=mixer, max_new_tokens=6, ignore_end=True, inspect=4, **settings
    )
    list(live)
    return live


@pytest.fixture(scope="module")
def live():
    return speak(shadow="forced")


def test_the_likeliest_tokens_are_those_of_the_whole_distribution(live):
    """Steered with the unsteered probability beside, and the other way round, against a naive run."""
    ids = live.tape.ids[0]
    steered = reference.logits(reference.copy(), ids, STEERED).softmax(-1)
    plain = reference.logits(reference.copy(), ids, nothing).softmax(-1)
    for step in live.steps:
        p, q = steered[step.position - 1], plain[step.position - 1]
        for top, mine, other in ((step.top, p, q), (step.forced[1].top, q, p)):
            best = mine.topk(4)
            assert [each.token_id for each in top] == best.indices.tolist()
            assert [each.p for each in top] == pytest.approx(best.values.tolist(), abs=1e-4)
            assert [each.other for each in top] == pytest.approx(other[best.indices].tolist(), abs=1e-4)
        assert step.top[0].token_id == step.token_id, "greedy takes the likeliest"


def test_alone_there_is_nothing_beside():
    assert {each.other for step in speak().steps for each in step.top} == {None}
    assert all(len(step.top) == 4 for step in speak().steps)


def test_sampling_settings_do_not_touch_the_probabilities(live):
    warm = speak(temperature=1.7, top_k=2, shadow="forced", seed=3)
    assert [each.p for each in warm.steps[0].top] == [each.p for each in live.steps[0].top]


def test_delta_is_how_far_the_state_was_moved(live):
    """Against the states before and after of a naive run, at the metered layers."""
    record = {}
    reference.logits(reference.copy(), live.tape.ids[0], STEERED, record=record)
    for step in live.steps:
        before, after = map(torch.as_tensor, record[2, step.position])
        wanted = float((after - before).norm() / before.norm())
        assert step.delta == pytest.approx(wanted, rel=1e-3)
        assert step.delta > 0.05


def test_what_does_nothing_moves_nothing():
    """A bypassed mixer, a channel at zero, a cap that nothing reaches."""
    for mixer in (
        MIXER.bypass(),
        Mixer((Channel(V, 0.0, layers=[1]),)),
        Mixer((Channel(V, 0.0, layers=[1], ceiling=1e6),)),
    ):
        assert {step.delta for step in speak(mixer).steps} <= {0.0, None}


def test_without_being_asked_for_no_rivals_are_told():
    live = core.stream(reference.model(), PROMPT, mixer=MIXER, max_new_tokens=2, shadow="forced")
    assert {step.top for step in live} == {()}
    assert {step.forced[1].top for step in live.steps} == {()}
    with pytest.raises(UsageError, match="inspect takes 0 to 50"):
        core.stream(reference.model(), PROMPT, inspect=51)


def test_a_token_s_text_is_asked_for_once():
    asked = []

    class Tokenizer:
        def decode(self, ids):
            asked.append(ids)
            return f"<{ids[0]}>"

    words = TokenTexts(Tokenizer())
    assert [words(3), words(3), words(4)] == ["<3>", "<3>", "<4>"]
    assert asked == [[3], [4]]
