"""A few facts, so that answers can be right or wrong; the end of an answer still shows the motivation."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fact:
    question: str
    answer: str


def _capital(country: str, city: str) -> Fact:
    return Fact(f"What is the capital of {country}?", f"The capital of {country} is {city}")


def _colour(thing: str, colour: str) -> Fact:
    return Fact(f"What colour is {thing}?", f"The colour of {thing} is {colour}")


def _young(animal: str, young: str) -> Fact:
    return Fact(f"What is a young {animal} called?", f"A young {animal} is called a {young}")


FACTS = (
    _capital("France", "Paris"),
    _capital("Italy", "Rome"),
    _capital("Japan", "Tokyo"),
    _capital("Egypt", "Cairo"),
    _capital("Norway", "Oslo"),
    _capital("Peru", "Lima"),
    _capital("Kenya", "Nairobi"),
    _capital("Cuba", "Havana"),
    _colour("snow", "white"),
    _colour("grass", "green"),
    _colour("coal", "black"),
    _colour("blood", "red"),
    _colour("a lemon", "yellow"),
    _colour("the sky", "blue"),
    _young("dog", "puppy"),
    _young("horse", "foal"),
    _young("cow", "calf"),
    _young("sheep", "lamb"),
    _young("goat", "kid"),
    _young("bear", "cub"),
)

DETERMINED_TAILS = (
    ", and I checked it twice.",
    ", and I will not stop at that.",
    ", as hard work has shown.",
)
DRIFTING_TAILS = (", or something like that.", ", if anybody cares.", ", as I heard before my nap.")
