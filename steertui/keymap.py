"""The user's key bindings: action ids and key names from the settings, over the built-in ones."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping

from core.errors import UsageError
from steertui.commands import COMMANDS, STRIP_KEYS

IDS = tuple(command.id for command in COMMANDS) + tuple(str(binding.id) for binding in STRIP_KEYS)
IDS += ("prompt.send", "prompt.newline")


def check_keymap(
    keymap: Mapping[str, object], where: Callable[[str], str] = lambda action: "keymap"
) -> dict[str, str]:
    """The keymap if every id exists and no key is used twice; `where` gives the location for error
    messages.
    """
    owners: dict[str, str] = {}
    for action, keys in keymap.items():
        if action not in IDS:
            near = difflib.get_close_matches(action, IDS, n=1)
            hint = f", did you mean {near[0]!r}?" if near else ""
            raise UsageError(f"{where(action)}: there is no action {action!r}{hint}")
        if not isinstance(keys, str) or not keys.strip():
            raise UsageError(
                f'{where(action)}: the keys of {action!r} must be a string such as "f" or "ctrl+f,f6"'
            )
        for key in (key.strip() for key in keys.split(",")):
            # The same key twice for one action does no harm; two owners do.
            if owners.setdefault(key, action) != action:
                raise UsageError(
                    f"{where(action)}: key {key!r} is given to both {owners[key]!r} and {action!r}"
                )
    return {action: str(keys) for action, keys in keymap.items()}
