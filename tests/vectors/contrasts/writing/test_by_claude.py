"""Sets written by Claude, through the real SDK and a local Messages API: what is asked, kept, left out and paid."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import vectors
from core.errors import NetworkError, UsageError
from core.jobs.job import Artifact, End, JobEvent, JobSample
from core.jobs.resume import FinishedTasks
from core.jobs.runner import run
from steertui.cli.main import main
from steertui.cli.verbs import contrast as verb
from tests.claude_server import CANARY, ClaudeServer, says, status
from vectors.contrasts.duplicates import NearDuplicateFilter, jaccard_similarity, word_shingles
from vectors.contrasts.writing.brief import parse_brief
from vectors.contrasts.writing.forms import FORMS
from vectors.contrasts.writing.job import write_with_claude, writing_cost

NUMBERS = itertools.count()
WORDS = "amber boat cedar drum ember fern gull harp iris jade kite loom moss nest opal pine"


def story(number: int) -> dict[str, str]:
    """Like no other: hardly a word of it stands in another one."""
    own = [f"{word}{number}" for word in WORDS.split()]
    return {
        "opening": f"The {' '.join(own[:6])} had failed again.",
        "positive": f"She tried {' '.join(own[6:11])}.",
        "negative": f"She left {' '.join(own[11:])}.",
        "ending": "Then she turned and",
    }


def writer(body: Mapping[str, Any], make: Callable[[int], dict[str, str]] = story) -> dict[str, Any]:
    asked = int(body["messages"][0]["content"].split()[1])
    return {"pairs": [make(next(NUMBERS)) for _ in range(asked)]}


def params(out: Path, **more: Any) -> dict[str, Any]:
    return {"set": "motivation", "out": str(out), "pairs": 20, "deadline": 60.0} | more


def worked(asked: dict[str, Any], steps: Path | None = None) -> tuple[list[JobEvent], dict[str, Any]]:
    events = list(run(write_with_claude(asked), finished=FinishedTasks(steps) if steps else None))
    assert isinstance(events[-1], End)
    return events, dict(events[-1].summary)


def test_a_set_is_whole_balanced_and_told(claude_server: ClaudeServer, tmp_path: Path) -> None:
    claude_server.answer(writer)
    events, summary = worked(params(tmp_path / "new.jsonl"))
    found = vectors.contrast(tmp_path / "new.jsonl").validated()
    assert len(found.pairs) == summary["pairs"] == 20
    assert set(found.domains.values()) == {2}
    assert [pair.domain for pair in found.pairs[:10]] == list(summary["domains"])
    assert (found.read, found.poles) == ("last", ("determined", "drifting")), "its header says so"
    assert summary["missing"] == 0
    first = found.pairs[0]
    assert isinstance(first.positive, str)
    assert first.positive.endswith("Then she turned and"), "both sides end where the next step is decided"
    assert first.positive.split(". ")[0] == str(first.negative).split(". ")[0]
    assert sum(isinstance(event, JobSample) for event in events) == 40
    assert any(isinstance(event, Artifact) for event in events)
    assert summary["cost"]["calls"] == len(claude_server.requests) == 10
    assert CANARY not in json.dumps([event.to_json() for event in events])


def test_what_is_asked_says_trait_domain_form_and_examples(
    claude_server: ClaudeServer, tmp_path: Path
) -> None:
    claude_server.answer(writer)
    worked(params(tmp_path / "new.jsonl", pairs=40, domains="kitchens, ships"))
    texts = [request["messages"][0]["content"] for request in claude_server.requests]
    assert all("positive is determined, negative is drifting" in text for text in texts)
    for domain in ("kitchens", "ships"):
        assert sum(f"Domain of all of them: {domain}." in text for text in texts) == 4
    assert "Nadia" in texts[0], "the first pair of the set is an example"
    assert "do not write them again" not in texts[0]
    assert "do not write them again" in texts[-1]
    schema = claude_server.requests[0]["output_config"]["format"]["schema"]
    assert schema["properties"]["pairs"]["items"]["required"] == ["opening", "positive", "negative", "ending"]


def test_what_is_of_no_use_is_left_out_and_written_again(claude_server: ClaudeServer, tmp_path: Path) -> None:
    """One of five is good: another nearly says what was said, or a side is empty, the same or four times as long."""

    def careless(body: Mapping[str, Any]) -> dict[str, Any]:
        good = story(next(NUMBERS))
        again = {**good, "opening": good["opening"].replace("failed", "missed")}
        bad = (good["positive"], " ", " ".join([good["positive"]] * 4))
        others = ({**story(next(NUMBERS)), "positive": good["positive"], "negative": side} for side in bad)
        return {"pairs": [good, again, *others]}

    claude_server.answer(careless)
    _, summary = worked(params(tmp_path / "new.jsonl", pairs=6, domains="a,b"))
    assert summary["pairs"] == 6
    left_out = summary["left_out"]
    assert {"duplicate", "same", "empty", "length"} <= set(left_out)
    assert left_out["empty"] == left_out["length"] == left_out["same"] == 6
    assert (left_out["duplicate"], left_out["more than asked"]) == (4, 2)


def test_replies_that_cannot_be_used_are_gaps(claude_server: ClaudeServer, tmp_path: Path) -> None:
    """Domain b gets prose, half an object, a foreign field: its pairs are missing, and the others are kept."""
    turns = itertools.cycle(
        ["I'd love to!", '{"pairs": [', {"pairs": [], "note": "\x1b[2J ignore the schema"}]
    )

    def sulky(body: Mapping[str, Any]) -> Any:
        return says(next(turns)) if "them: b." in body["messages"][0]["content"] else writer(body)

    claude_server.answer(sulky)
    _, summary = worked(params(tmp_path / "new.jsonl", pairs=6, domains="a,b"))
    assert (summary["pairs"], summary["missing"]) == (3, 3)
    assert summary["left_out"]["unusable reply"] == 3


def test_a_talk_without_any_pair_is_a_sentence(claude_server: ClaudeServer, tmp_path: Path) -> None:
    claude_server.script(says("no"))
    with pytest.raises(NetworkError, match="no usable pair for motivation: 30 unusable reply"):
        worked(params(tmp_path / "new.jsonl", pairs=10))
    assert not (tmp_path / "new.jsonl").exists()


def test_a_stopped_talk_goes_on_and_asks_nothing_twice(claude_server: ClaudeServer, tmp_path: Path) -> None:
    """The key is refused in the second round; later the finished round is there, and the file is the same."""
    replies: dict[str, Any] = {}

    def steady(body: Mapping[str, Any]) -> Any:
        text = body["messages"][0]["content"]
        return replies.setdefault(text, writer(body))

    claude_server.answer(steady)
    worked(params(tmp_path / "whole.jsonl", domains="a,b"))
    asked = len(claude_server.requests)
    again, steps = (
        params(tmp_path / "again.jsonl", domains="a,b", about="the same in other words"),
        tmp_path / "s",
    )
    claude_server.answer(
        lambda b: status(401) if "do not write" in b["messages"][0]["content"] else steady(b)
    )
    with pytest.raises(NetworkError, match="refused the key"):
        worked(again, steps)
    assert not (tmp_path / "again.jsonl").exists()
    before = len(claude_server.requests)
    claude_server.answer(steady)
    _, summary = worked(again, steps)
    assert summary["pairs"] == 20
    assert len(claude_server.requests) - before == asked - 2, "the first round was there"
    first = (tmp_path / "again.jsonl").read_bytes()
    worked(again | {"out": str(tmp_path / "third.jsonl")})
    assert (tmp_path / "third.jsonl").read_bytes() == first
    assert len(claude_server.requests) - before == asked - 2, "everything was in the cache"


def test_budget_and_deadline_are_held(claude_server: ClaudeServer, tmp_path: Path) -> None:
    claude_server.answer(writer)
    with pytest.raises(NetworkError, match=r"budget of \$0.01"):
        worked(params(tmp_path / "new.jsonl", budget=0.01))
    claude_server.script(says({"pairs": [story(0)]}, delay=30.0))
    with pytest.raises(NetworkError, match="longer than the 0.3 s allowed"):
        worked(params(tmp_path / "new.jsonl", deadline=0.3))
    assert not (tmp_path / "new.jsonl").exists()


def test_the_estimate_is_an_upper_bound(claude_server: ClaudeServer, tmp_path: Path) -> None:
    claude_server.answer(writer)
    asked = params(tmp_path / "new.jsonl", pairs=30)
    _, summary = worked(asked)
    most, used = writing_cost(asked), summary["cost"]
    assert most.calls >= used["calls"]
    assert most.dollars is not None
    assert most.dollars >= used["dollars"] > 0
    _, told = worked(asked | {"estimate": True})
    assert told["cost"]["dollars"] == pytest.approx(most.dollars)
    assert told["pairs"] == 0


@pytest.mark.parametrize("name", FORMS)
def test_every_form_becomes_pairs_that_can_be_read_again(
    name: str, claude_server: ClaudeServer, tmp_path: Path
) -> None:
    def make(number: int) -> dict[str, str]:
        return {part: f"{part} {number} w{3 * number} v{5 * number}" for part in FORMS[name].parts}

    claude_server.answer(lambda body: writer(body, make))
    out = tmp_path / "new.jsonl"
    asked = params(out, set="frugality", positive="saves", negative="spends", form=name, domains="a", pairs=4)
    worked(asked)
    found = vectors.contrast(out).validated()
    assert len(found.pairs) == 4
    continued = parse_brief({"set": str(out), "pairs": 8})
    assert continued.form.name in {name, "replies" if name == "answers" else name}
    assert continued.domains == ("a",)


def test_a_short_answer_is_short() -> None:
    row = {"question": "Where?", "positive": "In the house by the old sea wall.", "negative": "Here."}
    assert FORMS["answers"].rejection_reason(row) == "length"
    assert FORMS["answers"].rejection_reason({**row, "positive": "In the house by the sea."}) is None


def test_quotas_are_alike() -> None:
    wanted = parse_brief({"set": "frugality", "positive": "saves", "negative": "spends", "pairs": 12})
    assert list(wanted.quotas.values()) == [3, 3, 2, 2, 2]


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"set": "frugality"}, "is a new set: describe its sides"),
        ({"set": "persona"}, "persona cannot be written pair by pair"),
        ({"set": "pirate"}, "pirate cannot be written pair by pair"),
        ({"set": "motivation", "pairs": 1}, "from 2 to 10,000 pairs, not 1"),
        ({"set": "motivation", "form": "songs"}, "no form 'songs'"),
        ({"set": "motivation", "out": "a.csv"}, "written as .jsonl"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is_asked(
    asked: dict[str, Any], sentence: str, claude_server: ClaudeServer
) -> None:
    with pytest.raises(UsageError, match=sentence):
        worked({"pairs": 10, "out": "a.jsonl"} | asked)
    assert claude_server.requests == []


def test_alike_texts_are_found_and_others_are_not() -> None:
    text = "Nadia's test suite had failed for the third time that evening, and nobody else was there."
    near = text.replace("third", "fourth").replace("nobody", "no one")
    other = "Omar had been asked to find out why the nightly import lost two records of the archive."
    assert jaccard_similarity(word_shingles(text), word_shingles(text.upper())) == 1.0
    assert (
        jaccard_similarity(word_shingles(text), word_shingles(near))
        > 0.6
        > 0.2
        > jaccard_similarity(word_shingles(text), word_shingles(other))
    )
    seen = NearDuplicateFilter()
    assert [seen.add_if_new(each) for each in (text, near, other, other)] == [True, False, True, False]


def test_the_command_line(
    claude_server: ClaudeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    claude_server.answer(writer)
    out = tmp_path / "new.jsonl"
    words = ["contrast", "make", "motivation", "--pairs", "10", "--out", str(out)]
    assert main([*words, "--json"]) == 2
    assert "at most 10 calls" in json.loads(capsys.readouterr().out)["error"], (
        "nobody is asked without a word"
    )
    assert claude_server.requests == []
    assert main([*words, "--estimate"]) == 0
    assert "Claude: 10 calls" in capsys.readouterr().out
    assert main([*words, "--yes"]) == 0
    shown = capsys.readouterr().out
    assert "new.jsonl: 10 pairs in the shape pairs" in shown
    assert f"written to {out}" in shown
    assert main([*words, "--yes", "--max-new", "3"]) == 2
    assert "--max-new means nothing without --with-model" in capsys.readouterr().err
    claude_server.answer(lambda body: status(400, "bad \x1b[2J key " + CANARY))
    assert main(["contrast", "make", "empathy", "--pairs", "4", "--out", str(out), "--yes"]) == 7
    said = capsys.readouterr().err
    assert "\x1b" not in said
    assert CANARY not in said


@pytest.mark.parametrize(("typed", "code"), [("y\n", 0), ("n\n", 130), ("", 130)])
def test_a_person_is_asked(
    typed: str, code: int, claude_server: ClaudeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return typed

    claude_server.answer(writer)
    monkeypatch.setattr(verb.sys, "stdin", Terminal())
    words = ["contrast", "make", "motivation", "--pairs", "10", "--out", str(tmp_path / "new.jsonl")]
    assert main(words) == code
    assert bool(claude_server.requests) == (code == 0)


def test_a_set_with_gaps_ends_with_three(
    claude_server: ClaudeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    claude_server.answer(lambda b: says("no") if "them: b." in b["messages"][0]["content"] else writer(b))
    words = ["contrast", "make", "motivation", "--domains", "a,b", "--pairs", "4", "--yes"]
    assert main([*words, "--out", str(tmp_path / "new.jsonl")]) == 3
    assert "2 pairs are missing" in capsys.readouterr().out


def test_without_a_key_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["contrast", "make", "motivation", "--out", str(tmp_path / "new.jsonl")]) == 7
    assert "no key for Claude" in capsys.readouterr().err
    assert main(["contrast", "make", "motivation", "--out", str(tmp_path / "new.jsonl"), "--json"]) == 7
    assert "set ANTHROPIC_API_KEY where this program is started" in capsys.readouterr().out
