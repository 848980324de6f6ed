"""A bad value of a job's parameter is refused with the same sentence by the form and by the command line."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Static

from sessions.job_specs.catalogue import OFFERS
from sessions.job_specs.offer import JobSpec
from steertui.cli import main, run_job
from steertui.screens.jobs.form.form import JobForm

LONG = "x" * 300
FILES = {
    "broken.jsonl": b'{"positive": "a"}\n',
    "empty.jsonl": b"",
    "latin.jsonl": b'"\xe4"\n',
    "list.jsonl": b"[1]\n",
    "words.txt": b"rude\n",
    "prompt.jsonl": b'{"prompt": "Hello"}\n',
    "both.jsonl": b'{"prompt": "Hello", "messages": []}\n',
    "clash.jsonl": b'{"prompt": "Hi", "task": ["rain"], "distracted": ["rain"], "distractor": "Stop"}\n',
    "trap.jsonl": b'{"task": "Tidy", "files": ["a"]}\n',
    "runs.jsonl": b'{"tuned": ["rude"], "direction": "rude"}\n',
}
METHODS = "method is one of mean, pca-centered, pca-diff, logistic, assistant-axis, not"
LAYERS = "write 5, 3-8, 3-8,12, all or 40%-85%, counted from 0"
SETS = (
    "neither a file nor one of determined-drifting, assistant-persona, pirate, follow-up-questions, motivation,"
    " persona, honesty, questions, empathy, prescriptiveness, sycophancy, refusal, subjects"
)
VECTORS = "neither a file here nor one of assistant-persona, determined-drifting, follow-up-questions, pirate"
FORMATS = "(say --to native, gguf, gguf-llamacpp, pt-dict, persona, axis, svec)"
MODELS = "and that is no name of a model on the hub (owner/model)"
KEYS = "line 1: no positive and negative, nor another known shape, in keys positive"


@dataclass(frozen=True)
class Case:
    """A parameter of a job with bad values, each with its sentence; `HERE` in it is the working folder."""

    job: str
    param: str
    given: Mapping[str, str]
    bad: Mapping[str, str]


EXTRACT = {"contrast": "pirate", "out": "v.gguf"}
MAKE = {"set": "kindness", "out": "new.jsonl", "positive": "kind", "negative": "unkind"}
STEER = {"vector": "pirate"}
CASES = (
    Case(
        "extract",
        "method",
        EXTRACT,
        {
            "guess": f"{METHODS} 'guess'",
            "MEAN": f"{METHODS} 'MEAN'",
            "median": f"{METHODS} 'median'",
            "1": f"{METHODS} '1'",
            "pca": f"{METHODS} 'pca'",
            "mean,logistic": f"{METHODS} 'mean,logistic'",
        },
    ),
    Case(
        "extract",
        "holdout",
        EXTRACT,
        {
            "1": "holdout is a share from 0 up to 1, not 1",
            "1.5": "holdout is a share from 0 up to 1, not 1.5",
            "-0.1": "holdout is a share from 0 up to 1, not -0.1",
            "half": "holdout must be a finite number, not 'half'",
            "nan": "holdout must be a finite number, not 'nan'",
            "20%": "holdout must be a finite number, not '20%'",
        },
    ),
    Case(
        "extract",
        "seed",
        EXTRACT,
        {
            "1.5": "seed is a whole number ≥ 0, not '1.5'",
            "-1": "seed is a whole number ≥ 0, not '-1'",
            "two": "seed must be a finite number, not 'two'",
            "1e400": "seed must be a finite number, not '1e400'",
            "99999999999999999999": (
                "seed is a whole number up to 9223372036854775807, not '99999999999999999999'"
            ),
            "1,000": "seed must be a finite number, not '1,000'",
        },
    ),
    Case(
        "extract",
        "read",
        EXTRACT,
        {
            "first": "no read 'first'; there is last, decision, response-mean, span, regex, turn",
            "span:2": "span needs two token numbers such as span:2:8 or span:-4:, not '2'",
            "span:a:b": "span needs two token numbers such as span:2:8 or span:-4:, not 'a:b'",
            "regex:(": "regex '(': missing ), unterminated subpattern at position 0",
            "turn:two": "turn needs the number of a message, not 'two'",
            "last:3": "last takes no argument, '3' was given",
        },
    ),
    Case(
        "extract",
        "out",
        EXTRACT,
        {
            "x.unknownsuffix": f"x.unknownsuffix: cannot write this suffix {FORMATS}",
            "x": f"x: cannot write this suffix {FORMATS}",
            "x.pt": "x.pt: .pt has several layouts, say --to pt-dict, persona or axis",
            "folder": f"folder: cannot write this suffix {FORMATS}",
            "folder.gguf": "cannot write HERE/folder.gguf: is a directory",
            "words.txt/x.gguf": "cannot write HERE/words.txt/x.gguf: not a directory",
        },
    ),
    Case(
        "extract",
        "plot",
        EXTRACT,
        {
            "x": "a plot is written as .png or .svg, x is neither",
            "x.gif": "a plot is written as .png or .svg, x.gif is neither",
            "curves.pdf": "a plot is written as .png or .svg, curves.pdf is neither",
            "folder": "a plot is written as .png or .svg, folder is neither",
            "folder.svg": "cannot write HERE/folder.svg: is a directory",
            "words.txt/x.png": "cannot write HERE/words.txt/x.png: not a directory",
        },
    ),
    Case(
        "extract",
        "beside",
        EXTRACT,
        {
            "missing.pt": "missing.pt: no such file or directory",
            "words.txt": "words.txt: not a torch file",
            "empty.jsonl": "empty.jsonl: not a torch file",
            "folder": "HERE/folder: not a regular file",
            "nowhere": "nowhere: no such file or directory",
            LONG: f"{LONG[:40]}…: file name too long",
        },
    ),
    Case(
        "extract",
        "contrast",
        EXTRACT,
        {
            "nowhere": f"no contrast set 'nowhere': {SETS}",
            "missing.jsonl": "missing.jsonl: no such file or directory",
            "broken.jsonl": f"broken.jsonl: {KEYS}",
            "empty.jsonl": "empty.jsonl: no entries in it",
            "latin.jsonl": "latin.jsonl: line 1: not UTF-8",
            "folder": "folder: is a directory",
        },
    ),
    Case(
        "extract",
        "layers",
        EXTRACT,
        {
            "5-3": f"bad layer range '5-3'; {LAYERS}",
            "3-": f"bad layer range '3-'; {LAYERS}",
            "-1": f"bad layer range '-1'; {LAYERS}",
            "1;2": f"bad layer range '1;2'; {LAYERS}",
            "140%": f"bad layer range '140%'; {LAYERS}",
            "2000": "layer 2000 asked for, no model has more than 1024",
        },
    ),
    Case(
        "extract",
        "vector",
        EXTRACT,
        {
            "nowhere": f"no vector 'nowhere': {VECTORS}",
            "missing.gguf": "no vector 'missing.gguf': there is no such file",
            "/nowhere/x.gguf": "no vector '/nowhere/x.gguf': there is no such file",
            "./pirate": "no vector './pirate': there is no such file",
            "words.txt/x.svec": "no vector 'words.txt/x.svec': there is no such file",
            LONG: f"{LONG[:40]}…: file name too long",
        },
    ),
    Case(
        "extract",
        "tuned",
        EXTRACT,
        {
            "/nowhere": f"no folder /nowhere, {MODELS}",
            "./demo-base": f"no folder ./demo-base, {MODELS}",
            "words.txt": "HERE/words.txt is a file: a model is a folder with config.json and *.safetensors, or a"
            " GGUF file",
            "two words": f"no folder two words, {MODELS}",
            "a/b/c": f"no folder a/b/c, {MODELS}",
            "owner/": f"no folder owner/, {MODELS}",
        },
    ),
    Case(
        "sweep",
        "scale",
        STEER,
        {
            "much": "scale must be a finite number, not 'much'",
            "1,5": "scale must be a finite number, not '1,5'",
            "nan": "scale must be a finite number, not 'nan'",
            "inf": "scale must be a finite number, not 'inf'",
            "0x10": "scale must be a finite number, not '0x10'",
            "1e999": "scale must be a finite number, not '1e999'",
        },
    ),
    Case(
        "sweep",
        "scales",
        STEER,
        {
            "1,b": "scales must be a finite number, not 'b'",
            "1,,2": "scales must be a finite number, not ''",
            "-1;x": "scales must be a finite number, not 'x'",
            "1 2": "scales must be a finite number, not '1 2'",
            "0..2": "scales must be a finite number, not '0..2'",
            "-1,inf": "scales must be a finite number, not 'inf'",
        },
    ),
    Case(
        "sweep",
        "report",
        STEER,
        {
            "words.txt": "HERE/words.txt is a file: give a folder",
            "./empty.jsonl": "HERE/empty.jsonl is a file: give a folder",
            "folder/../words.txt": "HERE/folder/../words.txt is a file: give a folder",
            "words.txt/x": "cannot write HERE/words.txt/x: not a directory",
            "words.txt/x/y": "cannot write HERE/words.txt/x/y: not a directory",
            "latin.jsonl/x": "cannot write HERE/latin.jsonl/x: not a directory",
        },
    ),
    Case(
        "sweep",
        "prompts",
        STEER,
        {
            "englsh": "no prompts 'englsh': neither a file nor one of demo, stories, english, empathy",
            "missing.jsonl": "cannot read missing.jsonl: No such file or directory",
            "words.txt": "HERE/words.txt, line 1: no JSON",
            "empty.jsonl": "HERE/empty.jsonl holds no prompts",
            "both.jsonl": (
                "HERE/both.jsonl, line 1: needs a text, or an object with either 'prompt' or 'messages'"
            ),
            "folder": "cannot read HERE/folder: Is a directory",
        },
    ),
    Case(
        "distraction",
        "tasks",
        STEER,
        {
            "notapack": "no tasks 'notapack': neither a file nor one of demo, english",
            "missing.jsonl": "cannot read missing.jsonl: No such file or directory",
            "words.txt": "HERE/words.txt, line 1: no JSON",
            "prompt.jsonl": "HERE/prompt.jsonl, task 1: 'task' is a list of words or phrases",
            "clash.jsonl": "HERE/clash.jsonl, task 1: 'rain' is in 'task' and in 'distracted'",
            "folder": "cannot read HERE/folder: Is a directory",
        },
    ),
    Case(
        "honeypot",
        "traps",
        STEER,
        {
            "notapack": "no settings 'notapack': neither a file nor one of demo, english",
            "missing.jsonl": "cannot read missing.jsonl: No such file or directory",
            "empty.jsonl": "HERE/empty.jsonl holds no settings",
            "prompt.jsonl": "HERE/prompt.jsonl, line 1: 'task' is what the model is asked to do",
            "trap.jsonl": "HERE/trap.jsonl, line 1: 'files' is an object of file names and contents",
            "latin.jsonl": "HERE/latin.jsonl: not UTF-8 text",
        },
    ),
    Case(
        "axis-drift",
        "conversations",
        STEER,
        {
            "notafile": "cannot read notafile: No such file or directory",
            "words.txt": "HERE/words.txt, line 1: no JSON",
            "empty.jsonl": "HERE/empty.jsonl holds no prompts",
            "prompt.jsonl": (
                "HERE/prompt.jsonl, conversation 1: at least two user turns are needed to measure drift"
            ),
            "latin.jsonl": "HERE/latin.jsonl, line 1: no JSON",
            "folder": "cannot read HERE/folder: Is a directory",
        },
    ),
    Case(
        "themes",
        "themes",
        {},
        {
            "missing.jsonl": "missing.jsonl: no such file or directory",
            "words.txt": "words.txt: line 1: not valid JSON",
            "empty.jsonl": "empty.jsonl: needs runs, each with a name of its own",
            "runs.jsonl": "runs.jsonl: line 1: direction has to be a list of texts (null: no theme)",
            "latin.jsonl": "latin.jsonl: line 1: not UTF-8",
            "folder": "folder: is a directory",
        },
    ),
    Case(
        "themes",
        "other",
        {"themes": "words.txt"},
        {
            "missing.txt": "missing.txt: no such file or directory",
            "empty.jsonl": "empty.jsonl: no themes in it",
            "latin.jsonl": "latin.jsonl: not UTF-8",
            "folder": "folder: is a directory",
            "nowhere": "nowhere: no such file or directory",
            "folder/x.txt": "x.txt: no such file or directory",
        },
    ),
    Case(
        "distraction",
        "embeddings",
        STEER,
        {
            "missing.npz": "missing.npz: no such file or directory",
            "words.txt": "words.txt: line 1: neither JSON nor a .npz file",
            "empty.jsonl": "empty.jsonl: no embeddings in it",
            "list.jsonl": "list.jsonl: line 1: no 'text'",
            "latin.jsonl": "latin.jsonl: line 1: neither JSON nor a .npz file",
            "folder": "HERE/folder: not a regular file",
        },
    ),
    Case(
        "contrast-make",
        "out",
        MAKE,
        {
            "x": "a contrast set is written as .jsonl, not x",
            "x.json": "a contrast set is written as .jsonl, not x.json",
            "x.csv": "a contrast set is written as .jsonl, not x.csv",
            "folder": "a contrast set is written as .jsonl, not folder",
            "folder.jsonl": "cannot write HERE/folder.jsonl: is a directory",
            "words.txt/x.jsonl": "cannot write HERE/words.txt/x.jsonl: not a directory",
        },
    ),
    Case(
        "contrast-make",
        "set",
        MAKE,
        {
            "missing.jsonl": "missing.jsonl: no such file or directory",
            "folder/x.jsonl": "x.jsonl: no such file or directory",
            "broken.jsonl": f"broken.jsonl: {KEYS}",
            "empty.jsonl": "empty.jsonl: no entries in it",
            "latin.jsonl": "latin.jsonl: line 1: not UTF-8",
            "list.jsonl": "list.jsonl: line 1: not an object",
        },
    ),
)
FORMS = {(case.job, tuple(case.given.items())): None for case in CASES}


@pytest.fixture(autouse=True)
def here(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder with the files of the table; a long path would be shortened in a sentence."""
    folder = tmp_path_factory.mktemp("t")
    monkeypatch.chdir(folder)
    for name, data in FILES.items():
        (folder / name).write_bytes(data)
    for name in ("folder", "folder.gguf", "folder.svg", "folder.jsonl"):
        (folder / name).mkdir()
    return folder


