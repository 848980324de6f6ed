"""The names a `.pt` file may contain: torch's storages and tensor builders, nothing executable."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias, TypeGuard

from vectors.errors import VectorFileError, printable_name

_CODE_MODULES = frozenset(
    {
        "os",
        "posix",
        "nt",
        "sys",
        "subprocess",
        "builtins",
        "__builtin__",
        "importlib",
        "runpy",
        "pty",
        "shutil",
        "socket",
        "ctypes",
        "pickle",
        "operator",
        "functools",
        "types",
        "code",
        "platform",
        "webbrowser",
    }
)


class Symbol(NamedTuple):
    """A class or function named in the file; it is only compared, never imported."""

    module: str
    name: str


class TensorStorage(NamedTuple):
    key: str
    dtype: str
    elements: int


@dataclass(frozen=True)
class TensorRef:
    """A tensor as the pickle describes it: a strided view of a storage that is read later, if at all."""

    storage: TensorStorage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(frozen=True)
class UnsupportedTensor:
    """A tensor without plain numbers: sparse, quantised, meta and similar."""

    kind: str


PickleValue: TypeAlias = (
    "bool | int | float | str | bytes | PickleDict | list[PickleValue] | tuple[PickleValue, ...]"
    " | Symbol | TensorStorage | TensorRef | UnsupportedTensor | None"
)
PickleDict: TypeAlias = "dict[str | int, PickleValue]"
NOT_TORCH = "a tensor in it is not described the way torch does"

STORAGES = {
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "DoubleStorage": "float64",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128",
    "UntypedStorage": "untyped",
}


def _build_tensor(arguments: tuple[PickleValue, ...]) -> TensorRef:
    # What follows (requires_grad, hooks) does not change the numbers.
    storage, offset, shape, strides = arguments[:4]
    if (
        not isinstance(storage, TensorStorage)
        or not is_count(offset)
        or not _are_counts(shape)
        or not _are_counts(strides)
    ):
        raise VectorFileError(NOT_TORCH)
    if len(shape) != len(strides) or len(shape) > 8:
        raise VectorFileError("a tensor in it has a shape without strides")
    return TensorRef(storage, offset, shape, strides)


def _build_typed_tensor(arguments: tuple[PickleValue, ...]) -> TensorRef:
    """`_rebuild_tensor_v3` has a separate dtype argument, for types without a storage class of their own."""
    storage, dtype = arguments[0], arguments[6]
    if not isinstance(storage, TensorStorage):
        raise VectorFileError(NOT_TORCH)
    name = dtype.name if isinstance(dtype, Symbol) else "unknown"
    return _build_tensor((storage._replace(dtype=name), *arguments[1:4]))


def is_count(value: PickleValue) -> TypeGuard[int]:
    return type(value) is int and 0 <= value < 1 << 62


def _are_counts(value: PickleValue) -> TypeGuard[tuple[int, ...]]:
    return isinstance(value, tuple) and all(map(is_count, value))


def _unsupported(kind: str) -> Callable[[tuple[PickleValue, ...]], UnsupportedTensor]:
    return lambda arguments: UnsupportedTensor(kind)


BUILDERS: Mapping[Symbol, Callable[[tuple[PickleValue, ...]], PickleValue]] = {
    Symbol("collections", "OrderedDict"): lambda arguments: {},
    Symbol("torch._utils", "_rebuild_tensor"): _build_tensor,
    Symbol("torch._utils", "_rebuild_tensor_v2"): _build_tensor,
    Symbol("torch._utils", "_rebuild_tensor_v3"): _build_typed_tensor,
    Symbol("torch._utils", "_rebuild_parameter"): lambda arguments: arguments[0],
    Symbol("torch._utils", "_rebuild_parameter_with_state"): lambda arguments: arguments[0],
    Symbol("torch._utils", "_rebuild_sparse_tensor"): _unsupported("sparse layout"),
    Symbol("torch._utils", "_rebuild_nested_tensor"): _unsupported("nested layout"),
    Symbol("torch._utils", "_rebuild_qtensor"): _unsupported("quantised dtype"),
    Symbol("torch._utils", "_rebuild_meta_tensor_no_storage"): _unsupported("meta device"),
    Symbol("torch", "Size"): lambda arguments: arguments[0],
    Symbol("torch", "device"): lambda arguments: None,
    Symbol("torch.serialization", "_get_layout"): lambda arguments: None,
}


def require_symbol(module: str, name: str) -> Symbol:
    """The symbol if it belongs in a file of tensors; otherwise an error that says what the file would run."""
    symbol = Symbol(module, name)
    # Dtypes such as torch.float16, and storages; a name that slips through is only compared, never called.
    plain_torch = module == "torch" and (
        name in STORAGES or name.endswith("Storage") or name.islower() or name[-1:].isdigit()
    )
    if symbol in BUILDERS or plain_torch or symbol == Symbol("torch.storage", "UntypedStorage"):
        return symbol
    dotted = f"{printable_name(module)}.{printable_name(name)}"
    if module.split(".")[0] == "numpy":
        raise VectorFileError(f"numpy arrays in .pt: convert them with torch.from_numpy ({dotted})")
    # A name in lower case is a function, and a pickle names functions only to call them.
    if module.split(".")[0] in _CODE_MODULES or not name[:1].isupper():
        raise VectorFileError(f"contains code ({dotted}), not loaded")
    raise VectorFileError(f"needs class {dotted}; export it as safetensors or GGUF")
