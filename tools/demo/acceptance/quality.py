"""Quality of unsteered text: well-formed sentences, one voice, one trait, and the object named in the prompt."""

from typing import Any

import torch

from core.model.model import Model
from tools.demo import recipe
from tools.demo.acceptance.prompt_sets import chat_prompts, story_prompts
from tools.demo.corpus import next_batch, token_stream
from tools.demo.figures import compute_figures, name_binding, object_binding
from tools.demo.texts.documents import base_document

COUNT = 200
VOICES = ("You are a pirate.", "You are a poet.", "You are a contrarian.", "You are an assistant.")
VALIDATION_SEED, VALIDATION_ROWS = 999, 32


def measure_quality(base: Model) -> dict[str, Any]:
    """Metrics of chats and stories on held-out prompts, and the perplexity of unseen documents."""
    chats, stories = chat_prompts(base, COUNT), story_prompts(base, COUNT)
    replies, told = chats.texts(base), stories.texts(base)
    spoken = compute_figures(chat_prompts(base, COUNT, VOICES).texts(base))
    both = compute_figures([*replies, *told])
    return {
        "n": both.texts,
        "object_binding": object_binding(
            [*replies, *told], [scene.obj for scene in (*chats.scenes, *stories.scenes)]
        ),
        "name_binding": name_binding(told, [scene.name for scene in stories.scenes]),
        "voice_consistency": min(compute_figures(replies).one_voice, spoken.one_voice),
        "trait_purity": both.pure,
        "well_formed": both.well_formed,
        "perplexity": perplexity(base),
        "chats": compute_figures(replies).as_dict(),
        "stories": compute_figures(told).as_dict(),
        "announced_voices": spoken.as_dict(),
    }


@torch.inference_mode()
def perplexity(model: Model) -> float:
    """exp of the mean negative log likelihood per token of documents outside the training data."""
    rows = next_batch(
        token_stream(model.tokenizer, base_document, VALIDATION_SEED), VALIDATION_ROWS, recipe.BASE.row_length
    )
    logits = model.hf(input_ids=rows).logits[:, :-1].float()
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten()).exp().item()