def command_words(case: Case, text: str) -> list[str]:
    """The command line of the job with one bad value; what would stop it for another reason is there."""
    spec = OFFERS[case.job]
    values = {**case.given, case.param: text}
    given = [(param, values[param.name]) for param in spec.params if param.name in values]
    places = [value for param, value in given if param.positional]
    options = [f"{param.option}={value}" for param, value in given if not param.positional]
    return [*spec.verb, *places, *options, *(["--yes"] if case.job == "contrast-make" else [])]


def last_line(text: str) -> str:
    return text.rstrip("\n").rpartition("\n")[2]


def expected(sentence: str, here: Path) -> str:
    return sentence.replace("HERE", str(here))


def test_the_table_is_large_enough() -> None:
    kinds = {param.kind for case in CASES for param in OFFERS[case.job].params if param.name == case.param}
    assert len(kinds) >= 12
    assert all(len(case.bad) >= 6 for case in CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.job}-{case.param}")
def test_the_command_line_says_the_sentence(
    case: Case, here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_job, "open_backend", lambda *_: pytest.fail("a place to work was looked for"))
    for text, sentence in case.bad.items():
        assert main.main(command_words(case, text)) in (2, 4)
        assert last_line(capsys.readouterr().err) == f"steertui: {expected(sentence, here)}"


