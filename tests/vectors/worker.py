"""A process that opens one hostile file after another under limits, and tells how each ended.

Run as a script: requests are JSON lines on stdin, answers JSON lines on stdout. It dies of what it cannot survive;
whoever started it starts another.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import resource
import select
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

ADDRESS_SPACE = 1 << 30
ANSWER_WITHIN = 60.0  # wall time on a busy machine; what counts is the CPU time an answer reports


class Worker:
    """The parent's end: starts the process when needed, and kills it when an answer is late."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.restarts = 0

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def parse(self, data: bytes) -> dict[str, Any]:
        """Read these bytes as a vector file."""
        return self._ask({"data": base64.b64encode(data).decode()})

    def run(self, *words: str) -> dict[str, Any]:
        """A whole command line, in the process."""
        return self._ask({"words": words})

    def open(self, path: Path) -> dict[str, Any]:
        """A file through the front door of the package."""
        return self._ask({"path": str(path)})

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        process = self.process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], ANSWER_WITHIN)
        line = process.stdout.readline() if ready else b""
        if not line:
            self.stop()
            self.restarts += 1
            return {"end": "hung" if not ready else "died"}
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _start(self) -> subprocess.Popen[bytes]:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.vectors.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        return self.process

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None


def most_memory() -> int:
    """This program's own high-water mark; `ru_maxrss` still counts the process it was forked from."""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def _serve() -> None:
    from steertui.cli.main import main
    from vectors.data.layer_numbers import ReadOptions
    from vectors.errors import VectorFileError
    from vectors.files.opening import OpenedFile
    from vectors.files.reading import parse
    from vectors.vector_file import read_file, vector_of

    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    open_choices = ReadOptions(allow_undecided=True)
    for line in sys.stdin:
        request = json.loads(line)
        answer: dict[str, Any] = {"end": "read"}
        started = time.process_time()
        try:
            if "words" in request:
                out, err = io.StringIO(), io.StringIO()
                with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                    answer = {
                        "end": "ran",
                        "code": main(request["words"]),
                        "out": out.getvalue(),
                        "err": err.getvalue(),
                    }
            elif "path" in request:
                read_file(request["path"], allow_undecided=True)
            else:
                data = base64.b64decode(request["data"])
                found = vector_of(parse(OpenedFile(Path("mutant"), data, len(data)), open_choices))
                answer["layers"] = list(found.layers)
        except VectorFileError as refusal:
            answer = {"end": "refused", "text": str(refusal)}
        except BaseException as escape:
            answer = {"end": "escaped", "text": f"{type(escape).__name__}: {escape}"}
        answer["seconds"] = time.process_time() - started
        answer["peak"] = most_memory()
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    _serve()
