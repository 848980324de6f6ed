from __future__ import annotations

from sessions.surrogates import replace_surrogates


def test_a_half_character_becomes_a_question_mark_and_the_rest_stays() -> None:
    assert replace_surrogates("a\ud800b ♞") == "a?b ♞"
