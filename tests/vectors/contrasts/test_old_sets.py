"""The old English sets are kept as they were measured: every text, in its order."""

from __future__ import annotations

import pytest

import vectors
from tests.vectors.old_sets import OLD_SETS, old_set_path


@pytest.mark.parametrize(("name", "digest"), OLD_SETS.items())
def test_an_old_set_has_the_hash_it_was_measured_under(name: str, digest: str) -> None:
    assert vectors.contrast(old_set_path(name)).sha256.startswith(digest)
