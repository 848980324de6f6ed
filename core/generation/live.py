"""A running answer: iterate for its tokens; its mixer can be changed meanwhile.

Each token is produced by one forward pass, and every change is applied before a pass begins. The consumer
drives the loop by iterating, on any thread; mixer changes, injections, rewinds and cancels may come from
other threads.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import torch

from core.errors import OutOfMemory, UsageError
from core.generation.decoder import Decoder
from core.generation.mixer_queue import Ages, MixerQueue, QueuedChange
from core.generation.settings import DecoderSettings
from core.generation.token import GeneratedToken
from core.json_values import JsonValue
from core.mixer.effects import channel_band
from core.mixer.lanes import Lanes
from core.mixer.mixer import Mixer
from core.model.cache import Tape
from core.model.expert_routing import ExpertRouting, expert_modules
from core.regions.notations import THINKING, THOUGHT_BUDGET
from core.steering.meters import MeterReading, caps_on_bound, lane_projections, largest_change
from core.steering.plan import Meters, Plan

if TYPE_CHECKING:
    from core.model.model import Model

Notice = tuple[str, dict[str, JsonValue]]


class PendingTokens(NamedTuple):
    """Lane 0's sampled ids that were not fed to the model yet, with their phases."""

    ids: tuple[int, ...] = ()
    phases: tuple[str, ...] = ()


