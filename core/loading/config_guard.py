"""Checks config.json before anything is allocated and before transformers reads the folder.

`trust_remote_code=False` alone has been bypassed through keys of the configuration (CVE-2026-4372,
CVE-2026-5241), and a few bytes of configuration can ask for more memory than exists.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from core.errors import ModelError
from core.files import FileTooLarge, read_regular
from core.json_values import JsonValue

CODE_KEYS = ("auto_map", "trust_remote_code", "custom_pipelines")
KERNEL_KEY = "_attn_implementation"
DEPTH_KEYS = ("num_hidden_layers", "n_layer", "num_layers")
WIDTH_KEYS = ("hidden_size", "n_embd", "d_model")
"""The names of a model's depth and width in config.json; GPT-2 and others have names of their own."""
MOST_BYTES_OF_JSON = 16 * 2**20
MOST_LAYERS = 10_000
MOST_PARAMETERS = 10**13
BYTES_PER_PARAMETER = 2
BEYOND = 10**30  # JSON can write infinity


def check_config(folder: Path, *, native: frozenset[str] | None = None) -> dict[str, JsonValue]:
    """Return the folder's configuration; raises if it names remote code or an absurd size.

    `native` lists model types whose `auto_map` may be ignored, because transformers' own class is used
    instead.
    """
    refuse_irregular_files(folder)
    config = read_json(folder / "config.json")
    for name in ("config.json", "tokenizer_config.json", "adapter_config.json"):
        if (folder / name).is_file():
            refuse_remote_code(folder / name, native)
    refuse_absurd_size(config, folder / "config.json")
    return config


def refuse_irregular_files(folder: Path) -> None:
    """Raise if a library that reads the folder would meet a pipe or a device: it would wait or never end."""
    # One folder down, transformers reads additional chat templates.
    for path in (*folder.glob("*"), *folder.glob("*/*.jinja")):
        with suppress(OSError):  # a link to nothing is as good as no file
            mode = path.stat().st_mode
            if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
                raise ModelError(f"{path} is not a regular file, refused: use a folder without it")


def read_json(path: Path) -> dict[str, JsonValue]:
    if not path.is_file():
        raise ModelError(f"{path.parent} has no {path.name}: not a Hugging Face model folder")
    try:
        content = json.loads(read_regular(path, MOST_BYTES_OF_JSON).decode("utf-8"))
    except FileTooLarge:
        raise ModelError(f"{path} is larger than {MOST_BYTES_OF_JSON >> 20} MB, refused") from None
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        # RecursionError: brackets nested too deeply for the parser.
        raise ModelError(f"{path} is not valid JSON: {str(error)[:120]}") from None
    if not isinstance(content, dict):
        raise ModelError(f"{path} holds no JSON object")
    return content


def refuse_remote_code(path: Path, native: frozenset[str] | None = None) -> None:
    """Raise if any key, at any depth, names code to fetch or run."""
    content = read_json(path)
    # Only config.json states a model type that can be compared with the native ones.
    ignorable = native is not None and (path.name != "config.json" or content.get("model_type") in native)
    for place, key, value in _config_entries(content):
        if key == "auto_map" and value and ignorable:
            continue
        if _names_code(key, value):
            raise ModelError(f"{path} needs remote code ({place}), refused{_remedy_hint(key)}")


def count_parameters(config: dict[str, JsonValue]) -> int:
    """Rough parameter count (attention, MLP, embedding), enough to recognise an absurd configuration."""
    hidden = _size(config, *WIDTH_KEYS)
    layers = _size(config, *DEPTH_KEYS)
    # In a mixture of experts, the width of one expert has a key of its own.
    inner = _size(config, "moe_intermediate_size") or _size(config, "intermediate_size", "n_inner", "ffn_dim")
    experts = max(1, _size(config, "num_experts", "num_local_experts", "n_routed_experts"))
    return hidden * _size(config, "vocab_size") + layers * (
        2 * hidden * hidden + 2 * hidden * inner * experts
    )


def refuse_absurd_size(config: Mapping[str, JsonValue], file: Path) -> None:
    """Raise if a configuration, read from `file`, asks for more than any model has."""
    # At any depth: a multimodal configuration holds the sizes of its text model in an inner object.
    for place, part in _json_objects(config):
        layers = _size(part, "num_hidden_layers", "n_layer", "num_layers")
        count = count_parameters(part)
        if count > MOST_PARAMETERS or layers > MOST_LAYERS:
            asked = f"hidden size {_size(part, 'hidden_size', 'n_embd', 'd_model')}, {layers} layers"
            raise ModelError(
                f"{file} asks for about {count * BYTES_PER_PARAMETER:.1e} bytes of weights"
                f" ({place + ': ' if place else ''}{asked}), refused before allocating"
            )


def _names_code(key: str, value: JsonValue) -> bool:
    if key.startswith(KERNEL_KEY):
        # Plain switches such as `_attn_implementation_autoset` name nothing.
        return isinstance(value, (str, dict, list))
    return key in CODE_KEYS and bool(value)


def _remedy_hint(key: str) -> str:
    if key == "auto_map":
        return "; if transformers has a class of its own for it, --force loads with that one"
    return "; remove the entry from a copy of the file if you trust the model"


def _config_entries(content: JsonValue, place: str = "") -> Iterator[tuple[str, str, JsonValue]]:
    for where, part in _json_objects(content, place):
        for key, value in part.items():
            yield f"{where}.{key}" if where else key, key, value


def _json_objects(content: JsonValue, place: str = "") -> Iterator[tuple[str, dict[str, JsonValue]]]:
    """Every JSON object in the content with its dotted place; JSON's own depth limit bounds the recursion."""
    if isinstance(content, dict):
        yield place, content
        for key, value in content.items():
            yield from _json_objects(value, f"{place}.{key}" if place else key)
    elif isinstance(content, list):
        for i, value in enumerate(content):
            yield from _json_objects(value, f"{place}[{i}]")


def _size(config: dict[str, JsonValue], *names: str) -> int:
    values = [config.get(name) for name in names]
    return max(
        # Bounded before `int`, which cannot convert infinity.
        (int(min(value, BEYOND)) for value in values if isinstance(value, (int, float)) and value > 0),
        default=0,
    )
