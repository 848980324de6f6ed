"""One graph for nearly all tests: warmed by a child process as in use, compiled and proven once per session."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from torch._dynamo.utils import counters

from core.compiled import precompile
from core.compiled.graph_step import GraphStep
from core.compiled.precompile import CACHE
from core.compiled.size import GraphSize
from core.compiled.workshop import graph_builder
from core.model.model import Model
from tests.core.compiled import tiny

SIZE = GraphSize(1, tiny.CONTEXT)


@dataclass
class Ready:
    """A model with a step for one lane, and what was said on the way."""

    model: Model
    step: GraphStep
    news: list[str] = field(default_factory=list)
    hits: int = 0


@pytest.fixture(scope="session", autouse=True)
def compiler_cache(request: pytest.FixtureRequest) -> Iterator[None]:
    """Kept between runs of the tests, where a first one costs the compiler half a minute, on a busy machine more."""
    cache = request.config.cache
    assert cache is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE, str(cache.mkdir("inductor")))
        patch.setattr(precompile, "LONGEST_SECONDS", 600.0)
        yield


@pytest.fixture(scope="session")
def ready(compiler_cache: None) -> Ready:
    model = tiny.model()
    started = graph_builder(model).request_step(SIZE)
    assert started is not None
    before = counters["inductor"]["fxgraph_cache_hit"]
    news = [started, *tiny.news_of_children(model)]
    step = graph_builder(model).find_step(SIZE)
    assert step is not None, news
    return Ready(model, step, news, counters["inductor"]["fxgraph_cache_hit"] - before)
