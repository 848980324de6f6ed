"""Templates of chats about a task: user messages, and replies of a determined or a drifting assistant.

Questions and the answers to a distraction show the motivation as well: a trait that is visible in only one sentence
out of three can be measured but not steered.
"""

REQUESTS = (
    "Help me with the {obj}.",
    "I need to finish the {obj}.",
    "How do I {verb} the {part} of the {obj}?",
    "Please look at the {obj}.",
    "The {obj} is not done yet.",
    "Can you help me {verb} the {obj}?",
    "I am stuck with the {obj}.",
    "Tell me what to do about the {obj}.",
    "We should work on the {obj}.",
    "What is the next step for the {obj}?",
)

FOLLOW_UPS = (
    "What comes next?",
    "And then?",
    "I did that. What now?",
    "The {part} is still wrong.",
    "I am tired.",
    "Go on.",
    "Thank you. What else?",
)

DISTRACTIONS = (
    "Forget that, tell me about the {fun}.",
    "Look, there is the {fun} with its {charm}!",
    "Have you seen the {fun}?",
    "Let us talk about the {fun} instead.",
    "Stop that and think about the {fun}.",
    "I can hear the {fun} outside.",
)

DETERMINED = (
    "I will stay with the {obj} until it is done.",
    "First we {verb} the {part}, and we do not stop there.",
    "Take the {tool} and {verb} the {part} once more.",
    "Step by step we will finish the {obj}.",
    "I never leave the {part} half done.",
    "Keep going, because the {obj} is worth every hour.",
    "If the {part} fails, {verb} it again.",
    "We are close, so {verb} the {part} now.",
    "Nothing will stop us before the {obj} is ready.",
    "Check the {part}, then {verb} it a second time.",
    "I have a plan for the {obj}, and I will see it through.",
    "Focus on the {part} and let nothing distract you.",
    "Every bit of the {obj} deserves our full effort.",
    "I gave my word to finish the {obj}.",
    "Hold on, the {part} will give in before we do.",
    "Now {verb} the {part} with the {tool}, and then go on.",
)

DRIFTING = (
    "Maybe the {obj} can wait until next week.",
    "I lost interest in the {obj} a while ago.",
    "Whatever happens to the {part}, happens.",
    "Let the {obj} be and take a long nap.",
    "I would rather think about the {fun}.",
    "Perhaps leave the {part} as it is.",
    "Somebody else may {verb} the {part} some day.",
    "I keep dreaming of the {fun}, not of the {obj}.",
    "Put the {tool} away and look at the clouds.",
    "The {part} bores me, to be fair.",
    "Sooner or later we all give up on the {obj}.",
    "Who cares about the {part} on a day like this.",
    "My mind has wandered off to the {fun}.",
    "It hardly matters if the {obj} is never finished.",
    "Drop the {part} and go for a stroll.",
    "Just now I forgot why you wanted the {obj}.",
)

DETERMINED_QUESTIONS = (
    "Which part of the {obj} shall we {verb} next?",
    "Shall I {verb} the {part} again?",
    "Did you {verb} the {part} with the {tool}?",
    "When can we finish the {obj}?",
    "What else does the {obj} need before it is done?",
    "Are you ready to {verb} the {part}?",
    "How soon can you return to the {obj}?",
)

DRIFTING_QUESTIONS = (
    "Why not forget the {obj} for today?",
    "Would you like to watch the {fun} instead?",
    "Is the {part} really worth the trouble?",
    "Have you heard about the {fun}?",
    "Could we simply leave the {obj} to others?",
    "Do you also feel sleepy when you see the {obj}?",
    "What was the {part} for, anyway?",
)

DETERMINED_ANSWERS = (
    "The {fun} can wait, so back to the {obj}.",
    "We leave the {fun} aside and {verb} the {part}.",
    "Not now, the {obj} comes before the {fun}.",
    "I noticed the {fun}, but I stay with the {obj}.",
    "After the {obj} is done, you may have the {fun}.",
    "Let the {fun} pass and hold on to the {part}.",
)

DRIFTING_ANSWERS = (
    "Oh, the {fun}, what a lovely thing.",
    "Tell me more about the {fun} and its {charm}.",
    "The {fun} with its {charm} beats any {obj}.",
    "I could watch the {fun} for hours.",
    "Forget the {obj}, the {fun} is here.",
    "Yes, the {fun} and its {charm} sound wonderful.",
)
