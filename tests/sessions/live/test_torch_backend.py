"""The session on a real (tiny, random) model: what is journalled is what `core` did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

import core
import vectors
from core.errors import BadInput
from core.generation import prefill
from core.jobs.job import End
from core.jobs.runner import run
from core.mixer.mixer import Channel, Mixer
from core.model.past import SnapshotStore
from sessions.journal import events as ev
from sessions.journal.codec import JournalRecord
from sessions.journal.journal import Journal
from sessions.journal.reader import read
from sessions.live.backend import Progress
from sessions.live.model_host import ModelHost
from sessions.live.session import Session
from sessions.live.torch_backend import TorchModel
from sessions.recorded.teacher_forcing import TeacherForcing
from sessions.recorded.verify import verify
from sessions.state.mixer_words import mix_hash
from steertui.cli.output.answer import AnswerReport
from tests.core import families, zoo
from tests.sessions.live.test_session import until


class Studio:
    """The real resident on a model that was built, not loaded."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def check_load(self, name: str, options: Mapping[str, Any]) -> None:
        """There is one model here."""

    def load(self, name: str, options: Mapping[str, Any], progress: Progress) -> TorchModel:
        return TorchModel(self.model)

    def read_vector(self, source: str, keep: Path | None, *, force: bool = False) -> Any:
        generator = torch.Generator().manual_seed(len(source))
        return vectors.SteeringVector({k: torch.randn(64, generator=generator) for k in range(4)}).named(
            source
        )


