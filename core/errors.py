"""Every failure a user can cause or meet is one sentence with an exit code; this is the family they belong to."""

from __future__ import annotations


class SteerError(Exception):
    """The text is the sentence a user reads; `exit_code` is what a headless command ends with."""

    exit_code = 1


class UsageError(SteerError):
    """A value, option or config entry that cannot be meant."""

    exit_code = 2


class PartlyDone(SteerError):
    """Some items failed, the finished ones are kept."""

    exit_code = 3


class BadInput(SteerError):
    """A file or model that cannot be used."""

    exit_code = 4


class ModelError(BadInput):
    """A model that cannot be loaded or steered."""


class EngineUnavailable(SteerError):
    """No engine, a lock that is held, or a socket that is not ours."""

    exit_code = 5


class OutOfMemory(SteerError):
    """The machine cannot hold what was asked for."""

    exit_code = 6


class NetworkError(SteerError):
    """A hub or an API that did not answer as hoped."""

    exit_code = 7
