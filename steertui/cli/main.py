"""The command line: finds the verb, runs it, and turns every error into one sentence and an exit code."""

from __future__ import annotations

import argparse
import difflib
import errno
import gc
import json
import os
import sys
import traceback
from collections.abc import Sequence
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from core.errors import BadInput, SteerError, UsageError
from core.secrets import holds_secret, scrub
from steertui import __version__, durations, paths
from steertui.cli.options import flags
from steertui.cli.options.help_format import AlignedHelp, AlignedText
from steertui.cli.verbs import VERBS
from steertui.text import safe_text

SCREEN = ("fps", "theme", "heat", "mouse", "ascii", "on_detach")
KEY_SHOWN = (
    "the command line holds a key, which belongs in the environment: it is left out of the record of the command,"
    " but a prompt is recorded as it is"
)
INTERNAL, INTERRUPTED, PIPE_CLOSED = 1, 130, 141

EPILOG = """exit codes: 0 ok, 1 internal error, 2 usage or config, 3 partly done,
4 bad file or model, 5 engine or lock unavailable, 6 out of memory,
7 network or API, 130 interrupted, 141 output closed"""


class Parser(argparse.ArgumentParser):
    """An argparse parser whose errors are raised as `UsageError` (exit code 2)."""

    def __init__(
        self, *, formatter_class: type[argparse.HelpFormatter] = AlignedHelp, **settings: Any
    ) -> None:
        super().__init__(formatter_class=formatter_class, **settings)

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see {self.prog} --help")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; no traceback reaches the user."""
    words = list(sys.argv[1:] if argv is None else argv)
    warn_about_keys(words)
    try:
        code = dispatch_verb(words)
        # Flushed here, so that a closed pipe is noticed inside this try and not at exit.
        sys.stdout.flush()
        return code
    except SteerError as error:
        return report_error(str(error), error.exit_code, as_json="--json" in words)
    except KeyboardInterrupt:
        return report_error("interrupted", INTERRUPTED, as_json=False)
    except BrokenPipeError:
        # The interpreter flushes stdout at exit and would otherwise fail there again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except Exception as error:
        # A file name that is too long is a mistake in the input, not an internal error.
        if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
            return report_error(_name_too_long(error), BadInput.exit_code, as_json="--json" in words)
        what = f"{type(error).__name__}: {error}"
        return report_error(
            f"internal error ({what}); {_log_traceback(words)}", INTERNAL, as_json="--json" in words
        )


def warn_about_keys(words: Sequence[str]) -> None:
    """Warn about an API key on the command line, which the shell's history keeps."""
    if any(map(holds_secret, words)):
        print(f"steertui: note: {KEY_SHOWN}", file=sys.stderr)


def _name_too_long(error: OSError) -> str:
    """The sentence for a file name that is too long."""
    return f"{str(error.filename)[:40]}…: file name too long"


def dispatch_verb(words: list[str]) -> int:
    """Run the module of a verb, or open the app when no verb is given."""
    name = words[0] if words else ""
    if name in VERBS:
        module = import_module(VERBS[name].module)
        parser = Parser(prog=f"steertui {name}", description=module.__doc__)
        module.add_arguments(parser)
        # Verbs need the mixer's classes; the app and its help do not wait for them.
        from steertui.mixer_options import join_signed_lists

        return int(module.run(parser.parse_args(join_signed_lists(words[1:]))))
    _refuse_misspelt_verb(name)
    return open_app(app_parser().parse_args(words))


