"""One compiled decode function per model and size, with its own code object, static cache and buffers.

torch.compile keeps graphs per code object and guards the presence of hooks only on request: with a function
shared by two models of one class, the second would silently run the first one's graph, unsteered.
"""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import Cache, StaticLayer

from core.compiled.buffers import GraphBuffers
from core.compiled.setting import CoefficientTable, TableBuilder
from core.compiled.size import GraphSize
from core.recent import LruCache
from core.steering.plan import Layers

if TYPE_CHECKING:
    from core.model.model import Model

torch._dynamo.config.skip_nnmodule_hook_guards = False


class CacheHolder(Protocol):
    """The tape whose cache a compiled step currently uses."""

    def return_cache(self) -> None: ...


class GraphStep:
    """A compiled decode step; it works on one tape's cache at a time, copied into a static cache."""

    def __init__(self, model: Model, size: GraphSize) -> None:
        self.model, self.size, self.length = model, size, 0
        self.buffers = GraphBuffers(size, model.n_layers, model.hidden_size, model.device)
        self.cache = _static_cache(model, size)
        self._tables = TableBuilder(size, model.hidden_size, model.device)
        self._table_cache: LruCache[tuple[Layers, CoefficientTable]] = LruCache(16)
        options: dict[str, str | int | bool | Callable[..., None]] = (
            {"triton.cudagraphs": True} if model.device.type == "cuda" else {}
        )
        function = _with_own_code(_decode_function(model, self.cache))
        # With fullgraph a graph break raises instead of splitting the token into several graphs.
        self._function = torch.compile(function, fullgraph=True, dynamic=False, options=options)
        self._stance = "default"
        self._checked = False
        self._holder: Callable[[], CacheHolder | None] = lambda: None

    def compile_graph(self) -> None:
        """Compile; from then on anything that would need a recompile raises."""
        # torch.compile is lazy: the first call compiles.
        self.decode_tokens([0] * self.size.lanes, (None,) * self.model.n_layers)
        self._stance = "fail_on_recompile"

    def recheck_guards(self) -> None:
        """Check the guards (new hook? adapter switched?) at the next token; too slow for every token."""
        self._checked = False

    def table_for(self, layers: Layers) -> CoefficientTable:
        """The coefficient table of these layer plans, built once, on the thread that first needs it."""
        # The entry holds `layers`, so its id is not reused while the entry exists.
        return self._table_cache.get_or_make(id(layers), lambda: (layers, self._tables.build_table(layers)))[
            1
        ]

    def decode_tokens(self, tokens: Sequence[int], layers: Layers) -> Tensor:
        """Decode one more token per lane; logits [lanes, vocabulary]."""
        self.buffers.load(self.table_for(layers))
        ids = torch.tensor(tokens, device=self.model.device)[:, None]
        # Guards are evaluated at the first token after a recheck and skipped until the next one.
        stance = torch.compiler.set_stance(self._stance, skip_guard_eval_unsafe=self._checked)
        with torch.no_grad(), self.model.steering.steering_with(self.buffers), stance:
            logits: Tensor = self._function(ids)
        self._checked = self._stance == "fail_on_recompile"
        self.length += 1
        # A CUDA graph's output is overwritten by its next replay.
        return logits.clone()

    def take_cache(self, tape: CacheHolder, cache: Cache, length: int) -> None:
        """Copy a dynamic cache in and continue from it; a previous holder first gets its own cache back."""
        holder = self._holder()
        if holder is not None and holder is not tape:
            holder.return_cache()
        # Weak: a cached step must not keep the tape of an ended conversation alive.
        self._holder = weakref.ref(tape)
        with torch.no_grad():
            for mine, theirs in zip(self.cache.layers, cache.layers, strict=True):
                mine.keys[:, :, :length].copy_(theirs.keys)
                mine.values[:, :, :length].copy_(theirs.values)
        self._set_length(length)

    def copy_cache_to(self, cache: Cache, length: int) -> None:
        """Copy the first positions into an empty dynamic cache, so that eager passes can continue."""
        for index, mine in enumerate(self.cache.layers):
            # Copies, because the next holder overwrites the static cache.
            cache.update(mine.keys[:, :, :length].clone(), mine.values[:, :, :length].clone(), index)

    def _set_length(self, length: int) -> None:
        """Set the length; positions beyond it are masked, and overwritten later."""
        for layer in self.cache.layers:
            # In place: the graph reads this tensor at a fixed address.
            layer.cumulative_length.fill_(length)
        self.length = length


def _static_cache(model: Model, size: GraphSize) -> Cache:
    """A static cache with full layers, as on the eager tape, with shapes taken from one eager token."""
    shown = DynamicCache()
    token = torch.zeros(size.lanes, 1, dtype=torch.long, device=model.device)
    with torch.no_grad(), model.steering.steering_with(None):
        model.hf(input_ids=token, past_key_values=shown, use_cache=True)
    layers = []
    for layer in shown.layers:
        fixed = StaticLayer(max_cache_len=size.capacity)
        fixed.lazy_initialization(layer.keys, layer.values)
        layers.append(fixed)
    return Cache(layers=layers)


def _decode_function(model: Model, cache: Cache) -> Callable[[Tensor], Tensor]:
    hf = model.hf
    accepts = inspect.signature(hf.forward).parameters
    last_only = {"logits_to_keep": 1} if "logits_to_keep" in accepts else {}

    def step(ids: Tensor) -> Tensor:
        out = hf(input_ids=ids, past_key_values=cache, use_cache=True, **last_only)
        last: Tensor = out.logits[:, -1].float()
        return last

    return step


def _with_own_code(function: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """The same function with a code object of its own."""
    code = function.__code__.replace(co_name="steered_step")
    return FunctionType(code, function.__globals__, "steered_step", None, function.__closure__)
