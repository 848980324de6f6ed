"""The torch backend: models from `core`, vectors from `vectors`, and one conversation with its KV cache.

Imported only by the engine; heavy imports happen when a model or a vector is first loaded.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.mixer.mixer import Mixer
from sessions.live.backend import PreparedAnswer, Progress
from sessions.live.load_options import LoadOptions
from sessions.state.answer_settings import CONVERSATION, settings_of_scope

Messages = list[dict[str, str]]
Frame = dict[str, Any]
CONVERSATION_SETTINGS = settings_of_scope(CONVERSATION)
"""Settings of a whole conversation: changing one starts a new conversation."""


class TorchBackend:
    """Loads models, one at a time, and vectors, which are checked against the model."""

    def __init__(self) -> None:
        self._resident: TorchModel | None = None

    def check_load(self, name: str, options: Mapping[str, Any]) -> None:
        """Refuse a model that is invalid or does not fit, before the current one is unloaded."""
        chosen = LoadOptions.from_json(options)
        # Importing torch takes seconds, so it waits until a model is loaded.
        from core.loading import placement
        from core.loading.loading import locate_and_check

        place = placement.choose_placement(**chosen.placement())
        # The current model's memory will be free by then.
        leaving = self._resident.model if self._resident else None
        locate_and_check(name, place, chosen.revision, force=chosen.force, leaving=leaving)

    def load(self, name: str, options: Mapping[str, Any], progress: Progress) -> TorchModel:
        progress(None, "starting")
        import core

        def on_progress(stage: str, done: int, total: int) -> None:
            progress(done / total if total else None, stage)

        given = LoadOptions.from_json(options).as_json()
        model = core.load(name, on_progress=on_progress, **given)
        progress(None, "measuring residual norms")
        self._resident = TorchModel(model, {"model": name, "loading": given})
        # Keep the garbage collector from scanning torch's hundreds of thousands of objects during decoding.
        gc.collect()
        gc.freeze()
        return self._resident

    def read_vector(self, source: str, keep: Path | None, *, force: bool = False) -> Any:
        """Read a vector from a file or the library, and save a copy named by its hash to `keep`."""
        import vectors

        model = self._resident.model if self._resident else None
        vector = vectors.read(source, model=model, force=force)
        copy = keep / f"{vector.sha256}.safetensors" if keep else None
        # Named by its hash, so an existing copy is the same vector.
        if copy and not copy.exists():
            vector.save(copy)
        return vector


class TorchModel:
    """One loaded model and its conversation. `loaded`: the parameters with which another process can load the
    same model.
    """

    def __init__(self, model: Any, loaded: Mapping[str, Any] | None = None) -> None:
        self.model, self.load_params = model, loaded or {"model": model.name}
        self._conversation: Any = None
        self._frame: Frame | None = None
        self.facts = model_facts(model)

    def share(self) -> TorchModel:
        return TorchModel(self.model, self.load_params)

    def check(self, mixer: Mixer) -> None:
        self.model.planner.plan([mixer])

    def prepare_answer(self, messages: Messages, mixer: Mixer, settings: Mapping[str, Any]) -> PreparedAnswer:
        """Continue the current conversation if `messages` extend it or replace its last turn; else start a
        new one.
        """
        options = dict(settings)
        frame = {key: options.pop(key) for key in CONVERSATION_SETTINGS if key in options}
        *past, new = messages
        conversation = self._continued_conversation(frame, past) or self._new_conversation(frame, past)
        answer = conversation.say(new["content"], mixer=mixer, role=new["role"], **options)
        self._conversation, self._frame = conversation, frame
        notices = (*answer.notices, *_lane_notices(answer.settings.lanes))
        return PreparedAnswer(
            answer, tuple(answer.pending.ids), len(answer.tape), _injector(conversation), notices
        )

    def forget(self) -> None:
        """Drop the conversation and free its memory; the next answer starts with an empty cache."""
        import torch

        self._conversation = self._frame = None
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def close(self) -> None:
        """Drop all references to the model so that its memory is freed."""
        self.model = None
        # `load` froze these objects: the collector would never free their cycles.
        gc.unfreeze()
        self.forget()

    def _continued_conversation(self, frame: Frame, past: Messages) -> Any:
        conversation = self._conversation
        if conversation is None or frame != self._frame or conversation.live is None:
            return None
        # The conversation stores its system prompt as the first message; `past` has none.
        start = 1 if frame.get("system") else 0
        if conversation.messages[start:] == past:
            return conversation
        # The last turn is replaced: take it back and keep the cache before it.
        if (
            len(past) < len(conversation.messages) - start
            and conversation.messages[start : start + len(past)] == past
        ):
            conversation.undo()
            return conversation if conversation.messages[start:] == past else None
        return None

    def _new_conversation(self, frame: Frame, past: Messages) -> Any:
        from core.generation.conversation import Conversation

        conversation = Conversation(self.model, **frame)
        conversation.messages.extend(past)
        return conversation


def _lane_notices(lanes: Any) -> list[tuple[str, dict[str, Any]]]:
    """A `lane` notice with the batch rows, if there is more than one: the batch shape affects bit-exact
    replay.
    """
    rows = [{"name": name, "forced": k in lanes.forced} for k, name in enumerate(lanes.names)]
    return [("lane", {"lanes": rows})] if len(rows) > 1 else []


def _injector(conversation: Any) -> Callable[[str, str], None]:
    return lambda text, how: conversation.inject(text, "model" if how == "own" else how)


def model_facts(model: Any) -> dict[str, Any]:
    """The model facts that a screen shows and verify compares; `warnings` and `snapshots` only where there are any."""
    snapshots = {"each": model.snapshot_bytes, "limit": model.snapshot_limit}
    return {
        "name": model.name,
        "kind": type(model.hf).__name__,
        "n_layers": model.n_layers,
        "hidden_size": model.hidden_size,
        "dtype": str(model.dtype).removeprefix("torch."),
        "device": str(model.device),
        "parameters": sum(p.numel() for p in model.hf.parameters()),
        "max_context": model.max_context,
        "fingerprint": model.fingerprint,
        "chat_template": bool(getattr(model.tokenizer, "chat_template", None)),
        "residual_norms": {str(layer): norm for layer, norm in model.residual_norms.items()},
        **({"warnings": list(model.warnings)} if model.warnings else {}),
        **({"snapshots": snapshots} if model.snapshot_bytes else {}),
    }