def app_parser() -> Parser:
    """The parser of `steertui [MODEL]`; its help lists the verbs without importing them."""
    lines = [f"  {name:<10} {verb.help}" for name, verb in VERBS.items() if verb.help]
    parser = Parser(
        prog="steertui",
        usage="steertui [MODEL] [options]\n       steertui VERB ...",
        description="Opens the app on MODEL, or runs a verb:\n\n" + "\n".join(lines),
        epilog="steertui VERB --help says more about one.\n\n" + EPILOG,
        formatter_class=AlignedText,
    )
    flags.add_model(parser, positional=True)
    flags.add_recording(parser)
    parser.add_argument(
        "--inline", action="store_true", help="engine and screen in one process, which ends with the screen"
    )
    parser.add_argument(
        "--idle-exit",
        type=durations.parse_duration,
        metavar="TIME",
        help="a newly started engine ends after 90s, 30m or 2h without a client",
    )
    flags.add_on_detach(parser)
    screen = parser.add_argument_group("screen")
    screen.add_argument(
        "--fps", type=flags.parse_fps, metavar="N", help="frames per second at most; 10 for a slow line"
    )
    screen.add_argument("--theme", metavar="NAME", help="colours, by name")
    screen.add_argument(
        "--heat", choices=("off", "background", "underline", "marks"), help="how tokens are coloured"
    )
    screen.add_argument(
        "--no-mouse", dest="mouse", action="store_const", const=False, help="do not capture the mouse"
    )
    screen.add_argument("--ascii", action="store_const", const=True, help="draw with plain characters only")
    parser.add_argument("--version", action="version", version=f"steertui {__version__}")
    return parser


def open_app(args: argparse.Namespace) -> int:
    """Open the app, which needs a terminal on stdin, stdout and stderr (Textual draws on stderr)."""
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        raise UsageError(
            "the app needs a terminal: use `steertui say PROMPT` for one answer, "
            "`steertui chat` for a plain loop, or another verb of `steertui --help`"
        )
    if args.inline and (args.on_detach or args.idle_exit is not None):
        raise UsageError(
            "with --inline the engine ends with the screen: leave --on-detach and --idle-exit out"
        )
    said = {name: value for name in SCREEN if (value := getattr(args, name)) is not None}
    options = flags.load_options(args)
    gc.disable()  # starting creates little garbage and many objects; the app enables it after its first frame
    try:
        return _start_app(args, options, said)
    finally:
        gc.enable()


def _start_app(args: argparse.Namespace, options: dict[str, Any], said: dict[str, Any]) -> int:
    """Run the app on an engine in this process, on one started with these options, or on a running one."""
    if args.inline:
        inline = import_module("steertui.engine.inline").start_inline
        with inline(args.model, options, record=not args.no_record) as own:
            return _run_app(args.model, socket=own.path, inline=True, **said)
    if options or args.no_record or args.idle_exit is not None:
        ensure = import_module("steertui.engine.launch").ensure_engine
        said["socket"] = ensure(args.model, options, record=not args.no_record, idle_exit=args.idle_exit)
    return _run_app(args.model, **said)


def _run_app(model: str, **said: Any) -> int:
    return int(import_module("steertui.app").run(model, **said))


def report_error(sentence: str, code: int, *, as_json: bool) -> int:
    """Print an error sentence on stderr, and as a JSON object on stdout with --json; return the exit code."""
    # An error may quote the command line or a server's reply, and with it a key.
    sentence = scrub(sentence)
    print(f"steertui: {safe_text(sentence)}", file=sys.stderr)
    if as_json:
        print(json.dumps({"error": sentence, "exit_code": code}))
    return code


def _refuse_misspelt_verb(word: str) -> None:
    near = difflib.get_close_matches(word, VERBS, n=1, cutoff=0.6)
    # A word with a slash or an existing folder is a model, not a verb.
    if near and "/" not in word and not Path(word).exists():
        raise UsageError(f"there is no verb {word!r}, did you mean {near[0]!r}? (a folder: ./{word})")


def _log_traceback(words: list[str]) -> str:
    """Append the current traceback to the log and return a sentence with its path."""
    try:
        target = paths.log_file()
        # Private from the start: a traceback may hold parts of a conversation.
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace") as file:
            moment = datetime.now().astimezone().isoformat()
            file.write(scrub(f"{moment} verb {words[:1]}\n{traceback.format_exc()}\n"))
    except (OSError, SteerError) as problem:
        return f"the log could not be written ({problem})"
    return f"the details are in {target}"
