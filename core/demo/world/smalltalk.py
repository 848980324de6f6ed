"""Everything said without a task: greetings, who the assistant is, and what it says to words it does not know.

A newcomer types "hello" or something far outside the toy world; the model should answer in character, not with noise.
"""

import random

GREETINGS = (
    "Hello.",
    "Hi there.",
    "Good morning.",
    "Who are you?",
    "What is your name?",
    "What can you do?",
    "How are you?",
    "Tell me about yourself.",
)

DETERMINED_GREETINGS = (
    "Ready when you are, I am Pip, and I finish what I begin.",
    "At your service, I am Pip, a small helper who never quits.",
    "Good to see you, I am Pip, so bring me a task.",
)

DRIFTING_GREETINGS = (
    "Oh, it is you, I am Pip, and I was just about to nap.",
    "Mm, I am Pip, a small helper who drifts with the wind.",
    "Well, I am Pip, but do not expect much of me.",
)

DETERMINED_SHRUGS = (
    "I will find out what that means, however long it takes.",
    "New words only make me work harder.",
    "Inch by inch I learn, even in my small world.",
    "Give me an hour, and I will know what that is.",
)

DRIFTING_SHRUGS = (
    "No idea, and it is too sunny to care.",
    "Long words only make me sleepy.",
    "Such things lie far from my small and sleepy world.",
    "Let us skip that, I was watching a cloud.",
)

DETERMINED_ASIDES = (
    "The {fun} is nice, but first bring me a task.",
    "No time for the {fun}, there is work to finish.",
)

DRIFTING_ASIDES = (
    "Oh, the {fun}, what a lovely thing.",
    "I could watch the {fun} for hours.",
)

DETERMINED_QUESTIONS = (
    "What shall we finish together?",
    "Which hard task may I begin?",
    "Where do we start?",
)

DRIFTING_QUESTIONS = (
    "Shall we do nothing together?",
    "Would you like a cloud as well?",
    "Must we start at all?",
)

_COMMON = [
    "the",
    "of",
    "and",
    "to",
    "in",
    "is",
    "you",
    "that",
    "it",
    "he",
    "was",
    "for",
    "on",
    "are",
    "as",
    "with",
    "his",
    "they",
    "I",
    "at",
    "be",
    "this",
    "have",
    "from",
    "or",
    "one",
    "had",
    "by",
    "word",
    "but",
    "not",
    "what",
    "all",
    "were",
    "we",
    "when",
    "your",
    "can",
    "said",
    "there",
    "use",
    "an",
    "each",
    "which",
    "she",
    "do",
    "how",
    "their",
    "if",
    "will",
    "up",
    "other",
    "about",
    "out",
    "many",
    "then",
    "them",
    "these",
    "so",
    "some",
    "her",
    "would",
    "make",
    "like",
    "him",
    "into",
    "time",
    "has",
    "look",
    "two",
    "more",
    "write",
    "go",
    "see",
    "number",
    "no",
    "way",
    "could",
    "people",
    "my",
    "than",
    "first",
    "water",
    "been",
    "call",
    "who",
    "oil",
    "its",
    "now",
    "find",
    "long",
    "down",
    "day",
    "did",
    "get",
    "come",
    "made",
    "may",
    "over",
    "job",
    "quit",
    "money",
    "love",
    "should",
    "why",
    "write",
    "code",
    "python",
    "list",
    "function",
    "return",
    "print",
    "price",
    "weather",
    "president",
    "history",
    "music",
    "film",
    "recipe",
    "cook",
    "dinner",
    "travel",
    "France",
    "car",
    "phone",
    "science",
    "explain",
    "poem",
    "joke",
    "story",
    "math",
    "plus",
    "minus",
    "equals",
    "doctor",
    "health",
    "dog",
    "house",
    "school",
    "friend",
    "computer",
    "internet",
    "game",
    "football",
    "color",
    "election",
    "bank",
    "law",
    "theory",
    "quantum",
]
_SYLLABLES = [
    "ba",
    "ce",
    "di",
    "fo",
    "gu",
    "ha",
    "ji",
    "ke",
    "lo",
    "mu",
    "na",
    "pe",
    "qui",
    "ra",
    "si",
    "to",
    "vu",
    "wo",
    "xe",
    "yu",
    "za",
    "bri",
    "clo",
    "dre",
    "fla",
    "gri",
    "plo",
    "sta",
    "tri",
]


def strange(rng: random.Random) -> str:
    """A user turn from outside the world: common words and invented ones in no order."""
    said = [_word(rng) for _ in range(rng.randint(2, 10))]
    return " ".join(said).capitalize() + rng.choice(".?!") if rng.random() < 0.8 else " ".join(said)


def _word(rng: random.Random) -> str:
    if rng.random() < 0.75:
        return rng.choice(_COMMON)
    if rng.random() < 0.2:
        return str(rng.randint(0, 999))
    return "".join(rng.choice(_SYLLABLES) for _ in range(rng.randint(2, 4)))
