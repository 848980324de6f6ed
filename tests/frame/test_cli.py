"""Every way a command can end: one sentence on stderr, its exit code, and never a traceback."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from core import errors
from steertui import paths
from steertui.cli import main
from steertui.cli.verbs import VERBS, Verb
from steertui.engine import launch

ROOT = Path(__file__).resolve().parents[2]
Ending = Callable[[argparse.Namespace], int]


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch) -> Callable[[Ending], None]:
    """Puts a verb `end` into the registry that ends as the test wants."""

    def install(run: Ending) -> None:
        module = ModuleType("steertui.cli.verbs.end")
        module.__dict__.update(run=run, add_arguments=lambda p: p.add_argument("--json", action="store_true"))
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setitem(VERBS, "end", Verb(module.__name__, None))

    return install


def ending_with(error: BaseException) -> Ending:
    def run(args: argparse.Namespace) -> int:
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.SteerError("x"), 1),
        (errors.UsageError("x"), 2),
        (errors.PartlyDone("x"), 3),
        (errors.BadInput("x"), 4),
        (errors.ModelError("x"), 4),
        (errors.EngineUnavailable("x"), 5),
        (errors.OutOfMemory("x"), 6),
        (errors.NetworkError("x"), 7),
    ],
)
def test_a_failure_is_its_sentence_and_its_code(
    verb: Callable[[Ending], None], error: errors.SteerError, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    verb(ending_with(error))
    assert main.main(["end"]) == code
    assert capsys.readouterr() == ("", "steertui: x\n")


def test_with_json_a_failure_is_one_object_on_stdout_too(
    verb: Callable[[Ending], None], capsys: pytest.CaptureFixture[str]
) -> None:
    verb(ending_with(errors.BadInput("no such thing")))
    assert main.main(["end", "--json"]) == 4
    out, err = capsys.readouterr()
    assert json.loads(out) == {"error": "no such thing", "exit_code": 4}
    assert err == "steertui: no such thing\n"


def test_an_escape_sequence_in_a_sentence_reaches_no_terminal(
    verb: Callable[[Ending], None], capsys: pytest.CaptureFixture[str]
) -> None:
    verb(ending_with(errors.BadInput("file \x1b]52;c;AAAA\x07 is bad")))
    main.main(["end", "--json"])
    out, err = capsys.readouterr()
    assert "\x1b" not in out + err
    assert "\x07" not in out + err


def test_ctrl_c_is_130(verb: Callable[[Ending], None], capsys: pytest.CaptureFixture[str]) -> None:
    verb(ending_with(KeyboardInterrupt()))
    assert main.main(["end"]) == 130
    assert capsys.readouterr().err == "steertui: interrupted\n"


def test_a_bug_is_filed_not_shown(verb: Callable[[Ending], None], capsys: pytest.CaptureFixture[str]) -> None:
    verb(ending_with(ZeroDivisionError("of all things")))
    assert main.main(["end"]) == 1
    err = capsys.readouterr().err
    assert "internal error (ZeroDivisionError: of all things)" in err
    assert str(paths.log_file()) in err
    assert "Traceback" not in err
    assert "Traceback" in paths.log_file().read_text()
    assert paths.log_file().stat().st_mode & 0o777 == 0o600


def test_a_bug_is_told_even_when_it_cannot_be_filed(
    verb: Callable[[Ending], None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/dev/null/nowhere")
    verb(ending_with(ZeroDivisionError("of all things")))
    assert main.main(["end"]) == 1
    assert "of all things" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["paht"], "no verb 'paht', did you mean 'path'?"),
        (["--frobnicate"], "unrecognized arguments: --frobnicate; see steertui --help"),
        (["path", "--frobnicate"], "unrecognized arguments: --frobnicate; see steertui path --help"),
    ],
)
def test_a_slip_of_the_pen_is_2(words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(words) == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main.main([name, "--help"])
    assert end.value.code == 0
    assert f"steertui {name}" in capsys.readouterr().out


def test_help_lists_every_verb_and_loads_none() -> None:
    program = (
        "import sys, steertui.cli.main\n"
        "try: steertui.cli.main.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = ('torch', 'transformers', 'textual', 'steertui.cli.verbs.')\n"
        "print([m for m in sys.modules if m.startswith(heavy)])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True
    )
    *text, loaded = done.stdout.splitlines()
    assert loaded == "[]"
    assert {n for n, v in VERBS.items() if v.help} <= {line.split()[0] for line in text if line.strip()}


def test_without_a_terminal_the_app_names_the_verb_to_use() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "steertui"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "steertui say PROMPT" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("words", "engine", "app"),
    [
        ([], None, {}),
        (
            ["big", "--theme", "textual-dark", "--fps", "10", "--no-mouse"],
            None,
            {"theme": "textual-dark", "fps": 10, "mouse": False},
        ),
        (["big", "--device-map", "auto"], {"options": {"device_map": "auto"}, "record": True}, {}),
        (
            ["big", "--dtype", "bfloat16", "--no-record"],
            {"options": {"dtype": "bfloat16"}, "record": False},
            {},
        ),
    ],
)
def test_the_app_opens_on_the_model_that_was_asked_for(
    words: list[str], engine: dict[str, Any] | None, app: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Options about loading are the engine's: it is started with them, and the app opens on its socket."""
    opened: list[Any] = []
    started: list[Any] = []

    def ensure(model: str, options: dict[str, Any], *, record: bool, idle_exit: float | None) -> Path:
        started.append((model, {"options": options, "record": record}))
        return Path("socket")

    def run(model: str, **said: Any) -> int:
        opened.append((model, said))
        return 0

    stage = ModuleType("steertui.app")
    stage.__dict__["run"] = run
    monkeypatch.setitem(sys.modules, "steertui.app", stage)
    monkeypatch.setattr(launch, "ensure_engine", ensure)
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    assert main.main(words) == 0
    model = words[0] if words else "demo-instruct"
    assert started == ([(model, engine)] if engine else [])
    assert opened == [(model, app | ({"socket": Path("socket")} if engine else {}))]


@pytest.mark.parametrize("words", [["--on-detach", "stop"], ["--idle-exit", "90s"]])
def test_what_says_nothing_about_an_engine_of_this_process_is_refused(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    assert main.main(["--inline", *words]) == 2
    assert "leave --on-detach and --idle-exit out" in capsys.readouterr().err


def test_a_reader_that_leaves_is_no_error() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "steertui", "path"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait() == 141
        assert process.stderr is not None
        assert process.stderr.read() == ""


@pytest.mark.parametrize("elsewhere", ["stdin", "stdout", "stderr"])
def test_the_app_starts_only_where_all_three_streams_are_the_terminal(
    elsewhere: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With stderr in a file nobody would see a screen: that is where Textual draws."""
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(getattr(sys, name), "isatty", lambda here=name != elsewhere: here, raising=False)
    assert main.main([]) == 2
    assert "the app needs a terminal" in capsys.readouterr().err


def test_a_key_on_the_command_line_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    main.main(["card", "sk-ant-" + "api03-not-a-real-one.gguf"])
    assert "the command line holds a key" in capsys.readouterr().err
    main.main(["card", "an-honest-name.gguf"])
    assert "holds a key" not in capsys.readouterr().err
