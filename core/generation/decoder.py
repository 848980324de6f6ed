"""Mechanics of the decode loop: ids still to feed, sampled tokens per lane, rewinds and inserts.

There are no threads and no mixer changes here; those are handled in `core.generation.live`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from core.errors import BadInput, UsageError
from core.generation.endings import TextStream, end_ids
from core.generation.lane_comparison import LaneComparison, LaneToken, compare_lanes
from core.generation.prefill import FIRST_CHUNK, feed_in_chunks
from core.generation.probabilities import Candidate, log_probabilities, token_entropy, top_candidates
from core.generation.settings import DecoderSettings
from core.generation.token import GeneratedToken, TokenTexts
from core.mixer.lanes import same_prompt
from core.model.cache import Tape
from core.regions.notations import THINKING
from core.regions.region_reader import RegionReader, token_region
from core.steering.meters import MeterReading
from core.steering.plan import Plan

if TYPE_CHECKING:
    from core.model.model import Model

Edges = Iterator[int]


class Decoder:
    """Feeds ids to a tape and samples tokens from its logits, for all lanes together."""

    def __init__(
        self,
        model: Model,
        tape: Tape,
        prompt: Sequence[int],
        how: DecoderSettings,
        pending_phases: Sequence[str] = (),
    ) -> None:
        """`pending_phases`: phases of leading ids that the previous turn sampled but never fed."""
        self.model, self.tape, self.settings = model, tape, how
        self.check_ids(prompt)
        self.rows = [list(prompt) for _ in range(how.lanes.count)]
        self.phases = [*pending_phases, *["prompt"] * (len(prompt) - len(pending_phases))]
        self.logits: Tensor | None = None
        self._turn_start = len(tape)
        self._plan: Plan | None = None
        self._regions = RegionReader(model.notation, model.tokenizer)
        self._ends = frozenset() if how.ignore_end else end_ids(model.hf, model.tokenizer)
        self._texts = [TextStream(model.tokenizer, how.stops, self._regions.marks) for _ in self.rows]
        self._sampled_ids: list[list[int]] = [[] for _ in self.rows]
        self._token_texts = TokenTexts(model.tokenizer)
        self._edges = None if how.edges is None else deque(how.edges)
        self.phases[-1:] = [self._regions.begin(prompt)] if self.phases else []

    def check_ids(self, ids: Sequence[int]) -> None:
        """Raise for ids outside the embedding: on a GPU they would invalidate the CUDA context."""
        known = self.model.vocab_size
        strange = next((i for i in ids if not 0 <= i < known), None)
        if strange is not None:
            raise UsageError(f"there is no token {strange}: the model has {known} tokens, 0 to {known - 1}")

    @property
    def free_lanes(self) -> list[int]:
        """The lanes that sample their own tokens."""
        return [lane for lane in range(self.settings.lanes.count) if lane not in self.settings.lanes.forced]

    @property
    def context(self) -> list[int]:
        """Lane 0's ids so far, fed or still to feed."""
        return self.tape.ids[0] + self.rows[0]

    @property
    def length(self) -> int:
        return len(self.tape) + len(self.rows[0])

    @property
    def region(self) -> str:
        """Where lane 0's next token will stand: thinking, tool or answer."""
        return self._regions.region

    @property
    def thought_end(self) -> str:
        """The mark that closes a thought; empty where this model has none."""
        notation = self._regions.notation
        marks = notation.regions.get(THINKING) if notation else None
        return marks.closes[0] if marks else ""

    @property
    def lane0_stop_reason(self) -> str | None:
        """Why lane 0 has ended, though other lanes may continue; None while it goes on."""
        if not self._sampled_ids[0] or not self._lane_ended(0):
            return None
        return "stop" if self._texts[0].stopped else "eos"

    def stop_reason(self) -> str | None:
        """Why the answer has ended, once every free lane has; None before."""
        return self.lane0_stop_reason if all(self._lane_ended(lane) for lane in self.free_lanes) else None

    def feed(self, plan: Plan, readings: list[MeterReading]) -> Edges:
        """Feed pending ids and yield the tape's length per chunk; then `logits` predict the next token."""
        self._plan = plan
        if self.tape.n_lanes != self.settings.lanes.count:
            yield from self._open_lanes(plan)
        yield from self._feed_chunks(self.settings.lanes.count, len(self.phases), plan, readings)

    def _feed_chunks(
        self, n_lanes: int, count: int, plan: Plan, readings: list[MeterReading] | None
    ) -> Edges:
        """Drops fed ids after every chunk, so that a consumer that stops leaves a consistent state."""
        rows = [row[:count] for row in self.rows[:n_lanes]]
        before = 0
        chunks = feed_in_chunks(self.tape, rows, self.phases[:count], plan, readings, self._edges)
        for done, logits in chunks:
            self.logits = logits
            # Fresh: the tape was empty before this chunk, so this plan alone computed its cache.
            self.tape.set_cache_mixers(self._plan, fresh=len(self.tape) == done - before)
            # Of all lanes, even where only lane 0 was fed: they share this part of the prompt.
            self.rows = [row[done - before :] for row in self.rows]
            self.phases = self.phases[done - before :]
            before = done
            yield len(self.tape)

    def _open_lanes(self, plan: Plan) -> Edges:
        """From one lane to many: share one prompt encoding if all steer it alike, else encode per lane."""
        count = self.settings.lanes.count
        self.tape.keep_lane(0)
        if count == 1:
            return
        if len(self.tape):
            others = self.tape.new_empty(count - 1)
            past = [list(self.tape.ids[0]) for _ in range(count - 1)]
            rest = self.model.planner.plan(plan.lanes[1:])
            # Fixed cuts, independent of speed: a replay must use the same chunks.
            cuts = deque(range(FIRST_CHUNK, len(self.tape), FIRST_CHUNK))
            if others.one_at_a_time:
                cuts.clear()
            for _ in feed_in_chunks(others, past, self.tape.phases, rest, edges=cuts):
                yield len(self.tape)
            self.tape.append_lanes(others)
        # All ids but the last are encoded once; the last is fed by every lane, for its own logits.
        elif self.tape.past is None and same_prompt(plan.lanes) and len(self.phases) > 1:
            yield from self._feed_chunks(
                1, len(self.phases) - 1, self.model.planner.plan(plan.lanes[:1]), None
            )
            self.tape.repeat_lane(count)
        else:
            self.tape = self.tape.new_empty(count)

    def sample_tokens(self, index: int, revision: int) -> GeneratedToken:
        """Sample the next token of every free lane from the logits; it is fed by the next pass."""
        assert self.logits is not None
        logprobs = log_probabilities(self.logits)
        voices = [self._sample_lane(lane, index, logprobs[lane]) for lane in self.free_lanes]
        chosen = dict(zip(self.free_lanes, voices, strict=True))
        lead = chosen[0]
        # A forced lane is fed lane 0's token.
        self.rows = [[chosen.get(lane, lead).token_id] for lane in range(self.settings.lanes.count)]
        before = self._regions.region
        self.phases = [self._regions.feed(lead.token_id)]
        shown = range(1, self.settings.lanes.n_shown)
        listening = [lane for lane in shown if lane not in chosen]
        return GeneratedToken(
            index,
            lead.token_id,
            lead.text,
            lead.logprob,
            revision,
            token_entropy(logprobs[0]),
            len(self.tape),
            finished=lead.finished,
            lane_tokens=tuple(chosen[lane] for lane in shown if lane in chosen),
            forced={lane: self._compare_forced_lane(logprobs, lane, lead.token_id) for lane in listening},
            top=self._top_candidates(logprobs[0], logprobs[listening[0]] if listening else None),
            compiled=self.tape.used_graph,
            region=token_region(before, self.phases[-1]),
        )

    def _compare_forced_lane(self, logprobs: Tensor, lane: int, token_id: int) -> LaneComparison:
        seen = compare_lanes(logprobs[0], logprobs[lane], token_id)
        return (
            replace(seen, top=self._top_candidates(logprobs[lane], logprobs[0]))
            if self.settings.inspect
            else seen
        )

    def _top_candidates(self, logprobs: Tensor, beside: Tensor | None) -> tuple[Candidate, ...]:
        return (
            top_candidates(logprobs, self.settings.inspect, self._token_texts, beside)
            if self.settings.inspect
            else ()
        )

    def _sample_lane(self, lane: int, index: int, logprobs: Tensor) -> LaneToken:
        # All lanes of a batch have the same length, so an ended one goes on with its end token.
        if self._lane_ended(lane):
            return LaneToken(self._sampled_ids[lane][-1], "", 0.0, finished=True)
        assert self.logits is not None
        self._check_finite(lane, index)
        token = self.settings.sampling.sample_token(self.logits[lane], self.tape.ids[lane], index)
        self._sampled_ids[lane].append(token)
        text = self._texts[lane].push(token)
        if self._lane_ended(lane) or index + 1 == self.settings.max_new_tokens:
            text += self._texts[lane].flush()
        return LaneToken(token, text, float(logprobs[token]))

    def _check_finite(self, lane: int, index: int) -> None:
        assert self.logits is not None
        assert self._plan is not None
        # The maximum shows NaN and +∞; a −∞ logit alone only excludes its token.
        if not torch.isfinite(self.logits[lane].amax()):
            state = self._plan.lanes[min(lane, len(self._plan.lanes) - 1)].summary
            raise BadInput(
                f"token {index}: the model's logits are not finite under {state}: lower the scales"
            )

    def _lane_ended(self, lane: int) -> bool:
        said = self._sampled_ids[lane]
        return self._texts[lane].stopped or bool(said and said[-1] in self._ends)

    def flush_text(self) -> str:
        """The end of lane 0's text that was held back as a possible part of a stop text or character."""
        return self._texts[0].flush()

    def insert_ids(self, ids: Sequence[int], role: str) -> None:
        """Append ids that were not sampled; the pass that feeds the last of them produces the next token."""
        # The prompt's last position was to produce the first token; now an inserted one does.
        if not self._sampled_ids[0]:
            self.phases[-1] = "prompt"
        for row in self.rows:
            row.extend(ids)
        if role == "model":
            self.phases.extend(map(self._regions.feed, ids))
        else:
            # The text of a turn, which ends where a new turn of the assistant begins.
            self.phases.extend([*["prompt"] * (len(ids) - 1), self._regions.begin(ids)])

    def rewind_to(self, to: GeneratedToken) -> None:
        """Remove a token and all after it, inserted ones included; the next pass produces it again."""
        contexts = [fed + waiting for fed, waiting in zip(self.tape.ids, self.rows, strict=True)]
        phases = [*self.tape.phases, *self.phases]
        # One position before the token's: the id there is fed again and yields its logits.
        self.tape.crop(to.position - 1)
        start = len(self.tape)
        self._regions.begin(contexts[0][self._turn_start : to.position])
        self.rows = [ids[start : to.position] for ids in contexts]
        self.phases = phases[start : to.position]
        for lane, said in enumerate(self._sampled_ids):
            self._sampled_ids[lane] = said[: to.index]
            # Text that was held back cannot be split at a token, so it is built anew.
            self._texts[lane] = TextStream(self.model.tokenizer, self.settings.stops, self._regions.marks)
            for token in self._sampled_ids[lane]:
                self._texts[lane].push(token)

    def requeue_cache(self) -> int:
        """Clear the cache and queue the whole context to be encoded under the next plan; its length."""
        rows, phases = self.tape.clear()
        # Before lanes are opened the tape has one row, which stands for all of them.
        past = rows if len(rows) == len(self.rows) else [rows[0]] * len(self.rows)
        self.rows = [before + row for before, row in zip(past, self.rows, strict=True)]
        self.phases = [*phases, *self.phases]
        return len(phases)
