"""repeng's own package beside ours, in an environment of its own: `python -m bench.repeng` makes it.

Never in ours: what it needs is not ours to install. It gets repeng and scikit-learn, and borrows torch and
transformers from here, so that both run on the same build. Its process is told when to run and times itself.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bench.arms import Arm, Lap

NAME = "repeng"
VERSION = "0.4.0"
ROOT = Path(__file__).parents[1]
HOME = ROOT / "bench" / "results" / "repeng"
PYTHON = HOME / "bin" / "python"
DONE = HOME / "made"
QUIET = {**os.environ, "TQDM_DISABLE": "1"}


def here() -> bool:
    return DONE.is_file()


def version() -> str | None:
    return VERSION if here() else None


def make() -> None:
    """A fresh environment that sees this one's packages behind its own."""
    shutil.rmtree(HOME, ignore_errors=True)
    venv.create(HOME, with_pip=True)
    paths = subprocess.run(
        [PYTHON, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    )
    site, ours = Path(paths.stdout.strip()), sysconfig.get_path("purelib")
    (site / "borrowed.pth").write_text(f"{ours}\n")
    subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", "scikit-learn", "tqdm", "gguf"], check=True)
    subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", "--no-deps", f"repeng=={VERSION}"], check=True)
    DONE.touch()


class Other:
    """Its process, as an arm of a race."""

    def __init__(self, layers: int, dtype: str, texts: list[list[int]]) -> None:
        self._asked = {"layers": layers, "dtype": dtype, "texts": texts}
        self._tokens = sum(map(len, texts))
        self.directions: dict[int, list[float]] = {}

    @property
    def arm(self) -> Arm:
        return Arm(NAME, lambda: self._tokens, self._lap)

    def __enter__(self) -> Self:
        words = [PYTHON, "-m", "bench.repeng_worker"]
        self._process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=QUIET
        )
        found = self._ask(self._asked)
        self.directions = {int(layer): values for layer, values in found["directions"].items()}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def _lap(self) -> Lap:
        found = self._ask({})
        return Lap(found["cpu"], found["wall"], self._tokens)

    def _ask(self, what: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("repeng's process ended")
        found: dict[str, Any] = json.loads(line)
        return found


def main() -> int:
    make()
    print(f"repeng {VERSION} in {HOME}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
