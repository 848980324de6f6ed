"""`.pt` files as other programs save them: dictionaries, stacks, axes, roles, caps, and twins that differ by one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import vectors
from tests.vectors import samples
from tests.vectors.files.test_layouts import ROWS, assert_rows, read
from tests.vectors.samples import put
from vectors.vector_file import read_card


@pytest.mark.parametrize(("blocks", "width"), [(36, 2048), (28, 3072)])
def test_seed_dictionaries_are_blocks_in_bf16(blocks: int, width: int, tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(blocks)
    rows = torch.nn.functional.normalize(torch.randn(blocks, width, generator=generator), dim=1).bfloat16()
    path = put(
        tmp_path, "directions.pt", samples.saved({layer: rows[layer].clone() for layer in range(blocks)})
    )
    for vector in (vectors.read(path), vectors.read(path, model=samples.Model(blocks, width))):
        assert vector.layers == tuple(range(blocks))
        assert vector.card.format == "pt-dict"
        for layer, direction in vector.directions.items():
            assert direction.dtype == torch.float32
            assert float(direction.double().norm()) == pytest.approx(1.0, abs=1e-6)
            assert np.array_equal(vector.raw(layer), rows[layer].float().numpy())
        assert all(abs(norm - 1) < 0.01 for norm in vector.norms.values())


def test_dictionary_twins_are_told_apart_by_the_model(tmp_path: Path) -> None:
    blocks = put(tmp_path, "blocks.pt", samples.saved(samples.tensors(tuple(range(6)))))
    states = put(tmp_path, "states.pt", samples.saved(samples.tensors(tuple(range(7)))))
    model = samples.Model(6)
    assert vectors.read(blocks, model=model).layers == tuple(range(6))
    moved = vectors.read(states, model=model)
    assert moved.layers == tuple(range(6))
    assert "hidden_states order" in moved.card.index_rule
    assert np.array_equal(moved.raw(0), vectors.read(states).raw(1))
    assert any("--shift -1" in warning for warning in vectors.read(states).card.warnings)


def test_stack_twins_are_told_apart_by_the_model_and_asked_about_without(tmp_path: Path) -> None:
    rows = torch.randn(7, samples.WIDTH, generator=torch.Generator().manual_seed(2))
    path = put(tmp_path, "mystery.pt", samples.saved(rows))
    as_states = vectors.read(path, model=samples.Model(6))
    assert as_states.layers == tuple(range(6))
    assert np.array_equal(as_states.raw(0), rows[1].numpy())
    as_blocks = vectors.read(path, model=samples.Model(7))
    assert as_blocks.layers == tuple(range(7))
    assert np.array_equal(as_blocks.raw(0), rows[0].numpy())
    with pytest.raises(vectors.VectorFileError, match=r"7 rows are 7 blocks \(say --shift 0\).*--shift -1"):
        vectors.read(path)
    with pytest.raises(
        vectors.VectorFileError, match="7 rows are neither the 12 blocks nor the 13 hidden_states"
    ):
        vectors.read(path, model=samples.Model(12))
    undecided = read_card(path)
    assert undecided.undecided
    assert "--shift -1" in undecided.warnings[0]
    assert vectors.read(path, shift=-1).layers == tuple(range(6))
    assert "as asked" in vectors.read(path, shift=0).card.index_rule


@pytest.mark.parametrize("kind", ["prompt_avg", "response_avg", "prompt_last"])
def test_persona_vectors_are_known_by_their_file_names(kind: str, tmp_path: Path) -> None:
    rows = torch.randn(29, 64, generator=torch.Generator().manual_seed(4))
    vector = read(tmp_path, f"evil_{kind}_diff.pt", samples.saved(rows))
    assert vector.layers == tuple(range(28))
    assert vector.card.format == "persona"
    assert all(np.array_equal(vector.raw(layer), rows[layer + 1].numpy()) for layer in vector.layers)
    assert "index 0 is before the first block" in vector.card.warnings[0]


def test_assistant_axis_dictionary_and_bare_tensor(tmp_path: Path) -> None:
    axis = torch.randn(16, 40, generator=torch.Generator().manual_seed(5)).bfloat16()
    tree = {"axis": axis, "metadata": {"model_name": "maker/Big-16L", "n_roles": 275}}
    for name, value in (("axis.pt", tree), ("assistant_axis.pt", axis)):
        vector = read(tmp_path, name, samples.saved(value))
        assert vector.layers == tuple(range(16))
        assert vector.card.format == "axis"
        assert np.array_equal(vector.raw(3), axis[3].float().numpy())
    assert read(tmp_path, "axis.pt", samples.saved(tree)).about.model_id == "maker/Big-16L"


def test_a_role_vector_needs_a_second_one(tmp_path: Path) -> None:
    stacks = [torch.randn(6, samples.WIDTH, generator=torch.Generator().manual_seed(seed)) for seed in (1, 2)]
    pirate = put(
        tmp_path, "pirate.pt", samples.saved({"vector": stacks[0], "type": "pos_3", "role": "pirate"})
    )
    default = put(
        tmp_path, "default.pt", samples.saved({"vector": stacks[1], "type": "mean", "role": "default"})
    )
    with pytest.raises(
        vectors.VectorFileError, match="mean activation of role pirate, not a direction.*--minus"
    ):
        vectors.read(pirate)
    assert "not a direction" in read_card(pirate).warnings[-1]
    vector = vectors.read(pirate, minus=default)
    assert vector.name == "pirate-minus-default"
    assert_rows(vector, {layer: (stacks[0] - stacks[1])[layer].numpy() for layer in range(6)})


def test_a_capping_config_is_a_preset_of_ceilings(tmp_path: Path) -> None:
    data = samples.saved(samples.capping_config())
    vector = read(tmp_path, "capping_config.pt", data)
    assert vector.layers == tuple(range(46, 54))
    assert dict(vector.ceilings) == {layer: layer / 2 for layer in range(46, 54)}
    assert vector.card.parts == ("layers_46:54-p0.25", "layers_46:48-p0.5")
    assert read(tmp_path, "capping_config.pt", data, part="layers_46:48-p0.5").layers == (46, 47)
    with pytest.raises(vectors.VectorFileError, match="no experiment p9"):
        read(tmp_path, "capping_config.pt", data, part="p9")


def test_layer_activations_of_steering_vectors(tmp_path: Path) -> None:
    tree = {"layer_activations": samples.tensors(), "layer_type": "decoder_block"}
    assert_rows(read(tmp_path, "sv.pt", samples.saved(tree)), ROWS)
    with pytest.raises(vectors.VectorFileError, match="site mlp not usable"):
        read(tmp_path, "mlp.pt", samples.saved(tree | {"layer_type": "mlp"}))


def test_bare_directions_go_where_the_caller_says(tmp_path: Path) -> None:
    one, three = torch.tensor(ROWS[0]), torch.tensor(np.stack([ROWS[0], ROWS[1], ROWS[2]]))
    for shape in ((-1,), (1, -1), (1, 1, -1)):
        data = samples.saved(one.reshape(shape))
        with pytest.raises(vectors.VectorFileError, match="no layer: say --layers"):
            read(tmp_path, "bare.pt", data)
        assert_rows(read(tmp_path, "bare.pt", data, layers=[3, 4]), {3: ROWS[0], 4: ROWS[0]})
    named = read(tmp_path, "three.pt", samples.saved(three), layers=[2, 4, 5])
    assert_rows(named, {2: ROWS[0], 4: ROWS[1], 5: ROWS[2]})
    with pytest.raises(vectors.VectorFileError, match=r"shape 2×3×24 is neither"):
        read(tmp_path, "cube.pt", samples.saved(torch.ones(2, 3, 24)))


def test_old_torch_files_views_and_parameters(tmp_path: Path) -> None:
    tree = samples.tensors()
    assert_rows(read(tmp_path, "old.pt", samples.saved(tree, _use_new_zipfile_serialization=False)), ROWS)
    stack = torch.tensor(np.stack(list(ROWS.values())))
    views = {layer: stack[place] for place, layer in enumerate(ROWS)}
    assert_rows(read(tmp_path, "views.pt", samples.saved(views)), ROWS)
    columns = {layer: stack.t().contiguous()[:, place] for place, layer in enumerate(ROWS)}
    assert_rows(read(tmp_path, "columns.pt", samples.saved(columns)), ROWS)
    parameters = {layer: torch.nn.Parameter(row) for layer, row in tree.items()}
    assert_rows(read(tmp_path, "parameters.pt", samples.saved(parameters)), ROWS)
    for dtype in (torch.float64, torch.float16, torch.bfloat16):
        cast = {layer: row.to(dtype) for layer, row in tree.items()}
        assert_rows(
            read(tmp_path, "cast.pt", samples.saved(cast)), {k: v.float().numpy() for k, v in cast.items()}
        )
