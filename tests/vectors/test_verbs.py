"""card, convert and library on the command line: data on stdout, sentences on stderr, codes that mean something."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import vectors
from steertui.cli.main import main
from tests.vectors import samples

Printed = pytest.CaptureFixture[str]


def told(printed: Printed) -> dict[str, Any]:
    captured = printed.readouterr()
    assert captured.out.isascii()
    assert captured.out.count("\n") == 1
    answer: dict[str, Any] = json.loads(captured.out)
    return answer


def model_folder(folder: Path, *, layers: int = samples.DEPTH, width: int = samples.WIDTH) -> str:
    place = folder / "Tiny-6L"
    place.mkdir(exist_ok=True)
    config = {"model_type": "llama", "num_hidden_layers": layers, "hidden_size": width}
    (place / "config.json").write_text(json.dumps(config))
    return str(place)


def test_a_card_has_what_the_contract_promises(tmp_path: Path, capsys: Printed) -> None:
    vector = samples.vector()
    vector.save(tmp_path / "a.gguf")
    assert main(["card", str(tmp_path / "a.gguf"), "--json"]) == 0
    card = told(capsys)
    assert card["format"] == "gguf"
    assert card["layers"] == list(samples.LAYERS)
    assert card["hidden_size"] == samples.WIDTH
    assert card["site"] == "block_output"
    assert card["index_rule"].startswith("layer = stored index +0")
    assert card["norms"] == {str(layer): norm for layer, norm in vector.norms.items()}
    assert card["sha256"] == vector.sha256
    assert card["warnings"] == []
    assert set(card["consistency"]["pairs"]) == {"0-1", "1-2"}


def test_a_card_in_words(tmp_path: Path, capsys: Printed) -> None:
    samples.vector().save(tmp_path / "a.safetensors")
    assert main(["card", str(tmp_path / "a.safetensors")]) == 0
    text = capsys.readouterr().out
    for words in (
        "0-2,5 (4 × 24)",
        "maker/Tiny-6L, llama",
        "mean, last, determined-drifting",
        "+ = determined",
    ):
        assert words in text


def test_several_cards_and_one_failure(tmp_path: Path, capsys: Printed) -> None:
    samples.vector().save(tmp_path / "a.gguf")
    samples.put(tmp_path, "b.pt", b"")
    assert main(["card", str(tmp_path / "a.gguf"), str(tmp_path / "b.pt"), "--json"]) == 3
    answer = told(capsys)
    assert [card["name"] for card in answer["cards"]] == ["sample"]
    assert answer["problems"] == ["b.pt: file is empty"]
    assert main(["card", str(tmp_path / "b.pt")]) == 4


def test_a_card_of_an_undecided_file_asks(tmp_path: Path, capsys: Printed) -> None:
    torch.save(torch.randn(7, samples.WIDTH), tmp_path / "mystery.pt")
    assert main(["card", str(tmp_path / "mystery.pt"), "--json"]) == 0
    card = told(capsys)
    assert card["undecided"] is True
    assert "--shift -1" in card["warnings"][0]
    assert main(["card", str(tmp_path / "mystery.pt"), "--json", "--model", model_folder(tmp_path)]) == 0
    card = told(capsys)
    assert card["undecided"] is False
    assert card["layers"] == list(range(6))


@pytest.mark.parametrize("to", ["native", "gguf", "gguf-llamacpp", "pt-dict", "persona", "axis", "svec"])
def test_convert_says_both_cards_and_what_was_lost(to: str, tmp_path: Path, capsys: Printed) -> None:
    samples.vector().save(tmp_path / "a.safetensors")
    out = tmp_path / "out.bin"
    assert main(["convert", str(tmp_path / "a.safetensors"), str(out), "--to", to, "--json"]) == 0
    answer = told(capsys)
    assert answer["in"]["format"] == "native"
    kept = answer["in"]["layers"] if to != "gguf-llamacpp" else [1, 2, 5]
    assert answer["out"]["layers"] == kept
    assert answer["out"]["norms"] == {str(layer): answer["in"]["norms"][str(layer)] for layer in kept}
    assert bool(answer["losses"]) == (to not in ("native", "gguf"))


def test_convert_by_suffix_with_shift_and_to_unit_length(tmp_path: Path, capsys: Printed) -> None:
    samples.vector(layers=(1, 2)).save(tmp_path / "a.gguf")
    assert (
        main(["convert", str(tmp_path / "a.gguf"), str(tmp_path / "b.svec"), "--shift", "-1", "--unit"]) == 0
    )
    vector = vectors.read(tmp_path / "b.svec")
    assert vector.layers == (0, 1)
    assert set(vector.norms.values()) == {1.0}
    assert "variances are unknown" in capsys.readouterr().err
    assert main(["convert", str(tmp_path / "a.gguf"), str(tmp_path / "b.pt")]) == 2
    assert main(["convert", str(tmp_path / "a.gguf"), str(tmp_path / "b.svec"), "--shift", "x"]) == 2
    assert main(["convert", str(tmp_path / "a.gguf"), str(tmp_path / "no" / "b.svec")]) == 4


def test_convert_refuses_to_write_over_what_it_reads(tmp_path: Path, capsys: Printed) -> None:
    for name in ("a", "b"):
        samples.vector().save(tmp_path / f"{name}.safetensors")
    source, link = tmp_path / "a.safetensors", tmp_path / "link.safetensors"
    link.symlink_to(source)
    before = source.read_bytes()
    for words in (
        [str(source), str(source)],
        [str(source), str(link), "--unit"],
        [str(tmp_path / "b.safetensors"), str(source), "--minus", str(source)],
    ):
        assert main(["convert", *words]) == 2
        assert capsys.readouterr().err.endswith(f"{words[1]} is read here: write to another file\n")
    assert source.read_bytes() == before


def test_convert_makes_a_direction_of_two_roles(tmp_path: Path, capsys: Printed) -> None:
    for role in ("pirate", "default"):
        stack = torch.randn(6, samples.WIDTH, generator=torch.Generator().manual_seed(len(role)))
        torch.save({"vector": stack, "type": "mean", "role": role}, tmp_path / f"{role}.pt")
    files = [str(tmp_path / name) for name in ("pirate.pt", "default.pt", "out.safetensors")]
    assert main(["convert", files[0], files[2]]) == 4
    assert main(["convert", files[0], files[2], "--minus", files[1], "--json"]) == 0
    assert told(capsys)["out"]["name"] == "pirate-minus-default"


def test_a_whole_life_in_the_library(tmp_path: Path, capsys: Printed) -> None:
    for seed, name in ((1, "one"), (2, "two")):
        samples.vector(seed).save(tmp_path / f"{name}.gguf")
        assert main(["library", "add", str(tmp_path / f"{name}.gguf"), "--name", name, "--json"]) == 0
        assert told(capsys)["card"]["name"] == name
    assert main(["library", "note", "one", "first try", "--json"]) == 0
    capsys.readouterr()
    assert main(["library", "list", "one", "--json", "--model", model_folder(tmp_path, width=99)]) == 0
    (entry,) = told(capsys)["vectors"]
    assert entry["note"] == "first try"
    assert "vector 24, model 99" in entry["doubts"][0]
    assert main(["library", "cosines", "one", "two", "--json"]) == 0
    pairs = {(pair["a"], pair["b"]): pair["mean"] for pair in told(capsys)["pairs"]}
    assert pairs["one", "one"] == pytest.approx(1, abs=1e-6)
    assert abs(pairs["one", "two"]) < 0.6
    assert main(["library", "decompose", "one", "one", "two", "--json"]) == 0
    layers = told(capsys)["layers"]
    assert layers["0"]["coefficients"] == pytest.approx([1, 0], abs=1e-6)
    assert main(["library", "rename", "one", "three"]) == 0
    assert main(["library", "rm", "three"]) == 0
    capsys.readouterr()
    assert main(["library", "list", "--json"]) == 0
    assert "two" in told(capsys)["names"]
    assert main(["library", "rename", "two", "CON"]) == 2
    assert main(["library", "paint"]) == 2


TORCH_FREE = (
    "vectors",
    "vectors.data.card",
    "vectors.files.reading",
    "vectors.files.writing",
    "vectors.vector",
    "vectors.vector_file",
    "vectors.library.library",
    "vectors.data.compare",
    "steertui.cli.verbs.card",
    "steertui.cli.verbs.convert",
    "steertui.cli.verbs.library",
)


def test_cards_conversions_and_the_library_never_import_torch(tmp_path: Path) -> None:
    samples.vector().save(tmp_path / "a.pt", "pt-dict")
    script = f"""
import sys, importlib
for name in {TORCH_FREE!r}:
    importlib.import_module(name)
from steertui.cli.main import main
assert main(["card", {str(tmp_path / "a.pt")!r}, "--json"]) == 0
assert main(["convert", {str(tmp_path / "a.pt")!r}, {str(tmp_path / "b.gguf")!r}]) == 0
assert main(["library", "add", {str(tmp_path / "a.pt")!r}]) == 0
assert main(["library", "cosines", "sample", "sample"]) == 0
print([name for name in ("torch", "transformers", "anthropic", "textual") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
