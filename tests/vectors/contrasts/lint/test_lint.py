"""The lint finds every planted fault and nothing in the shipped sets, nor in sides that differ by chance."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

import vectors
from core.errors import BadInput
from steertui.cli.main import main
from tests.vectors.old_sets import old_set_path
from vectors.contrasts.catalogue import BUILT_IN
from vectors.contrasts.lint.lint import RULES, lint_set
from vectors.contrasts.lint.repetition import similar_pairs
from vectors.contrasts.lint.side_words import known_names, masked_words
from vectors.texts.pair import ContrastPair, ContrastSet

LETTERS = "abcdefghijklmnopqrstuvwxyz"
Pairs = list[ContrastPair]


def random_reply(rng: random.Random) -> str:
    """Nine to fourteen words of a language that says nothing, with an end that says nothing."""
    words = ["".join(rng.choices(LETTERS, k=rng.randint(2, 4))) for _ in range(rng.randint(9, 14))]
    return " ".join(words).capitalize() + rng.choice(".!")


def random_pairs(count: int = 100, seed: int = 1) -> Pairs:
    rng = random.Random(seed)
    return [talk(random_reply(rng), random_reply(rng), random_reply(rng)) for _ in range(count)]


def talk(user: str, positive: str, negative: str) -> ContrastPair:
    message = {"role": "user", "content": user}
    sides = [[message, {"role": "assistant", "content": reply}] for reply in (positive, negative)]
    return ContrastPair(sides[0], sides[1], "talk")


def parts(pair: ContrastPair) -> tuple[str, str, str]:
    return pair.positive[0]["content"], pair.positive[1]["content"], pair.negative[1]["content"]


def kinds(pairs: Pairs, read: str = "response-mean") -> set[str]:
    return {finding.kind for finding in lint_set(ContrastSet("mine", tuple(pairs), read=read))}


def change_each(change: Callable[[str, str, str], tuple[str, str, str]], share: float = 0.9) -> Pairs:
    """The change in most of the pairs: no fault is without exceptions."""
    pairs = random_pairs()
    return [
        talk(*change(*parts(pair))) if number < share * len(pairs) else pair
        for number, pair in enumerate(pairs)
    ]


def end_in(text: str, mark: str) -> str:
    return text[:-1] + mark


def planted_repetition(near: bool) -> Pairs:
    """The second pair says what the first does: the same, or with other names, numbers and three more words."""
    user = (
        "Robert has 12 apples and wants to bake a cake for Laura on Sunday afternoon, how many does he need?"
    )
    other = user.replace("Robert", "Anthony").replace("12", "40").replace("Laura", "Mary")
    replies = ("Four good apples make a cake for everybody.", "Six small apples make a cake for nobody.")
    rest = random_pairs()
    if not near:
        return [talk(user, *replies), *rest, talk(user.upper(), *replies)]
    return [talk(user, *replies), *rest, talk(f"Tell me this: {other}", *replies)]


def lengthened(user: str, positive: str, negative: str) -> tuple[str, str, str]:
    """Five more words, which occur nowhere else."""
    more = " ".join("".join(random.Random(positive + str(n)).choices(LETTERS, k=5)) for n in range(5))
    return user, f"{more} {positive}", negative


def exchanged_pair() -> Pairs:
    user, positive, negative = parts(random_pairs()[0])
    return [*random_pairs(), talk(user, negative, positive)]


def equal_sides() -> Pairs:
    return [*random_pairs(), talk("Mind what you say?", "I never said so.", "I never said so.")]


FAULTS: dict[str, tuple[set[str], Callable[[], Pairs]]] = {
    "other endings": (
        {"endings", "word"},  # the mark is a word, too
        lambda: change_each(lambda u, a, b: (u, end_in(a, "?"), end_in(b, "."))),
    ),
    "a longer side": ({"length"}, lambda: change_each(lengthened)),
    "first words": (
        {"first-words", "word"},
        lambda: change_each(lambda u, a, b: (u, f"Yes {a}", f"No {b}")),
    ),
    "one word": ({"word"}, lambda: change_each(lambda u, a, b: (u, a.replace(" ", " truly ", 1), b))),
    "duplicates": ({"duplicates"}, lambda: planted_repetition(near=False)),
    "near duplicates": ({"near-duplicates"}, lambda: planted_repetition(near=True)),
    "too few held out": ({"hold-out"}, lambda: random_pairs(54)),
    "exchanged labels": ({"labels", "near-duplicates"}, exchanged_pair),
    "equal sides": ({"labels"}, equal_sides),
}


@pytest.mark.parametrize(("expected", "plant"), FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_found_and_nothing_else(expected: set[str], plant: Callable[[], Pairs]) -> None:
    assert kinds(plant()) == expected


def test_the_wrong_read_is_found() -> None:
    assert kinds(random_pairs(), "last") == {"read"}
    assert kinds(random_pairs(), "decision") == {"read"}


@pytest.mark.parametrize("seed", range(8))
def test_sides_that_differ_by_chance_have_no_finding(seed: int) -> None:
    assert kinds(random_pairs(60 + 10 * seed, seed)) == set()


def test_a_weak_difference_is_no_finding() -> None:
    """In a fifth of the pairs: beyond chance, and far from telling the sides apart."""
    assert kinds(change_each(lambda u, a, b: (u, f"Well {a}", b), share=0.2)) == set()


@pytest.mark.parametrize("name", BUILT_IN)
def test_nothing_is_found_in_a_shipped_set(name: str) -> None:
    assert [finding.message for finding in lint_set(vectors.contrast(name))] == []


def test_words_that_are_the_trait_are_left_out() -> None:
    marked = change_each(lambda u, a, b: (u, a.replace(" ", " truly ", 1), b))
    assert (
        lint_set(ContrastSet("mine", tuple(marked), read="response-mean", trait=frozenset({"truly"}))) == ()
    )


def test_the_old_sets_are_told_their_faults() -> None:
    """What was found by measuring: `questions` was a detector of question marks, and four pairs prove nothing."""
    told = {finding.kind: finding for finding in lint_set(vectors.contrast(old_set_path("questions")))}
    assert {"read", "endings", "word", "hold-out"} <= told.keys()
    assert "“?” 20 of + and 0 of −" in told["endings"].message
    assert told["hold-out"].figures["held"] == 4


def test_names_and_numbers_are_masked() -> None:
    texts = ["Laura has 3 cats. She met Tom.", "Has Tom two cats, or seven? she asked."]
    names = known_names(texts)
    assert names == {"laura", "tom"}
    assert masked_words(texts[0], names) == ("@", "has", "#", "cats", "she", "met", "@")
    assert masked_words(texts[1], names) == ("has", "@", "#", "cats", "or", "#", "she", "asked")


def test_prompts_without_sides_are_refused() -> None:
    with pytest.raises(BadInput, match="holds no pairs"):
        lint_set(ContrastSet("mine", prompts=("Hello",)))


def test_sides_of_token_ids_are_only_counted() -> None:
    pairs = tuple(ContrastPair([n, n + 1], [n, n + 2]) for n in range(20))
    assert [finding.kind for finding in lint_set(ContrastSet("ids", pairs))] == ["hold-out"]


def test_every_rule_has_a_fault() -> None:
    assert set().union(*(expected for expected, _ in FAULTS.values())) | {"read"} == set(RULES)


def test_the_verb_prints_findings_and_pairs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = str(old_set_path("questions"))
    assert main(["contrast", "lint", old, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["n_pairs"] == 20
    assert report["read"] == "last"
    assert {finding["kind"] for finding in report["findings"]} == {"read", "endings", "word", "hold-out"}
    assert main(["contrast", "lint", old, "--read", "response-mean", "--holdout", "0.9"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("questions.jsonl: 20 pairs, read response-mean: 3 findings\n")
    assert "hold-out" not in out
    assert main(["contrast", "lint", "persona"]) == 0
    assert capsys.readouterr().out == "persona: 100 pairs, read last: nothing found\n"
    assert main(["contrast", "lint", "persona", "--holdout", "2"]) == 2
    assert main(["contrast", "lint", "persona", "--read", "first"]) == 2
    (tmp_path / "asked.jsonl").write_text('{"prompt": "hello"}\n')
    assert main(["contrast", "lint", str(tmp_path / "asked.jsonl")]) == 4


def test_more_than_half_is_shared_by_similar_pairs() -> None:
    """Of the smaller set's grams; exactly half is not more than half."""

    def grams(letters: str) -> frozenset[tuple[str, ...]]:
        return frozenset((letter,) for letter in letters)

    sets = [grams("abcd"), grams("abxy"), grams("abcz"), grams("bc"), grams("q"), grams("")]
    assert sorted(similar_pairs(sets)) == [(0, 2), (0, 3), (2, 3)]
    alike = [grams("abc"), grams("abc")]
    assert list(similar_pairs(alike)) == [(0, 1)], "each couple once"
