"""Sends questions to Claude: cached replies first, within budget and deadline, with one retry for an
invalid reply.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from core.json_values import JsonValue
from vectors.claude import access
from vectors.claude.allowance import Allowance
from vectors.claude.cache import ReplyCache
from vectors.claude.errors import ClaudeError, UnusableReply
from vectors.claude.failure import CallFailure, classify_error
from vectors.claude.pricing import ClaudeCost, call_bound, call_cost, find_price
from vectors.claude.question import ClaudeQuestion
from vectors.claude.reply import DeclinedReply, TruncatedReply, read_reply
from vectors.claude.schema import schema_fault
from vectors.claude.within import CallTimeout, run_within

if TYPE_CHECKING:
    from anthropic.types import Message

ATTEMPTS = 6
PATIENCE = 120.0  # timeout of one call in seconds
PARALLEL_CALLS = 4
TIMED_OUT = CallFailure("Claude did not answer in time", transient=True)


class ClaudeClient:
    """A thread-safe client for any number of questions under one allowance; `close` cancels calls and
    waits.
    """

    def __init__(
        self, allowance: Allowance | None = None, cache: ReplyCache | None = None, patience: float = PATIENCE
    ) -> None:
        self.allowance, self._cache = allowance or Allowance(), cache or ReplyCache.default()
        self._patience, self._closed = patience, threading.Event()
        self._client = access.create_client()

    @property
    def used(self) -> ClaudeCost:
        return self.allowance.used

    def ask(self, question: ClaudeQuestion) -> JsonValue:
        """The reply's object. `UnusableReply` concerns this question only, any other `ClaudeError` the
        whole run.
        """
        key = question.key(access.base_url())
        known = self._cache.get(key)
        # The key leaves out the bounds that the API refuses, so the cached reply may not meet them.
        if known is not None and schema_fault(known, question.schema) is None:
            self.allowance.count_cached()
            return known
        reply = self._send_and_correct(question)
        self._cache.put(key, reply)
        return reply

    def ask_each(self, questions: Sequence[ClaudeQuestion]) -> list[JsonValue | UnusableReply]:
        """Ask several questions in parallel; replies in order, or the error of an unusable one. Equal
        questions are sent once.
        """
        with ThreadPoolExecutor(PARALLEL_CALLS) as pool:
            different = {question.key(): question for question in questions}
            asked = {key: pool.submit(self._ask_or_error, question) for key, question in different.items()}
            try:
                return [asked[question.key()].result() for question in questions]
            except BaseException:
                # Questions not yet sent are dropped; calls in flight end by themselves.
                pool.shutdown(cancel_futures=True, wait=False)
                raise

    def close(self) -> None:
        self._closed.set()
        self._client.close()

    def _ask_or_error(self, question: ClaudeQuestion) -> JsonValue | UnusableReply:
        try:
            return self.ask(question)
        except UnusableReply as why:
            return why

    def _send_and_correct(self, question: ClaudeQuestion) -> JsonValue:
        try:
            return read_reply(self._send(question), question.schema)
        except DeclinedReply:
            raise
        except UnusableReply as why:
            # A reply that was cut off needs more tokens; any other is only told what was wrong.
            more = 2 if isinstance(why, TruncatedReply) else 1
            again = question.with_correction(str(why), question.max_tokens * more)
            return read_reply(self._send(again), question.schema)

    def _send(self, question: ClaudeQuestion) -> Message:
        """One message, retried while that may help."""
        attempt = 0
        while isinstance(outcome := self._call(question), CallFailure):
            if not outcome.transient or attempt == ATTEMPTS - 1:
                raise ClaudeError(outcome.sentence)
            self._wait(outcome, outcome.retry_delay(attempt))
            attempt += 1
        return outcome

    def _call(self, question: ClaudeQuestion) -> Message | CallFailure:
        """A message or a `CallFailure`; its cost is counted either way."""
        bound, real = call_bound(question), ClaudeCost(1)
        self.allowance.reserve(bound)
        seconds = min(self._patience, self.allowance.left)
        try:
            message = run_within(seconds, partial(self._post, question, seconds), self._closed)
            real = call_cost(question.model, message.usage.input_tokens, message.usage.output_tokens)
        except CallTimeout:
            # The server may still finish an abandoned call and charge for it.
            real = bound
            return self._timeout_failure()
        except Exception as error:
            return classify_error(error)
        finally:
            self.allowance.settle(bound, real)
        return message

    def _post(self, question: ClaudeQuestion, seconds: float) -> Message:
        known = find_price(question.model)
        effort = {"effort": question.effort} if known is not None and known.effort else {}
        create: Callable[..., Message] = self._client.messages.create
        return create(
            model=question.model,
            max_tokens=question.max_tokens,
            messages=question.messages,
            output_config={"format": question.format, **effort},
            timeout=seconds,
            **({"system": question.system} if question.system else {}),
        )

    def _timeout_failure(self) -> CallFailure:
        if self._closed.is_set():
            raise ClaudeError("the call to Claude was cancelled")
        if self.allowance.left <= 0:
            raise self.allowance.deadline_error()
        return TIMED_OUT

    def _wait(self, why: CallFailure, seconds: float) -> None:
        """Wait before a retry; raises if the wait exceeds the deadline, whatever the server requested."""
        # Our own backoff past the deadline means time is up; a wait the server asks for is worth naming.
        if why.wait is None and seconds >= self.allowance.left:
            raise self.allowance.deadline_error()
        if seconds >= min(self.allowance.left, self._patience):
            raise ClaudeError(f"{why.sentence}; the next try would be in {seconds:,.0f} s, which is too long")
        if self._closed.wait(seconds):
            raise ClaudeError("the call to Claude was cancelled")
