"""Compiles in a child process first, so that the decode thread finds the kernels in the disk cache.

Tracing patches torch for the whole process: compiling in one thread would break decoding in another. The
child builds the same shapes from the configuration, without weights; only what the compiler writes to disk is
kept.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TypedDict

import platformdirs
import torch
import transformers

from core.compiled.size import GraphSize
from core.json_values import JsonValue
from core.model.anatomy import find_parts
from core.model.fused_norms import fuse_norms
from core.model.hooks import SteeringHooks
from core.model.model import Model
from core.python_child import python_command, python_environment

CACHE = "TORCHINDUCTOR_CACHE_DIR"
LAST_WORDS = 200
LONGEST_SECONDS = 60.0
"""A step that is not compiled by then is given up: decoding stays eager, and that is said."""

GraphSpec = TypedDict(
    "GraphSpec",
    {
        "class": str,
        "config_class": str,
        "config": dict[str, JsonValue],
        "attention": str,
        "dtype": str,
        "device": str,
        "blocks_path": str,
        "threads": int,
        "size": dict[str, int],
    },
)


class PrecompileProcess:
    """One child process that compiles a graph of one size."""

    def __init__(self, model: Model, size: GraphSize) -> None:
        use_own_cache()
        self._deadline = time.monotonic() + LONGEST_SECONDS
        # A file, not a pipe: nobody reads while the child runs, and a full pipe would block it.
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        self._child = subprocess.Popen(
            python_command("core.compiled.precompile"),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
            env=python_environment(),
        )
        # The child must not outlive this process.
        atexit.register(self.stop)
        assert self._child.stdin is not None
        with self._child.stdin as pipe:
            pipe.write(json.dumps(describe_graph(model, size)).encode())

    @property
    def finished(self) -> bool:
        return self._child.poll() is not None

    @property
    def succeeded(self) -> bool:
        return self._child.poll() == 0

    @property
    def is_overdue(self) -> bool:
        return not self.finished and time.monotonic() > self._deadline

    def wait(self) -> None:
        """Wait until it has finished, or is overdue."""
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(max(0.0, self._deadline - time.monotonic()))

    @property
    def error_text(self) -> str:
        """Why there is nothing: it took too long, or the last line of a failed child's stderr."""
        if self.is_overdue:
            return f"the compiled step was not ready after {LONGEST_SECONDS:g} s"
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "the compiler's process died")

    def stop(self) -> None:
        if not self.finished:
            self._child.kill()
            self._child.wait()


def error_words(error: Exception) -> str:
    """An error of the compiler on one line, without its advice on how to debug it."""
    return " ".join(str(error).partition("\nSet TORCH")[0].split())[:LAST_WORDS] or type(error).__name__


def use_own_cache() -> None:
    """Use the user's own cache folder: the compiler's default is in a folder that every user can write to."""
    os.environ.setdefault(CACHE, str(Path(platformdirs.user_cache_dir("steertui")) / "inductor"))


def describe_graph(model: Model, size: GraphSize) -> GraphSpec:
    """All that determines the graph besides the code: class, configuration, dtype, device, size."""
    config = model.hf.config
    return {
        "class": type(model.hf).__name__,
        "config_class": type(config).__name__,
        "config": json.loads(config.to_json_string(use_diff=False)),
        "attention": config._attn_implementation,
        "dtype": str(next(model.hf.parameters()).dtype).removeprefix("torch."),
        "device": str(model.device),
        "blocks_path": model.anatomy.blocks_path,
        # Inductor writes the thread count into its CPU kernels.
        "threads": torch.get_num_threads(),
        "size": asdict(size),
    }


def empty_model(spec: GraphSpec) -> Model:
    """A model of the same shapes with uninitialised weights, which cost no memory on CPU."""
    config = getattr(transformers, spec["config_class"]).from_dict(spec["config"])
    with torch.device("meta"):
        hf = getattr(transformers, spec["class"])._from_config(
            config, dtype=getattr(torch, spec["dtype"]), attn_implementation=spec["attention"]
        )
    hf = hf.to_empty(device=spec["device"]).eval()
    # `to_empty` gives every parameter storage of its own, which unties the embeddings.
    hf.tie_weights()
    # As in a loaded model: another graph would be compiled again there.
    fuse_norms(hf)
    anatomy = find_parts(hf, spec["blocks_path"])
    steering = SteeringHooks(anatomy.blocks, anatomy.sites)
    return Model(hf, None, "hollow", anatomy, steering, "", spec["size"]["capacity"])


def main() -> None:
    from core.compiled.graph_step import GraphStep

    # The parent goes on decoding meanwhile and comes first.
    os.nice(5)
    spec: GraphSpec = json.load(sys.stdin)
    torch.set_num_threads(spec["threads"])
    size = GraphSize(**spec["size"])
    try:
        GraphStep(empty_model(spec), size).compile_graph()
    except Exception as error:  # compilers raise errors of any class; the parent reads the last line
        sys.exit(error_words(error))


if __name__ == "__main__":
    main()
