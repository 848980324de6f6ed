"""Settings and keymap: what is wrong is named with its file and line, what is right takes effect."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from core.errors import UsageError
from steertui import config, keymap, paths
from steertui.app import StudioApp as App
from steertui.commands import (
    COMMANDS,
    EVERYWHERE,
    FORM,
    JOBS,
    LIBRARY,
    REPLAY,
    SESSIONS,
    STRIP_KEYS,
    TRANSCRIPT,
)
from steertui.config import Settings
from steertui.screens.desk.commands import actions
from steertui.screens.desk.commands.actions import ACTIONS
from steertui.screens.desk.screen import DeskScreen
from steertui.screens.jobs.form.form import JobForm
from steertui.screens.jobs.screen import JobsScreen
from steertui.screens.library.screen import LibraryScreen
from steertui.screens.sessions.replay import ReplayScreen
from steertui.screens.sessions.screen import SessionsScreen
from steertui.widgets.transcript.view import Transcript
from tests.steertui.app.stage import stage

SCREENS = {
    LIBRARY: LibraryScreen,
    SESSIONS: SessionsScreen,
    REPLAY: ReplayScreen,
    JOBS: JobsScreen,
    FORM: JobForm,
    EVERYWHERE: App,
    TRANSCRIPT: Transcript,
}


def write(text: str) -> Path:
    path = paths.config_folder() / config.FILE
    path.write_text(text, encoding="utf-8")
    return path


def test_no_file_means_the_built_in_settings() -> None:
    assert config.load() == Settings()


def test_what_is_written_is_in_force() -> None:
    write('fps = 10\nheat = "underline"\nmouse = false\n[keymap]\n"strip.flip" = "z"\n')
    assert config.load() == Settings(fps=10.0, heat="underline", mouse=False, keymap={"strip.flip": "z"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('theme = "steertui-day"\nfsp = 10\n', ":2: unknown key 'fsp', did you mean 'fps'"),
        ('fps = "fast"\n', ":1: fps must be of type float, not str"),
        ("mouse = 1\n", ":1: mouse must be of type bool, not int"),
        ("fps = 900\n", ":1: fps must lie between 1 and 60"),
        ('\ntheme = "dracul"\n', ":2: unknown theme 'dracul', did you mean 'dracula'?"),
        (
            'on_detach = "later"\n',
            ":1: on-detach is continue, stop, or a time such as 90s or 30m, not 'later'",
        ),
        ('heat = "loud"\n', ":1: heat must be off, background, underline or marks"),
        (
            '\n[keymap]\n"strip.flop" = "z"\n',
            ":3: there is no action 'strip.flop', did you mean 'strip.flip'",
        ),
        ('[keymap]\n"strip.flip" = "z"\n"strip.mute" = "z"\n', ":3: key 'z' is given to both"),
        ('[keymap]\n"strip.flip" = 3\n', ":2: the keys of 'strip.flip' must be a string"),
        ("heat = 'off'\nfps = = 3\n", ":2: this is not TOML: Invalid value"),
        ("fps = [1,\n", ":1: this is not TOML"),
        ("# " + "x" * (config.LARGEST + 1), "larger than 256 KB"),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, said: str) -> None:
    path = write(text)
    with pytest.raises(UsageError) as error:
        config.load()
    assert str(path) in str(error.value)
    assert said in str(error.value)


def test_bytes_that_are_no_text_are_named() -> None:
    path = paths.config_folder() / config.FILE
    path.write_bytes(b"heat = 'off'\nfps = \xff\xfe\n")
    with pytest.raises(UsageError, match=r":2: this is not UTF-8 text \(byte 0xff\)"):
        config.load()


def project(text: str) -> Path:
    path = Path.cwd() / config.PROJECT_FILE
    path.write_text(text, encoding="utf-8")
    return path


def test_a_project_may_change_the_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write('theme = "dracula"\nfps = 20\n')
    project('theme = "steertui-day"\n')
    assert config.load() == Settings(theme="steertui-day", fps=20.0)


@pytest.mark.parametrize(
    "line",
    [
        'anthropic_base_url = "http://x"',
        "trust_remote_code = true",
        'on_detach = "stop"',
        '[keymap]\n"strip.flip" = "q"',
    ],
)
def test_a_project_may_not_touch_urls_trust_or_keys(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = project(f'theme = "steertui-day"\n{line}\n')
    with pytest.raises(UsageError, match="not allowed in project config") as error:
        config.load()
    assert f"{path}:2:" in str(error.value)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", 'theme = "nord"\n'),
        ("# mine\nfps = 20\n", 'theme = "nord"\n# mine\nfps = 20\n'),
        ('fps = 20\n theme="x"  # y\n[keymap]\n', 'fps = 20\ntheme = "nord"\n[keymap]\n'),
    ],
)
def test_a_remembered_setting_leaves_the_rest_as_it_was_written(before: str, after: str) -> None:
    path = write(before)
    assert config.save_setting("theme", "nord") == path
    assert path.read_text() == after
    assert config.load().theme == "nord"


def test_an_unknown_theme_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="steertui-night"):
        App("demo-instruct", None, Settings(theme="nope"))


def literal_keys(source: str, table: str) -> list[object]:
    """The keys of a module's table that are written as plain strings; `**` and computed keys are None."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == table:
            assert isinstance(node.value, ast.Dict)
            return [key.value if isinstance(key, ast.Constant) else None for key in node.value.keys]
    return []


def test_every_command_of_the_desk_is_spelled_in_one_table() -> None:
    keys = literal_keys(Path(str(actions.__file__)).read_text(encoding="utf-8"), "ACTIONS")
    assert sorted(map(str, keys)) == sorted(command.id for command in COMMANDS if not command.own)


def test_a_key_that_is_computed_would_be_found() -> None:
    assert literal_keys('T: X = {"a": 1, **more, name: 2}', "T") == ["a", None, None]


def test_every_command_is_an_action_of_the_desk() -> None:
    assert ACTIONS.keys() == {command.id for command in COMMANDS if not command.own}
    for command in COMMANDS:
        name = command.action.removeprefix("screen.").partition("(")[0]
        owner = SCREENS.get(command.where, DeskScreen)
        assert hasattr(owner, f"action_{name}"), command


def test_no_key_is_given_twice() -> None:
    keys = [(command.where, key) for command in COMMANDS if command.keys for key in command.keys.split(",")]
    assert len(keys) == len(set(keys))
    assert not {key for _, key in keys} & {binding.key for binding in STRIP_KEYS}
    assert len(set(keymap.IDS)) == len(keymap.IDS)


def test_every_single_key_has_a_way_around_altgr() -> None:
    altgr = {
        "left_square_bracket",
        "right_square_bracket",
        "left_curly_bracket",
        "right_curly_bracket",
        "at",
        "backslash",
    }
    for command in COMMANDS:
        keys = set(command.keys.split(",")) if command.keys else set()
        assert not keys or keys - altgr, command


@pytest.mark.anyio
async def test_a_remapped_key_works_and_shows_in_the_help() -> None:
    async with stage(size=(120, 240), settings=Settings(keymap={"mixer.bypass": "z"})) as at:
        await at.add("pirate")
        await at.press("x")
        assert not at.desk.mixer_panel.board.mixer.bypassed
        await at.press("z")
        assert at.desk.mixer_panel.board.mixer.bypassed
        await at.press("question_mark")
        await at.until(lambda: any("z" in row and "Bypass the whole mixer" in row for row in at.drawn()))
