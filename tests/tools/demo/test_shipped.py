"""What is in the package: standard checkpoints, a real tokenizer, vectors in the native format."""

import hashlib
import json
import subprocess
import sys

import pytest
import torch
from safetensors import safe_open
from transformers import AutoModelForCausalLM, AutoTokenizer

import core
import vectors
from core import demo
from core.demo.demo_world import DEMO_WORLD
from core.demo.world.contrasts import CONTRASTS
from core.demo.world.traits import Traits
from core.mixer.mixer import Mixer
from tools.demo import markup, starters
from tools.demo.acceptance.prompt_sets import SEED
from tools.demo.continuations import sample_continuations
from tools.demo.figures import compute_figures
from tools.demo.texts.documents import TrainingDocument
from tools.demo.wording import turn_ids

MEGABYTE = 1_000_000


@pytest.mark.parametrize("name", demo.checkpoint_folders())
def test_a_standard_checkpoint_of_at_most_five_megabytes(name):
    folder = demo.checkpoint_folder(name)
    assert sum(file.stat().st_size for file in folder.iterdir()) <= 5 * MEGABYTE
    model = AutoModelForCausalLM.from_pretrained(folder)
    assert model.config.model_type == "llama"
    assert model.config.num_hidden_layers >= 8
    with safe_open(folder / "model.safetensors", "pt") as weights:
        assert {str(weights.get_tensor(key).dtype) for key in weights.keys()} == {"torch.bfloat16"}  # noqa: SIM118


def test_unknown_names_have_no_folder():
    assert demo.checkpoint_folder("demo") is None
    assert demo.checkpoint_folder("../demo-base") is None


def test_the_tokenizer_reads_any_text_back():
    tokenizer = AutoTokenizer.from_pretrained(demo.checkpoint_folder("demo-base"))
    for text in ("Help me with the parser.", "naïve Ωλ 漢字 🙂", "def f(x):\n    return x"):
        ids = tokenizer(text)["input_ids"]
        assert ids[0] == tokenizer.bos_token_id
        assert tokenizer.decode(ids, skip_special_tokens=True) == text


def test_the_chat_template_writes_what_the_model_was_trained_on():
    tokenizer = AutoTokenizer.from_pretrained(demo.checkpoint_folder("demo-instruct"))
    assert "\n" not in tokenizer.chat_template
    turns = (("system", "Tools: ls, cat, grep."), ("user", "Hi."), ("assistant", "$ ls"), ("tool", "a.txt"))
    messages = [{"role": role, "content": content} for role, content in turns]
    trained_on = markup.render_document(TrainingDocument(Traits(), turns=turns))
    assert tokenizer.apply_chat_template(messages, tokenize=False) == trained_on
    waiting = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    assert waiting == trained_on + markup.ROLES["assistant"]


def test_it_loads_as_float32_on_the_cpu(base):
    if torch.cuda.is_available():
        pytest.skip("on a GPU the automatic precision is another")
    assert base.dtype == torch.float32


def test_the_example_prompts_are_answered_in_the_world(tuned):
    prompts = [turn_ids(tuned, ("user", line)) for line in DEMO_WORLD.examples]
    rows = sample_continuations(tuned, prompts, [(Mixer(), 60)], SEED)
    said = compute_figures([tuned.tokenizer.decode(row) for row in rows])
    assert said.sentences >= len(prompts)
    assert said.well_formed >= 0.9


@pytest.mark.parametrize("name", CONTRASTS)
def test_a_starter_vector_says_everything_about_itself(name, base):
    file = demo.starter_vectors()[name]
    with safe_open(file, "pt") as opened:
        card = opened.metadata()
        rows = {int(key.removeprefix("layer.")): opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118
    assert sorted(rows) == list(range(base.n_layers))
    assert all(row.dtype == torch.float32 and abs(row.norm() - 1) < 1e-5 for row in rows.values())
    assert (card["format"], card["site"], card["name"]) == ("steertui/1", "block_output", name)
    assert (card["model_id"], card["n_layers"], card["hidden_size"]) == ("demo-base", "10", "96")
    assert card["sign_note"] == CONTRASTS[name].sign_note
    suggestion, stats = json.loads(card["suggestion"]), json.loads(card["stats"])
    assert set(suggestion["layers"]) <= set(rows)
    for layer, norm in json.loads(card["raw_norms"]).items():
        gap = stats[layer]["positive"]["mean"] - stats[layer]["negative"]["mean"]
        assert gap == pytest.approx(norm, rel=1e-4)
        assert stats[layer]["midpoint"] == pytest.approx(stats[layer]["negative"]["mean"] + gap / 2, abs=1e-4)


@pytest.mark.parametrize("starter", starters.STARTERS, ids=lambda starter: starter.name)
def test_a_starter_vector_can_be_made_again(base, starter, tmp_path):
    """From the shipped weights, up to the arithmetic of another machine: rows, statistics and every other fact."""
    file = tmp_path / f"{starter.name}.safetensors"
    starters.make_vector(base, starter).save(file)
    shipped, made = vectors.read(demo.starter_vectors()[starter.name]), vectors.read(file)
    assert facts_of(made) == approximate(facts_of(shipped))
    for layer, row in shipped.directions.items():
        assert torch.allclose(made.directions[layer], row, rtol=0, atol=1e-4)


def facts_of(vector):
    card = vector.card.to_json()
    facts = {key: card[key] for key in ("name", "site", "layers", "hidden_size", "norms")} | card["about"]
    return {key: value for key, value in facts.items() if key != "versions"}


def approximate(value):
    if isinstance(value, dict):
        return {key: approximate(inner) for key, inner in value.items()}
    return pytest.approx(value, rel=1e-3, abs=1e-2) if isinstance(value, float) else value


def test_the_report_is_about_the_files_beside_it():
    report = json.loads((demo.WEIGHTS / "report.json").read_text())
    assert report["broken"] == []
    for name, digest in report["sha256"].items():
        assert hashlib.sha256((demo.WEIGHTS / name).read_bytes()).hexdigest() == digest, name


def test_knowing_about_the_demo_costs_no_torch():
    code = (
        "import sys, core.demo as d; d.checkpoint_folder('demo-base'); d.starter_vectors();"
        "from core.demo.demo_world import world_of; w = world_of('demo-base');"
        "w.prompts(2, 1); w.pairs('pirate', 2, 1); w.conversations(2, 3, 1); w.shell_tasks(2, 1);"
        "print([m for m in ('torch', 'transformers', 'tokenizers', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_public_door_streams_an_answer(tuned):
    steps = list(core.stream(tuned, "Help me with the parser.", max_new_tokens=24, temperature=0.0))
    assert "parser" in "".join(step.text for step in steps)
