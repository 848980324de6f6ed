"""A scene: how a screen is reached, and the words of strangers that stand on it when it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias
from unittest import mock

from sessions import job_factories
from steertui.config import Settings
from steertui.engine.inline import InlineEngine
from tests.steertui import scripted_engine
from tests.steertui.app.stage import Stage, desk_at
from tests.steertui.scenes import shelves
from tests.steertui.scenes.frozen import frozen
from tests.steertui.scenes.words import Words, peaceful
from tests.steertui.scripted_engine import TEXT, Studio

SIZES = ((140, 40), (100, 30), (80, 24))


@dataclass(frozen=True)
class Play:
    """What a scene is given: the stage, whose words it is played with, and the engine behind it."""

    at: Stage
    words: Words
    engine: InlineEngine

    @property
    def app(self) -> Any:
        return self.at.pilot.app

    async def do(self, action: str) -> None:
        """An action of the app or of the screen that is shown, as its key would run it."""
        await self.app.screen.run_action(action) if "." not in action else await self.app.run_action(action)
        await self.at.pilot.pause()

    async def until_screen(self, kind: type[Any]) -> Any:
        await self.at.until(lambda: isinstance(self.app.screen, kind))
        await self.at.pilot.pause()
        return self.app.screen


Act: TypeAlias = Callable[[Play], Awaitable[None]]


@dataclass(frozen=True)
class Scene:
    """`model` is the name the engine's model goes by; `before` puts things on the disk that the screen will read."""

    name: str
    act: Act
    model: str = "acme/small-7b"
    script: str = TEXT
    before: Callable[[Words], None] = lambda words: None
    loaded: bool = True


SCENES: dict[str, Scene] = {}


def scene(name: str, **how: Any) -> Callable[[Act], Act]:
    """Makes a function a scene."""

    def named(act: Act) -> Act:
        SCENES[name] = Scene(name, act, **how)
        return act

    return named


@asynccontextmanager
async def played(
    scene: Scene,
    words: Words = peaceful,
    *,
    size: tuple[int, int] = SIZES[0],
    settings: Settings | None = None,
) -> AsyncIterator[Play]:
    """The scene at its end, on an app of its own."""
    cached = mock.patch("steertui.engine.models.list_models", return_value=shelves.models(words))
    with frozen(), cached, mock.patch.dict(job_factories.JOBS):
        scene.before(words)
        studio = Studio(_script(scene.script, words))
        if scene.loaded:
            studio.loaded.set()
        model = scene.model if scene.model.startswith("demo") else words("model id", scene.model)
        with scripted_engine.engine(studio, model=model, record=True) as engine:
            async with desk_at(engine.path, studio, size=size, model=model, settings=settings) as at:
                play = Play(at, words, engine)
                await scene.act(play)
                yield play


def _script(text: str, words: Words) -> list[str]:
    """One token per word; every fourth is one that a hostile model would say."""
    return [
        word if place % 4 != 1 else words("token", word)
        for place, word in enumerate(scripted_engine.words(text))
    ]
