"""Reads single values of a report, which is plain JSON: a value of another kind raises TypeError."""

from __future__ import annotations

from collections.abc import Mapping

from core.json_values import JsonValue

Report = Mapping[str, JsonValue]


def number_at(report: Report, key: str) -> float:
    value = report[key]
    if not isinstance(value, int | float):
        raise TypeError(f"{key} of a report is no number: {value!r}")
    return value


def table_at(report: Report, key: str) -> Report:
    value = report[key]
    if not isinstance(value, Mapping):
        raise TypeError(f"{key} of a report is no table: {value!r}")
    return value


def texts_at(report: Report, key: str) -> list[str]:
    """The texts of a list, such as the warnings of a job; an empty list where there is none."""
    found = report.get(key)
    return [str(one) for one in found] if isinstance(found, list | tuple) else []