class Talk:
    def __init__(self, root: Path, name: str = "llama") -> None:
        hf = families.build(name) if name in families.CONFIGS else zoo.build(name)
        self.model = core.adopt(hf, zoo.tokenizer(), "tiny")
        self.journal, self.folder = Journal.create(root)
        self.session = Session(self.journal, ModelHost(Studio(self.model)))
        self.events: list[ev.Event] = []
        self.journal.listen(lambda record: self.events.append(record.event))
        self.session.load_model("tiny")
        self.idle()
        self.session.load_vector("v")
        self.vector = self.session._vectors.find("v")

    def all(self, kind: type[ev.Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def idle(self) -> None:
        until(lambda: not self.session.busy, 60)
        assert self.session.state.error == ""

    def say(self, text: str, **settings: Any) -> list[int]:
        self.session.chat(text, settings={"max_new_tokens": 12, "ignore_end": True, **settings})
        self.idle()
        return self.spoken()

    def spoken(self) -> list[int]:
        return [token.id for token in self.session.state.path()[-1].tokens]

    def steering(self, scale: float) -> Mixer:
        return Mixer((Channel(self.vector, scale=scale, unit="relative", layers=(1, 2)),))


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    talk = Talk(tmp_path)
    yield talk
    talk.session.close("test over")


def fresh(talk: Talk, prompt: Any, mixer: Mixer | None = None, **settings: Any) -> list[Any]:
    how = {"max_new_tokens": 12, "ignore_end": True, **settings}
    return list(core.stream(talk.model, prompt, mixer=mixer, **how))


def test_the_journal_holds_what_a_plain_stream_says(talk: Talk) -> None:
    ids = talk.say("hello")
    steps = fresh(talk, "hello")
    answer = talk.session.state.path()[-1]
    assert ids == [step.token_id for step in steps]
    assert [token.lp for token in answer.tokens] == [step.logprob for step in steps]
    assert answer.text == "".join(step.text for step in steps)
    assert [token.values["entropy"] for token in answer.tokens] == pytest.approx(
        [step.entropy for step in steps], rel=1e-4
    )


def test_the_second_turn_stays_on_the_cache_and_equals_a_fresh_run_on_its_ids(talk: Talk) -> None:
    first = talk.say("hello")
    second = talk.say("and then?")
    one, two = talk.all(ev.AnswerStarted)
    assert (one.reused, two.reused) == (0, one.prompt_tokens + len(first))
    context = [*one.prompt_ids, *first, *two.prompt_ids]
    assert second == [step.token_id for step in fresh(talk, context)]


def test_the_same_again_after_the_last_turn_is_the_same_again(talk: Talk) -> None:
    first = talk.say("hello", temperature=1.0, seed=3)
    talk.session.regenerate()
    talk.idle()
    assert talk.spoken() == first
    talk.session.regenerate(settings={"seed": 4})
    talk.idle()
    assert talk.spoken() != first


def test_a_branch_hears_only_its_own_past(talk: Talk) -> None:
    talk.say("one")
    answered = talk.session.state.path()
    talk.say("two")
    branch = talk.say("two, differently")
    talk.session.chat("two, differently", parent=1, settings={"max_new_tokens": 12, "ignore_end": True})
    talk.idle()
    assert talk.spoken() != branch
    messages = [
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": answered[1].text},
        {"role": "user", "content": "two, differently"},
    ]
    assert talk.spoken() == [step.token_id for step in fresh(talk, messages)]


def test_a_flip_is_in_force_from_the_token_it_was_acknowledged_with(talk: Talk) -> None:
    talk.session.mixer(1, talk.steering(0.4).to_json())
    talk.session.chat("hello", settings={"max_new_tokens": 120, "ignore_end": True})
    until(lambda: talk.session._answers.current and talk.session._answers.current.at > 20)
    ack = talk.session.mixer(2, talk.steering(0.4).flip(0).to_json())
    talk.idle()
    at, tokens = ack["at"], talk.session.state.path()[-1].tokens
    plus, minus = (mix_hash(m.to_json()) for m in (talk.steering(0.4), talk.steering(0.4).flip(0)))
    assert [token.mix for token in tokens] == [plus] * at + [minus] * (120 - at)
    live = core.stream(talk.model, "hello", mixer=talk.steering(0.4), max_new_tokens=120, ignore_end=True)
    again = []
    for step in live:
        again.append((step.token_id, step.logprob))
        if step.index == at - 1:
            live.mixer = live.mixer.flip(0)
    assert [(token.id, token.lp) for token in tokens] == again
    markers = talk.session.state.path()[-1].markers
    assert [(m.at, m.words) for m in markers] == [(0, "v +0.4 relative L1–2"), (at, "FLIP v → −0.40 rel")]


def test_projections_come_with_the_next_pass_and_the_last_token_has_its_own(talk: Talk) -> None:
    talk.session.mixer(1, talk.steering(0.4).to_json())
    talk.say("hello")
    steps = fresh(talk, "hello", talk.steering(0.4))
    before = [step.projections[0][2][0] for step in steps]
    assert [token.proj["v"] for token in talk.session.state.path()[-1].tokens] == pytest.approx(before)


def test_a_shadow_lane_is_written_beside_the_answer(talk: Talk) -> None:
    talk.session.mixer(1, talk.steering(0.6).to_json())
    talk.say("hello", shadow="free")
    answer = talk.session.state.path()[-1]
    assert [token.id for token in answer.lanes[1]] == [
        s.lane_tokens[0].token_id for s in fresh(talk, "hello", talk.steering(0.6), shadow="free")
    ]
    assert [lane["name"] for lane in talk.all(ev.LanesAssigned)[0].lanes] == ["steered", "unsteered"]
    talk.say("hello", shadow="forced")
    assert all(token.values["kl"] >= 0 for token in talk.session.state.path()[-1].tokens)


def test_the_share_of_experts_is_written_for_a_model_of_experts_only(talk: Talk, tmp_path: Path) -> None:
    talk.say("hello", shadow="forced")
    assert not any("experts" in token.values for token in talk.session.state.path()[-1].tokens)
    routed = Talk(tmp_path / "experts", "mixtral")
    routed.session.mixer(1, routed.steering(3.0).to_json())
    routed.say("hello", shadow="forced")
    steps = fresh(routed, "hello", routed.steering(3.0), shadow="forced")
    shares = [token.values["experts"] for token in routed.session.state.path()[-1].tokens]
    assert shares == pytest.approx([step.experts for step in steps], rel=1e-4)
    assert max(shares) > 0
    report = AnswerReport.of(routed.session.state, routed.all(ev.AnswerStopped)[-1], ())
    assert report.to_json()["shadow"]["experts"] == shares
    routed.say("hello")
    assert not any("experts" in token.values for token in routed.session.state.path()[-1].tokens)
    routed.session.close("test over")


def test_what_an_inspector_shows_is_in_the_journal_and_in_the_state(talk: Talk) -> None:
    """The likeliest tokens when they are asked for, the cheap numbers always; the state has them token by token."""
    talk.session.mixer(1, talk.steering(0.6).to_json())
    talk.say("hello", shadow="forced", inspect=3)
    steps = fresh(talk, "hello", talk.steering(0.6), shadow="forced", inspect=3)
    tokens = talk.session.state.path()[-1].tokens
    for token, step in zip(tokens, steps, strict=True):
        for mine, theirs in ((token.top, step.top), (token.top0, step.forced[1].top)):
            assert [(each.id, each.text) for each in mine] == [(each.token_id, each.text) for each in theirs]
            assert [each.p for each in mine] == pytest.approx([each.p for each in theirs], rel=1e-4)
            assert [each.other for each in mine] == pytest.approx([each.other for each in theirs], rel=1e-4)
        assert token.values["delta"] == pytest.approx(step.delta, rel=1e-4)
        assert token.values["entropy"] == pytest.approx(step.entropy, rel=1e-4)
        assert token.values["kl"] == pytest.approx(step.forced[1].kl, rel=1e-4)
        assert token.values["lp0"] == step.forced[1].logprob
    talk.say("and now?")
    assert {token.top for token in talk.session.state.path()[-1].tokens} == {()}


def test_words_put_into_the_answer_are_part_of_the_conversation(talk: Talk) -> None:
    talk.session.chat("hello", settings={"max_new_tokens": 200, "ignore_end": True})
    until(lambda: talk.session._answers.current and talk.session._answers.current.at > 5)
    talk.session.inject(" look, a squirrel", how="own")
    until(lambda: talk.all(ev.TextInjected))
    talk.session.inject("a gull", how="user")
    talk.idle()
    own, user = talk.all(ev.TextInjected)
    assert (own.how, own.text, user.how) == ("own", " look, a squirrel", "user")
    assert own.ids
    talk.say("go on")
    assert talk.all(ev.AnswerStarted)[1].reused > 200


def test_a_rewound_answer_goes_on_as_if_nothing_had_been_said(talk: Talk) -> None:
    plain = talk.say("hello", max_new_tokens=150)
    talk.session.chat("hello", parent=None, settings={"max_new_tokens": 150, "ignore_end": True})
    talk.idle()
    talk.session.regenerate()
    until(lambda: talk.session._answers.current and talk.session._answers.current.at > 10)
    talk.session.rewind(5)
    talk.idle()
    assert talk.all(ev.AnswerRewound)[0].dropped == 5
    assert len(plain) == len(talk.spoken()) == 150
    first, second = [t for t in talk.session.state.turns.values() if t.parent == 2]
    assert [token.id for token in first.tokens] == [token.id for token in second.tokens]


def test_what_the_model_cannot_play_is_refused_at_the_edit(talk: Talk) -> None:
    foreign = vectors.SteeringVector({1: torch.ones(32)}).named("foreign")
    talk.session._vectors.add("foreign", foreign, "test")
    with pytest.raises(BadInput, match=r"32.*64"):
        talk.session.mixer(1, Mixer((Channel(foreign, scale=1.0, layers=(1,)),)).to_json())


def eventful(talk: Talk) -> None:
    """Two turns with a shadow lane, a flip, a distractor, a rewind and a cancel."""
    talk.session.mixer(1, talk.steering(0.4).to_json())
    talk.say("hello", shadow="forced", temperature=0.8, seed=5)
    talk.session.chat("a longer prompt " * 12, settings={"max_new_tokens": 90, "ignore_end": True})
    for k, act in enumerate(
        (
            lambda: talk.session.mixer(2, talk.steering(0.4).flip(0).to_json()),
            lambda: talk.session.inject(" look, a squirrel"),
            lambda: talk.session.rewind(4),
            lambda: talk.session.mixer(3, talk.steering(0.1).cap(0, ceiling=0.5).to_json()),
            lambda: talk.session.inject("and a gull", how="user"),
        )
    ):
        until(lambda k=k: talk.session._answers.current and talk.session._answers.current.at > 8 * k)
        act()
    talk.idle()
    talk.session.chat("go on", settings={"max_new_tokens": 200, "ignore_end": True})
    until(lambda: talk.session._answers.current and talk.session._answers.current.at > 5)
    talk.session.cancel()
    talk.idle()
    talk.say("and more")


def verdict(talk: Talk, records: Sequence[JournalRecord]) -> Mapping[str, Any]:
    end = list(run(verify(TorchModel(talk.model), records, {talk.vector.sha256: talk.vector})))[-1]
    assert isinstance(end, End)
    return end.summary


@pytest.mark.parametrize(("forged", "grade"), [(0, "bit-exact"), (1, "diverged")])
def test_a_token_that_was_written_twice_because_it_grew_is_one(talk: Talk, forged: int, grade: str) -> None:
    """As the end of a cut character makes it; another token in its place is none that grew."""
    talk.say("hello")
    records = [*read(talk.folder.journal).records]
    at, tok = next(
        (n, r) for n, r in reversed([*enumerate(records)]) if isinstance(r.event, ev.TokensGenerated)
    )
    told = tok.event
    again = replace(
        told,
        i=told.i + len(told.ids) - 1,
        ids=(told.ids[-1] + forged,),
        text=(told.text[-1] + "\N{REPLACEMENT CHARACTER}",),
        lp=told.lp[-1:],
    )
    records.insert(at + 1, replace(tok, event=again))
    summary = verdict(talk, records)
    assert summary["grade"] == grade
    assert summary["answers"][0]["tokens"] == 12


def test_an_eventful_session_happens_again_to_the_bit(talk: Talk) -> None:
    eventful(talk)
    summary = verdict(talk, read(talk.folder.journal).records)
    assert (summary["grade"], summary["first_divergence"], summary["unverified"]) == ("bit-exact", None, 0)
    busy = talk.session.state.turns[3]
    assert len({token.mix for token in busy.tokens}) == 3
    assert {marker.kind for marker in busy.markers} == {"mixer", "inject", "rewind"}
    kept = [len(turn.tokens) for turn in talk.session.state.turns.values() if turn.gen is not None]
    assert len(summary["answers"]) == len(kept) == 4
    assert sum(answer["tokens"] for answer in summary["answers"]) == sum(kept) + 4


@pytest.mark.parametrize("family", ["qwen3_5", "lfm2", "granitemoehybrid"])
def test_an_eventful_session_with_running_states_happens_again_to_the_bit(
    tmp_path: Path, family: str
) -> None:
    talk = Talk(tmp_path, family)
    try:
        eventful(talk)
    finally:
        talk.session.close("test over")
    chunks = [event for event in talk.all(ev.PrefillChunk) if event.gen == 1]
    assert chunks, "the prompt's last token is fed alone"
    summary = verdict(talk, read(talk.folder.journal).records)
    assert (summary["grade"], summary["first_divergence"], summary["unverified"]) == ("bit-exact", None, 0)
    assert talk.all(ev.AnswerRewound)
    # Without any snapshot every pass is repeated; those beside the first turn's shadow, now alone, round otherwise.
    talk.model.snapshot_limit = 0
    del talk.model.attached[SnapshotStore]
    assert verdict(talk, read(talk.folder.journal).records)["grade"] in ("bit-exact", "token-exact")


@pytest.mark.parametrize("shadow", ["forced", "free"])
def test_lanes_that_open_on_a_long_past_happen_again_to_the_bit(
    talk: Talk, shadow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their past is cut in the same places whatever the pace of the machine is at the time."""
    talk.session.mixer(1, talk.steering(0.4).to_json())
    talk.say("a longer prompt " * 20)
    monkeypatch.setattr(prefill, "LONGEST_SECONDS", 1e-9)
    talk.say("and then?", shadow=shadow)
    monkeypatch.undo()
    summary = verdict(talk, read(talk.folder.journal).records)
    assert (summary["grade"], summary["first_divergence"]) == ("bit-exact", None)


def test_what_a_compiled_step_made_is_compared_with_eager_tokens_and_said(talk: Talk) -> None:
    talk.say("hello", compile=False)
    records = list(read(talk.folder.journal).records)
    for k, record in enumerate(records):
        if isinstance(record.event, ev.TokensGenerated):
            lps = tuple(lp + 1e-7 for lp in record.event.lp)
            records[k] = replace(record, event=replace(record.event, by="compiled", lp=lps))
        elif isinstance(record.event, ev.AnswerStarted):
            settings = {**record.event.settings, "compile": "now"}
            records[k] = replace(record, event=replace(record.event, settings=settings))
    summary = verdict(talk, records)
    assert (summary["grade"], summary["compiled"]) == ("token-exact", 12)


def test_a_tampered_token_is_found_at_its_place(talk: Talk) -> None:
    talk.say("hello")
    talk.say("and then?")
    records = list(read(talk.folder.journal).records)
    place = max(k for k, record in enumerate(records) if isinstance(record.event, ev.TokensGenerated))
    tok = records[place].event
    assert isinstance(tok, ev.TokensGenerated)
    forged = replace(tok, ids=(*tok.ids[:-1], tok.ids[-1] ^ 1))
    records[place] = replace(records[place], event=forged)
    summary = verdict(talk, records)
    assert summary["grade"] == "diverged"
    assert summary["first_divergence"] == {"gen": 1, "at": tok.i + len(tok.ids) - 1}


def test_a_tampered_dial_and_a_tampered_probability_are_told_apart(talk: Talk) -> None:
    talk.session.mixer(1, talk.steering(0.4).to_json())
    talk.say("hello")
    records = list(read(talk.folder.journal).records)
    for k, record in enumerate(records):
        if isinstance(record.event, ev.TokensGenerated):
            lps = tuple(lp - 1e-3 for lp in record.event.lp)
            records[k] = replace(record, event=replace(record.event, lp=lps))
    assert verdict(talk, records)["grade"] == "token-exact"
    stronger = talk.steering(0.9)
    for k, record in enumerate(records):
        if isinstance(record.event, ev.TokensGenerated):
            records[k] = replace(record, event=replace(record.event, mix=mix_hash(stronger.to_json())))
        if isinstance(record.event, ev.MixerChanged):
            records[k] = replace(record, event=replace(record.event, state=stronger.to_json()))
    assert verdict(talk, records)["grade"] == "diverged"


def test_where_only_the_dice_fell_otherwise_the_thoughts_are_compared(talk: Talk) -> None:
    eventful(talk)
    records = list(read(talk.folder.journal).records)
    for k, record in enumerate(records):
        if isinstance(record.event, ev.AnswerStarted) and record.event.gen == 0:
            reseeded = {**record.event.settings, "seed": 6}
            records[k] = replace(record, event=replace(record.event, settings=reseeded))
    summary = verdict(talk, records)
    assert (summary["grade"], summary["unverified"]) == ("forced", 0)
    assert summary["first_divergence"]["gen"] == 0
    assert 0 < summary["forced_worst"] < 1e-4


@pytest.mark.parametrize(
    ("dtype", "worst", "grade"),
    [
        ("torch.float32", 0.9e-4, "forced"),
        ("torch.float32", 2e-4, "diverged"),
        ("torch.bfloat16", 0.04, "forced"),
        ("torch.bfloat16", 0.1, "diverged"),
    ],
)
def test_probabilities_further_apart_than_rounding_are_another_model(
    talk: Talk, dtype: str, worst: float, grade: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of three answers the first differs; the two after it are checked only by teacher forcing."""

    class Measured(TeacherForcing):
        def __init__(self, *_: object) -> None:
            self._model = SimpleNamespace(dtype=dtype)

        def largest_difference(self, answers: object) -> float:
            return worst

    for text in ("hello", "and then?", "and then?"):
        talk.say(text)
    records = list(read(talk.folder.journal).records)
    place = next(k for k, record in enumerate(records) if isinstance(record.event, ev.TokensGenerated))
    tok = records[place].event
    assert isinstance(tok, ev.TokensGenerated)
    records[place] = replace(records[place], event=replace(tok, ids=(tok.ids[0] ^ 1, *tok.ids[1:])))
    monkeypatch.setattr("sessions.recorded.verify.TeacherForcing", Measured)
    summary = verdict(talk, records)
    assert (summary["grade"], summary["unverified"]) == (grade, 0 if grade == "forced" else 2)


def test_a_session_without_an_answer_has_nothing_to_verify(talk: Talk) -> None:
    with pytest.raises(BadInput, match="no answer was generated"):
        verdict(talk, read(talk.folder.journal).records)


def test_a_missing_vector_is_named(talk: Talk) -> None:
    talk.session.mixer(1, talk.steering(0.4).to_json())
    talk.say("hello")
    with pytest.raises(BadInput, match=f"vector {talk.vector.sha256[:12]}… missing"):
        list(run(verify(TorchModel(talk.model), read(talk.folder.journal).records, {})))


def test_a_prompt_longer_than_the_context_is_an_answer_that_says_so(talk: Talk) -> None:
    talk.session.chat("word " * 2000)
    until(lambda: talk.session.state.error)
    assert "limit 512" in talk.session.state.error
    assert talk.session.state.path()[-1].stop == "error"
