"""Every family of the zoo: what docs/models.md says about it is what a tiny model of it does."""

import re

import pytest

import core
from tests.core import families, family_table, zoo

REFUSED = {
    "deepseek_v4": "carries 4 residual streams per token (block output 2×3×4×64",
    "hy_v4": "carries 4 residual streams per token (block output 2×3×4×64",
    "gemma3n": "carries 4 residual streams per token (block output 4×2×3×64",
    "qwen4_exp": "carries 4 residual streams per token (block output 2×3×256",
}


@pytest.mark.parametrize(
    "name", [*families.CONFIGS, *(pytest.param(name, marks=pytest.mark.slow) for name in zoo.ARCHITECTURES)]
)
def test_a_family_does_what_the_page_says(name):
    row = family_table.measured_row(name)
    assert row.line() in family_table.PAGE.read_text("utf-8")
    if name in REFUSED:
        assert REFUSED[name] in row.refusal
        return
    assert row.refusal == ""
    assert row.hook == 0.0, "a push and a cap are a naive hook's to the bit"
    assert row.effect > 0.5
    assert row.no_answers == ""
    assert set(row.silent_experts) == ({0.0} if row.experts.startswith("+") else set()), (
        "with the dial at zero"
    )
    assert max(row.fed, row.spoken, row.gone_back, row.batched) <= family_table.TOLERANCE.get(name, 1e-4)


def test_the_final_norm_is_the_one_that_runs_behind_the_last_block():
    """Gemma 4's small models have another norm beside their blocks, behind it in the list, for the inputs per layer."""
    model = core.adopt(families.build("gemma4_e"))
    assert model.anatomy.final_norm is model.hf.model.norm
    assert [name for name, _ in model.hf.model.named_children()][-1] == "per_layer_projection_norm"


def test_the_page_has_every_family_once():
    measured = family_table.PAGE.read_text("utf-8").partition(family_table.FIRST)[2]
    names = re.findall(r"^\| (\S+) \|", measured.partition(family_table.LAST)[0], re.M)
    assert names == ["family", *family_table.NAMES]
    assert len(families.CONFIGS) >= 26
    assert not families.CONFIGS.keys() & zoo.ARCHITECTURES.keys()
