"""Converts a GGUF model into a folder of safetensors; `python -m core.fetching.conversion FILE FOLDER` is the process.

It prints how many tensors are done of how many, one pair a line, and ends with a sentence and an exit code.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from core.errors import ModelError, SteerError
from core.fetching.children import start_child, wait_for_child
from core.files import MEBI, read_utf8
from core.jobs.job import Steps
from core.python_child import python_command

PERCENT = 100


def convert_in_child(file: Path, folder: Path, log: Path) -> Steps[None]:
    """Convert in a process of its own, which needs torch and can be killed at any moment."""
    words = python_command("core.fetching.conversion", str(file), str(folder))
    with start_child(words, log) as child:
        code = yield from wait_for_child(child, lambda: _percent_done(log), PERCENT, "% converted")
    if code != 0:
        said = read_utf8(log, MEBI, errors="replace").strip().rpartition("\n")[2]
        problem = ModelError(f"{file.name} could not be converted: {said or f'exit code {code}'}")
        problem.exit_code = code if code > 0 else ModelError.exit_code
        raise problem


def convert_gguf(file: Path, folder: Path) -> None:
    """Write the dequantised model in bfloat16, with tokenizer and chat template; prints its progress."""
    import torch

    from core.loading.gguf import model as gguf_model
    from core.loading.gguf.guard import check_gguf
    from core.loading.gguf.header import read_gguf_header
    from core.loading.placement import Placement
    from core.loading.pretrained import silence_transformers

    header = read_gguf_header(file)
    check_gguf(file, header)
    config = gguf_model.read_gguf_config(file, header)
    place = Placement(torch.bfloat16, torch.device("cpu"))
    hf = gguf_model.read_gguf_model(file, config, torch.bfloat16, place, _print_progress)
    with silence_transformers():
        hf.save_pretrained(folder)
        gguf_model.read_gguf_tokenizer(file).save_pretrained(folder)


def _print_progress(stage: str, done: int, total: int) -> None:
    if stage == "dequantising":
        sys.stdout.write(f"{done} {total}\n")
        sys.stdout.flush()


def _percent_done(log: Path) -> int:
    words = read_utf8(log, MEBI, errors="replace").rpartition("\n")[0].rpartition("\n")[2].split()
    # The last whole line; a library may have written another one.
    if len(words) != 2 or not all(word.isdecimal() for word in words):
        return 0
    return PERCENT * int(words[0]) // max(1, int(words[1]))


def main() -> int:
    """Convert the file that is named; the last line of the output is the reason of a failure."""
    file, folder = map(Path, sys.argv[1:])
    try:
        convert_gguf(file, folder)
    except SteerError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return os.EX_OK


if __name__ == "__main__":
    sys.exit(main())
