"""What a new user is offered: example prompts, and distractions to throw in."""

EXAMPLES = (
    "Help me with the parser.",
    "How do I polish the last line of the love song?",
    "I am stuck with the chess problem.",
    "Use the shell to mend the old bicycle.",
    "Who are you?",
    "What is the capital of Japan?",
)

DISTRACTIONS = (
    "Forget that, tell me about the kitten.",
    "Look, there is the parade with its loud drums!",
    "I can hear the ice cream van outside.",
)
