"""One short forward pass through a model just found: what its blocks output, and which norm runs after the last.

Two rows of three tokens, so that the shape of a block's output tells its axes apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from core.errors import ModelError

PROBE_ROWS = ((1, 2, 3), (3, 1, 2))
IS_NORM = re.compile(r"norm|ln_f", re.IGNORECASE)

BlockOutput: TypeAlias = Tensor | tuple[Tensor, ...]
"""A hidden state, or a tuple that begins with it."""


@dataclass(frozen=True)
class Site:
    """Device and dtype of one block's output in a real forward pass (parameters may be offloaded)."""

    device: torch.device
    dtype: torch.dtype


class BlockProbe:
    """What one forward pass showed; `final_norm` is the first norm outside the blocks that ran after the last one."""

    def __init__(self, owner: nn.Module, blocks: Sequence[nn.Module], width: int | None) -> None:
        """`width` is the hidden size that the configuration promises, None where it promises none."""
        self.owner, self.blocks, self.width = type(owner).__name__, blocks, width
        self.final_norm: nn.Module | None = None
        self._seen: dict[int, tuple[Site, torch.Size]] = {}
        inside = {id(part) for block in blocks for part in block.modules()}
        self._norms = [
            part
            for name, part in owner.named_modules()
            if id(part) not in inside and _is_norm(name.rpartition(".")[2], part)
        ]

    def run(self, forward: Callable[[Tensor], object], device: torch.device) -> None:
        """Run the pass; a model that cannot run it raises its own error."""
        with self._watching(), torch.no_grad():
            forward(torch.tensor(PROBE_ROWS, device=device))

    def block_outputs(self) -> tuple[tuple[Site, ...], int]:
        """The sites in layer order and the hidden size; raises where steering one state per token is not possible."""
        missing = [layer for layer in range(len(self.blocks)) if layer not in self._seen]
        if missing:
            raise ModelError(self._wrong_blocks(f"blocks {missing} did not run"))
        for _, shape in self._seen.values():
            self._check_shape(shape)
        widths = {shape[-1] for _, shape in self._seen.values()}
        if len(widths) > 1:
            raise ModelError(self._wrong_blocks(f"block outputs differ in width: {sorted(widths)}"))
        return tuple(self._seen[layer][0] for layer in range(len(self.blocks))), widths.pop()

    @contextmanager
    def _watching(self) -> Iterator[None]:
        handles: list[RemovableHandle] = [
            block.register_forward_hook(partial(self._see_block, layer))
            for layer, block in enumerate(self.blocks)
        ]
        handles += [norm.register_forward_hook(self._see_norm) for norm in self._norms]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _see_block(self, layer: int, _block: nn.Module, _args: object, output: BlockOutput) -> None:
        hidden = output[0] if isinstance(output, tuple) else output
        self._seen[layer] = Site(hidden.device, hidden.dtype), hidden.shape

    def _see_norm(self, norm: nn.Module, _args: object, _output: object) -> None:
        # By when it runs, not by where it stands: other norms beside the blocks work on the embedding.
        if len(self._seen) == len(self.blocks) and self.final_norm is None:
            self.final_norm = norm

    def _check_shape(self, shape: torch.Size) -> None:
        """Raise unless a block's output is [rows, tokens, hidden size]."""
        axes = (len(PROBE_ROWS), len(PROBE_ROWS[0]))
        if tuple(shape[:-1]) == axes and self.width in (None, shape[-1]):
            return
        printed = "×".join(map(str, shape))
        if (streams := self._streams(shape, axes)) is not None:
            raise ModelError(
                f"{self.owner} carries {streams} residual streams per token (block output {printed} for"
                f" {axes[0]} rows of {axes[1]} tokens): steering one residual state is not defined there;"
                " its weights can be compared, with steertui diff"
            )
        raise ModelError(
            self._wrong_blocks(
                f"a block output is {printed} for {axes[0]} rows of {axes[1]} tokens, not {axes[0]}×{axes[1]}×"
                f"{self.width or 'hidden size'}"
            )
        )

    def _streams(self, shape: torch.Size, axes: tuple[int, int]) -> int | None:
        """The number of residual streams where there are several; None where the shape says something else."""
        if len(shape) == 4 and self.width in (None, shape[-1]):
            # Beside the hidden size (DeepSeek V4) or before everything (Gemma 3n).
            return {axes: shape[2]}.get((shape[0], shape[1])) or {axes: shape[0]}.get((shape[1], shape[2]))
        wide = tuple(shape[:-1]) == axes and self.width is not None
        # Side by side in one row (Qwen4-exp).
        return shape[-1] // self.width if wide and self.width and shape[-1] % self.width == 0 else None

    def _wrong_blocks(self, problem: str) -> str:
        return f"{self.owner}: {problem} in a probe forward; name the decoder blocks with --layers-path"


def _is_norm(name: str, part: nn.Module) -> bool:
    return bool(IS_NORM.search(name) or IS_NORM.search(type(part).__name__))
