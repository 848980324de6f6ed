"""Recorded sessions: list, search, show, replay and export them; verify generates one again on its model."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.errors import UsageError
from sessions.export import FORMS, LOGS, export, save
from sessions.export.cast import render_event
from sessions.export.playback import in_reading_order, replay_paced
from sessions.journal.folder import find_folder
from sessions.journal.reader import JournalContents, read
from sessions.recorded.branch import create_branch
from sessions.recorded.index import SessionEntry, SessionIndex
from sessions.state.fold import fold_all
from steertui import paths
from steertui.cli.options.help_format import add_action
from steertui.text import safe_text

Action = tuple[Callable[[argparse.ArgumentParser], None], Callable[[argparse.Namespace], int]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, (describe, _) in ACTIONS.items():
        action = add_action(actions, name, str(describe.__doc__))
        describe(action)


def run(args: argparse.Namespace) -> int:
    return ACTIONS[args.action][1](args)


def _describe_list(parser: argparse.ArgumentParser) -> None:
    """list all recorded sessions, the newest first"""
    parser.add_argument("--json", action="store_true", help="one JSON object")


def _list(args: argparse.Namespace) -> int:
    return _print_entries(_open_index().entries(), args.json, "nothing was recorded yet")


def _describe_search(parser: argparse.ArgumentParser) -> None:
    """find sessions that contain all of these words"""
    parser.add_argument("words", nargs="+", metavar="WORD", help="all of these")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def _search(args: argparse.Namespace) -> int:
    return _print_entries(
        _open_index().search(" ".join(args.words)), args.json, "no session has all of these words"
    )


def _describe_show(parser: argparse.ArgumentParser) -> None:
    """print the transcript of a session, with every change at its token"""
    _add_session_argument(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object")


def _show(args: argparse.Namespace) -> int:
    reading = _read_session(args.id)
    if args.json:
        print(
            json.dumps(
                {"session": find_folder(paths.sessions_path(), args.id).id, **_conversations_json(reading)}
            )
        )
    else:
        print(export(reading.records, "md", safe_text), end="")
    return 0


def _describe_replay(parser: argparse.ArgumentParser) -> None:
    """play a session back at its original speed"""
    _add_session_argument(parser)
    parser.add_argument(
        "--speed", type=_parse_speed, default=1.0, metavar="X", help="2 is twice as fast, 0 at once"
    )


def _replay(args: argparse.Namespace) -> int:
    for record in replay_paced(in_reading_order(_read_session(args.id).records), args.speed):
        print(_strip_colours(render_event(record.event, safe_text)), end="", flush=True)
    print()
    return 0


def _describe_export(parser: argparse.ArgumentParser) -> None:
    """write a session in another format"""
    _add_session_argument(parser)
    parser.add_argument("--to", required=True, choices=(*FORMS, *LOGS), help="the format")
    parser.add_argument("--out", type=Path, metavar="FILE", help="instead of stdout")


def _export(args: argparse.Namespace) -> int:
    records = _read_session(args.id).records
    # Binary output would garble a terminal.
    if args.out is None and args.to in LOGS:
        raise UsageError(f"{args.to} is a binary file: name it with --out FILE")
    if args.out is None:
        print(export(records, args.to, safe_text), end="")
        return 0
    try:
        save(records, args.to, args.out, safe_text)
    except OSError as error:
        raise UsageError(f"cannot write {args.out} ({error.strerror})") from error
    return 0


def _describe_verify(parser: argparse.ArgumentParser) -> None:
    """generate a session again on its model and report how exactly it repeats"""
    _add_session_argument(parser)
    parser.add_argument("--model", help="path of the model, if its name alone does not find it")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def _verify(args: argparse.Namespace) -> int:
    from sessions.recorded.verify_offline import verify_offline

    folder = find_folder(paths.sessions_path(), args.id)
    summary = verify_offline(folder, args.model)
    if args.json:
        print(json.dumps({"session": folder.id, **summary}))
    else:
        place = summary["first_divergence"]
        where = f", first at token {place['at']} of answer {place['gen']}" if place else ""
        print(f"{summary['grade']}{where} ({len(summary['answers'])} answers)")
        if made := summary["compiled"]:
            print(f"  {made} tokens were made by a compiled step, which may not repeat bit for bit")
        for line in summary["environment"]:
            print(f"  {safe_text(line)}")
    return 3 if summary["grade"] == "diverged" else 0


def _describe_branch(parser: argparse.ArgumentParser) -> None:
    """start a new session from one token of another"""
    _add_session_argument(parser)
    parser.add_argument(
        "--at", required=True, type=_parse_place, metavar="TOKEN", help="of the last answer, or TURN:TOKEN"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")


def _branch(args: argparse.Namespace) -> int:
    parent = find_folder(paths.sessions_path(), args.id)
    reading = read(parent.journal)
    turn, at = args.at
    new = create_branch(
        paths.sessions_folder(),
        parent,
        reading.records,
        fold_all(reading.records).head if turn is None else turn,
        at,
    )
    print(json.dumps({"session": new.id, "parent": parent.id}) if args.json else new.id)
    return 0


ACTIONS: dict[str, Action] = {
    "list": (_describe_list, _list),
    "search": (_describe_search, _search),
    "show": (_describe_show, _show),
    "replay": (_describe_replay, _replay),
    "export": (_describe_export, _export),
    "verify": (_describe_verify, _verify),
    "branch": (_describe_branch, _branch),
}


def _add_session_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "id", metavar="ID", help="a session's id, or a unique beginning or end of it; `last` is the newest"
    )


def _open_index() -> SessionIndex:
    return SessionIndex(paths.sessions_path(), paths.index_file())


def _read_session(session: str) -> JournalContents:
    """The readable part of a journal; damage is reported on stderr."""
    reading = read(find_folder(paths.sessions_path(), session).journal)
    if problem := reading.damage_words():
        print(f"steertui: {problem}", file=sys.stderr)
    return reading


def _conversations_json(reading: JournalContents) -> dict[str, Any]:
    """Every conversation of the session, as `export --to jsonl` writes them, and the damage report."""
    lines = export(reading.records, "jsonl", safe_text).splitlines()
    return {"conversations": [json.loads(line) for line in lines], "damage": reading.damage_words()}


def _print_entries(entries: list[SessionEntry], as_json: bool, nothing: str) -> int:
    if as_json:
        print(json.dumps({"sessions": [asdict(entry) for entry in entries]}))
    elif not entries:
        print(nothing, file=sys.stderr)
    for entry in [] if as_json else entries:
        title = entry.title or ("empty" if not entry.damage else "–")
        damage = f"  ({entry.damage})" if entry.damage else ""
        print(f"{entry.id}  {entry.began[:16]:<16}  {_size_text(entry)}  {safe_text(f'{title}{damage}')}")
    return 0


def _size_text(entry: SessionEntry) -> str:
    """Turns and tokens of a session, or its jobs if it has no turns."""
    said = f"{entry.turns:>3} turns {entry.tokens:>6} tokens"
    return said if entry.turns or not entry.jobs else f"{safe_text(entry.jobs):<{len(said)}}"


def _strip_colours(text: str) -> str:
    """The text without colour codes unless stdout is a terminal."""
    text = text.replace("\r\n", "\n")
    if sys.stdout.isatty():
        return text
    for code in ("\x1b[2m", "\x1b[1m", "\x1b[33m", "\x1b[0m"):
        text = text.replace(code, "")
    return text


def _parse_place(text: str) -> tuple[int | None, int]:
    """Parse TOKEN or TURN:TOKEN."""
    # Without a colon `rpartition` leaves the turn empty.
    turn, colon, token = text.rpartition(":")
    if not token.isdigit() or (colon and not turn.isdigit()):
        raise UsageError(f"a place is written TOKEN or TURN:TOKEN, not {text!r}")
    return int(turn) if colon else None, int(token)


def _parse_speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = -1.0
    # The negated comparison also refuses nan.
    if not 0 <= speed < 1e6:
        raise UsageError(f"a speed is a number from 0 on, not {text!r}")
    return speed
