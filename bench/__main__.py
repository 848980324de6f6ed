"""`python -m bench [NAME …]`: measure, print what was found beside what was promised, keep it as JSON."""

from __future__ import annotations

import argparse
import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from bench import machine
from bench.arms import Setting

BENCHES = (
    "decode",
    "compiled",
    "lanes",
    "many_answers",
    "turn",
    "dial",
    "extraction",
    "diff",
    "check",
    "engine",
    "screen",
    "line",
    "collapse",
    "vector_file",
    "real_model",
    "real_check",
    "real_extract",
    "english_sets",
    "estimates",
    "nulls",
    "outside",
)
RESULTS = Path(__file__).parent / "results"


def main() -> int:
    options = _options()
    torch.set_num_threads(options.threads)
    sound = True
    for name in options.names or BENCHES:
        before = machine.describe()
        result = import_module(f"bench.{name}").bench(Setting(options.repetitions, options.device))
        result |= {"bench": name, "before": before, "after": machine.describe()}
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / f"{name}-{options.device}.json").write_text(json.dumps(result, indent=1))
        _show(result)
        sound = sound and all(check["holds"] for check in result["checks"])
    return 0 if sound else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--quick", action="store_const", const=3, dest="repetitions", help="3 repetitions")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(BENCHES))
    if unknown:
        parser.error(f"no bench {unknown[0]!r}; there is {', '.join(BENCHES)}")
    return options


def _show(result: dict[str, Any]) -> None:
    print(f"{result['bench']}: {result['model']}")
    for goal in result["goals"]:
        found = f"{goal['median']:.2f} ({goal['low']:.2f}–{goal['high']:.2f})"
        crowd = f"wall/CPU {goal['wall_per_cpu']:.2f}"
        print(
            f"  {goal['arm']} / {goal['against']}: {found}, target {goal['at_least']:.3g}: {goal['verdict']}, {crowd}"
        )
    for found in result.get("times", ()):
        target = "" if found["at_most"] is None else f", target {found['at_most']:.0f}"
        print(f"  {found['name']}: {found['median']:.1f} µs ({found['low']:.1f}–{found['high']:.1f}){target}")
    for line in result.get("lines", ()):
        print(f"  {line}")
    for check in result["checks"]:
        verdict = "holds" if check["holds"] else "FAILS"
        print(f"  {check['check']}: {check['value']:.2g} (limit {check['limit']:.2g}) {verdict}")


if __name__ == "__main__":
    sys.exit(main())
