"""Quality of unsteered text: well-formed sentences, one voice, one trait, and the object named in the prompt."""

from typing import Any

import torch

from core.model.model import Model
from tools.demo import recipe
from tools.demo.acceptance import stage
from tools.demo.corpus import batch, tokens
from tools.demo.figures import bound, figures, named
from tools.demo.texts.documents import base_document

COUNT = 200
VOICES = ("You are a pirate.", "You are a poet.", "You are a contrarian.", "You are an assistant.")
VALIDATION_SEED, VALIDATION_ROWS = 999, 32


def quality(base: Model) -> dict[str, Any]:
    """Metrics of chats and stories on held-out prompts, and the perplexity of unseen documents."""
    chats, stories = stage.chats(base, COUNT), stage.stories(base, COUNT)
    replies, told = chats.texts(base), stories.texts(base)
    spoken = figures(stage.chats(base, COUNT, VOICES).texts(base))
    both = figures([*replies, *told])
    return {
        "n": both.texts,
        "object_binding": bound([*replies, *told], [scene.obj for scene in (*chats.scenes, *stories.scenes)]),
        "name_binding": named(told, [scene.name for scene in stories.scenes]),
        "voice_consistency": min(figures(replies).one_voice, spoken.one_voice),
        "trait_purity": both.pure,
        "well_formed": both.well_formed,
        "perplexity": perplexity(base),
        "chats": figures(replies).as_dict(),
        "stories": figures(told).as_dict(),
        "announced_voices": spoken.as_dict(),
    }


@torch.inference_mode()
def perplexity(model: Model) -> float:
    """exp of the mean negative log likelihood per token of documents outside the training data."""
    rows = batch(
        tokens(model.tokenizer, base_document, VALIDATION_SEED), VALIDATION_ROWS, recipe.BASE.row_length
    )
    logits = model.hf(input_ids=rows).logits[:, :-1].float()
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten()).exp().item()
