"""Settings of the next answers; they stay until they are changed."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from core.errors import SteerError
from sessions.state.settings_words import USUAL, changed_settings
from steertui import paths

FILE = "sampling.json"
NEW = "new"
SEEDS = 2**31


@dataclass(frozen=True)
class SamplingSettings:
    """The settings of `core.stream` by the names of the form; a seed of None is drawn anew for every
    answer.
    """

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
        """Settings for `chat` and `regenerate`; defaults are left out."""
        said = asdict(self) | {"stop": list(self.stop)}
        if self.seed is None or new_seed:
            said["seed"] = secrets.randbelow(SEEDS)
        return {key: value for key, value in said.items() if value != USUAL.get(key, "")}

    def words(self) -> list[str]:
        """The settings that differ from the defaults, as text."""
        said = changed_settings(self.settings() | ({"seed": NEW} if self.seed is None else {}))
        return [*said, *([f"prefill “{self.prefill}”"] if self.prefill else [])]

    @classmethod
    def from_answer(cls, settings: Mapping[str, Any], now: SamplingSettings) -> SamplingSettings:
        """The settings of an existing answer; a random seed stays random and the prefill is not copied."""
        known = {each.name: settings[each.name] for each in fields(cls) if each.name in settings}
        known["stop"] = tuple(known.get("stop", ()))
        made = replace(cls(**known), prefill=now.prefill)
        return replace(made, seed=None) if now.seed is None else made


def load_default_sampling() -> SamplingSettings:
    """The user's saved defaults; an unreadable file counts as none."""
    try:
        found = json.loads((paths.config_folder() / FILE).read_text("utf-8"))
        return replace(SamplingSettings.from_answer(found, SamplingSettings()), seed=found.get("seed", 0))
    except (OSError, ValueError, TypeError, AttributeError, RecursionError, SteerError):
        return SamplingSettings()


def save_default_sampling(sampling: SamplingSettings) -> None:
    """Save as defaults, without the prefill."""
    said = asdict(replace(sampling, prefill=""))
    (paths.config_folder() / FILE).write_text(json.dumps(said, indent=1), "utf-8")
