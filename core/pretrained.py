"""transformers' own loader: quiet, without foreign code, its progress reported and its failures sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText, AutoTokenizer
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING,
    MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING,
)
from transformers.utils import logging as transformers_logging

from core.errors import ModelError, OutOfMemory, SteerError, UsageError
from core.placement import Placement
from core.prescan import refuse_remote_code
from core.sources import Progress

T = TypeVar("T")
TOKENIZER_FILES = ("tokenizer.json", "*.model", "vocab.*", "*.tiktoken", "tekken.json")
ALONE = {"trust_remote_code": False, "local_files_only": True}


def blueprint(folder: Path, placement: Placement) -> Any:
    """The model as its configuration describes it, on the meta device: every shape, no memory."""
    with quiet(), torch.device("meta"):
        config = _sentences(folder, lambda: AutoConfig.from_pretrained(folder, **ALONE))
        loader = _loader(folder, config)
        dtype = placement.dtype or getattr(config, "dtype", None) or torch.bfloat16
        return _sentences(folder, lambda: loader.from_config(config, dtype=dtype, trust_remote_code=False))


def read_model(folder: Path, placement: Placement, on_progress: Progress | None = None) -> Any:
    """The model of a folder, evaluated and placed; a checkpoint that leaves weights at random is refused."""
    with quiet(on_progress):
        loader = _loader(folder, AutoConfig.from_pretrained(folder, **ALONE))
        hf, report = _sentences(
            folder,
            lambda: loader.from_pretrained(
                folder,
                dtype=placement.dtype or "auto",
                device_map=placement.map,
                quantization_config=_quantisation(placement.quant),
                use_safetensors=True,
                output_loading_info=True,
                **ALONE,
            ),
        )
    missing = sorted(report["missing_keys"])
    if missing:
        raise ModelError(f"{folder} lacks {len(missing)} of the model's weights ({missing[0]} …)")
    return hf.eval().requires_grad_(False)


def read_tokenizer(folder: Path) -> Any:
    """The tokenizer of a folder; None where there is none, for transformers would make up an empty one."""
    if not any(path for pattern in TOKENIZER_FILES for path in folder.glob(pattern)):
        return None
    with quiet():
        return _sentences(folder, lambda: AutoTokenizer.from_pretrained(folder, **ALONE))


def add_adapter(hf: Any, folder: Path) -> None:
    """A PEFT adapter inside the model's own layers; Model.use_adapter switches it off and on."""
    if not (folder / "adapter_model.safetensors").is_file() or not (folder / "adapter_config.json").is_file():
        raise ModelError(
            f"{folder} is no PEFT adapter: it needs adapter_config.json and adapter_model.safetensors"
        )
    refuse_remote_code(folder / "adapter_config.json")
    if not transformers.utils.is_peft_available():
        raise UsageError("adapters need the extra: pip install 'steertui[peft]'")
    with quiet():
        report = _sentences(folder, lambda: hf.load_adapter(str(folder)))
    strangers = sorted(report.unexpected_keys)
    if strangers:
        raise ModelError(f"the adapter {folder} does not fit this model: no place for {strangers[0]}")


@contextmanager
def quiet(on_progress: Progress | None = None) -> Iterator[None]:
    """No log lines and no progress bars from transformers; its bars report to `on_progress` instead."""
    verbosity = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity_error()
    hook = transformers_logging.set_tqdm_hook(lambda _factory, args, _kwargs: _Reported(args[0], on_progress))
    try:
        yield
    finally:
        transformers_logging.set_tqdm_hook(hook)
        transformers_logging.set_verbosity(verbosity)


class _Reported:
    """What transformers iterates over in place of its bar."""

    def __init__(self, items: Any, on_progress: Progress | None) -> None:
        self.items, self.on_progress = items, on_progress

    def __iter__(self) -> Iterator[Any]:
        for done, item in enumerate(self.items, start=1):
            yield item
            if self.on_progress is not None:
                self.on_progress("weights", done, len(self.items))


def _loader(folder: Path, config: Any) -> Any:
    """A causal LM's class, else the class of a multimodal model whose text tower is one."""
    if type(config) in MODEL_FOR_CAUSAL_LM_MAPPING:
        return AutoModelForCausalLM
    if type(config) in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING:
        return AutoModelForImageTextToText
    raise ModelError(f"{folder} is a {config.model_type} model, which is no causal language model")


def _quantisation(quant: str | None) -> Any:
    if quant is None:
        return None
    if not transformers.utils.is_bitsandbytes_available():
        raise UsageError("quantised loading needs the extra: pip install 'steertui[quant]'")
    return transformers.BitsAndBytesConfig(load_in_4bit=quant == "4bit", load_in_8bit=quant == "8bit")


def _sentences(folder: Path, action: Callable[[], T]) -> T:
    """Run a loader; whatever somebody else's folder makes it raise becomes one sentence naming the folder."""
    try:
        return action()
    except SteerError:
        raise
    except Exception as error:
        text = " ".join(str(error).split())
        if isinstance(error, MemoryError) or "out of memory" in text or "can't allocate memory" in text:
            raise OutOfMemory(f"{folder}: out of memory while loading: {text[:120]}") from None
        if "does not recognize this architecture" in text:
            text = f"transformers {transformers.__version__} does not know its architecture"
        if "ignore_mismatched_sizes" in text:
            text = "the weights do not have the shapes that config.json describes"
        raise ModelError(f"{folder} cannot be loaded: {text[:240]}") from error
