from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UsageError
from sessions.job_specs.kinds.words import PAIRS, read_pair
from steertui.mixer_options import (
    ChannelSpec,
    build_mixer,
    check_channels,
    join_signed_lists,
    read_cap,
    read_gain,
    read_injection,
    read_vector,
)

NAMES = st.from_regex(r"[a-z./@:_-]*[a-z]", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("drift", ChannelSpec("drift")),
        ("drift:2", ChannelSpec("drift", None, 2.0)),
        ("drift:-.5@3-8,12", ChannelSpec("drift", "3-8,12", -0.5)),
        ("drift@40%-85%", ChannelSpec("drift", "40%-85%")),
        ("drift@all", ChannelSpec("drift", "all")),
        ("a@b/c:d.svec", ChannelSpec("a@b/c:d.svec")),
        ("a@b/c:d.svec:1e1@5", ChannelSpec("a@b/c:d.svec", "5", 10.0)),
        ("me@host:run/v2@3:1", ChannelSpec("me@host:run/v2@3", None, 1.0)),
        ("drift:2@5-3", ChannelSpec("drift", "5-3", 2.0)),
    ],
)
def test_suffixes_are_read_from_the_right(text: str, spec: ChannelSpec) -> None:
    assert read_vector(text) == spec


@given(NAMES, st.floats(-1e6, 1e6), st.sampled_from(["", "@5", "@3-8,12", "@all", "@40%-85%"]))
def test_any_path_keeps_its_colons(name: str, scale: float, band: str) -> None:
    spec = read_vector(f"{name}:{scale!r}{band}")
    assert spec == ChannelSpec(name, band[1:] or None, scale)


@pytest.mark.parametrize("scale", ["nan", "inf", "-Infinity", "1e999", "1,5", "1.2.3", "--1", "+"])
def test_a_scale_is_a_finite_number(scale: str) -> None:
    with pytest.raises(UsageError, match="scale must be a finite number"):
        read_vector(f"drift:{scale}")


def test_gain() -> None:
    assert read_gain("refusal:0@8-20") == ChannelSpec("refusal", "8-20", gain=0.0)
    with pytest.raises(UsageError, match="bad gain 'refusal'"):
        read_gain("refusal")
    with pytest.raises(UsageError, match="gain must be a finite number"):
        read_gain("refusal:nan")


def test_cap() -> None:
    assert read_cap("axis:floor=p25@70%-90%") == ChannelSpec("axis", "70%-90%", floor="p25")
    assert read_cap("a:b:ceiling=2,floor=-1") == ChannelSpec("a:b", floor=-1.0, ceiling=2.0)
    assert read_cap("a:b:>-1 <p75@3-4") == ChannelSpec("a:b", "3-4", floor=-1.0, ceiling="p75")
    assert read_cap("axis:Floor = 0.5") == read_cap("axis:≥0.5") == ChannelSpec("axis", floor=0.5)
    for bad in ("axis", "axis:2", "axis:floor=1,floor=2", "axis:floor=1,top=3"):
        with pytest.raises(UsageError, match="bad cap"):
            read_cap(bad)
    with pytest.raises(UsageError, match="ceiling must be a finite number"):
        read_cap("axis:ceiling=high")


def test_injection_and_template_arguments() -> None:
    assert read_injection("20:Look: a bird!") == (20, "Look: a bird!")
    assert read_pair("enable_thinking=False") == ("enable_thinking", False)
    assert read_pair("budget=-1") == ("budget", -1)
    assert read_pair("note=a=b") == ("note", "a=b")
    several = {"enable_thinking": False, "budget": -1}
    assert PAIRS.parse("template_arg", "enable_thinking=false, budget=-1") == several
    assert PAIRS.parse("template_arg", PAIRS.format(several)) == several
    for bad in ("20", ":x", "-1:x", "20:", "x:y"):
        with pytest.raises(UsageError, match="bad injection"):
            read_injection(bad)
    with pytest.raises(UsageError, match="bad template argument"):
        read_pair("enable_thinking")


def vector(name: str) -> SimpleNamespace:
    suggestion = {"layers": [4, 5], "unit": "unit", "scale": 3.0, "split": False}
    return SimpleNamespace(directions={}, name=name, suggestion=suggestion if name == "hinted" else None)


def test_options_about_one_vector_on_one_band_are_one_channel() -> None:
    specs = [read_vector("a/v:2@3-4"), read_cap("a/v:floor=1@3-4"), read_vector("a/v:1@5"), read_gain("w:0")]
    mixer = build_mixer(specs, vector, 10, unit="raw", split=True, scope="response")
    assert [(c.label, c.layers, c.scale, c.gain, c.floor) for c in mixer.channels] == [
        ("a/v", (3, 4), 2.0, None, 1.0),
        ("a/v", (5,), 1.0, None, None),
        ("w", None, 0.0, 0.0, None),
    ]
    assert {(c.unit, c.split, c.scope) for c in mixer.channels} == {("raw", True, "response")}


def test_the_same_thing_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="v: scale given twice"):
        build_mixer([read_vector("v:2"), read_vector("v:3")], vector, 10)


def test_a_bare_name_plays_as_its_card_suggests() -> None:
    (hinted,) = build_mixer([read_vector("hinted")], vector, 10).channels
    assert (hinted.layers, hinted.unit, hinted.scale, hinted.split) == ((4, 5), "unit", 3.0, False)
    (plain,) = build_mixer([read_vector("plain@2")], vector, 10).channels
    assert (plain.layers, plain.unit, plain.scale, plain.split) == ((2,), "relative", 0.3, True)


def test_a_bare_scale_is_meant_in_the_unit_of_the_card() -> None:
    (loud,) = build_mixer([read_vector("hinted:2")], vector, 10).channels
    assert (loud.layers, loud.unit, loud.scale, loud.split) == ((4, 5), "unit", 2.0, False)
    (placed,) = build_mixer([read_vector("hinted:2@3")], vector, 10).channels
    assert (placed.layers, placed.unit, placed.scale) == ((3,), "relative", 2.0)
    (named,) = build_mixer([read_vector("hinted:2")], vector, 10, unit="raw").channels
    assert (named.layers, named.unit, named.scale) == (None, "raw", 2.0)
    (plain,) = build_mixer([read_vector("plain:2")], vector, 10).channels
    assert (plain.layers, plain.unit, plain.scale, plain.split) == (None, "relative", 2.0, False)


@pytest.mark.parametrize("band", ["40%-85%", "all", "0-9", "3-8,12"])
def test_bands_are_looked_at_before_there_is_a_model(band: str) -> None:
    """A share of a depth that nobody knows yet must not become a list of all its layers."""
    check_channels([ChannelSpec("pirate", band, 0.3)])
    with pytest.raises(UsageError, match="bad layer range"):
        check_channels([ChannelSpec("pirate", f"{band}-", 0.3)])


def test_a_signed_list_belongs_to_its_option_and_a_text_to_nobody() -> None:
    assert join_signed_lists(["v", "--scales", "-1,.5"]) == ["v", "--scales=-1,.5"]
    for words in (
        ["--no-record", "-1, -2: which is larger?"],
        ["v", "--", "-1,2"],
        ["--seed", "-1"],
        ["--scales=-1", "-2,1"],
    ):
        assert join_signed_lists(words) == words
