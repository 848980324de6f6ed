"""Weights in a folder that the model has no place for: what may be left out, and what would make it another model.

transformers reads past them and only warns. A quantised matrix without its scale, a bias that the configuration
switched off or a block beyond its depth would so be lost without a word.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import ModelError
from core.model.anatomy import find_blocks, text_config

if TYPE_CHECKING:
    from transformers import PreTrainedModel

SCALES = re.compile(
    r"scales?(_inv|_2)?$|zero_points?$|q?zeros$|qweight$|g_idx$|absmax$|quant_(map|state)|weight_(packed|shape)$|_blocks$"
)
CACHE_SCALE = re.compile(r"(^|\.)[kv]_(proj\.output_)?scale$")
"""Scales of a quantised key–value cache, which is not used here."""
RETIRED_BUFFER = re.compile(r"(^|\.)(inv_freq|masked_bias|position_ids|version|(attn|attention)\.bias)$")
"""Rotary frequencies and causal masks, which older versions of transformers stored."""
OUTSIDE = re.compile(
    r"head|score|classif|regress|reward|value|critic|pooler|mtp|nextn|draft|eagle|medusa|projector|connector|encoder"
    r"|vision|visual|image|video|audio|speech|talker|code2wav|token2wav",
    re.IGNORECASE,
)
"""Heads beside the one that predicts the next token, and towers for pictures and sound."""
NEXT_TOKEN_LAYERS = ("num_nextn_predict_layers", "num_mtp_layers", "mtp_num_hidden_layers")


def refuse_unread_weights(place: Path, hf: PreTrainedModel, names: Collection[str], *, force: bool) -> None:
    """Raise if weights that the loading report names belong to the model; `force` allows all but scales."""
    buffers = {name for name, _ in hf.named_buffers()}
    own = sorted(name for name in names if name not in buffers and belongs_to_model(hf, name))
    scales = [name for name in own if SCALES.search(name)]
    if scales:
        raise ModelError(
            f"{place} is quantised, and this way of loading leaves out {len(scales)} of its scales ({scales[0]} …):"
            " the weights would be wrong by those factors"
        )
    if own and not force:
        raise ModelError(
            f"{place}: {len(own)} of its weights have no place in a {type(hf).__name__} ({own[0]} …): it would be"
            " another model; --force loads it without them"
        )


def belongs_to_model(hf: PreTrainedModel, name: str) -> bool:
    """Whether a weight without a place is part of what computes the next token."""
    if RETIRED_BUFFER.search(name) or CACHE_SCALE.search(name):
        return False
    path, blocks = find_blocks(hf)
    if name.startswith(f"{path}."):
        number = name.removeprefix(f"{path}.").partition(".")[0]
        # DeepSeek and GLM store the layers that predict further tokens behind the last block.
        further = range(len(blocks), len(blocks) + _next_token_layers(hf))
        return not number.isdigit() or int(number) not in further
    return not OUTSIDE.search(_unknown_part(hf, name))


def _next_token_layers(hf: PreTrainedModel) -> int:
    found = (getattr(text_config(hf), key, None) for key in NEXT_TOKEN_LAYERS)
    return next((int(count) for count in found if count), 0)


def _unknown_part(hf: PreTrainedModel, name: str) -> str:
    """The first name on the path that the model does not have: of a module, or of a weight in a known one."""
    known = {path for path, _ in hf.named_modules()}
    parts = name.split(".")
    end = next(i for i in range(len(parts) - 1, -1, -1) if i == 0 or ".".join(parts[:i]) in known)
    return parts[end]
