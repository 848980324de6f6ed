import gc
import json
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path

import pytest

from core.errors import BadInput
from core.jobs.gpu_thread import GpuThread
from core.jobs.job import (
    Artifact,
    Cancelled,
    Cell,
    End,
    JobEvent,
    JobSample,
    Point,
    Progress,
    Row,
    gpu_task,
    task_group,
    worker_task,
)
from core.jobs.resume import FinishedTasks
from core.jobs.runner import run
from tests.disks import files_no_larger_than


@pytest.fixture
def gate():
    gate = GpuThread()
    yield gate
    gate.close()


def squares(n, ran):
    """A job of n remembered GPU steps and n side steps; `ran` notes what really ran."""
    total = 0
    for i in range(n):
        square = yield gpu_task(lambda i=i: ran.append(("gpu", i)) or (i * i, "squared"), key=f"square {i}")
        label = yield worker_task(lambda i=i: ran.append(("side", i)) or f"<{i}>")
        total += square[0]
        yield Row("squares", label, {"value": square[0], "how": square[1]})
        yield Progress(i + 1, n, "numbers")
    return {"total": total}


def test_a_job_s_events_end_with_its_summary(gate):
    ran = []
    events = list(run(squares(3, ran), gate))
    assert events[-1] == End("done", {"total": 5})
    assert [e for e in events if isinstance(e, Progress)] == [Progress(i, 3, "numbers") for i in (1, 2, 3)]
    assert ran == [(where, i) for i in range(3) for where in ("gpu", "side")]


def test_gpu_steps_run_on_the_gpu_thread_and_side_steps_elsewhere(gate):
    def job():
        where = yield gpu_task(threading.get_ident)
        here = yield gpu_task(lambda: gate.is_current_thread)
        aside = yield worker_task(threading.get_ident)
        yield Row("threads", "", {"gpu": where, "here": here, "side": aside})

    row, _ = run(job(), gate)
    assert row.values["here"] is True
    assert len({row.values["gpu"], row.values["side"], threading.get_ident()}) == 3


def test_without_a_gate_gpu_steps_run_in_the_caller_s_thread():
    def job():
        where = yield gpu_task(threading.get_ident)
        yield Row("threads", "", {"gpu": where})

    assert next(run(job())).values["gpu"] == threading.get_ident()


def test_chat_goes_before_every_waiting_job(gate):
    order, hold, started = [], threading.Event(), threading.Event()
    first = gate.submit_job(lambda: (started.set(), hold.wait(5), order.append("job under way")))
    started.wait(5)
    jobs = [gate.submit_job(lambda i=i: order.append(f"job {i}")) for i in range(3)]
    chats = [gate.submit_chat(lambda i=i: order.append(f"chat {i}")) for i in range(3)]
    hold.set()
    for future in (first, *jobs, *chats):
        future.result(5)
    assert order == ["job under way", "chat 0", "chat 1", "chat 2", "job 0", "job 1", "job 2"]


def test_chat_slips_into_the_gaps_of_a_running_job(gate):
    order = []

    def job():
        for i in range(4):
            yield gpu_task(lambda i=i: order.append(i))
            yield Progress(i, 4)

    for event in run(job(), gate):
        if isinstance(event, Progress):
            gate.submit_chat(lambda: order.append("chat")).result(5)
    assert order == [0, "chat", 1, "chat", 2, "chat", 3, "chat"]


def test_a_side_step_leaves_the_gpu_to_others(gate):
    def job():
        yield worker_task(lambda: gate.submit_chat(lambda: "answered").result(5))

    assert list(run(job(), gate)) == [End("done", {})]


def test_an_error_reaches_whoever_waits_and_the_thread_lives_on(gate):
    with pytest.raises(ZeroDivisionError):
        gate.submit_chat(lambda: 1 / 0).result(5)
    assert gate.submit_chat(lambda: 7).result(5) == 7


def test_what_failed_work_held_is_freed_without_the_garbage_collector(gate):
    class Held:
        pass

    seen = []

    def work():
        held = Held()
        seen.append(weakref.ref(held))
        raise BadInput("no")

    gc.disable()
    try:
        with pytest.raises(BadInput):
            gate.submit_job(work).result()
        gate.submit_job(lambda: None).result()  # the thread has let go of the failed item by then
        assert seen[0]() is None
    finally:
        gc.enable()


