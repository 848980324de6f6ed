"""One line is a mixer: what is printed is read back, and what is written means what the grammar says."""

import hashlib
import json
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.errors import BadInput, UsageError
from core.mixer.effects import channel_band
from core.mixer.expression.error import ExpressionError
from core.mixer.expression.names import needs_quotes
from core.mixer.mixer import Channel, Mixer
from tests.core.mixer.mixer_lines import ODD_NAMES, NamedVector, finder, lines, mixers, plain_reading

CARD = {"scale": 0.35, "unit": "natural", "layers": [3, 4, 5, 6], "split": False}
DETERMINED = NamedVector("determined-drifting", "ab" * 32, suggestion=CARD, poles=("determined", "drifting"))
PIRATE, WIT = NamedVector("pirate"), NamedVector("wit")
FIND = finder(DETERMINED, PIRATE, WIT)


def parse(text):
    return Mixer.parse(text, FIND)


def plan_hash(mixer):
    return hashlib.sha256(json.dumps(mixer.to_json(), sort_keys=True).encode()).hexdigest()


def check_round_trip(mixer):
    line = str(mixer)
    again = Mixer.parse(line, finder(*(channel.vector for channel in mixer.channels)))
    assert again == mixer
    assert plan_hash(again) == plan_hash(mixer)
    assert str(again) == line


@settings(max_examples=150)
@given(mixers)
@example(Mixer(tuple(Channel(NamedVector(name), -0.0) for name in ODD_NAMES[:16])))
@example(Mixer(tuple(Channel(NamedVector(name), 1e-07, layers="all") for name in ODD_NAMES[16:]), True, True))
def test_a_printed_mixer_is_read_back(mixer):
    check_round_trip(mixer)


@pytest.mark.slow
@settings(max_examples=10_000)
@given(mixers)
def test_ten_thousand_printed_mixers_are_read_back(mixer):
    check_round_trip(mixer)


@settings(max_examples=300)
@given(lines())
def test_a_line_means_what_another_reader_makes_of_it(line):
    check_reading(line)


@pytest.mark.slow
@settings(max_examples=10_000)
@given(lines())
def test_ten_thousand_lines_mean_what_another_reader_makes_of_them(line):
    check_reading(line)


def check_reading(line):
    told = plain_reading(line)
    mixer = Mixer.parse(line, NamedVector)
    assert len(mixer.channels) == len(told)
    assert mixer.bypassed == ("bypassed" in line.split(":")[0].split()) or '"' in line
    for channel, (name, scale, unit, layers, options) in zip(mixer.channels, told, strict=True):
        silent = any(option.startswith(("gain", "floor", "ceiling")) for option in options)
        assert channel.vector.name == name
        assert channel.scale == (scale if scale is not None else 0.0 if silent else 0.3)
        assert channel.unit == (unit or "relative")
        assert channel_band(channel, 40) == channel_band(Channel(channel.vector, layers=layers), 40)
        split = "split" in options or (scale is None and not silent)
        assert channel.split == split
        assert [channel.flipped, channel.muted, channel.solo] == [
            word in options for word in ("flipped", "muted", "solo")
        ]
        assert (channel.gain, channel.floor, channel.ceiling) == (
            0.5 if "gain=0.5" in options else None,
            -3.0 if "floor=-3" in options else None,
            "p90" if "ceiling=p90" in options else None,
        )


