"""Edits scheduled before an answer starts. Each is applied just before its token through the same commands as
a manual edit, so it is recorded the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.errors import UsageError

if TYPE_CHECKING:
    from sessions.live.session import Session

SCRIPT = "script"
"""A setting of the session, not of the model."""


@dataclass(frozen=True)
class ScheduledEdits:
    """`flip_at`: the token at which all channels are flipped; `inject`: texts to insert, each with its token."""

    flip_at: int | None = None
    inject: tuple[tuple[int, str], ...] = ()

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> ScheduledEdits:
        script = settings.get(SCRIPT) or {}
        try:
            inject = tuple((int(at), str(text)) for at, text in script.get("inject", ()))
            return cls(None if script.get("flip_at") is None else int(script["flip_at"]), inject)
        except (AttributeError, TypeError, ValueError):
            raise UsageError("scheduled edits are {flip_at: K, inject: [[K, text], …]}") from None

    def to_json(self) -> dict[str, Any]:
        fields = {"flip_at": self.flip_at, "inject": [list(pair) for pair in self.inject]}
        return {name: value for name, value in fields.items() if value not in (None, [])}

    def apply_before(self, index: int, session: Session) -> None:
        """Apply the edits scheduled before token `index`."""
        if index == self.flip_at:
            session.flip_all()
        for at, text in self.inject:
            if at == index:
                session.inject(text, how="own")
