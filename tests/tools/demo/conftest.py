"""The shipped pair, loaded once."""

import pytest

import core


@pytest.fixture(scope="session")
def base():
    return core.load("demo-base")


@pytest.fixture(scope="session")
def tuned():
    return core.load("demo-instruct")
