"""The texts of a form's lines as job parameters, and what is wrong with them.

No model is loaded, but files may be read, so it runs off the event loop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import SteerError, UsageError
from sessions.experiments.packs import pack_source
from sessions.job_specs.kinds.kind import CheckContext
from sessions.job_specs.offer import JobParam, JobSpec

Texts = Mapping[str, str]


class FormEntry:
    """Reads and checks the lines `params` of a job's form. A text that has been checked is not checked
    again until it changes or `forget` is called, because a check may read a file.
    """

    def __init__(self, spec: JobSpec, params: Sequence[JobParam], n_layers: int) -> None:
        self._spec, self._params, self._n_layers = spec, params, n_layers
        self._checked: dict[str, tuple[tuple[str, ...], str]] = {}

    def forget(self) -> None:
        """Check every text anew next time: files may have changed."""
        self._checked.clear()

    def values(self, texts: Texts) -> dict[str, Any]:
        """The parameters for the job; every text has to be right."""
        context = self._context(texts)
        return {param.name: self._read(param, texts[param.name], context) for param in self._params}

    def problems(self, texts: Texts, typing: str = "") -> dict[str, str]:
        """What is wrong, by parameter. No file is read for the line `typing`, which is still being written."""
        told = {param.name: self._problem(param, texts, param.name == typing) for param in self._params}
        return {name: sentence for name, sentence in told.items() if sentence}

    def _problem(self, param: JobParam, texts: Texts, typing: bool) -> str:
        if typing:
            return self._check(param, texts, read_files=False)
        # A check may depend on other lines, so their texts belong to the key.
        key = (texts[param.name], *(texts.get(name, "") for name in param.kind.related))
        if self._checked.get(param.name, ((), ""))[0] != key:
            self._checked[param.name] = key, self._check(param, texts, read_files=True)
        return self._checked[param.name][1]

    def _check(self, param: JobParam, texts: Texts, *, read_files: bool) -> str:
        """The sentence that says what is wrong with one line; empty if nothing is."""
        context = self._context(texts, read_files=read_files)
        try:
            param.check(self._read(param, texts[param.name], context), context)
        except SteerError as problem:
            return str(problem)
        return ""

    def _read(self, param: JobParam, text: str, context: CheckContext) -> Any:
        if param.required and not text.strip():
            raise UsageError(self._spec.missing(param))
        return param.absolute(param.read(text.strip()), context)

    def _context(self, texts: Texts, *, read_files: bool = True) -> CheckContext:
        given = {name: text.strip() for name, text in texts.items()}
        return CheckContext(pack_source, given, self._n_layers, read_files)
