"""The key of a capture: an interrupted run of an earlier version must find its rows again."""

from __future__ import annotations

from core.activations.row_files import capture_key


def test_a_key_is_that_of_earlier_versions() -> None:
    """Recorded with 0.1.0, which hashed every token id by itself."""
    known = '{"sha256": "a039197cc6d48a53c572dca76ec1bb04684aa1a1a0736a2ae5351bd887f89344"}'
    assert capture_key([[5, 7], [11]], [], "last", None, [True, 1]) == known


def test_ids_that_run_together_have_another_key() -> None:
    assert len({capture_key(ids) for ids in ([1, 23], [12, 3], [[1], [23]], [123])}) == 4
