"""A model's arrival as events."""

from sessions.live.model_host import PROGRESS_STEPS, _thin_progress


def test_a_load_of_many_weights_is_told_in_a_few_lines() -> None:
    told = []
    progress = _thin_progress("big", told.append)
    progress(None, "starting")
    for weight in range(1000):
        progress((weight + 1) / 1000, "weights")
    progress(None, "measuring residual norms")
    assert [event.note for event in (told[0], told[-1])] == ["starting", "measuring residual norms"]
    assert len(told) == PROGRESS_STEPS + 3
    assert told[-2].progress == 1.0
