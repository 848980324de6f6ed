"""Rebuild the demo models: `python -m tools.demo.train` trains both, makes the starter vectors and measures them.

It uses one thread, a fixed number of steps and fixed seeds: the same machine and versions give the same bytes.
"""

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from core.demo import BASE, INSTRUCT, WEIGHTS
from core.generation.token_ids import tokenizer_of
from core.loading.loading import load
from core.model.model import Model
from tools.demo import bounds, optimise, recipe, starters, tokenizer
from tools.demo.acceptance.measure import measure_acceptance
from tools.demo.acceptance.prompt_sets import chat_prompts
from tools.demo.corpus import Writer, token_stream
from tools.demo.recipe import Rates, Schedule
from tools.demo.texts.documents import base_document, tuned_document

REPORT = "report.json"
SHOWN, SAMPLES = 25, 4

Losses = dict[int, float]


def main(arguments: list[str] | None = None) -> int:
    """Train, measure and write the report; the exit code is 0 if every acceptance bound holds."""
    options = _parser().parse_args(arguments)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    if options.measure:
        report = json.loads((options.folder / REPORT).read_text())
    else:
        losses = train_checkpoints(options.folder, recipe.BASE, recipe.TUNED)
        report = {"seed": recipe.SEED, "losses": losses, "training_cpu_seconds": round(time.process_time())}
    report |= measure_checkpoints(options.folder)
    (options.folder / REPORT).write_text(json.dumps(report, indent=1) + "\n")
    print_line(json.dumps(report["figures"], indent=1))
    for line in report["broken"]:
        print_line(f"acceptance bound not met: {line}")
    return int(bool(report["broken"]))


def train_checkpoints(folder: Path, base: Schedule, tuned: Schedule) -> dict[str, Losses]:
    """Train both checkpoints; the tuned model starts from the saved base checkpoint."""
    words = tokenizer.train_tokenizer(recipe.SEED)
    torch.manual_seed(recipe.SEED)
    shape = recipe.llama_config(len(words), words.bos_token_id, words.eos_token_id, words.pad_token_id)
    model = LlamaForCausalLM(shape)
    first = _train_on(model, words, base_document, base, recipe.BASE_RATES, recipe.SEED + 1)
    _save(model, words, folder / BASE)
    model = LlamaForCausalLM.from_pretrained(folder / BASE, dtype=torch.float32)
    second = _train_on(model, words, tuned_document, tuned, recipe.TUNED_RATES, recipe.SEED + 2)
    _save(model, words, folder / INSTRUCT)
    return {BASE: first, INSTRUCT: second}


def measure_checkpoints(folder: Path) -> dict[str, Any]:
    """Make the starter vectors of trained checkpoints and compute every acceptance figure."""
    base, tuned = (load(str(folder / name)) for name in (BASE, INSTRUCT))
    starters.save_starters(base, folder / "vectors")
    figures = measure_acceptance(base, tuned)
    return {
        "figures": figures,
        "broken": bounds.unmet_bounds(figures),
        "samples": {model.name: _sample_texts(model) for model in (base, tuned)},
        "versions": recipe.library_versions(),
        "sha256": {str(f.relative_to(folder)): _sha256(f) for f in sorted(folder.rglob("*.safetensors"))},
    }


def print_line(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.demo.train", description=__doc__)
    parser.add_argument(
        "folder", nargs="?", type=Path, default=WEIGHTS, help="output folder (default: the package)"
    )
    parser.add_argument("--measure", action="store_true", help="only measure: do not train")
    return parser


def _train_on(
    model: LlamaForCausalLM,
    words: PreTrainedTokenizerFast,
    write: Writer,
    schedule: Schedule,
    rates: Rates,
    seed: int,
) -> Losses:
    losses: Losses = {}
    optimise.train_model(
        model, token_stream(words, write, seed), schedule, rates, _loss_recorder(losses, schedule.steps)
    )
    return losses


def _loss_recorder(losses: Losses, steps: int) -> Callable[[int, float], None]:
    recent: list[float] = []

    def record(step: int, loss: float) -> None:
        recent.append(loss)
        if len(recent) == SHOWN or step + 1 == steps:
            losses[step + 1] = round(sum(recent) / len(recent), 4)
            print_line(
                f"step {step + 1}/{steps}  loss {losses[step + 1]:.3f}  {time.process_time():.0f} CPU-s"
            )
            recent.clear()

    return record


def _save(model: LlamaForCausalLM, words: PreTrainedTokenizerFast, folder: Path) -> None:
    model.to(torch.bfloat16).save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)
    tokenizer.save_tokenizer(words, folder)


def _sample_texts(model: Model) -> list[str]:
    asked = chat_prompts(model, SAMPLES)
    prompts = [tokenizer_of(model).decode(prompt) for prompt in asked.prompts]
    return [prompt + text for prompt, text in zip(prompts, asked.texts(model), strict=True)]


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
