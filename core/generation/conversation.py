"""A conversation on one tape: each turn is appended to the ids already there, and nothing is encoded twice.

The next turn is the text that the template puts after the last answer (`continuation_text`). Where a template
rewrites earlier turns, the common prefix stays and the rest is encoded again; a notice reports how many
tokens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.errors import UsageError
from core.generation.chat import (
    TOO_SLOW,
    Message,
    as_messages,
    closing_text,
    continuation_text,
    encode,
    render_prompt,
)
from core.generation.endings import end_ids, special_ids
from core.generation.live import AnswerStream, Notice, PendingTokens
from core.generation.stream import build_settings, check_length, open_tape
from core.generation.token_ids import tokenizer_of
from core.json_values import JsonValue
from core.mixer.mixer import Mixer
from core.model.cache import Tape

if TYPE_CHECKING:
    from core.model.model import Model


class Conversation:
    """The messages so far and the tape that holds them; one answer at a time."""

    def __init__(
        self,
        model: Model,
        *,
        system: str | None = None,
        raw: bool = False,
        template_args: Mapping[str, JsonValue] | None = None,
        compile: bool | str = False,  # noqa: A002
    ) -> None:
        self.model, self.raw, self.template_args = model, raw, template_args
        self.messages: list[Message] = [{"role": "system", "content": system}] if system else []
        self.live: AnswerStream | None = None
        self.mode, self.note = "chat", ""
        self._tape, self._pending = open_tape(model, compile), PendingTokens()
        self._prefill = ""
        self._past: list[Message] = []
        self._undo: tuple[int, PendingTokens, list[Message], list[Message]] | None = None

    def say(
        self, text: str, *, mixer: Mixer | None = None, role: str = "user", prefill: str = "", **settings: Any
    ) -> AnswerStream:
        """Generate the answer to one more message; `settings` as in `core.stream`."""
        if self.model.tokenizer is None:
            raise UsageError(f"{self.model.name} has no tokenizer: a conversation needs one")
        new: Message = {"role": role, "content": text}
        tape, waiting = self._finish_last_turn()
        # Copies, because both lists grow with this turn.
        before = (len(tape), waiting, list(self.messages), list(self._past))
        ids, notices, pending_phases = self._turn_ids(tape, waiting, new, prefill)
        check_length(self.model, len(tape) + len(ids))
        live = AnswerStream(
            self.model, tape, ids, mixer or Mixer(), build_settings(self.model, **settings), pending_phases
        )
        live.notices.extend(notices)
        # After all that can raise: a refused turn leaves no message behind.
        self.messages.append(new)
        self._past, self._undo = list(self.messages), before
        self.live, self._prefill, live.on_end = live, prefill, self._record_answer
        return live

    def undo(self) -> None:
        """Remove the last turn, its message and its answer, so that it can be sent again."""
        if self._undo is None or self.live is None:
            raise UsageError("there is no turn to take back")
        length, waiting, self.messages, self._past = self._undo
        # From the answer, which has replaced the tape if it opened lanes.
        tape = self.live.tape
        tape.keep_lane(0)
        tape.crop(length)
        self._tape, self._pending, self.live, self._undo = tape, waiting, None, None

    def inject(self, text: str, role: str = "model") -> None:
        """Insert text before the running answer's next token: as the model's own, or as a turn.

        `role` is model, user or tool.
        """
        if self.live is None or self.live.stop_reason is not None:
            raise UsageError("no answer is running: put the text into the next turn")
        if role == "model":
            self.live.inject(text)
            return
        tail = self._template_tail({"role": role, "content": text})
        if tail is None:
            raise UsageError(
                "this chat template rewrites earlier turns: a turn cannot be put into a running answer"
            )
        self.live.inject_ids(encode(self.model.tokenizer, tail), role, text)

    def _finish_last_turn(self) -> tuple[Tape, PendingTokens]:
        """The tape as the last answer left it, reduced to lane 0 if the lanes diverged."""
        if self.live is None:
            return self._tape, self._pending
        if self.live.stop_reason is None:
            raise UsageError("the last answer is still being spoken")
        return self.live.finish_turn()

    def _turn_ids(
        self, tape: Tape, waiting: PendingTokens, new: Message, prefill: str
    ) -> tuple[list[int], list[Notice], Sequence[str]]:
        """The ids to feed for this turn, notices, and the phases of ids left over from the last answer.

        The ids are those left over, then the template's text around the new message.
        """
        tokenizer = self.model.tokenizer
        context = [*tape.ids[0], *waiting.ids]
        if not context:
            return self._render_ids([*self.messages, new], prefill), [], ()
        tail = self._template_tail(new)
        if tail is None:
            return *self._reencode_after_rewrite(tape, [*self.messages, new], prefill), ()
        ids = encode(tokenizer, tail + prefill)
        if self._is_closed_twice(context[-1], ids[:1]):
            ids = ids[1:]
        return [*waiting.ids, *ids], [], waiting.phases

    def _is_closed_twice(self, last: int, first: list[int]) -> bool:
        """Whether the last answer's end token and the template's first one both end the answer."""
        tokenizer = tokenizer_of(self.model)
        ends = end_ids(self.model.hf, tokenizer)
        if last not in ends or first == [last]:
            return last in ends
        if self.mode != "chat" or not first or not special_ids(tokenizer).issuperset(first):
            return False
        # Some templates end an answer by another mark inside a conversation than at its end, such as <|end|> and
        # <|return|>: where the last answer of a conversation ends in an end token, the first token here is that mark.
        closing = encode(tokenizer, closing_text(tokenizer, self._past, self.template_args))
        return bool(ends.intersection(closing[:1]))

    def _template_tail(self, new: Message) -> str | None:
        """Text between the answer so far and the next one; None where the template rewrites earlier turns."""
        if self.mode == "chat":
            try:
                return continuation_text(tokenizer_of(self.model), self._past, [new], self.template_args)
            except TimeoutError:
                # Kept, so that the next turns do not wait for the template again.
                self.mode, self.note = "plain", TOO_SLOW
        return "\n\n" + str(new["content"])

    def _reencode_after_rewrite(
        self, tape: Tape, messages: Sequence[Message], prefill: str
    ) -> tuple[list[int], list[Notice]]:
        """Crop the tape to the prefix shared with the newly rendered text; return the other ids."""
        ids = self._render_ids(messages, prefill)
        context = tape.ids[0]
        same = next(
            (i for i, (a, b) in enumerate(zip(context, ids, strict=False)) if a != b),
            min(len(context), len(ids)),
        )
        # At least one id has to be fed: its pass yields the logits of the first token.
        same = min(same, len(ids) - 1)
        lost = len(tape) - same
        tape.crop(same)
        reason = "the chat template rewrites earlier turns"
        return ids[same:], [("crop", {"at": 0, "tokens": lost, "reason": reason})] if lost else []

    def _render_ids(self, messages: Sequence[Message], prefill: str) -> list[int]:
        prompt = render_prompt(
            self.model.tokenizer,
            as_messages(messages),
            raw=self.raw,
            prefill=prefill,
            template_args=self.template_args,
        )
        self.mode, self.note = prompt.mode, prompt.note
        return prompt.ids

    def _record_answer(self, live: AnswerStream) -> None:
        """Append the answer to the messages, split where turns were inserted into it."""
        start, words = 0, self._prefill
        # A closing entry without a role takes the text after the last insert.
        for at, role, text in [*live.inserts, (len(live.steps), "", "")]:
            words += "".join(step.text for step in live.steps[start:at])
            if role == "model":
                words += text
            self._append_answer(words)
            if role not in ("model", ""):
                self._past = list(self.messages)
                self.messages.append({"role": role, "content": text})
                self._past.append(self.messages[-1])
            start, words = at, ""

    def _append_answer(self, words: str) -> None:
        last = self.messages[-1]
        if last["role"] == "assistant":
            self.messages[-1] = {"role": "assistant", "content": last["content"] + words}
        else:
            self.messages.append({"role": "assistant", "content": words})