def test_a_closed_gate_finishes_what_waits_and_takes_no_more():
    gate = GpuThread()
    waiting = [gate.submit_job(lambda i=i: i) for i in range(5)]
    gate.close()
    assert [future.result(0) for future in waiting] == [0, 1, 2, 3, 4]
    with pytest.raises(RuntimeError):
        gate.submit_chat(lambda: None)
    gate.close()


def test_cancelling_keeps_what_is_done_and_a_rerun_gives_the_same_events(gate, tmp_path):
    whole = list(run(squares(5, []), gate))
    ran, cancel, partial = [], threading.Event(), []
    for event in run(squares(5, ran), gate, FinishedTasks(tmp_path / "job.jsonl"), cancel):
        partial.append(event)
        if event == Progress(2, 5, "numbers"):
            cancel.set()
    assert partial[-1] == End("cancelled", {})
    assert [str(e) for e in partial[:-1]] == [str(e) for e in whole[: len(partial) - 1]]
    again = []
    resumed = list(run(squares(5, again), gate, FinishedTasks(tmp_path / "job.jsonl")))
    assert [i for where, i in ran if where == "gpu"] == [0, 1]
    assert [i for where, i in again if where == "gpu"] == [2, 3, 4]
    assert [i for where, i in again if where == "side"] == [0, 1, 2, 3, 4]
    kept = list(run(squares(5, []), gate, FinishedTasks(tmp_path / "fresh.jsonl")))
    assert resumed == kept


def test_a_job_killed_in_the_middle_of_a_line_goes_on(tmp_path):
    file = tmp_path / "job.jsonl"
    list(run(squares(3, []), finished=FinishedTasks(file)))
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(lines[0] + b"not json\n" + lines[1] + lines[2][:9])
    ran = []
    assert list(run(squares(3, ran), finished=FinishedTasks(file)))[-1] == End("done", {"total": 5})
    assert [i for where, i in ran if where == "gpu"] == [2]
    assert set(FinishedTasks(file)._results) == {"square 0", "square 1", "square 2"}


def test_a_full_disk_costs_the_memory_of_a_rerun_and_nothing_else(tmp_path):
    file = tmp_path / "job.jsonl"
    finished, ran = FinishedTasks(file), []
    finished.record_result("square 0", [0, "squared"])
    with files_no_larger_than(file.stat().st_size + 10):
        assert list(run(squares(3, ran), finished=finished))[-1] == End("done", {"total": 5})
    assert set(FinishedTasks(file)._results) == {"square 0"}
    finished.record_result("square 9", 81)
    assert set(FinishedTasks(file)._results) == {"square 0", "square 9"}


def test_a_folder_that_cannot_be_made_costs_the_same():
    finished = FinishedTasks(Path("/dev/null/nowhere/job.jsonl"))
    assert list(run(squares(3, []), finished=finished))[-1] == End("done", {"total": 5})


def test_another_setting_is_another_job(tmp_path):
    one, same, other = (
        FinishedTasks.for_job(tmp_path, "sweep", {"seed": s, "model": "m"}) for s in (0, 0, 1)
    )
    one.record_result("step", 1)
    assert one.file == same.file != other.file
    assert "step" in FinishedTasks.for_job(tmp_path, "sweep", {"model": "m", "seed": 0})
    assert "step" not in other


def test_cancel_abandons_a_side_step_and_takes_back_a_waiting_gpu_step(gate):
    release, reached = threading.Event(), threading.Event()

    def stuck():
        yield worker_task(lambda: (reached.set(), release.wait(20)))

    def queued():
        yield gpu_task(lambda: pytest.fail("ran after the cancellation"))

    busy = gate.submit_chat(lambda: release.wait(20))
    for job in (stuck(), queued()):
        cancel, ends = threading.Event(), []
        driver = threading.Thread(target=lambda job=job, c=cancel, e=ends: e.extend(run(job, gate, cancel=c)))
        driver.start()
        if job.__name__ == "stuck":
            reached.wait(5)
        else:
            time.sleep(0.05)
        cancel.set()
        driver.join(5)
        assert ends == [End("cancelled", {})]
    release.set()
    busy.result(5)


