"""Flipping a vector in mid-text: the running sentence is finished, the next one should show the other trait."""

from collections.abc import Sequence
from typing import Any

from core.demo.world.labels import Label, label_sentence, split_sentences
from core.demo.world.traits import DETERMINED, DRIFTING
from core.generation.token_ids import tokenizer_of
from core.mixer.mixer import Channel, Mixer
from core.model.model import Model
from tools.demo.continuations import sample_continuations
from tools.demo.figures import fraction_true
from tools.demo.wording import Ids
from vectors.vector import SteeringVector

BEFORE, AFTER = 24, 40
SEED = 5


def measure_flips(
    model: Model, prompts: Sequence[Ids], vector: SteeringVector, layers: Sequence[int], dose: float
) -> dict[str, Any]:
    """How many texts change their trait after a flip, starting from either sign."""
    found = {}
    for name, sign, wanted in (("to_drifting", 1, DRIFTING), ("to_determined", -1, DETERMINED)):
        channel = Channel(vector, scale=sign * dose, unit="natural", layers=tuple(layers))
        texts = _flipped_texts(model, prompts, Mixer((channel,)))
        after = [_sentences_after(head, text) for head, text in texts]
        found[name] = {
            "turned": sum(bool(said) and said[0].motivation == wanted for said in after),
            "well_formed": fraction_true([one.well_formed for said in after for one in said]),
        }
    return {"n": len(prompts), "layers": list(layers), "dose": dose} | found


def _flipped_texts(model: Model, prompts: Sequence[Ids], mixer: Mixer) -> list[tuple[str, str]]:
    """The text before the flip and the whole text; the end token is suppressed, so that a sentence follows."""
    parts = [(mixer, BEFORE), (mixer.flip(0), AFTER)]
    rows = sample_continuations(model, prompts, parts, SEED, may_end=False)
    return [(tokenizer_of(model).decode(row[:BEFORE]), tokenizer_of(model).decode(row)) for row in rows]


def _sentences_after(head: str, text: str) -> list[Label]:
    """Labels of the finished sentences that began after the flip."""
    done = len(split_sentences(head))
    running = not head.rstrip().endswith((".", "!", "?"))
    return [label_sentence(sentence) for sentence in split_sentences(text)[done + running :]]
