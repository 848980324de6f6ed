"""Loads models with transformers: no logs, no remote code, progress reported, clear error sentences."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText, AutoTokenizer
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING,
    MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING,
)
from transformers.utils import logging as transformers_logging

from core.errors import ModelError, OutOfMemory, SteerError, UsageError
from core.loading.config_guard import refuse_irregular_files, refuse_remote_code
from core.loading.kernel_messages import drop_kernel_messages
from core.loading.placement import Placement
from core.loading.sources import Progress
from core.loading.unread_weights import refuse_unread_weights
from core.model.tokenizer import Tokenizer

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel

T = TypeVar("T")
TOKENIZER_FILES = ("tokenizer.json", "*.model", "vocab.*", "*.tiktoken", "tekken.json")
UNREAD_GGUF = re.compile(r"GGUF model with architecture (\S+) is not supported")
ALONE = {"trust_remote_code": False, "local_files_only": True}


def build_blueprint(folder: Path, placement: Placement) -> PreTrainedModel:
    """The model on the meta device, from its configuration: all shapes, no memory."""
    with silence_transformers(), torch.device("meta"):
        config = explain_errors(folder, lambda: AutoConfig.from_pretrained(folder, **ALONE))
        loader = loader_class(folder, config)
        dtype = placement.dtype or getattr(config, "dtype", None) or torch.bfloat16
        return explain_errors(
            folder, lambda: loader.from_config(config, dtype=dtype, trust_remote_code=False)
        )


def read_model(
    folder: Path,
    placement: Placement,
    on_progress: Progress | None = None,
    *,
    force: bool = False,
    dequantises: bool = False,
) -> PreTrainedModel:
    """Load a folder's model in eval mode on its devices; raises if weights are missing, or left out without `force`.
    `dequantises`: its weights are stored quantised and not kept so.
    """
    drop_kernel_messages()
    with silence_transformers(on_progress):
        loader = loader_class(folder, AutoConfig.from_pretrained(folder, **ALONE))
        hf, report = explain_errors(
            folder,
            lambda: loader.from_pretrained(
                folder,
                dtype=placement.dtype or "auto",
                device_map=placement.hf_device_map,
                **_quantisation(placement.quant),
                # Pickled weights can run code when they are read.
                use_safetensors=True,
                output_loading_info=True,
                **ALONE,
            ),
        )
    refuse_missing_weights(folder, report["missing_keys"])
    refuse_unread_weights(folder, hf, report["unexpected_keys"], force=force)
    if dequantises and placement.dtype is not None:
        _cast_weights(hf, placement.dtype)
    return hf.eval().requires_grad_(False)


def _cast_weights(hf: PreTrainedModel, dtype: torch.dtype) -> None:
    """Dequantised weights come in a type of their own, beside others in the one that was asked for."""
    kept = [*(hf._keep_in_fp32_modules or ()), *(hf._keep_in_fp32_modules_strict or ())]
    for name, weight in hf.named_parameters():
        # Routers and the like stay in float32 as transformers wants it: rounded, they would choose other experts.
        if weight.is_floating_point() and not any(part in name for part in kept):
            weight.data = weight.data.to(dtype)


def refuse_missing_weights(place: Path, missing: Collection[str]) -> None:
    """Raise if the loading report names weights that were not found."""
    # transformers fills missing weights with random numbers and only warns.
    if missing:
        raise ModelError(f"{place} lacks {len(missing)} of the model's weights ({min(missing)} …)")


def read_tokenizer(folder: Path) -> Tokenizer | None:
    """The tokenizer of a folder; None if it has none, because transformers would create an empty one."""
    if not any(path for pattern in TOKENIZER_FILES for path in folder.glob(pattern)):
        return None
    with silence_transformers():
        return explain_errors(folder, lambda: AutoTokenizer.from_pretrained(folder, **ALONE))


def add_adapter(hf: PreTrainedModel, folder: Path) -> None:
    """Add a PEFT adapter to the model's layers; Model.use_adapter switches it on and off."""
    if not (folder / "adapter_model.safetensors").is_file() or not (folder / "adapter_config.json").is_file():
        raise ModelError(
            f"{folder} is no PEFT adapter: it needs adapter_config.json and adapter_model.safetensors"
        )
    refuse_irregular_files(folder)
    # Before the adapter's own library reads the folder, as for a model.
    refuse_remote_code(folder / "adapter_config.json")
    if not transformers.utils.is_peft_available():
        raise UsageError("adapters need the extra: pip install 'steertui[peft]'")
    with silence_transformers():
        report = explain_errors(folder, lambda: hf.load_adapter(str(folder)))
    # Weights without a place are only reported, so a part of the adapter would have no effect.
    strangers = sorted(report.unexpected_keys)
    if strangers:
        raise ModelError(f"the adapter {folder} does not fit this model: no place for {strangers[0]}")


