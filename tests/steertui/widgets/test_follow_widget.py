"""Strips: their dose in mean residual norms, and whose push is felt on whose dial."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from rich.style import Style

from core.mixer.mixer import Channel, Mixer
from sessions.live.loaded_vectors import LoadedVectors
from sessions.state.vector_facts import VectorFacts
from steertui.widgets.bars import join_fitting
from steertui.widgets.follow_widget import channel_cosine, most_aligned
from steertui.widgets.mixer.strip_face import StripFace, band_sums, brief_line, full_rows, strip_height
from steertui.widgets.transcript.token_reading import ChannelReading


def vector(name: str, **cosines: float) -> VectorFacts:
    return VectorFacts(name, None, dict.fromkeys(range(4)), dict.fromkeys(range(4), 1.0), cosines=cosines)


def text(face: StripFace, width: int = 46) -> list[str]:
    return [
        "".join(part.text for part in row) for row in full_rows(face, width, False, lambda name: Style.null())
    ]


def test_the_engine_tells_cosines_with_the_vectors_before() -> None:
    rack = LoadedVectors()
    rows_of = lambda *row: {0: (1.0, 0.0), 1: row}  # noqa: E731 - two layers, the second of which matters
    for name, row in (("right", (1.0, 0.0)), ("up", (0.0, 1.0)), ("left", (-3.0, 0.0))):
        directions = rows_of(*row) if name != "up" else {1: row}
        rack.add(name, SimpleNamespace(name=name, sha256=name, directions=directions), "test")
    assert rack.events["right"].cosines == {}
    assert rack.events["up"].cosines == {"right": 0.0}
    # Layer 0 agrees and layer 1 is opposed; both are as far from zero as can be.
    assert abs(rack.events["left"].cosines["right"]) == pytest.approx(1.0)
    assert rack.events["left"].cosines["up"] == 0.0


def test_a_cosine_is_known_whichever_was_loaded_first() -> None:
    one, other = Channel(vector("a")), Channel(vector("b", a=-0.4))
    assert channel_cosine(one, other) == channel_cosine(other, one) == -0.4
    assert channel_cosine(one, Channel(vector("c"))) == 0.0


def test_only_playing_strips_that_are_really_alike_warn() -> None:
    channels = (Channel(vector("a")), Channel(vector("b", a=0.7)), Channel(vector("c", a=0.05, b=-0.1)))
    assert most_aligned(Mixer(channels), 0) == (1, 0.7)
    assert most_aligned(Mixer(channels), 2) is None
    assert most_aligned(Mixer(channels).edit(1, muted=True), 0) is None
    assert most_aligned(Mixer(channels, bypassed=True), 0) is None


def test_the_dose_is_told_per_layer_and_in_total() -> None:
    channel = Channel(vector("a"), scale=0.3, unit="relative", layers=(0, 1, 2), split=True)
    face = StripFace(1, channel, ChannelReading(), 4, True, dict.fromkeys(range(4), 20.0), (1, 0.7))
    assert "0.10‖h‖ a layer, Σ 0.30" in text(face)[2]
    assert text(face)[2].endswith("⚠ cos +0.70 with 2")
    assert len(text(face)) == strip_height(face) == 3
    # Two units at each of three layers of size 20: a tenth of it each.
    plain = StripFace(
        1,
        Channel(vector("a"), scale=2.0, unit="unit", layers=(0, 1, 2)),
        ChannelReading(),
        4,
        True,
        face.residual,
    )
    assert plain.dose == face.dose


def test_a_dose_that_has_no_room_is_left_out_whole() -> None:
    channel = Channel(vector("a"), scale=-1.4, unit="unit", layers=(0, 1, 2), floor=0.5)
    reading = ChannelReading(tokens=4, hits=1)
    face = StripFace(1, channel, reading, 4, True, dict.fromkeys(range(4), 20.0))
    for width in range(8, 60):
        *_, dose, cap = (
            "".join(part.text for part in line)
            for line in full_rows(face, width, False, lambda n: Style.null())
        )
        assert dose.strip() in ("", *face.doses, face.dose)
        assert cap.strip() in ("", face.hits, "cap ≥ 0.5", f"cap ≥ 0.5  {face.hits}")
    assert join_fitting(band_sums(channel, 4), 20, " · ") == "Σ −4.20 · flat"
    assert join_fitting(band_sums(channel, 4), 12, " · ") == "Σ −4.20"
    assert join_fitting(band_sums(channel, 4), 6, " · ") == "flat"


def test_without_residual_norms_nothing_is_made_up() -> None:
    face = StripFace(1, Channel(vector("a"), scale=0.3), ChannelReading(), 4)
    assert face.dose == ""
    assert len(text(face)) == strip_height(face) == 2


def test_one_line_tells_flags_hits_and_the_warning() -> None:
    reading = ChannelReading(tokens=4, hits=1)
    channel = Channel(vector("a"), scale=0.3, floor=1.0, muted=True, solo=True, flipped=True)
    words = "".join(
        p.text
        for p in brief_line(
            StripFace(1, channel, reading, 4, False, {}, (1, 0.7)), True, lambda n: Style.null()
        )
    )
    for expected in ("⇄", "C", "M", "S", "hits 1/4 (25%)", "⚠"):
        assert expected in words


def test_natural_has_one_name() -> None:
    face = StripFace(1, Channel(vector("a"), scale=1.2, unit="natural"), ChannelReading(), 4)
    assert "+1.20 natural" in text(face)[0]
