"""Which axis of a matrix lies in the residual stream.

The rows of matrices that write to it, the columns of those that read from it. A vector can only be
compared along that axis.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from core.json_values import JsonValue

WRITERS = (
    *("o_proj", "down_proj", "out_proj", "dense", "dense_4h_to_h", "fc2", "w2", "wo", "c_proj", "fc_out"),
    *("embed_tokens", "wte", "embed_in"),
)
READERS = (
    *("q_proj", "k_proj", "v_proj", "qkv_proj", "gate_proj", "up_proj", "gate_up_proj", "query_key_value"),
    *("dense_h_to_4h", "fc1", "fc_in", "w1", "w3", "c_attn", "c_fc", "lm_head", "embed_out"),
)
TRANSPOSED = ("gpt2",)  # these store [in, out]
_BLOCK = re.compile(r"\.(?:layers|h|blocks|layer|decoder\.layers)\.(\d+)\.")


@dataclass(frozen=True)
class ResidualAxis:
    """`axis` 0: rows are residual; 1: columns; None: neither, as for norms and inner biases."""

    layer: int | None
    module: str
    writes: bool | None
    axis: int | None


def locate_matrix(
    name: str, shape: tuple[int, ...], config: Mapping[str, JsonValue], hidden_size: int
) -> ResidualAxis:
    """Decided by the name, and by the shape where only one axis has the residual width."""
    # With a dot in front, names with and without a prefix before the block list look alike.
    block = _BLOCK.search(f".{name}")
    layer = int(block.group(1)) if block else None
    inner = f".{name}"[block.end() :] if block else name
    module = inner.removesuffix(".weight")
    last = module.rsplit(".", 1)[-1]
    writes = True if last in WRITERS else False if last in READERS else None
    return ResidualAxis(
        layer, module, writes, _axis(shape, writes, config.get("model_type") in TRANSPOSED, hidden_size)
    )


def _axis(shape: tuple[int, ...], writes: bool | None, transposed: bool, hidden_size: int) -> int | None:
    if len(shape) != 2:
        return None
    wide = [axis for axis in (0, 1) if shape[axis] == hidden_size]
    if len(wide) == 1:
        return wide[0]
    # A square matrix is stored [out, in], or [in, out] where transposed; writers have residual outputs.
    if len(wide) == 2 and writes is not None:
        return int(writes == transposed)
    return None


def compared_layer(side: ResidualAxis) -> int | None:
    """The vector layer to compare with: L for writers of block L, L − 1 for its readers."""
    if side.layer is None or side.writes is not False:
        return side.layer
    # The input of block 0 is the embedding, which has no layer number; layer 0 is the nearest.
    return max(0, side.layer - 1)