class AnswerStream:
    """Handle of one answer; `notices` report what else happened: chunk, rebuild, inject, rewind, compile."""

    def __init__(
        self,
        model: Model,
        tape: Tape,
        prompt: Sequence[int],
        mixer: Mixer,
        how: DecoderSettings,
        pending_phases: Sequence[str] = (),
    ) -> None:
        self.model, self.settings = model, how
        self.steps: list[GeneratedToken] = []
        self.stop_reason: str | None = None
        self.notices: list[Notice] = []
        self.inserts: list[tuple[int, str, str]] = []
        self.on_notice: Callable[[str, dict[str, JsonValue]], None] | None = None
        self.on_end: Callable[[AnswerStream], None] | None = None
        self._mixer_queue = MixerQueue(
            lambda mixer, ages: tape.prepare_plan(plan_for_mixer(model, how.lanes, how.meters, mixer, ages)),
            mixer,
        )
        self._decoder = Decoder(model, tape, prompt, how, pending_phases)
        self._requests: deque[Callable[[], None]] = deque()
        self._cancelled = False
        self._run = self._generate()

    def __iter__(self) -> Iterator[GeneratedToken]:
        return self._run

    def __next__(self) -> GeneratedToken:
        return next(self._run)

    @property
    def mixer(self) -> Mixer:
        """The newest requested mixer; setting it takes effect from the next pass on."""
        return self._mixer_queue.newest.mixer

    @mixer.setter
    def mixer(self, mixer: Mixer) -> None:
        self.set(mixer)

    def set(self, mixer: Mixer) -> QueuedChange:
        """Queue a mixer; the result says which token it affects first. Raises if it cannot be applied."""
        return self._mixer_queue.set(mixer)

    def inject(self, text: str) -> None:
        """Insert text into the context before the next token, as if the model had generated it."""
        if self.model.tokenizer is None:
            raise UsageError(f"{self.model.name} has no tokenizer: insert token ids")
        self.inject_ids(self.model.tokenizer(text, add_special_tokens=False)["input_ids"], "model", text)

    def inject_ids(self, ids: Sequence[int], role: str, text: str = "") -> None:
        self._decoder.check_ids(ids)
        # One position stays free for the next token.
        left = self.model.max_context - self._decoder.length - 1
        if len(ids) > left:
            raise UsageError(f"the text is {len(ids)} tokens, the context has {max(left, 0)} left")
        # Run by the driving thread between two tokens; append and popleft of a deque are atomic.
        self._requests.append(lambda: self._insert(list(ids), role, text))

    def rewind(self, tokens: int) -> None:
        """Remove the last tokens of the answer before the next one is produced."""
        if tokens < 1:
            raise UsageError(f"rewind takes a positive number of tokens, got {tokens}")
        self._requests.append(lambda: self._rewind(tokens))

    def settle(self) -> None:
        """Apply queued injections and rewinds now; call it on the driving thread, between two tokens."""
        while self._requests:
            self._requests.popleft()()

    def cancel(self) -> None:
        """Stop before the next pass, or before the next chunk of a long prompt."""
        self._cancelled = True

    @property
    def answer_tokens(self) -> list[GeneratedToken]:
        """The answer's own tokens, without those recorded while other lanes went on after its end."""
        return [step for step in self.steps if not step.finished]

    @property
    def text(self) -> str:
        return "".join(step.text for step in self.answer_tokens)

    @property
    def token_ids(self) -> list[int]:
        return [step.token_id for step in self.answer_tokens]

    @property
    def tape(self) -> Tape:
        return self._decoder.tape

    @property
    def pending(self) -> PendingTokens:
        """Ids that are not on the tape yet, for example after a cancel."""
        # Before the first token, the prompt's last id becomes an ordinary prompt id of the next turn.
        ids, phases = self._decoder.rows[0], self._decoder.phases
        return PendingTokens(tuple(ids), tuple(phases if self.steps else ["prompt"] * len(phases)))

    def finish_turn(self) -> tuple[Tape, PendingTokens]:
        """After the answer: the tape for the next turn, and the ids still to feed.

        Keeps only lane 0 if the lanes differ, and crops the end tokens lane 0 repeated while other lanes
        continued.
        """
        tape, spoken = self.tape, self.answer_tokens
        if any(ids != tape.ids[0] for ids in tape.ids):
            tape.keep_lane(0)
        if len(spoken) < len(self.steps) and not self.inserts:
            tape.crop(spoken[-1].position + 1)
            return tape, PendingTokens()
        return tape, self.pending

    def _generate(self) -> Iterator[GeneratedToken]:
        try:
            self.tape.begin_answer(self._notify)
            while self._may_continue():
                index = len(self.steps)
                plan = self._mixer_queue.take_plan(index)
                # The cache holds states of another mixer: encode the whole context under this one.
                if self.settings.cache == "rebuild" and len(self.tape) and self.tape.mixers != plan.lanes:
                    self._notify("rebuild", tokens=self._decoder.requeue_cache())
                # Cancelled inside the prompt: `_may_continue` ends the loop.
                if not self._run_pass(plan):
                    continue
                step = self._decoder.sample_tokens(index, self._mixer_queue.current.revision)
                self.steps.append(step)
                yield step
            self._finish()
        except Exception as error:
            self.stop_reason = self.stop_reason or ("oom" if isinstance(error, OutOfMemory) else "error")
            raise
        finally:
            # A consumer that stops iterating closes the generator: GeneratorExit brings no reason along.
            self.stop_reason = self.stop_reason or "cancel"
            if self.on_end is not None:
                self.on_end(self)

    def _may_continue(self) -> bool:
        """Between two tokens: apply queued requests, then decide whether there is another token."""
        self.settle()
        self._close_long_thought()
        if self._cancelled:
            self.stop_reason = "cancel"
        elif ended := self._decoder.stop_reason():
            self.stop_reason = ended
        elif len(self.steps) >= self.settings.max_new_tokens:
            # Lane 0 may have ended before the other lanes used up the tokens.
            self.stop_reason = self._decoder.lane0_stop_reason or "length"
        elif self._decoder.length >= self.model.max_context:
            self.stop_reason = "context"
        return self.stop_reason is None

    def _run_pass(self, plan: Plan) -> bool:
        """Feed pending ids and store the last token's projections; False when cancelled midway."""
        readings: list[MeterReading] = []
        # This pass feeds the last token, so it is the one that measures it.
        measured = self.steps[-1] if self.steps and self.steps[-1].projections is None else None
        routing = self.tape.routing = self._new_routing() if measured else None
        start, began = len(self.tape), time.monotonic()
        for edge in self._decoder.feed(plan, readings):
            if self._decoder.rows[0]:
                now = time.monotonic()
                self._notify("chunk", edge=edge, wall_ms=round(1000 * (now - began)))
                began = now
                if self._cancelled:
                    return False
        if measured is not None:
            measured.projections = lane_projections(readings, measured.position - start)
            measured.delta = largest_change(readings, measured.position - start)
            measured.held_on_bound = caps_on_bound(plan.lanes[0], measured.projections, self._slack)
            if routing is not None and (lane := self._shadow_lane) is not None:
                measured.experts = routing.changed_share(len(self.tape) - measured.position, lane)
        return True

    def _new_routing(self) -> ExpertRouting | None:
        """Reads the experts of the next pass, where a lane reads the same tokens and there are experts."""
        if self._shadow_lane is None or not expert_modules(self.model):
            return None
        return ExpertRouting(self.settings.lanes.count)

    @cached_property
    def _shadow_lane(self) -> int | None:
        """The first shown lane that reads lane 0's tokens."""
        lanes = self.settings.lanes
        return next((lane for lane in range(1, lanes.n_shown) if lane in lanes.forced), None)

    @cached_property
    def _slack(self) -> list[float]:
        """Per layer, how far rounding may move a capped projection off its bound: a few ulps of ‖h‖."""
        unit = 4 * torch.finfo(self.model.dtype).eps
        return [unit * self.model.residual_norms[layer] for layer in range(self.model.n_layers)]

    def _finish(self) -> None:
        """One last pass puts the last token into the cache and reads its projections; not after a cancel."""
        if self.stop_reason != "cancel":
            self._run_pass(self._mixer_queue.plan)
        if self.steps:
            self.steps[-1].text += self._decoder.flush_text()

    def _close_long_thought(self) -> None:
        """At the budget the mark that ends a thought is inserted, as if the model had said it."""
        budget, mark = self.settings.thought_budget, self._decoder.thought_end
        if not budget or not mark or self._decoder.region != THINKING or self.model.tokenizer is None:
            return
        answered = next((n for n, step in enumerate(reversed(self.steps)) if step.region != THINKING), None)
        if (len(self.steps) if answered is None else answered) >= budget:
            ids = self.model.tokenizer(mark, add_special_tokens=False)["input_ids"]
            self._insert(list(ids), "model", mark, THOUGHT_BUDGET)

    def _insert(self, ids: list[int], role: str, text: str, source: str = "") -> None:
        # Checked again: the answer has grown since the request.
        if self._decoder.length + len(ids) >= self.model.max_context:
            self.stop_reason = "context"
        elif ids:
            self._decoder.insert_ids(ids, role)
            self.inserts.append((len(self.steps), role, text))
            self._notify("inject", text=text, role=role, ids=ids, **({"source": source} if source else {}))

    def _rewind(self, tokens: int) -> None:
        keep = max(0, len(self.steps) - tokens)
        if keep < len(self.steps):
            self._decoder.rewind_to(self.steps[keep])
            del self.steps[keep:]
            self.inserts = [insert for insert in self.inserts if insert[0] <= keep]
            self._mixer_queue.rewind_to(keep)
            self._notify("rewind", tokens=tokens)

    def _notify(self, kind: str, **data: JsonValue) -> None:
        notice = kind, {"at": len(self.steps), **data}
        self.notices.append(notice)
        if self.on_notice is not None:
            self.on_notice(*notice)


def plan_for_mixer(model: Model, lanes: Lanes, meters: Meters | None, mixer: Mixer, ages: Ages = ()) -> Plan:
    """The plan of all lanes for one mixer; without `meters` each channel is metered at its last layer."""
    wanted = (
        {i: channel_band(c, model.n_layers)[-1:] for i, c in enumerate(mixer.channels)}
        if meters is None
        else meters
    )
    return model.planner.plan(lanes.variants(mixer), wanted, ages)
