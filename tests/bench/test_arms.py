import pytest

from bench.arms import Arm, Check, Goal, Lap, Setting, judge, race


def laps(*seconds, crowding=1.0):
    return [Lap(cpu, cpu * crowding, 100) for cpu in seconds]


def test_the_ratio_is_taken_per_repetition_before_the_median():
    # The machine slows down threefold in the middle; the arm stays twice as fast throughout.
    found = judge({"a": laps(1, 3, 1), "b": laps(2, 6, 2)}, Goal("a", "b", 1.9))
    assert (found["median"], found["low"], found["high"], found["verdict"]) == (2.0, 2.0, 2.0, "reached")


def test_equal_arms_reach_one_and_miss_more():
    same = {"a": laps(1, 2, 4), "b": laps(1, 2, 4)}
    assert judge(same, Goal("a", "b", 1.0))["verdict"] == "reached"
    assert judge(same, Goal("a", "b", 1.01))["verdict"] == "missed"


def test_a_crowded_core_gives_no_verdict_on_cpu_time():
    crowded = {"a": laps(1, 1, crowding=1.5), "b": laps(2, 2, crowding=1.5)}
    assert judge(crowded, Goal("a", "b", 1.0))["verdict"] == "none"
    assert judge(crowded, Goal("a", "b", 1.0), clock="wall")["verdict"] == "reached"


def test_arms_take_turns_and_each_leads_once():
    order = []
    arms = [Arm(name, lambda name=name: order.append(name) or 1) for name in "abc"]
    found = race(arms, Setting(3))
    assert "".join(order) == "abc" + "abc" + "bca" + "cab"
    assert {name: len(times) for name, times in found.items()} == {"a": 3, "b": 3, "c": 3}


@pytest.mark.parametrize(
    ("error", "at_least", "holds"), [(0.1, False, True), (0.3, False, False), (0.3, True, True)]
)
def test_a_check_bounds_from_above_or_below(error, at_least, holds):
    assert Check("same rows", error, 0.2, at_least).holds is holds


def test_a_check_of_nothing_measurable_fails():
    assert not Check("same rows", float("nan"), 0.2).holds
