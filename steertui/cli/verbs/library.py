"""Manages your vector library: list, add, rename, note, rm, trash, restore, cosines, decompose."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from core.errors import PartlyDone
from core.mixer.layer_ranges import write_layers
from steertui.cli.options.help_format import add_action
from steertui.text import safe_text
from steertui.vector_args import add_reading_options, model_shape, read_vector

if TYPE_CHECKING:
    from vectors.data.card import Card
    from vectors.data.model_shape import ModelShape
    from vectors.library.library import LibraryEntry

Answer = tuple[dict[str, Any], list[str]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, (describe, _) in ACTIONS.items():
        action = add_action(actions, name, str(describe.__doc__))
        describe(action)
        action.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace) -> int:
    answer, lines = ACTIONS[args.action][1](args)
    if args.json:
        print(json.dumps(answer))
    elif lines:
        print("\n".join(map(safe_text, lines)))
    problems = [entry["problem"] for entry in answer.get("vectors", ()) if entry.get("problem")]
    for problem in problems:
        print(f"steertui: {safe_text(problem)}", file=sys.stderr)
    return PartlyDone.exit_code if problems else 0


def _describe_list(parser: argparse.ArgumentParser) -> None:
    """list the vectors, or those that match"""
    parser.add_argument("words", nargs="*", metavar="WORD", help="only vectors with all of these words")
    parser.add_argument("--model", help="show warnings for this model")


def _list(args: argparse.Namespace) -> Answer:
    from vectors.library import library

    entries = library.search(" ".join(args.words)) if args.words else library.list_entries()
    shape = model_shape(args.model) if args.model else None
    rows = [_entry_json(entry, shape) for entry in entries]
    width = max((len(entry.name) for entry in entries), default=0)
    return {"vectors": rows, "names": [entry.name for entry in entries]}, [
        _entry_line(row, width) for row in rows
    ]


def _entry_json(entry: LibraryEntry, shape: ModelShape | None) -> dict[str, Any]:
    doubts = _doubts(entry.card, shape) if shape is not None and entry.card is not None else []
    return {
        "name": entry.name,
        "path": str(entry.path),
        "starter": entry.starter,
        "note": entry.note,
        "problem": entry.problem,
        "doubts": doubts,
        "card": entry.card.to_json() if entry.card else None,
    }


def _doubts(card: Card, shape: ModelShape) -> list[str]:
    """Warnings for a vector on this model; a complete mismatch is one of them."""
    from vectors.data import compatibility

    reason = compatibility.misfit_reason(card, shape)
    return [reason] if reason else list(compatibility.compatibility_warnings(card, shape))


def _entry_line(row: Mapping[str, Any], width: int) -> str:
    card = row["card"]
    if card is None:
        return f"{row['name']:<{width}}  cannot be read"
    band, kind = write_layers(tuple(card["layers"])), "starter" if row["starter"] else card["format"]
    words = [f"{row['name']:<{width}}  {band:>7} × {card['hidden_size']:<6} {kind:<8} {row['note']}".rstrip()]
    return "\n".join(words + [f"  ! {doubt}" for doubt in row["doubts"]])


def _describe_add(parser: argparse.ArgumentParser) -> None:
    """keep a copy of a vector file"""
    parser.add_argument("file", metavar="FILE", help="the vector file")
    parser.add_argument("--name", help="its name in the library (default: the file's)")
    add_reading_options(parser)


def _add(args: argparse.Namespace) -> Answer:
    from vectors.library import library

    target = library.add_to_library(read_vector(args.file, args), args.name)
    name = target.stem
    return {"name": name, "path": str(target), "card": library.load(name).card.to_json()}, [name]


def _describe_rename(parser: argparse.ArgumentParser) -> None:
    """give a vector another name"""
    parser.add_argument("old", metavar="OLD", help="its name now")
    parser.add_argument("new", metavar="NEW", help="its name from then on")


def _rename(args: argparse.Namespace) -> Answer:
    from vectors.library import library

    return {"name": args.new, "path": str(library.rename(args.old, args.new))}, [args.new]


def _describe_note(parser: argparse.ArgumentParser) -> None:
    """set the note of a vector; an empty text removes it"""
    parser.add_argument("name", metavar="NAME", help="the vector's name")
    parser.add_argument("text", metavar="TEXT", help="one line, shown in the list")


def _note(args: argparse.Namespace) -> Answer:
    from vectors.library import library

    library.write_note(args.name, args.text)
    return {"name": args.name, "note": args.text}, []


def _describe_rm(parser: argparse.ArgumentParser) -> None:
    """move a vector to the trash folder"""
    parser.add_argument("name", metavar="NAME", help="the vector's name")


def _remove(args: argparse.Namespace) -> Answer:
    from vectors.library import library

    place = str(library.remove(args.name))
    return {"name": args.name, "trash": place}, [place]


def _describe_trash(parser: argparse.ArgumentParser) -> None:
    """list the vectors in the trash folder"""


def _trash(args: argparse.Namespace) -> Answer:
    from vectors.library import library

    found = [
        {"name": library.original_name(each), "when": each.when, "file": each.place.name}
        for each in library.list_trash()
    ]
    return {"trash": found}, [f"{each['when']}  {each['name']}  ({each['file']})" for each in found]


def _describe_restore(parser: argparse.ArgumentParser) -> None:
    """restore a vector from the trash, with its note"""
    parser.add_argument(
        "name", metavar="NAME", help="the name it had, or its file in the trash when several had that name"
    )


def _restore(args: argparse.Namespace) -> Answer:
    from vectors.library import library

    name = library.restore_vector(args.name)
    return {"name": name}, [name]


def _describe_cosines(parser: argparse.ArgumentParser) -> None:
    """print the pairwise cosines of vectors"""
    parser.add_argument("vectors", nargs="+", metavar="VECTOR", help="files or names")


def _cosines(args: argparse.Namespace) -> Answer:
    from vectors.data import compare
    from vectors.library import library

    stored = {name: library.load(name) for name in args.vectors}
    names = list(stored)
    pairs = [
        (a, b, compare.layer_cosines(stored[a], stored[b])) for i, a in enumerate(names) for b in names[i:]
    ]
    lines = [
        f"{a}  {b}  {pair.mean:+.3f} (random ±{pair.band:.3f})"
        for a, b, pair in pairs
        # The report keeps the diagonal; in the printed lines it would say nothing.
        if a != b and pair.layers
    ]
    return {"names": names, "pairs": [{"a": a, "b": b, **pair.to_json()} for a, b, pair in pairs]}, lines


def _describe_decompose(parser: argparse.ArgumentParser) -> None:
    """print how much of one vector the others explain"""
    parser.add_argument("target", metavar="VECTOR", help="the vector to explain: a file or a name")
    parser.add_argument("parts", nargs="+", metavar="ON", help="files or names to explain it with")


def _decompose(args: argparse.Namespace) -> Answer:
    from vectors.data import compare
    from vectors.library import library

    mixtures = compare.decompose_vector(
        library.load(args.target), [library.load(part) for part in args.parts]
    )
    layers = {
        str(layer): {"coefficients": list(mixture.coefficients), "residual": mixture.residual}
        for layer, mixture in mixtures.items()
    }
    lines = [
        f"layer {layer}: {' '.join(f'{c:+.3f}·{part}' for c, part in zip(mix.coefficients, args.parts, strict=True))}"
        f"  left {mix.residual:.3f}"
        for layer, mix in mixtures.items()
    ]
    return {"target": args.target, "parts": args.parts, "layers": layers}, lines


Action = tuple[Callable[[argparse.ArgumentParser], None], Callable[[argparse.Namespace], Answer]]

ACTIONS: Mapping[str, Action] = {
    "list": (_describe_list, _list),
    "add": (_describe_add, _add),
    "rename": (_describe_rename, _rename),
    "note": (_describe_note, _note),
    "rm": (_describe_rm, _remove),
    "trash": (_describe_trash, _trash),
    "restore": (_describe_restore, _restore),
    "cosines": (_describe_cosines, _cosines),
    "decompose": (_describe_decompose, _decompose),
}
