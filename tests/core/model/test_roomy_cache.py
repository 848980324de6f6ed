"""The cache with room: the same keys and values as transformers' own, written in place."""

import torch
from transformers import DynamicCache

from core.model.roomy_cache import BLOCK, roomy_cache


def tokens(count: int, rows: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(rows, 3, count, 4), torch.randn(rows, 3, count, 4)


def test_it_holds_what_the_plain_cache_holds() -> None:
    torch.manual_seed(0)
    ours, theirs = roomy_cache(), DynamicCache()
    for count, rows in ((5, 2), (BLOCK, 2), (1, 2), (1, 2)):
        given = tokens(count, rows)
        for a, b in zip(ours.update(*given, 0), theirs.update(*given, 0), strict=True):
            assert torch.equal(a, b)
    for cache in (ours, theirs):
        cache.batch_repeat_interleave(3)
    for _ in range(BLOCK + 2):
        given = tokens(1, 6)
        for a, b in zip(ours.update(*given, 0), theirs.update(*given, 0), strict=True):
            assert torch.equal(a, b)
    assert ours.get_seq_length() == theirs.get_seq_length() == 5 + BLOCK + 2 + BLOCK + 2


def test_a_token_is_written_in_place() -> None:
    cache = roomy_cache()
    keys, _ = cache.update(*tokens(3), 0)
    grown, _ = cache.update(*tokens(1), 0)
    assert grown.data_ptr() == keys.data_ptr()
    assert grown.shape[2] == 4
    for _ in range(BLOCK):
        grown, _ = cache.update(*tokens(1), 0)
    assert grown.data_ptr() != keys.data_ptr()


def test_what_was_cut_off_is_written_over_and_joined_rows_get_room_of_their_own() -> None:
    torch.manual_seed(1)
    ours, theirs, other = roomy_cache(), DynamicCache(), tokens(4, 1)
    for cache in (ours, theirs):
        torch.manual_seed(2)
        cache.update(*tokens(7), 0)
        cache.crop(-3)
        layer = cache.layers[0]
        layer.keys = torch.cat([layer.keys, other[0]])
        layer.values = torch.cat([layer.values, other[1]])
    given = tokens(2, 3)
    for a, b in zip(ours.update(*given, 0), theirs.update(*given, 0), strict=True):
        assert torch.equal(a, b)
