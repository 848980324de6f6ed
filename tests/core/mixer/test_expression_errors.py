"""Faulty lines: the column of the word that is wrong, and the word itself."""

import pytest

from core.mixer.expression.error import ExpressionError
from core.mixer.mixer import Mixer
from tests.core.mixer.mixer_lines import NamedVector, finder

FIND = finder(NamedVector("wit", poles=("witty", "dull")), NamedVector("verve"))


@pytest.mark.parametrize(
    ("line", "column", "word"),
    [
        ("", 1, ""),
        ("   ", 4, ""),
        ("nobody", 1, "nobody"),
        ("wit + nobody", 7, "nobody"),
        ("0.3", 4, ""),
        ("0.3 natural", 12, ""),
        ("natural wit", 1, "natural"),
        ("0.3 natural raw wit", 13, "raw"),
        ("0.3 0.4 wit", 5, "0.4"),
        ("+0.3 wit", 1, "+0.3"),
        ("1e999 wit", 1, "1e999"),
        ("wit +verve", 5, "+verve"),
        ("wit+ verve", 1, "wit+"),
        ("wit verve", 5, "verve"),
        ("wit + ", 7, ""),
        ("wit - - verve", 7, "-"),
        ("wit plain", 5, "plain"),
        ("plain + wit", 7, "+"),
        ("plain[split]", 6, "[split]"),
        ("desk", 1, "desk"),
        ("adapter mine", 1, "adapter"),
        ("0.5 entropy", 5, "entropy"),
        ("bypassed wit", 10, "wit"),
        ("bypassed bypassed: wit", 10, "bypassed"),
        ("muted: wit", 1, "muted:"),
        ('"wit', 1, '"wit'),
        ('"w\\it"', 3, "\\i"),
        ('""', 1, '""'),
        ("wit@", 5, ""),
        ("wit@8-3", 5, "8-3"),
        ("wit@x", 5, "x"),
        ("wit@3-9999", 5, "3-9999"),
        ("wit@3@4", 6, "@4"),
        ("wit [loud]", 6, "loud"),
        ("wit []", 6, "]"),
        ("wit [split", 11, ""),
        ("wit [split, muted]", 6, "split,"),
        ("wit [split][split]", 13, "split"),
        ("wit [split=1]", 6, "split"),
        ("wit [gain]", 6, "gain"),
        ("wit [gain=]", 11, "]"),
        ("wit [gain=inf]", 11, "inf"),
        ("wit [gain=1_0]", 11, "1_0"),
        ("wit [floor=p101]", 12, "p101"),
        ("wit [floor=p1e1]", 12, "p1e1"),
        ("wit [floor=3:1,3:2]", 12, "3:1,3:2"),
        ("wit [cap=1]", 10, "1"),
        ("wit [cap=2..1]", 10, "2..1"),
        ("wit [cap=1..2][floor=1]", 22, "1"),
        ("wit [floor=2][ceiling=1]", 23, "1"),
        ("wit [scope=some]", 12, "some"),
        ("wit [half-life=0]", 16, "0"),
        ("wit [not-in=json]", 13, "json"),
        ("wit [weights=]", 14, "]"),
        ("wit [weights=a:1]", 14, "a:1"),
        ("- wit [gain=0]", 1, "-"),
        ("verve - dull [floor=1]", 7, "-"),
        ("wit [angle=20deg]", 6, "angle"),
        ("wit [when=verve>1]", 6, "when"),
        ("wit [site=attn]", 6, "site"),
        ("wit ]", 5, "]"),
    ],
)
def test_the_column_and_the_word(line, column, word):
    with pytest.raises(ExpressionError) as caught:
        Mixer.parse(line, FIND)
    assert (caught.value.column, caught.value.word) == (column, word)
    assert str(caught.value).startswith(f"column {column}, ")
    assert caught.value.expected
    assert caught.value.exit_code == 2


def test_an_option_that_nothing_plays_yet_is_refused_by_its_name():
    with pytest.raises(ExpressionError, match="angle is not played yet"):
        Mixer.parse("wit[angle=20deg]", FIND)


def test_a_long_word_is_cut_in_the_sentence_and_kept_in_the_error():
    with pytest.raises(ExpressionError) as caught:
        Mixer.parse("x" * 500, FIND)
    assert caught.value.word == "x" * 500
    assert len(str(caught.value).partition(":")[0]) < 80
