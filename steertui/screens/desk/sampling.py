"""How the next answers are to be made: what a user sets once and sees from then on, until it is set back."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from core.errors import SteerError
from sessions.sampling import USUAL, unusual
from steertui import paths

FILE = "sampling.json"
NEW = "new"
SEEDS = 2**31


@dataclass(frozen=True)
class Sampling:
    """The settings of `core.stream` in the words of the form; a seed of None is drawn anew for every answer."""

    system: str = ""
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    repetition_penalty: float = 1.0
    max_new_tokens: int = 256
    stop: tuple[str, ...] = ()
    seed: int | None = 0
    template_args: Mapping[str, Any] = field(default_factory=dict)
    prefill: str = ""
    cache: str = "keep"
    raw: bool = False

    def settings(self, *, new_seed: bool = False) -> dict[str, Any]:
        """What `chat` and `regenerate` take; what is as usual is left out."""
        said = asdict(self) | {"stop": list(self.stop)}
        if self.seed is None or new_seed:
            said["seed"] = secrets.randbelow(SEEDS)
        return {key: value for key, value in said.items() if value != USUAL.get(key, "")}

    def words(self) -> list[str]:
        """What is not as usual, for the desk."""
        said = unusual(self.settings() | ({"seed": NEW} if self.seed is None else {}))
        return [*said, *([f"prefill “{self.prefill}”"] if self.prefill else [])]

    @classmethod
    def made(cls, settings: Mapping[str, Any], now: Sampling) -> Sampling:
        """As an answer was made. A seed that is drawn anew stays so; words put into its mouth are not repeated."""
        known = {each.name: settings[each.name] for each in fields(cls) if each.name in settings}
        known["stop"] = tuple(known.get("stop", ()))
        made = replace(cls(**known), prefill=now.prefill)
        return replace(made, seed=None) if now.seed is None else made


def remembered() -> Sampling:
    """What was asked to be the usual on this machine; anything unreadable counts as nothing."""
    try:
        found = json.loads((paths.config() / FILE).read_text("utf-8"))
        return replace(Sampling.made(found, Sampling()), seed=found.get("seed", 0))
    except (OSError, ValueError, TypeError, AttributeError, RecursionError, SteerError):
        return Sampling()


def remember(sampling: Sampling) -> None:
    """Without the words put into one answer's mouth: they are for that answer."""
    said = asdict(replace(sampling, prefill=""))
    (paths.config() / FILE).write_text(json.dumps(said, indent=1), "utf-8")
