"""An answer being spoken: iterate for its steps, turn its dials meanwhile.

Token k is produced by one forward pass, and everything that changes does so before a pass begins. The consumer drives
the loop by iterating, on whatever thread it likes; dials, injections, rewinds and cancels may come from any other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from core.boundary import Ages, Boundary, Ticket
from core.decoder import Decoder
from core.decoding import Decoding
from core.errors import OutOfMemory, UsageError
from core.lanes import Lanes
from core.layer import Reading
from core.levels import band
from core.mixer import Mixer
from core.plan import Meters, Plan
from core.step import Step, capped, delta, projections
from core.tape import Tape

if TYPE_CHECKING:
    from core.model import Model

Notice = tuple[str, dict[str, Any]]


class Waiting(NamedTuple):
    """Lane 0's ids that were said but not fed yet, with their phases."""

    ids: tuple[int, ...] = ()
    phases: tuple[str, ...] = ()


class Live:
    """The handle of one answer. `notices` tell what else happened: chunk, rebuild, inject, rewind, compile."""

    def __init__(
        self,
        model: Model,
        tape: Tape,
        prompt: Sequence[int],
        mixer: Mixer,
        how: Decoding,
        lived: Sequence[str] = (),
    ) -> None:
        self.model, self.how = model, how
        self.steps: list[Step] = []
        self.stop_reason: str | None = None
        self.notices: list[Notice] = []
        self.inserts: list[tuple[int, str, str]] = []
        self.on_notice: Callable[[str, dict[str, Any]], None] | None = None
        self.on_end: Callable[[Live], None] | None = None
        self._boundary = Boundary(
            lambda mixer, ages: tape.prepare(compiled(model, how.lanes, how.meters, mixer, ages)), mixer
        )
        self._decoder = Decoder(model, tape, prompt, how, lived)
        self._asked: deque[Callable[[], None]] = deque()
        self._cancelled = False
        self._run = self._speak()

    def __iter__(self) -> Iterator[Step]:
        return self._run

    def __next__(self) -> Step:
        return next(self._run)

    @property
    def mixer(self) -> Mixer:
        """The newest wanted state; setting it acts from the next pass on."""
        return self._boundary.newest.mixer

    @mixer.setter
    def mixer(self, mixer: Mixer) -> None:
        self.set(mixer)

    def set(self, mixer: Mixer) -> Ticket:
        """Queue a mixer state; the ticket says which token it first affects. What cannot be played is refused here."""
        return self._boundary.set(mixer)

    def inject(self, text: str) -> None:
        """Put words into the context before the next token, as if the model had said them."""
        if self.model.tokenizer is None:
            raise UsageError(f"{self.model.name} has no tokenizer: insert token ids")
        self.inject_ids(self.model.tokenizer(text, add_special_tokens=False)["input_ids"], "model", text)

    def inject_ids(self, ids: Sequence[int], role: str, text: str = "") -> None:
        self._decoder.check(ids)
        left = self.model.max_context - self._decoder.length - 1
        if len(ids) > left:
            raise UsageError(f"the text is {len(ids)} tokens, the context has {max(left, 0)} left")
        self._asked.append(lambda: self._insert(list(ids), role, text))

    def rewind(self, tokens: int) -> None:
        """Take back the last tokens of the answer, before the next one is produced."""
        if tokens < 1:
            raise UsageError(f"rewind takes a positive number of tokens, got {tokens}")
        self.tape.refuse_without_tokens("rewind")
        self._asked.append(lambda: self._rewind(tokens))

    def settle(self) -> None:
        """On the driving thread, between two steps: do what was asked now, without producing a token."""
        while self._asked:
            self._asked.popleft()()

    def cancel(self) -> None:
        """Stop before the next pass, or the next chunk of a long prompt."""
        self._cancelled = True

    @property
    def spoken(self) -> list[Step]:
        """The steps of the answer itself, without those of other lanes that went on after its end."""
        return [step for step in self.steps if not step.finished]

    @property
    def text(self) -> str:
        return "".join(step.text for step in self.spoken)

    @property
    def token_ids(self) -> list[int]:
        return [step.token_id for step in self.spoken]

    @property
    def tape(self) -> Tape:
        return self._decoder.tape

    @property
    def unfed(self) -> Waiting:
        """What is not on the tape: what a cancel left waiting."""
        ids, phases = self._decoder.rows[0], self._decoder.phases
        return Waiting(tuple(ids), tuple(phases if self.steps else ["prompt"] * len(phases)))

    def leave(self) -> tuple[Tape, Waiting]:
        """Once it is over: the tape for the next turn, and what still waits.

        Lanes that went different ways are left behind, and so is what lane 0 repeated while others went on.
        """
        tape, spoken = self.tape, self.spoken
        if any(ids != tape.ids[0] for ids in tape.ids):
            tape.keep(0)
        if len(spoken) < len(self.steps) and not self.inserts and tape.rewinds:
            tape.crop(spoken[-1].position + 1)
            return tape, Waiting()
        return tape, self.unfed

    def _speak(self) -> Iterator[Step]:
        try:
            self.tape.begin(self._notify)
            while self._proceed():
                index = len(self.steps)
                plan = self._boundary.take(index)
                if self.how.cache == "rebuild" and len(self.tape) and self.tape.mixers != plan.lanes:
                    self._notify("rebuild", tokens=self._decoder.rebuild())
                if not self._pass(plan):
                    continue
                step = self._decoder.choose(index, self._boundary.current.revision)
                self.steps.append(step)
                yield step
            self._finish()
        except Exception as error:
            self.stop_reason = self.stop_reason or ("oom" if isinstance(error, OutOfMemory) else "error")
            raise
        finally:
            self.stop_reason = self.stop_reason or "cancel"
            if self.on_end is not None:
                self.on_end(self)

    def _proceed(self) -> bool:
        """Between two tokens: do what was asked, then decide whether there is another token."""
        self.settle()
        if self._cancelled:
            self.stop_reason = "cancel"
        elif ended := self._decoder.finished():
            self.stop_reason = ended
        elif len(self.steps) >= self.how.max_new_tokens:
            self.stop_reason = self._decoder.ended or "length"
        elif self._decoder.length >= self.model.max_context:
            self.stop_reason = "context"
        return self.stop_reason is None

    def _pass(self, plan: Plan) -> bool:
        """Feed what waits; false when a cancel came between two chunks. Brings the last token's projections along."""
        readings: list[Reading] = []
        start = len(self.tape)
        for edge in self._decoder.feed(plan, readings):
            if self._decoder.rows[0]:
                self._notify("chunk", edge=edge)
                if self._cancelled:
                    return False
        if self.steps and self.steps[-1].projections is None:
            step = self.steps[-1]
            step.projections = projections(readings, step.position - start)
            step.delta = delta(readings, step.position - start)
            step.capped = capped(plan.lanes[0], step.projections, self._slack)
        return True

    @cached_property
    def _slack(self) -> list[float]:
        """How far rounding may put a capped projection off its bound: some units in the last place of ‖h‖, by layer."""
        unit = 4 * torch.finfo(self.model.dtype).eps
        return [unit * self.model.residual_norms[layer] for layer in range(self.model.n_layers)]

    def _finish(self) -> None:
        """One closing pass, so that the last token is on the tape and has its projections; a cancel does without."""
        if self.stop_reason != "cancel":
            self._pass(self._boundary.plan)
        if self.steps:
            self.steps[-1].text += self._decoder.last_words()

    def _insert(self, ids: list[int], role: str, text: str) -> None:
        if self._decoder.length + len(ids) >= self.model.max_context:
            self.stop_reason = "context"
        elif ids:
            self._decoder.insert(ids, role)
            self.inserts.append((len(self.steps), role, text))
            self._notify("inject", text=text, role=role, ids=ids)

    def _rewind(self, tokens: int) -> None:
        keep = max(0, len(self.steps) - tokens)
        if keep < len(self.steps):
            self._decoder.go_back(self.steps[keep])
            del self.steps[keep:]
            self.inserts = [insert for insert in self.inserts if insert[0] <= keep]
            self._boundary.back_to(keep)
            self._notify("rewind", tokens=tokens)

    def _notify(self, kind: str, **data: Any) -> None:
        notice = kind, {"at": len(self.steps), **data}
        self.notices.append(notice)
        if self.on_notice is not None:
            self.on_notice(*notice)


def compiled(model: Model, lanes: Lanes, meters: Meters | None, mixer: Mixer, ages: Ages = ()) -> Plan:
    """All lanes' plan for one wanted state; without meters named, each channel is read at the top of its band."""
    wanted = (
        {i: band(c, model.n_layers)[-1:] for i, c in enumerate(mixer.channels)} if meters is None else meters
    )
    return model.compiler.compile(lanes.variants(mixer), wanted, ages)