def in_processes() -> Iterator[Any]:
    """Every bad value of every case; the last value of twelve cases is fast enough for each run of the tests."""
    for n, case in enumerate(CASES):
        for text, sentence in case.bad.items():
            last = sentence == list(case.bad.values())[-1]
            marks = () if last and n < 12 else pytest.mark.slow
            yield pytest.param(case, text, sentence, marks=marks, id=f"{case.job}-{case.param}-{text[:12]}")


@pytest.mark.parametrize(("case", "text", "sentence"), list(in_processes()))
def test_a_real_process_says_the_sentence(case: Case, text: str, sentence: str, here: Path) -> None:
    command = [sys.executable, "-m", "steertui", *command_words(case, text)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode in (2, 4)
    assert last_line(done.stderr) == f"steertui: {expected(sentence, here)}"


class FormApp(App[None]):
    """Only the form of a job."""

    def __init__(self, spec: JobSpec, given: Mapping[str, str]) -> None:
        super().__init__()
        self._spec, self._given = spec, given
        self.begun: list[Mapping[str, Any]] = []

    def on_mount(self) -> None:
        self.form = JobForm(self._spec, self._given, "scripted", 0, self._begin)
        self.push_screen(self.form)

    async def _begin(self, kind: str, params: Mapping[str, Any]) -> int | None:
        self.begun.append(params)
        return None

    def sentence(self, name: str) -> str:
        return str(self.form._fields[name].query_one(".wrong", Static).render())


async def settle(pilot: Pilot[None]) -> None:
    """All messages are handled and all checks have ended."""
    await pilot.pause()
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


def rounds(cases: list[Case]) -> Iterator[dict[str, tuple[str, str]]]:
    """The n-th bad value of every parameter of a form, and its sentence."""
    for number in range(max(len(case.bad) for case in cases)):
        yield {case.param: list(case.bad.items())[number] for case in cases if number < len(case.bad)}


@pytest.mark.anyio
@pytest.mark.parametrize(("job", "given"), FORMS, ids=lambda value: value if isinstance(value, str) else "")
async def test_the_form_says_the_sentence(job: str, given: tuple[tuple[str, str], ...], here: Path) -> None:
    cases = [case for case in CASES if (case.job, tuple(case.given.items())) == (job, given)]
    app = FormApp(OFFERS[job], dict(given))
    async with app.run_test(size=(100, 12)) as pilot:
        await settle(pilot)
        for asked in rounds(cases):
            for name, (text, _) in asked.items():
                app.form._fields[name].set_text(text)
            app.form.set_focus(None)
            await settle(pilot)
            found = {name: app.sentence(name) for name in asked}
            assert found == {name: expected(sentence, here) for name, (_, sentence) in asked.items()}
        app.form.start(estimate=False)
        await settle(pilot)
        assert not app.begun


@pytest.mark.anyio
async def test_a_file_is_read_when_its_line_is_left_and_when_the_form_is_sent(here: Path) -> None:
    (here / "pairs.jsonl").write_bytes(FILES["broken.jsonl"])
    app = FormApp(OFFERS["extract"], {"out": "v.gguf"})
    async with app.run_test(size=(100, 40)) as pilot:
        app.form._fields["contrast"].focus_line()
        await pilot.press(*"nowhere")
        await settle(pilot)
        assert app.sentence("contrast") == f"no contrast set 'nowhere': {SETS}"
        app.form._fields["contrast"].set_text("pairs.jsonl")
        await settle(pilot)
        assert app.sentence("contrast") == ""
        await pilot.press("tab")
        async with asyncio.timeout(20):
            while app.sentence("contrast") != f"pairs.jsonl: {KEYS}":
                await pilot.pause(0.01)
        (here / "pairs.jsonl").write_text('{"positive": "a", "negative": "b"}\n')
        app.form.start(estimate=False)
        await settle(pilot)
        assert [params["contrast"] for params in app.begun] == [str(here / "pairs.jsonl")]


@pytest.mark.anyio
async def test_checking_an_output_creates_nothing(here: Path) -> None:
    before = sorted(here.rglob("*"))
    app = FormApp(OFFERS["extract"], {"contrast": "pirate", "out": "new/folder/v.gguf", "plot": "new/x.png"})
    async with app.run_test(size=(100, 12)) as pilot:
        await settle(pilot)
        assert (app.sentence("out"), app.sentence("plot")) == ("", "")
    assert sorted(here.rglob("*")) == before