@contextmanager
def silence_transformers(on_progress: Progress | None = None) -> Iterator[None]:
    """Suppress transformers' logs and progress bars; progress goes to `on_progress` instead."""
    verbosity = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity_error()
    hook = transformers_logging.set_tqdm_hook(
        lambda _factory, args, _kwargs: ReportedItems(args[0], on_progress)
    )
    try:
        yield
    finally:
        # Hook and verbosity are global to the process.
        transformers_logging.set_tqdm_hook(hook)
        transformers_logging.set_verbosity(verbosity)


class ReportedItems(Generic[T]):
    """The iterable that replaces transformers' progress bar; `stage` is what is done with the items."""

    def __init__(self, items: Sequence[T], on_progress: Progress | None, stage: str = "weights") -> None:
        self.items, self.on_progress, self.stage = items, on_progress, stage

    def __iter__(self) -> Iterator[T]:
        for done, item in enumerate(self.items, start=1):
            yield item
            # After the consumer has come back for more, so the item is really done.
            if self.on_progress is not None:
                self.on_progress(self.stage, done, len(self.items))


def loader_class(
    place: Path, config: PretrainedConfig
) -> type[AutoModelForCausalLM | AutoModelForImageTextToText]:
    """The auto class: causal LM, else a multimodal model with a causal text tower."""
    if type(config) in MODEL_FOR_CAUSAL_LM_MAPPING:
        return AutoModelForCausalLM
    if type(config) in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING:
        return AutoModelForImageTextToText
    raise ModelError(f"{place} is a {config.model_type} model, which is no causal language model")


def _quantisation(quant: str | None) -> dict[str, transformers.BitsAndBytesConfig]:
    """The keyword that quantises while loading; without it, as the checkpoint says (None would erase that)."""
    if quant is None:
        return {}
    if not transformers.utils.is_bitsandbytes_available():
        raise UsageError("quantised loading needs the extra: pip install 'steertui[quant]'")
    bits = transformers.BitsAndBytesConfig(load_in_4bit=quant == "4bit", load_in_8bit=quant == "8bit")
    return {"quantization_config": bits}


def explain_errors(place: Path, action: Callable[[], T]) -> T:
    """Run a loader and turn any exception it raises into one sentence that names the folder or file."""
    try:
        return action()
    except SteerError:
        raise
    except Exception as error:
        # On one line, because it becomes part of one sentence.
        text = " ".join(str(error).split())
        # torch's CPU allocator raises a plain RuntimeError, which only its text tells apart.
        if isinstance(error, MemoryError) or "out of memory" in text or "can't allocate memory" in text:
            raise OutOfMemory(f"{place}: out of memory while loading: {text[:120]}") from None
        if "does not recognize this architecture" in text:
            text = f"transformers {transformers.__version__} does not know its architecture"
        if unread := UNREAD_GGUF.search(text):
            text = f"transformers {transformers.__version__} reads no GGUF files of architecture {unread[1]}"
        if "ignore_mismatched_sizes" in text:
            text = "the weights do not have the shapes that its configuration describes"
        raise ModelError(f"{place} cannot be loaded: {text[:240]}") from error
