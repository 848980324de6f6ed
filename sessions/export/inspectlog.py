"""An Inspect log (`.eval`) written with Inspect's API, for `inspect view` and its data frames.

inspect-ai is an optional extra (`steertui[inspect]`), imported only when a log is written.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from core.errors import UsageError
from sessions.export.chat import steering_metadata
from sessions.export.facts import SessionFacts, collect_facts
from sessions.export.samples import (
    ConversationSample,
    ModelCall,
    conversation_samples,
    parse_time,
    ranked_alternatives,
)
from sessions.journal.codec import JournalRecord
from sessions.state.answer_settings import SETTINGS
from sessions.state.messages import Message
from sessions.surrogates import replace_surrogates

SUFFIXES = (".eval", ".json")
SAMPLING = {name: spec.inspect for name, spec in SETTINGS.items() if spec.inspect}
"""Our generation settings and their names in Inspect."""


def save(records: tuple[JournalRecord, ...], path: Path) -> None:
    """Write the session: a sample per conversation, a model event per answer, an info event per change."""
    if path.suffix not in SUFFIXES:
        raise UsageError(f"an Inspect log is named {' or '.join('*' + s for s in SUFFIXES)}, not {path.name}")
    # Looked up, not imported: importing it takes long, and a missing extra needs its own message.
    if importlib.util.find_spec("inspect_ai") is None:
        raise UsageError("an Inspect log needs inspect-ai: pip install 'steertui[inspect]'")
    from inspect_ai.log import write_eval_log

    write_eval_log(_build_log(collect_facts(records), records), str(path))


def _build_log(facts: SessionFacts, records: tuple[JournalRecord, ...]) -> Any:
    from inspect_ai import log

    name = facts.model.name if facts.model else "unknown"
    samples = conversation_samples(facts.state, records)
    ids = [sample.id for sample in samples]
    return log.EvalLog(
        status="success",
        eval=log.EvalSpec(
            eval_id=facts.opening.session,
            run_id=facts.opening.session,
            created=parse_time(facts.opening.wall).isoformat(),
            task="steertui session",
            dataset=log.EvalDataset(name=facts.opening.session, samples=len(ids), sample_ids=ids),
            model=name,
            config=log.EvalConfig(),
            packages={"steertui": facts.opening.app, **facts.opening.versions},
            metadata=_repeat_metadata(facts),
        ),
        results=log.EvalResults(total_samples=len(ids), completed_samples=len(ids)),
        samples=[_build_sample(sample, name) for sample in samples],
    )


def _repeat_metadata(facts: SessionFacts) -> Mapping[str, Any]:
    """The metadata needed to repeat the session."""
    return {
        "vectors": {vector.name: vector.sha256 for vector in facts.vectors},
        "model": dict(facts.model.facts) if facts.model else {},
        "numerics": dict(facts.opening.numerics),
    }


def _build_sample(sample: ConversationSample, model: str) -> Any:
    from inspect_ai.log import EvalSample
    from inspect_ai.model import ModelOutput

    outputs = [_build_output(call, model) for call in sample.calls]
    pairs = zip(sample.calls, outputs, strict=True)
    return EvalSample(
        id=sample.id,
        epoch=1,
        input=[_build_message(message) for message in sample.input_messages],
        target="",
        messages=[_build_message(message) for message in sample.messages],
        output=outputs[-1] if outputs else ModelOutput(model=model),
        metadata={"steering": [steering_metadata(call.turn) for call in sample.calls]},
        events=[event for call, output in pairs for event in _build_events(call, output, model)],
    )


def _build_events(call: ModelCall, output: Any, model: str) -> Iterator[Any]:
    """The changes made during an answer, then the model call itself."""
    from inspect_ai.event import InfoEvent, ModelEvent

    # Events have only the time of the answer; their order tells what came first.
    for marker in call.turn.markers:
        data = {
            "turn": call.turn.id,
            "at": marker.at,
            "kind": marker.kind,
            "words": replace_surrogates(marker.words),
        }
        if marker.expression:
            data["expression"] = replace_surrogates(marker.expression)
        yield InfoEvent(source="steertui", data=data, timestamp=call.began)
    yield ModelEvent(
        model=model,
        input=[_build_message(message) for message in call.input_messages],
        tools=[],
        tool_choice="none",
        config=_build_config(call),
        output=output,
        timestamp=call.began,
        working_time=call.seconds,
    )


def _build_output(call: ModelCall, model: str) -> Any:
    from inspect_ai.model import ChatCompletionChoice, ChatMessageAssistant, ModelOutput

    message = ChatMessageAssistant(content=replace_surrogates(call.turn.text), model=model, source="generate")
    choice = ChatCompletionChoice(message=message, stop_reason=call.end, logprobs=_build_logprobs(call))
    metadata = {"stop": call.turn.stop, **call.token_columns}
    return ModelOutput(model=model, choices=[choice], time=call.seconds, metadata=metadata)


def _build_logprobs(call: ModelCall) -> Any:
    from inspect_ai.model import Logprob, Logprobs, TopLogprob

    return Logprobs(
        content=[
            Logprob(
                token=replace_surrogates(token.text),
                logprob=token.lp,
                top_logprobs=[
                    TopLogprob(token=replace_surrogates(text), logprob=lp)
                    for text, lp in ranked_alternatives(token)
                ],
            )
            for token in call.turn.tokens
            if token.lp is not None
        ]
    )


def _build_config(call: ModelCall) -> Any:
    from inspect_ai.model import GenerateConfig

    settings = call.turn.settings
    return GenerateConfig(**{theirs: settings[ours] for ours, theirs in SAMPLING.items() if ours in settings})


def _build_message(message: Message) -> Any:
    from inspect_ai import model

    kinds = {
        "system": model.ChatMessageSystem,
        "assistant": model.ChatMessageAssistant,
        "tool": model.ChatMessageTool,
    }
    return kinds.get(message["role"], model.ChatMessageUser)(content=replace_surrogates(message["content"]))