def test_the_line_of_the_page():
    mixer = parse("0.35 natural determined-drifting@3-6 [split] - 0.2 pirate@40%-85% [scope=response]")
    first, second = mixer.channels
    assert first == Channel(DETERMINED, 0.35, "natural", layers=range(3, 7), split=True)
    assert second == Channel(PIRATE, -0.2, layers="40%-85%", scope="response")
    assert channel_band(second, 32) == tuple(range(13, 28))
    assert str(mixer) == (
        "0.35 natural determined-drifting@3-6[split] - 0.2 relative pirate@40%-85%[scope=response]"
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain", "plain"),
        ("bypassed keep-norm: plain", "bypassed keep-norm: plain"),
        ("keep-norm:pirate", "keep-norm: 0.3 relative pirate[split]"),
        ("determined-drifting", "0.35 natural determined-drifting@3-6"),
        ("-determined-drifting", "-0.35 natural determined-drifting@3-6"),
        ("determined-drifting@all", "0.35 natural determined-drifting@all"),
        ("0.5 determined-drifting", "0.5 natural determined-drifting"),
        ("determined-drifting[gain=0]", "0.0 relative determined-drifting[gain=0.0]"),
        ("2 pirate[gain=0]", "2.0 relative pirate[gain=0.0]"),
        ("- -0.3 pirate", "0.3 relative pirate"),
        ("wit + -0.5 raw pirate", "0.3 relative wit[split] - 0.5 raw pirate"),
        ("wit - -0.5 raw pirate", "0.3 relative wit[split] + 0.5 raw pirate"),
        ("wit [cap=-1..p75.50]", "0.0 relative wit[floor=-1.0][ceiling=p75.5]"),
        ("wit[cap=1...5]", None),
        ("wit [ floor = 3:1,2:-.5 ]", "0.0 relative wit[floor=2:-0.5,3:1.0]"),
        ("1 wit[weights=4:1][solo][half-life=20]", "1.0 relative wit[solo][half-life=20.0][weights=4:1.0]"),
        ("1 wit[weights=4:1][not-in=tool]", "1.0 relative wit[not-in=tool][weights=4:1.0]"),
        ("1 wit @ 3-3,4", "1.0 relative wit@3-4"),
    ],
)
def test_what_is_left_out_and_how_it_is_printed(text, line):
    if line is None:
        with pytest.raises(UsageError, match="floor 1 lies above ceiling 0.5"):
            parse(text)
    else:
        assert str(parse(text)) == line


@pytest.mark.parametrize(
    ("pole", "line"),
    [
        ("0.5 drifting", "-0.5 natural determined-drifting"),
        ("0.5 determined", "0.5 natural determined-drifting"),
        ("drifting", "-0.35 natural determined-drifting@3-6"),
        ("-drifting", "0.35 natural determined-drifting@3-6"),
        ("drifting[floor=2]", "0.0 relative determined-drifting[ceiling=-2.0]"),
        ("drifting[cap=p10..p99.9]", "0.0 relative determined-drifting[floor=p0.1][ceiling=p90]"),
        ("1 unit drifting[ceiling=3:2]", "-1.0 unit determined-drifting[floor=3:-2.0]"),
        ("1 drifting[flipped][gain=0]", "-1.0 natural determined-drifting[flipped][gain=0.0]"),
    ],
)
def test_a_negative_pole_is_the_vector_turned_round(pole, line):
    assert str(parse(pole)) == line
    assert parse(line) == parse(pole)


def test_a_vector_whose_own_name_is_a_pole_stays_as_it_is():
    calm = NamedVector("drifting", poles=("determined", "drifting"))
    assert Mixer.parse("1 drifting", finder(calm)).channels[0].scale == 1.0


def test_a_hash_names_the_content():
    found = Mixer.parse(f"1 determined-drifting#sha={'ab' * 4}", FIND)
    assert found.channels[0].vector is DETERMINED

    def by_hash(name):
        if name == f"wit#sha={'cd' * 4}":
            return NamedVector("other", "cd" * 32)
        return FIND(name)

    # The name has another content: whoever finds vectors is asked for the hash.
    assert Mixer.parse(f"1 wit#sha={'cd' * 4}", by_hash).channels[0].vector.name == "other"
    with pytest.raises(UsageError, match="no vector 'wit#sha="):
        Mixer.parse(f"1 wit#sha={'cd' * 4}", FIND)


def test_quotes_stand_only_where_a_name_needs_them():
    assert not any(
        map(needs_quotes, ["a+b", "x-y", "3d", "0.3x", "/a:b", "hf:o/r:f", "名前", "p25", "all", "plains"])
    )
    assert all(
        map(needs_quotes, ["", "a b", "\u00a0", "+a", "-a", "1e5", ".5", "-3", "raw", "desk", "a]", "a<"])
    )


def test_the_label_of_a_channel_is_no_setting():
    assert Channel(WIT, 1.0, name="mine") == Channel(WIT, 1.0)
    assert str(Mixer((Channel(WIT, 1.0, name="mine"),))) == "1.0 relative wit"


@given(st.text(max_size=30))
def test_any_text_is_a_mixer_that_can_be_printed_or_one_sentence(text):
    with suppress(ExpressionError):
        check_reading_back(Mixer.parse(text, NamedVector))


def check_reading_back(mixer):
    assert Mixer.parse(str(mixer), NamedVector) == mixer


def test_a_file_that_cannot_be_read_keeps_its_exit_code():
    def broken(name):
        raise BadInput("x.gguf: torn")

    with pytest.raises(UsageError, match="column 3, “x.gguf”: x.gguf: torn") as caught:
        Mixer.parse("1 x.gguf", broken)
    assert caught.value.exit_code == BadInput.exit_code
