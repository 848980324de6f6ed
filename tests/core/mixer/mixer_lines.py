"""Random mixers and random lines, and a reader of lines that shares nothing with the parser."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from core.errors import UsageError
from core.mixer.mixer import SCOPES, UNITS, Channel, Mixer


@dataclass(frozen=True)
class NamedVector:
    """A vector as a line needs it: its name, content, layers, and what its card says."""

    name: str
    sha256: str = "0" * 64
    directions: Any = field(default_factory=lambda: dict.fromkeys(range(40)))
    suggestion: Any = None
    poles: tuple[str, ...] = ()


def finder(*vectors: NamedVector):
    """`find` over these names, and over their poles."""
    known = {pole: vector for vector in vectors for pole in vector.poles}
    known |= {vector.name: vector for vector in vectors}

    def find(name: str) -> NamedVector:
        if name not in known:
            raise UsageError(f"no vector {name!r}")
        return known[name]

    return find


KEYWORD_NAMES = [*UNITS, "plain", "desk", "adapter", "entropy", "surprise", "bypassed", "keep-norm"]
ODD_NAMES = [
    *KEYWORD_NAMES,
    "0.5",
    "-2",
    ".5",
    "1e-3",
    "+plus",
    "-minus",
    "a b",
    'say "x"',
    "back\\slash",
    'q\\"',
    "a@b",
    "[x]",
    "a<b>c",
    "3d",
    "0.3x",
    "a+b",
    "keep-norm:",
    "plain:",
    "/tmp/a:b.gguf",
    "hf:org/repo:file",
    "vec#shift=-1",
    "naïve-ünïcode-名前",
    "\u00a0nbsp",
    "тест",
    "a,b",
    "=",
    "(x)",
    "p25",
    "inf",
    "nan",
    "all",
]
names = st.one_of(
    st.sampled_from(ODD_NAMES),
    st.text(min_size=1, max_size=12).filter(lambda name: "#sha=" not in name),
    st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True),
)
finite = st.floats(allow_nan=False, allow_infinity=False)
layer_maps = st.dictionaries(st.integers(0, 99), finite, min_size=1, max_size=4)
percents = st.decimals(0, 100, places=3).map(lambda share: f"p{share}")
shares = st.tuples(st.integers(0, 49), st.integers(50, 100)).map(lambda ends: f"{ends[0]}%-{ends[1]}%")
bands = st.one_of(
    st.none(),
    st.sets(st.integers(0, 60), min_size=1, max_size=6),
    st.sampled_from(["all", "40%-85%", "3-8,50%", "12.5%"]),
    shares,
)


def _channel(settings: dict[str, Any]) -> Channel | None:
    try:
        return Channel(**settings)
    except UsageError:
        # A floor above its ceiling is no channel.
        return None


channels = (
    st.fixed_dictionaries(
        {
            "vector": names.map(NamedVector),
            "scale": finite,
            "unit": st.sampled_from(UNITS),
            "layers": bands,
        },
        optional={
            "gain": finite,
            "floor": st.one_of(finite, percents, layer_maps),
            "ceiling": st.one_of(finite, percents, layer_maps),
            "weights": layer_maps,
            "split": st.booleans(),
            "flipped": st.booleans(),
            "muted": st.booleans(),
            "solo": st.booleans(),
            "scope": st.sampled_from(SCOPES),
            "half_life": st.floats(0, 1e6, exclude_min=True),
        },
    )
    .map(_channel)
    .filter(lambda channel: channel is not None)
)
mixers = st.builds(Mixer, st.lists(channels, max_size=16).map(tuple), st.booleans(), st.booleans())


# Lines from the grammar, with white space wherever it is free ------------------------------------------------------

space = st.sampled_from(["", "", " ", "  ", "\t"])
numbers = st.from_regex(r"-?[0-9]{1,3}(\.[0-9]{1,3})?(e[+-]?[0-9])?|\.[0-9]{1,3}", fullmatch=True)
written_names = st.one_of(
    st.sampled_from(["wit", "verve", "a+b", "x/y:z", "v#shift=-1", "3d"]),
    st.sampled_from([*KEYWORD_NAMES, "two words", "0.5", "-x"]).map(lambda name: f'"{name}"'),
    st.just(r'"a \"b\" \\ c"'),
)
written_bands = st.sampled_from(["5", "3-8", "3-8,12", "all", "40%-85%", "0,2,4"])
written_options = st.lists(
    st.sampled_from(
        [
            "split",
            "flipped",
            "muted",
            "solo",
            "gain=0.5",
            "floor=-3",
            "ceiling=p90",
            "scope=answer",
            "half-life=12",
            "not-in=tool",
            "weights=3:1,4:.5",
        ]
    ),
    unique=True,
    max_size=4,
)


@st.composite
def terms(draw: Any) -> str:
    gap = draw(space)
    scale = draw(st.one_of(st.just(""), numbers.map(lambda number: number + " ")))
    unit = draw(st.sampled_from(["", *(f"{unit} " for unit in UNITS)])) if scale else ""
    band = draw(st.one_of(st.just(""), written_bands.map(lambda band: f"{gap}@{gap}{band}")))
    options = "".join(f"{gap}[{gap}{option}{gap}]" for option in draw(written_options))
    return f"{scale}{gap}{unit}{gap}{draw(written_names)}{band}{options}"


def _has_number(term: str) -> bool:
    """Whether the term has a scale, so that a minus may stand before it."""
    return re.match(r"-?[0-9.]+(e[+-]?[0-9])?\s", term.lstrip()) is not None


@st.composite
def lines(draw: Any) -> str:
    flags = draw(st.lists(st.sampled_from(["bypassed", "keep-norm"]), unique=True))
    head = f"{' '.join(flags)}{draw(space)}:{draw(space)}" if flags else ""
    if draw(st.integers(0, 9)) == 0:
        return f"{head}plain"
    found = draw(st.lists(terms(), min_size=1, max_size=5))
    # A minus before a term that pushes nothing is refused, so the first sign stands before a number only.
    text = (
        "-" if _has_number(found[0]) and found[0].lstrip()[0] != "-" and draw(st.booleans()) else ""
    ) + found[0]
    for term in found[1:]:
        signed = _has_number(term) and draw(st.booleans())
        text += f" {'-' if signed else '+'}{draw(st.sampled_from([' ', '  ']))}{term}"
    return head + text


def plain_reading(line: str) -> list[tuple[str, float | None, str | None, str | None, tuple[str, ...]]]:
    """(name, scale, unit, layers, options) of each term, by cutting the line up from the left."""
    atoms: list[str] = []
    while line:
        # Quoted names, brackets with their option, @ and its layers, and words.
        match = re.match(r'\s+|"(?:\\.|[^"\\])*"|\[[^\]]*\]|@\s*[^\s\[]+|[^\s@\["]+', line)
        assert match, line
        atoms.append(match[0])
        line = line[match.end() :]
    while any(
        atom.strip() in ("bypassed", "keep-norm", "bypassed:", "keep-norm:", ":") for atom in atoms[:1]
    ):
        atoms = atoms[1:]
        while atoms and not atoms[0].strip():
            atoms = atoms[1:]
    if atoms and atoms[0].startswith((":", "bypassed:", "keep-norm:")):
        atoms[0] = atoms[0].partition(":")[2]
    words = [atom for atom in atoms if atom.strip()]
    if words == ["plain"]:
        return []
    groups: list[list[str]] = [[]]
    signs = [1.0]
    for at, word in enumerate(words):
        if word in "+-" and at:
            groups.append([])
            signs.append(-1.0 if word == "-" else 1.0)
        elif word == "-":
            signs[0] = -1.0
        else:
            groups[-1].append(word)
    return [_plain_term(group, sign) for group, sign in zip(groups, signs, strict=True)]


def _plain_term(
    words: list[str], sign: float
) -> tuple[str, float | None, str | None, str | None, tuple[str, ...]]:
    options = tuple("".join(word[1:-1].split()) for word in words if word[0] == "[")
    layers = next((word[1:].strip() for word in words if word[0] == "@"), None)
    *push, name = [word for word in words if word[0] not in "[@"]
    scale = sign * float(push[0]) if push else None
    unit = push[1] if len(push) > 1 else None
    if name[0] == '"':
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    return name, scale, unit, layers, options
