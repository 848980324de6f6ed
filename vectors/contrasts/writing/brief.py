"""The request for new pairs: the trait and its two poles, the form, the domains, the number of pairs, two
examples.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import UsageError
from vectors.contrasts.catalogue import BUILT_IN, contrast
from vectors.contrasts.writing.forms import PairForm, find_form
from vectors.errors import printable_name
from vectors.texts.pair import ContrastPair, ContrastSet, messages_of

DOMAINS = ("work", "home", "science", "art", "public life")
WRITABLE = {
    "motivation": "stories",
    "honesty": "answers",
    "refusal": "requests",
    **dict.fromkeys(("questions", "empathy", "prescriptiveness", "sycophancy"), "replies"),
}
MOST = 10_000
Params = Mapping[str, Any]


@dataclass(frozen=True)
class Brief:
    name: str
    about: str
    poles: tuple[str, str]
    form: PairForm
    domains: tuple[str, ...]
    pairs: int
    examples: tuple[ContrastPair, ...] = ()

    @property
    def quotas(self) -> dict[str, int]:
        """Pairs per domain; the remainder goes to the first domains."""
        each, more = divmod(self.pairs, len(self.domains))
        return {domain: each + (number < more) for number, domain in enumerate(self.domains)}

    @property
    def examples_text(self) -> str:
        """The example pairs as text for the question."""
        return "\n".join(
            f"positive: {json.dumps(pair.positive, ensure_ascii=False)}\n"
            f"negative: {json.dumps(pair.negative, ensure_ascii=False)}"
            for pair in self.examples
        )


def parse_brief(params: Params) -> Brief:
    """The request from parameters; `set` is a built-in set, a file of pairs to extend, or a new name with
    its own poles.
    """
    name = str(params["set"])
    known = _load_known_set(name, params)
    about = str(params.get("about") or (known.about if known else ""))
    poles = tuple(str(params.get(side) or "").strip() for side in ("positive", "negative"))
    if not all(poles):
        poles = known.poles if known else poles
    if not all(poles):
        raise UsageError(
            f"{printable_name(name)} is a new set: describe its sides with --positive and --negative"
        )
    pairs = int(params["pairs"])
    if not 2 <= pairs <= MOST:
        raise UsageError(f"a set has from 2 to {MOST:,} pairs, not {pairs}")
    chosen = params.get("form") or _default_form(name, known)
    examples = known.pairs[:1] + known.pairs[-1:] if known else ()
    return Brief(
        name, about, (poles[0], poles[1]), find_form(chosen), _domains(params, known), pairs, examples
    )


def _load_known_set(name: str, params: Params) -> ContrastSet | None:
    if name in BUILT_IN and name not in WRITABLE:
        raise UsageError(
            f"{name} cannot be written pair by pair; there is {', '.join(WRITABLE)}, or a new name with --positive and"
            " --negative"
        )
    if name in BUILT_IN or Path(name).suffix:
        return contrast(name)
    return None


def _default_form(name: str, known: ContrastSet | None) -> str:
    """The form of a built-in set, or for a file the form that its first pair has."""
    if name in WRITABLE or known is None:
        return WRITABLE.get(name, "replies")
    if not known.pairs:
        raise UsageError(f"{printable_name(name)} holds prompts and no pairs: there is nothing to continue")
    first = known.pairs[0].positive
    if isinstance(first, str):
        return "stories"
    return "replies" if messages_of(first)[-1]["role"] == "assistant" else "requests"


def _domains(params: Params, known: ContrastSet | None) -> tuple[str, ...]:
    listed: Sequence[str] = str(params.get("domains") or "").split(",")
    named = [word.strip() for word in listed if word.strip()]
    found = named or [domain for domain in (known.domains if known else ()) if domain] or DOMAINS
    return tuple(dict.fromkeys(found))
