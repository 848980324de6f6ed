"""Dials turned from other threads: no token sees two plans, and every change learns what became of it."""

import random
import threading

import pytest

import core
from core.errors import UsageError
from core.generation.mixer_queue import MixerQueue
from core.mixer.mixer import Channel, Mixer
from core.steering.layer_plan import LayerPlan
from core.steering.plan import Plan
from tests.core import reference, zoo
from tests.core.reference import vector

V, W = vector(0), vector(1)
PROMPT = zoo.ids(1, 6)[0].tolist()


def desk(scale):
    return Mixer((Channel(V, scale, "unit", layers=range(4)), Channel(W, 0.0, layers=[1, 3], ceiling=scale)))


class Watched:
    """Notes, for every forward pass, whose plan each layer was steered by."""

    def __init__(self, monkeypatch, model):
        self.owner, self.passes = {}, []
        compile_plan, steer = model.planner.plan, LayerPlan.steer

        def compiling(lanes, *args):
            plan = compile_plan(lanes, *args)
            # The object itself is kept, so that no address can be used twice.
            self.owner.update({id(x): (x, lanes[0]) for x in plan.phases["answer"]})
            return plan

        def steering(plan, layer, hidden, readings):
            if layer == 0:
                self.passes.append([])
            self.passes[-1].append((layer, self.owner[id(plan)][1]))
            return steer(plan, layer, hidden, readings)

        monkeypatch.setattr(model.planner, "plan", compiling)
        monkeypatch.setattr(LayerPlan, "steer", steering)


@pytest.mark.parametrize("changes", [1_000, pytest.param(10_000, marks=pytest.mark.slow)])
def test_thousands_of_random_changes_during_an_answer(monkeypatch, changes):
    model = reference.model()
    watched = Watched(monkeypatch, model)
    live = core.stream(model, PROMPT, mixer=desk(1.0), max_new_tokens=10**6, ignore_end=True, meters={})
    monkeypatch.setattr(model, "max_context", 10**6)
    tickets, done = [], threading.Event()

    def turn(seed):
        draw = random.Random(seed)
        for _ in range(changes // 4):
            mixer = desk(draw.uniform(0.5, 3.0))
            tickets.append(live.set(mixer.flip(0) if draw.random() < 0.5 else mixer))

    threads = [threading.Thread(target=turn, args=(seed,)) for seed in range(4)]

    def finish():
        for thread in threads:
            thread.join()
        done.set()

    for thread in [*threads, threading.Thread(target=finish)]:
        thread.start()
    for _ in live:
        if len(live.steps) > 200:
            live.rewind(150)
        # A busy machine may have made all changes within a few tokens.
        if done.is_set() and len(watched.passes) > 60:
            live.cancel()
    assert len(tickets) == changes
    one_plan_per_pass(watched)
    everyone_was_answered(tickets, live)


def one_plan_per_pass(watched):
    assert len(watched.passes) > 50
    for layers in watched.passes:
        assert [layer for layer, _ in layers] == [0, 1, 2, 3]
        assert len({id(mixer) for _, mixer in layers}) == 1
    assert len({id(layers[0][1]) for layers in watched.passes}) > 20


def everyone_was_answered(tickets, live):
    """Revisions are numbered once each; the steps show only those not overtaken, and in order."""
    assert sorted(t.revision for t in tickets) == list(range(1, len(tickets) + 1))
    lived = {t.revision for t in tickets if not t.superseded}
    seen = [step.revision for step in live.steps]
    assert seen == sorted(seen)
    assert set(seen) - {0} <= lived
    assert live.mixer is max(tickets, key=lambda t: t.revision).mixer
    assert len(lived) > 20


def test_a_ticket_names_the_first_token_it_steers(monkeypatch):
    """Without rewinds, exactly: token `at` carries the revision and the plan, the token before does not."""
    model = reference.model()
    watched = Watched(monkeypatch, model)
    live = core.stream(model, PROMPT, mixer=desk(1.0), max_new_tokens=300, ignore_end=True, meters={})
    tickets, started = [], threading.Event()

    def turn():
        started.wait()
        for i in range(3000):
            tickets.append(live.set(desk(1.0 + i / 1000)))
            if live.stop_reason:
                return

    thread = threading.Thread(target=turn)
    thread.start()
    for _ in live:
        started.set()
    thread.join()
    by_revision = {t.revision: t for t in tickets}
    for step, layers in zip(live.steps, watched.passes, strict=False):
        ticket = by_revision.get(step.revision)
        if ticket is not None:
            assert not ticket.superseded
            assert layers[0][1] is ticket.mixer
            assert ticket.at <= step.index
    first = {}
    for step in live.steps:
        first.setdefault(step.revision, step.index)
    assert {r: by_revision[r].at for r in first if r} == {r: at for r, at in first.items() if r}
    taken = {r for r in first if r}
    for ticket in tickets:
        if ticket.at < len(live.steps):
            assert ticket.superseded != (ticket.revision in taken)
    beyond = [ticket.superseded for ticket in tickets if ticket.at >= len(live.steps)]
    assert beyond == [True] * (len(beyond) - 1) + [False] * bool(beyond)


def test_what_cannot_be_played_is_refused_and_nothing_changes():
    live = core.stream(reference.model(), PROMPT, mixer=desk(1.0), max_new_tokens=6, ignore_end=True)
    next(live)
    contradiction = Mixer(
        (Channel(V, floor=1.0, layers=[1]), Channel(V, floor=1.0, flipped=True, layers=[1]))
    )
    with pytest.raises(UsageError, match="contradict"):
        live.mixer = contradiction
    assert live.mixer == desk(1.0)
    assert {step.revision for step in live} == {0}


def bare(index=0):
    """A boundary over plans that only carry their mixer, its pass for `index` begun."""
    boundary = MixerQueue(lambda mixer, _age: Plan((mixer,), {}, {}, False), desk(0.0))
    for i in range(index):
        boundary.take_plan(i)
    return boundary


def test_overtaken_before_its_boundary():
    boundary = bare(3)
    first, second = boundary.set(desk(1.0)), boundary.set(desk(2.0))
    assert (first.at, first.superseded, second.at, second.superseded) == (3, True, 3, False)
    plan = boundary.take_plan(3)
    assert plan.lanes[0] == desk(2.0)
    assert boundary.take_plan(4) is plan
    assert boundary.set(desk(3.0)).at == 5
    assert not second.superseded


def test_a_rewind_moves_what_waits():
    boundary = bare(8)
    waiting = boundary.set(desk(1.0))
    boundary.rewind_to(2)
    assert waiting.at == 2
    assert boundary.set(desk(2.0)).at == 2
    assert waiting.superseded


def test_the_answer_begins_with_revision_0():
    boundary = bare()
    assert (boundary.current.revision, boundary.current.at) == (0, 0)
    assert boundary.set(desk(1.0)).revision == 1
