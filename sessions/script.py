"""What is to happen in an answer, written down beforehand: each thing is done right before its token, by the very
commands that a hand at the dials would give, and so it is recorded like one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.errors import UsageError

if TYPE_CHECKING:
    from sessions.live import Session

SCRIPT = "script"
"""A setting for us and not for the model."""


@dataclass(frozen=True)
class Script:
    """`flip_at`: every vector is turned around; `inject`: words that come in, each with its token."""

    flip_at: int | None = None
    inject: tuple[tuple[int, str], ...] = ()

    @classmethod
    def read(cls, settings: Mapping[str, Any]) -> Script:
        said = settings.get(SCRIPT) or {}
        try:
            words = tuple((int(at), str(text)) for at, text in said.get("inject", ()))
            return cls(None if said.get("flip_at") is None else int(said["flip_at"]), words)
        except (AttributeError, TypeError, ValueError):
            raise UsageError("a script is {flip_at: K, inject: [[K, text], …]}") from None

    def to_json(self) -> dict[str, Any]:
        said = {"flip_at": self.flip_at, "inject": [list(pair) for pair in self.inject]}
        return {name: value for name, value in said.items() if value not in (None, [])}

    def perform(self, index: int, session: Session) -> None:
        """What is due before token `index`."""
        if index == self.flip_at:
            session.flip_all()
        for at, text in self.inject:
            if at == index:
                session.inject(text, how="own")
