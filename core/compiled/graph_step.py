"""One compiled decode function per model and size, with its own code object, static cache and buffers.

torch.compile keeps graphs per code object and guards the presence of hooks only on request: with a function
shared by two models of one class, the second would silently run the first one's graph, unsteered.
"""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch import Tensor
from transformers.cache_utils import Cache

from core.compiled.buffers import GraphBuffers
from core.compiled.setting import CoefficientTable, TableBuilder
from core.compiled.size import GraphSize
from core.compiled.static_layers import copy_from_eager, copy_to_eager, has_states, static_cache
from core.model.cache import Tape
from core.recent import LruCache
from core.steering.plan import Layers

if TYPE_CHECKING:
    from core.model.model import Model

torch._dynamo.config.skip_nnmodule_hook_guards = False


CLASS_REGISTRY = "_CAN_RECORD_REGISTRY"
"""Where transformers notes each class of model that this process has made."""


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
        options: dict[str, Any] = {"guard_filter_fn": _kept_guards}
        if model.device.type == "cuda":
            options["triton.cudagraphs"] = True
        self._position = torch.zeros(size.lanes, 1, dtype=torch.long, device=model.device)
        torch._dynamo.mark_static_address(self._position)
        function = _with_own_code(_decode_function(model, self.cache, self._position))
        # With fullgraph a graph break raises instead of splitting the token into several graphs.
        self._function = torch.compile(function, fullgraph=True, dynamic=False, options=options)
        self._stance = "default"
        self._checked = False
        self._holder: Callable[[], CacheHolder | None] = lambda: None

    @property
    def has_states(self) -> bool:
        """Whether its cache holds running states, which a step that failed halfway has spoilt."""
        return has_states(self.cache)

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
        self._position.fill_(self.length)
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
            copy_from_eager(self.cache, cache, length)
        self.length = length

    def copy_cache_to(self, cache: Cache, length: int) -> None:
        """Copy the first positions into an empty dynamic cache, so that eager passes can continue."""
        with torch.no_grad():
            copy_to_eager(self.cache, cache, length)


def _kept_guards(guards: Sequence[Any]) -> list[bool]:
    """All but those on transformers' list of classes: another model that is loaded later changes nothing here."""
    return [CLASS_REGISTRY not in guard.name for guard in guards]


def _static_cache(model: Model, size: GraphSize) -> Cache:
    """A static cache with the layers of the eager tape, with shapes taken from one eager token."""
    shown = Tape(model).cache
    token = torch.zeros(size.lanes, 1, dtype=torch.long, device=model.device)
    with torch.no_grad(), model.steering.steering_with(None):
        model.hf(input_ids=token, past_key_values=shown, use_cache=True)
    return static_cache(shown, size.capacity)


def _decode_function(model: Model, cache: Cache, position: Tensor) -> Callable[[Tensor], Tensor]:
    hf = model.hf
    accepts = inspect.signature(hf.forward).parameters
    more: dict[str, int | Tensor] = {"logits_to_keep": 1} if "logits_to_keep" in accepts else {}
    # Models with running states do not all ask their cache how long it is (Bamba).
    if has_states(cache) and "position_ids" in accepts:
        more["position_ids"] = position

    def step(ids: Tensor) -> Tensor:
        out = hf(input_ids=ids, past_key_values=cache, use_cache=True, **more)
        last: Tensor = out.logits[:, -1].float()
        return last

    return step


def _with_own_code(function: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """The same function with a code object of its own."""
    code = function.__code__.replace(co_name="steered_step")
    return FunctionType(code, function.__globals__, "steered_step", None, function.__closure__)
