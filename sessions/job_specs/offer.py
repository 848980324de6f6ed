"""Job specifications: a job's name, its parameters, and its command line."""

from __future__ import annotations

import errno
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from core.errors import BadInput, UsageError
from sessions.job_specs.kinds.kind import CheckContext, Json, ParamKind


@dataclass(frozen=True)
class JobParam:
    """A parameter of a job. `name` is its key; its command-line option is derived from it. A positional
    parameter has no option. `off` is the option that turns off a flag that is on by default.
    """

    name: str
    kind: ParamKind
    help: str
    default: Json = None
    required: bool = False
    positional: bool = False
    off: str = ""

    @property
    def option(self) -> str:
        return self.off or "--" + self.name.replace("_", "-")

    def read(self, value: Json) -> Json:
        """Convert a typed value; errors name the parameter."""
        return self.default if value is None or value == "" else self.kind.parse(self.name, value)

    def check(self, value: Json, context: CheckContext) -> None:
        """Raise the sentence that says why no job could use this converted value."""
        if value:
            with _file_errors(value):
                self.kind.check(value, context)

    def absolute(self, value: Json, context: CheckContext) -> Json:
        """The value with an absolute path where it is one."""
        if not isinstance(value, str):
            return value
        with _file_errors(value):
            return self.kind.absolute(value, context)

    def text(self, value: Json) -> str:
        """A value as text that `read` reads back."""
        return "" if value is None else self.kind.format(value)

    def words(self, value: Json) -> list[str]:
        """The value as command-line arguments; empty for the default."""
        if value is None or value == self.default:
            return []
        if not self.kind.takes_value:
            return [self.option]
        return [self.text(value)] if self.positional else [self.option, self.text(value)]


@dataclass(frozen=True)
class JobSpec:
    """A kind of job. `kind` is its name at the engine, `verb` the equivalent command. `model`: whether it
    needs a loaded model; if any of `own_models` is among its parameters, it loads its models itself.
    """

    kind: str
    title: str
    summary: str
    verb: tuple[str, ...]
    params: tuple[JobParam, ...]
    model: bool = True
    own_models: tuple[str, ...] = ()

    def needs_resident(self, given: Mapping[str, Json]) -> bool:
        return self.model and not any(given.get(name) for name in self.own_models)

    def read(self, given: Mapping[str, Json]) -> dict[str, Json]:
        """Check and convert all parameters and fill in defaults."""
        known = {param.name for param in self.params}
        for name in given:
            if name not in known:
                raise UsageError(f"{self.kind} takes no {name!r}: it takes {', '.join(sorted(known))}")
        values = {param.name: param.read(given.get(param.name)) for param in self.params}
        for param in self.params:
            if param.required and values[param.name] is None:
                raise UsageError(self.missing(param))
        return values

    def missing(self, param: JobParam) -> str:
        """The sentence for a required parameter without a value."""
        return f"{self.kind} needs {param.name if param.positional else param.option}"

    def command(self, given: Mapping[str, Json], model: str | None = None) -> str:
        """The shell-quoted command line that starts the same job."""
        values = self.read(given)
        # The sort is stable: positional words first, each group in its own order.
        ordered = sorted(self.params, key=lambda param: not param.positional)
        words = [word for param in ordered for word in param.words(values[param.name])]
        on = ["--model", model] if self.model and model else []
        return shlex.join(["steertui", *self.verb, *words, *on])


@contextmanager
def _file_errors(value: Json) -> Iterator[None]:
    """Turn what the operating system says about a path into a sentence."""
    try:
        yield
    # A path with a null byte raises ValueError.
    except (OSError, ValueError) as problem:
        # The sentence shows only the beginning of an overlong name.
        if isinstance(problem, OSError) and problem.errno == errno.ENAMETOOLONG:
            raise BadInput(f"{str(problem.filename)[:40]}…: file name too long") from None
        raise BadInput(f"{value!r} cannot be checked ({type(problem).__name__})") from problem
