"""Renders a document as one string with special tokens; the chat template produces the same string."""

from tools.demo.texts.documents import TrainingDocument

BOS, END, PAD = "<|bos|>", "<|end|>", "<|pad|>"
ROLES = {role: f"<|{role}|>" for role in ("system", "user", "assistant", "tool")}
SPECIALS = (PAD, BOS, END, *ROLES.values())

CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{{ '<|' + message['role'] + '|>' + message['content'] | trim + eos_token }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


def render_document(document: TrainingDocument) -> str:
    """The text a model is trained on, special tokens included."""
    if document.story:
        return f"{BOS}{document.story}{END}"
    return BOS + "".join(f"{ROLES[role]}{content}{END}" for role, content in document.turns)
