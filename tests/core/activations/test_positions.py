import numpy as np
import pytest
import torch

from core.activations.positions import average_positions, chosen_positions
from core.errors import UsageError

LENGTHS = [3, 5, 8]


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        ("last", [[2], [4], [7]]),
        ("mean", [[0, 1, 2], [0, 1, 2, 3, 4], list(range(8))]),
        ([0, -1, 3], [[0], [4], [3]]),
        ([(1, 3), (0, 5), (6, 8)], [[1, 2], [0, 1, 2, 3, 4], [6, 7]]),
        ([slice(-2, None), slice(0, 1), slice(None, None, 4)], [[1, 2], [0], [0, 4]]),
        ([[0, 2], np.array([1, -1]), range(2, 5)], [[0, 2], [1, 4], [2, 3, 4]]),
        ([[True, False, True], [False] * 4 + [True], [True] + [False] * 7], [[0, 2], [4], [0]]),
    ],
)
def test_choices_name_positions_from_each_prompt_s_first_token(read, expected):
    assert [places.tolist() for places in chosen_positions(read, LENGTHS)] == expected


@pytest.mark.parametrize(
    ("read", "words"),
    [
        ("first", "read must be 'last', 'mean'"),
        ([0, 1], "2 choices of positions for 3 prompts"),
        ([3, 0, 0], "prompt 0 has 3 tokens; 3 is beyond it"),
        ([0, (2, 6), 0], "prompt 1 has 5 tokens"),
        ([0, 0, [True] * 7], "prompt 2 has 8 tokens"),
        ([0, (3, 3), 0], "prompt 1: .* reads no position"),
        ([[False] * 3, 0, 0], "prompt 0: .* reads no position"),
    ],
)
def test_choices_that_read_nothing_or_beyond_the_end_are_refused(read, words):
    with pytest.raises(UsageError, match=words):
        chosen_positions(read, LENGTHS)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("read", ["last", "mean", [(0, 2), (1, 4), (2, 3)], [0, [1, 3], slice(2, 7)]])
def test_averages_equal_a_plain_loop_and_ignore_the_padding(read, dtype):
    hidden = torch.randn(3, 8, 6, generator=torch.Generator().manual_seed(0)).to(dtype)
    chosen = chosen_positions(read, LENGTHS)
    expected = []
    for row, (n, places) in enumerate(zip(LENGTHS, chosen, strict=True)):
        own = hidden[row, :n].double()
        expected.append(torch.stack([own[p] for p in places.tolist()]).mean(0))
        hidden[row, n:] = float("nan")
    got = average_positions(hidden, chosen)
    assert got.dtype == torch.float32
    torch.testing.assert_close(got.double(), torch.stack(expected), rtol=1e-6, atol=1e-6)
