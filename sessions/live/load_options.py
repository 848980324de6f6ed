"""The options for loading a model: how each is written, and what it changes."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from core.errors import UsageError

DTYPES = ("auto", "bfloat16", "float16", "float32")


@dataclass(frozen=True)
class LoadOptionSpec:
    """How one option is written in help, and what it changes.

    Args:
        types: What its value may be in a request.
        numeric: It changes the model's numbers, so a replay has to load with the same. Device placement does
            not count, on purpose.
        placement: It decides the device and the memory needed.
        check_only: It only skips checks, so the loaded model is the same without it.
    """

    help: str
    choices: tuple[str, ...] = ()
    metavar: str | None = None
    types: tuple[type, ...] = (str,)
    numeric: bool = False
    placement: bool = False
    check_only: bool = False


def _option(default: Any, help: str, **written: Any) -> Any:  # noqa: A002
    return field(default=default, metadata={"spec": LoadOptionSpec(help, **written)})


@dataclass(frozen=True)
class LoadOptions:
    """How a model is loaded, by the parameters of `core.load`; None is its default."""

    dtype: str | None = _option(
        None, "number format of the weights (auto)", choices=DTYPES, numeric=True, placement=True
    )
    device: str | None = _option(None, "cpu, cuda, cuda:1, mps", placement=True)
    device_map: str | Mapping[str, Any] | None = _option(
        None, "auto spreads the model over all GPUs", types=(str, dict), metavar="MAP", placement=True
    )
    revision: str | None = _option(None, "branch, tag or commit on the hub", numeric=True)
    quant: str | None = _option(
        None,
        "quantise while loading (extra: quant)",
        choices=("4bit", "8bit"),
        numeric=True,
        placement=True,
    )
    adapter: str | None = _option(
        None, "a PEFT adapter to put on top (extra: peft)", metavar="FOLDER", numeric=True
    )
    layers_path: str | None = _option(
        None, "where the decoder blocks are, such as model.layers", metavar="PATH", numeric=True
    )
    snapshot_memory: str | None = _option(
        None,
        "host memory for snapshots of running states, to go back to (2GB); 0 keeps none",
        metavar="SIZE",
    )
    force: bool = _option(
        False, "load even if the memory estimate or a check says no", types=(bool,), check_only=True
    )

    @classmethod
    def from_json(cls, options: Mapping[str, Any]) -> LoadOptions:
        """Options from a request; raises for one that does not exist or has a value of another type."""
        # Refused instead of ignored: a misspelled option would silently load another model.
        if strange := sorted(options.keys() - LOAD_OPTIONS.keys()):
            known = ", ".join(LOAD_OPTIONS)
            raise UsageError(f"the options for loading a model are {known}, not {strange[0]!r}")
        for name, value in options.items():
            types = LOAD_OPTIONS[name].types
            if value is not None and not isinstance(value, types):
                what = "true or false" if bool in types else "a text"
                raise UsageError(f"the load option {name} must be {what}, not {reprlib.repr(value)}")
        return cls(**{name: value for name, value in options.items() if value is not None})

    def as_json(self) -> dict[str, Any]:
        """The options that differ from their defaults, as parameters of `core.load`."""
        return {
            each.name: value for each in fields(self) if (value := getattr(self, each.name)) != each.default
        }

    def placement(self) -> dict[str, Any]:
        """Those of them that decide device and memory."""
        return {name: value for name, value in self.as_json().items() if LOAD_OPTIONS[name].placement}


LOAD_OPTIONS: Mapping[str, LoadOptionSpec] = {
    each.name: each.metadata["spec"] for each in fields(LoadOptions)
}
MODEL_OPTIONS = tuple(name for name, spec in LOAD_OPTIONS.items() if not spec.check_only)
"""The options that make another model of the same files."""


def numeric_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that change the model's numbers, where they are set."""
    numeric = (name for name, spec in LOAD_OPTIONS.items() if spec.numeric)
    return {name: options[name] for name in numeric if options.get(name) is not None}


def model_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options without those that only skip checks."""
    skipping = LOAD_OPTIONS.keys() - MODEL_OPTIONS
    return {name: value for name, value in options.items() if name not in skipping}
