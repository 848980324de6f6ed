"""The mixer as a value: edits return new ones, what cannot be meant is refused, JSON carries everything but tensors."""

import dataclasses
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UsageError
from core.mixer.mixer import SCOPES, UNITS, Channel, Mixer
from tests.core.reference import vector

V, W = vector(0, name="verve"), vector(1, name="wit")


def test_the_folder_has_both_classes():
    from core.mixer import Channel as channel_class
    from core.mixer import Mixer as mixer_class

    assert (channel_class, mixer_class) == (Channel, Mixer)


def desk():
    return Mixer((Channel(V, 0.5), Channel(W, 1.0, floor=-1.0, ceiling=2.0)))


@pytest.mark.parametrize(
    ("edit", "field", "value"),
    [
        (lambda m: m.flip(0), "flipped", True),
        (lambda m: m.flip(0).flip(0), "flipped", False),
        (lambda m: m.scale(0, 2), "scale", 2.0),
        (lambda m: m.gain(0, -1), "gain", -1.0),
        (lambda m: m.band(0, range(1, 3)), "layers", (1, 2)),
        (lambda m: m.band(0, [3, 1, 3]), "layers", (1, 3)),
        (lambda m: m.cap(0, floor="p25"), "floor", "p25"),
        (lambda m: m.cap(0, ceiling={1: 2}), "ceiling", {1: 2.0}),
        (lambda m: m.mute(0), "muted", True),
        (lambda m: m.solo(0), "solo", True),
    ],
)
def test_an_edit_changes_one_thing_in_a_new_mixer(edit, field, value):
    before = desk()
    after = edit(before)
    assert getattr(after.channels[0], field) == value
    assert after.channels[1] == before.channels[1]
    assert before == desk()
    changed = {
        f.name
        for f in dataclasses.fields(Channel)
        if getattr(after.channels[0], f.name) != getattr(before.channels[0], f.name)
    }
    assert changed <= {field}


def test_a_cap_replaces_both_bounds():
    assert desk().cap(1, floor=0.5).channels[1].ceiling is None


def test_adding_and_removing():
    assert [c.label for c in desk().add(Channel(V, name="third")).remove(0).channels] == ["wit", "third"]


@pytest.mark.parametrize("index", [-1, 2, 99])
def test_a_channel_that_is_not_there(index):
    for edit in (desk().flip, desk().remove, lambda i: desk().scale(i, 1.0)):
        with pytest.raises(UsageError, match=rf"no channel {index}: the mixer has 2"):
            edit(index)


def test_who_plays():
    both = desk()
    assert both.active_indices() == (0, 1)
    assert both.mute(0).active_indices() == (1,)
    assert both.solo(0).active_indices() == (0,)
    assert both.solo(0).mute(0).active_indices() == ()
    assert both.solo(0).solo(1).active_indices() == (0, 1)
    assert both.bypass().active_indices() == ()
    assert both.bypass().bypass(False) == both


def test_it_cannot_be_changed_in_place():
    with pytest.raises(dataclasses.FrozenInstanceError):
        desk().bypassed = True
    shares = {1: 0.5}
    channel = Channel(V, weights=shares)
    shares[1] = 9.0
    assert channel.weights == {1: 0.5}


@pytest.mark.parametrize("value", ["nan", "inf", "1e999", "1,5", math.nan, -math.inf, None, [], "loud"])
@pytest.mark.parametrize("setting", ["scale", "gain", "floor", "ceiling", "half_life"])
def test_a_setting_that_is_no_finite_number_is_refused(setting, value):
    if value is None and setting != "scale":
        return
    with pytest.raises(UsageError, match="must be a finite number, not ") as caught:
        Channel(V, **{setting: value})
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"unit": "volts"}, "unknown unit 'volts': choose one of relative, natural, unit, raw"),
        ({"scope": "some"}, "unknown scope 'some'"),
        ({"floor": 2.0, "ceiling": 1.0}, "floor 2 lies above ceiling 1"),
        ({"floor": "p101"}, "percentile from p0 to p100"),
        ({"floor": "p-1"}, "percentile from p0 to p100"),
        ({"ceiling": "pure"}, "ceiling must be a finite number"),
        ({"layers": [-1]}, r"bad layers \[-1\]"),
        ({"layers": []}, "name at least one"),
        ({"half_life": 0}, "half-life must be a positive number"),
        ({"weights": {1: math.nan}}, "weight must be a finite number"),
        ({"floor": {0: "x"}}, "floor must be a finite number"),
    ],
)
def test_settings_that_cannot_be_meant(settings, words):
    with pytest.raises(UsageError, match=words):
        Channel(V, **settings)


bounds = st.one_of(
    st.none(),
    st.floats(-9, 0),
    st.just("p25"),
    st.dictionaries(st.integers(0, 3), st.floats(-9, 0), min_size=1),
)
channels = st.builds(
    Channel,
    st.sampled_from([V, W]),
    scale=st.floats(-5, 5),
    unit=st.sampled_from(UNITS),
    layers=st.one_of(st.none(), st.sets(st.integers(0, 3), min_size=1)),
    gain=st.one_of(st.none(), st.floats(-2, 2)),
    floor=bounds,
    ceiling=st.one_of(st.none(), st.floats(0, 9), st.just("p75")),
    weights=st.one_of(st.none(), st.dictionaries(st.integers(0, 3), st.floats(0, 1), min_size=1)),
    split=st.booleans(),
    flipped=st.booleans(),
    muted=st.booleans(),
    solo=st.booleans(),
    scope=st.sampled_from(SCOPES),
    half_life=st.one_of(st.none(), st.floats(1, 50)),
    name=st.sampled_from(["verve", "ünicode", "a:b@c"]),
)


@given(st.builds(Mixer, st.lists(channels, max_size=4).map(tuple), st.booleans(), st.booleans()))
def test_json_carries_everything_there_and_back(mixer):
    text = json.dumps(mixer.to_json())
    by_name = iter([c.vector for c in mixer.channels])
    assert Mixer.from_json(json.loads(text), lambda _name, _sha: next(by_name)) == mixer


def test_a_card_suggests_the_channel():
    hint = {"layers": [1, 2], "unit": "unit", "scale": 2.5, "split": False, "note": "x"}
    channel = Channel.suggested(vector(0, suggestion=hint), floor=1.0)
    assert (channel.layers, channel.unit, channel.scale, channel.split, channel.floor) == (
        (1, 2),
        "unit",
        2.5,
        False,
        1.0,
    )
    plain = Channel.suggested(V)
    assert (plain.scale, plain.unit, plain.split, plain.layers) == (0.3, "relative", True, None)
    assert Channel.suggested(V, scale=0.1).scale == 0.1


def test_the_summary_says_what_plays():
    assert desk().flip(0).summary == "verve -0.5 relative; wit +1 relative, floor -1, ceiling 2"
    assert desk().bypass().summary == "no steering"
