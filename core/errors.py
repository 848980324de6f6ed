"""Exceptions whose text is one sentence for the user, each with an exit code."""

from __future__ import annotations


class SteerError(Exception):
    """Base class; the text is shown to the user, `exit_code` is the exit status of a command."""

    exit_code = 1


class UsageError(SteerError):
    """An invalid value, option or configuration entry."""

    exit_code = 2


class PartlyDone(SteerError):
    """Some items failed; the finished ones are kept."""

    exit_code = 3


class BadInput(SteerError):
    """A file or model that cannot be used."""

    exit_code = 4


class ModelError(BadInput):
    """A model that cannot be loaded or steered."""


class EngineUnavailable(SteerError):
    """No engine is running, a lock is held, or the socket belongs to another user."""

    exit_code = 5


class OutOfMemory(SteerError):
    """The machine does not have enough memory for the request."""

    exit_code = 6


class NetworkError(SteerError):
    """A hub or API did not respond as expected."""

    exit_code = 7
