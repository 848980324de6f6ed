"""Lists the contrast sets that come with steertui, shows what a set or a file holds (counts and its first pair), or
makes a new one from the answers a model gives to the questions of another."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from steertui import flags
from steertui.progress import Bar
from steertui.text import safe_text

PREVIEW = 400


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="the built-in sets")
    showing = actions.add_parser("show", help="counts, domains and the first pair of one set")
    showing.add_argument("set", metavar="SET", help="a built-in set or a file of pairs")
    making = actions.add_parser("make", help="have a model answer both sides of a set, and keep its replies")
    making.add_argument("set", metavar="NAME", help="a built-in set or a file of conversations")
    making.add_argument(
        "--with-model", action="store_true", required=True, help="let --model write the replies"
    )
    making.add_argument(
        "--out", metavar="FILE", type=Path, required=True, help="the new file of pairs (.jsonl)"
    )
    making.add_argument("--max-new", type=flags.count, default=50, metavar="N", help="longest reply (50)")
    flags.add_model(making)
    for action in (listing, showing, making):
        action.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run(args: argparse.Namespace) -> int:
    report = listed() if args.action == "list" else shown(args.set) if args.action == "show" else made(args)
    lines = list_lines(report) if args.action == "list" else show_lines(report)
    print(json.dumps(report) if args.json else "\n".join(map(safe_text, lines)))
    return 0


def listed() -> dict[str, Any]:
    from vectors.contrasts.catalogue import BUILT_IN

    return {
        "sets": [
            {"name": built.name, "world": built.world, "about": built.about, "pairs": len(built.make())}
            for built in BUILT_IN.values()
        ]
    }


def shown(name: str) -> dict[str, Any]:
    from vectors.contrasts.catalogue import contrast

    found = contrast(name)
    first = found.pairs[0] if found.pairs else None
    return {
        "name": found.name,
        "shape": found.shape,
        "pairs": len(found.pairs),
        "prompts": len(found.prompts),
        "distinct": len({pair.key for pair in found.pairs}),
        "domains": found.domains,
        "poles": list(found.poles),
        "sha256": found.sha256,
        "first": {"positive": first.positive, "negative": first.negative} if first else found.prompts[0],
    }


def made(args: argparse.Namespace) -> dict[str, Any]:
    """The new set, shown like any other; what was already answered is not asked again."""
    import platformdirs

    from core import load
    from core.finished import Finished
    from core.jobs import End, Progress
    from core.runner import run as events
    from vectors.contrasts.catalogue import contrast
    from vectors.contrasts.spoken import spoken

    found, summary = contrast(args.set), dict[str, Any]()
    with Bar() as bar:
        model = load(args.model, on_progress=bar, **flags.loading(args))
        settings = {"model": model.fingerprint, "set": found.sha256, "max_new": args.max_new}
        folder = Path(platformdirs.user_cache_dir("steertui")) / "contrast"
        finished = Finished.of(folder, "make", settings)
        for event in events(spoken(model, found, args.out, args.max_new), finished=finished):
            if isinstance(event, Progress):
                bar(event.unit, event.done, event.total)
            if isinstance(event, End):
                summary = dict(event.summary)
    finished.file.unlink(missing_ok=True)
    return shown(str(args.out)) | {"out": str(args.out), "dropped": summary["dropped"]}


def list_lines(report: dict[str, Any]) -> Iterator[str]:
    for built in report["sets"]:
        yield f"{built['name']:<20} {built['pairs']:>4} pairs  {built['world']:<8} {built['about']}"


def show_lines(report: dict[str, Any]) -> Iterator[str]:
    amount = f"{report['pairs']} pairs" if report["pairs"] else f"{report['prompts']} prompts, no pairs"
    yield f"{report['name']}: {amount}, read as {report['shape']}"
    yield from (f"  {count:>4} {domain or '(no domain)'}" for domain, count in report["domains"].items())
    if not report["pairs"]:
        yield f"first  {told(report['first'])}"
        return
    for sign, pole, side in zip("+−", report["poles"], ("positive", "negative"), strict=True):
        yield f"{sign} {pole}: {told(report['first'][side])}"


def told(text: Any) -> str:
    """A side on one line, its turns named."""
    if not isinstance(text, str):
        text = " / ".join(f"{message['role']}: {message['content']}" for message in text)
    return text if len(text) <= PREVIEW else f"{text[:PREVIEW]} …"