def test_a_job_may_report_what_it_has_when_cancelled(gate):
    cancel = threading.Event()

    def job():
        done = 0
        try:
            while True:
                yield gpu_task(lambda: None)
                done += 1
                yield Progress(done, 100)
        except Cancelled:
            yield Row("partial", "done", {"n": done})
            return {"n": done}

    events = []
    for event in run(job(), gate, cancel=cancel):
        events.append(event)
        if event == Progress(3, 100):
            cancel.set()
    assert events[-2:] == [Row("partial", "done", {"n": 3}), End("cancelled", {"n": 3})]


def test_a_job_that_had_finished_before_the_cancel_is_done(gate):
    cancel = threading.Event()

    def job():
        yield gpu_task(cancel.set)

    assert list(run(job(), gate, cancel=cancel))[-1] == End("cancelled", {})

    cancel.clear()

    def quick():
        cancel.set()
        return {"n": 1}
        yield

    assert list(run(quick(), gate, cancel=cancel)) == [End("done", {"n": 1})]


def test_a_failed_step_can_be_handled_by_the_job(gate):
    def refuse():
        raise BadInput("the judge said nothing")

    def tolerant():
        try:
            yield worker_task(refuse)
        except BadInput as error:
            yield Row("unparsed", "0", {"why": str(error)})

    assert list(run(tolerant(), gate)) == [
        Row("unparsed", "0", {"why": "the judge said nothing"}),
        End("done", {}),
    ]


def test_a_failure_ends_with_its_sentence_and_is_raised(gate):
    def refuse():
        raise BadInput("no such file: x")

    def fragile():
        yield gpu_task(refuse)

    events = run(fragile(), gate)
    assert next(events) == End("failed", {"error": "no such file: x", "exit_code": 4})
    with pytest.raises(BadInput):
        next(events)


def test_a_watcher_that_leaves_closes_the_job(gate):
    closed = []

    def job():
        try:
            yield Progress(0, 2)
            yield Progress(1, 2)
        finally:
            closed.append(True)

    events = run(job(), gate)
    next(events)
    events.close()
    assert closed == [True]


@pytest.mark.parametrize(
    "event",
    [
        Progress(1, 2, "prompts"),
        Row("layers", "7", {"d": 1.5}),
        Point("kl", 0.5, 1.25, lo=1.0),
        Cell("sweep", 3, "x", 0.1),
        JobSample("steered", "Hi", "Hello", ("refused",)),
        Artifact("v.safetensors", "ab" * 32, "vector"),
        End("done", {"n": 3}),
    ],
)
def test_events_survive_json(event):
    assert JobEvent.from_json(json.loads(json.dumps(event.to_json()))) == event
    assert event.to_json()["kind"] == type(event).__name__.removeprefix("Job").lower()


def test_jobs_need_no_torch():
    code = "import core.jobs.runner, core.jobs, core.jobs.gpu_thread, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def counted(n, ran, stop_after=None):
    """Units of three short steps each; `ran` notes every step that really ran."""

    def one(i):
        total = 0
        for step in range(3):
            total += yield gpu_task(lambda i=i, step=step: ran.append((i, step)) or 10 * i + step)
        return {"total": total}

    for i in range(n):
        if i == stop_after:
            raise BadInput("killed")
        found = yield from task_group(f"unit {i}", lambda i=i: one(i))
        yield Row("units", str(i), found)


def test_a_unit_of_many_steps_is_skipped_as_one(tmp_path):
    ran, again = [], []
    with pytest.raises(BadInput, match="killed"):
        list(run(counted(4, ran, stop_after=2), finished=FinishedTasks(tmp_path / "steps")))
    resumed = list(run(counted(4, again), finished=FinishedTasks(tmp_path / "steps")))
    assert ran == [(i, step) for i in (0, 1) for step in range(3)]
    assert again == [(i, step) for i in (2, 3) for step in range(3)]
    assert resumed == list(run(counted(4, [])))


def test_a_unit_that_was_stopped_in_the_middle_begins_anew(tmp_path):
    ran, cancel = [], threading.Event()

    def job():
        def work():
            for step in range(3):
                yield gpu_task(lambda step=step: ran.append(step) or (cancel.set() if step == 1 else None))
            return {"done": True}

        return (yield from task_group("whole", work))

    finished = FinishedTasks(tmp_path / "steps")
    assert list(run(job(), finished=finished, cancel=cancel))[-1].status == "cancelled"
    assert "whole" not in finished
    cancel.clear()
    assert list(run(job(), finished=finished))[-1] == End("done", {"done": True})
    assert ran == [0, 1, 0, 1, 2]
