"""Options of the vector verbs for what a file leaves open, and how a card is printed."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import UsageError
from core.mixer.layer_ranges import DEEPEST, parse_layers, write_layers
from steertui.text import safe_text

if TYPE_CHECKING:
    from vectors.data.card import Card
    from vectors.data.model_shape import ModelShape
    from vectors.vector import SteeringVector


def add_reading_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what the file does not say")
    group.add_argument(
        "--shift", type=_parse_shift, metavar="N", help="layer = stored index + N, whatever the format says"
    )
    group.add_argument("--layers", metavar="LAYERS", help="which layers; needed for a bare direction")
    group.add_argument("--model", help="fit it to this model (its config is read, nothing is loaded)")
    group.add_argument("--part", metavar="ID", help="which experiment of a capping config")
    group.add_argument(
        "--minus",
        metavar="FILE",
        help="subtract this vector (the difference of two role vectors is a direction)",
    )
    group.add_argument("--force", action="store_true", help="use it on a model of another family")


def read_vector(path: str, args: argparse.Namespace, *, allow_undecided: bool = False) -> SteeringVector:
    """Read a vector from a file or the library with the options of the command line."""
    from vectors.data import compatibility
    from vectors.library import library
    from vectors.vector_file import read_file

    shape = model_shape(args.model) if args.model else None
    depth = shape.n_layers if shape else DEEPEST  # a bare tensor with `--layers all` needs some depth
    vector = read_file(
        library.find(path),
        layers=parse_layers(args.layers, depth) if args.layers else None,
        shift=args.shift,
        n_layers=shape.n_layers if shape else None,
        part=args.part,
        minus=library.find(args.minus) if args.minus else None,
        allow_undecided=allow_undecided,
    )
    return compatibility.admit_vector(vector, shape, force=args.force) if shape else vector


def model_shape(name: str) -> ModelShape:
    """Depth and width of a demo or fetched model, a local folder or GGUF file, or a cached model."""
    from core.loading.model_names import is_gguf
    from steertui.catalogue import list_models
    from vectors.data import model_shape

    if is_gguf(Path(name)):
        return model_shape.shape_of_gguf(Path(name))
    if Path(name, "config.json").is_file():
        return model_shape.shape_of_folder(Path(name))
    # A model of the cache also has a slash in its name: org/name.
    for entry in list_models():
        if entry.name == name:
            return model_shape.shape_of_folder(entry.folder, name)
    if Path(name).is_dir():
        return model_shape.shape_of_folder(Path(name))
    raise UsageError(f"no model {safe_text(name)!r} on this machine; `steertui models` lists them")


def card_lines(card: Card) -> Iterator[str]:
    """A vector's card as lines of text."""
    said = card.about
    norms = list(card.norms.values())
    cosines = card.consistency.to_json()
    facts: dict[str, Any] = {
        "file": f"{card.file} (sha256 {card.file_sha256[:12]})" if card.file else "",
        "format": card.format,
        "layers": f"{write_layers(card.layers)} ({len(card.layers)} × {card.hidden_size})",
        "site": f"{card.site}, {card.index_rule}",
        "norms": f"{min(norms):.4g} … {max(norms):.4g}",
        "neighbours": "; ".join(filter(None, (_neighbour_words(cosines), card.consistency.caveat))),
        "model": ", ".join(filter(None, (said.model_id, said.model_type))),
        "made by": ", ".join(filter(None, (said.method, said.read, said.contrast, said.created))),
        "source": said.source,
        "sign": said.sign_note,
        "measured": f"class gaps on layers {write_layers(tuple(said.stats))}" if said.stats else "",
        "held out": said.holdout.words if said.holdout else "",
        "suggestion": _suggestion_words(said.suggestion) if said.suggestion else "",
        "parts": ", ".join(card.parts) if len(card.parts) > 1 else "",
        "ceilings": ", ".join(f"{layer}: {cap:g}" for layer, cap in (card.ceilings or {}).items()),
        "sha256": card.sha256,
    }
    yield safe_text(card.name)
    yield from (f"  {name:<11} {safe_text(value)}" for name, value in facts.items() if value)
    yield from (f"  ! {safe_text(warning)}" for warning in card.warnings)


def _neighbour_words(cosines: dict[str, Any]) -> str:
    if cosines["mean"] is None:
        return ""
    band = f"random ±{cosines['random_band']:.3f}"
    return f"cosine {cosines['mean']:.3f} on average, lowest {cosines['min']:.3f} ({band})"


def _suggestion_words(hint: Any) -> str:
    band = write_layers(tuple(hint.get("layers", ()))) or "the default band"
    share = ", split" if hint.get("split") else ""
    return f"{hint.get('scale', '?')} {hint.get('unit', 'relative')} on {band}{share}"


def _parse_shift(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        # Out of range, so that the check below reports it.
        value = DEEPEST
    if abs(value) >= DEEPEST:
        raise UsageError(f"bad shift {text!r}; write a whole number such as -1")
    return value
