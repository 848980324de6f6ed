"""The lamp of certainty on the screen, with a real engine: lit where steering alone makes a model certain."""

from __future__ import annotations

from pathlib import Path

import pytest

from sessions.state.answer_settings import AnswerSettings
from steertui.engine.launch import ensure_engine
from steertui.widgets.status.collapse_lamp import CollapseLamp
from tests.core.collapse.counting_model import CONSTANT, against_constant, save_counting
from tests.steertui.app.stage import Stage, desk_at
from tests.steertui.app.test_demo_desk import answer
from tests.steertui.scripted_engine import Studio

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("no_engine_stays")]
WORDS = "no choice is left"


def symptoms(at: Stage) -> str:
    return " · ".join(sign.words for sign in at.desk.query_one(CollapseLamp).symptoms)


@pytest.mark.parametrize(("constant", "scale"), [(CONSTANT, 1.0), (0.0, 0.2)], ids=["planted", "null"])
async def test_the_lamp_is_lit_by_certainty_that_steering_alone_makes(
    constant: float, scale: float, tmp_path: Path
) -> None:
    folder = save_counting(tmp_path / "model", constant=constant)
    vector = against_constant(tmp_path / "against.safetensors", scale)
    path = ensure_engine(str(folder))
    async with desk_at(path, Studio(), model=str(folder), size=(140, 40)) as at:
        await at.until(lambda: at.word == "idle" and at.desk.link.state.model)
        await at.add(str(vector))
        # Shorter than the 94 characters after which counting begins again: a loop is another sign.
        at.desk.composer.set_sampling(AnswerSettings(max_new_tokens=60))
        await at.press("tab", "S", "S")
        await answer(at, "go")
        if constant:
            await at.sees("COLLAPSE", WORDS)
        else:
            assert symptoms(at) == ""
        await at.desk.link.request("shutdown", reason="the test is over")
