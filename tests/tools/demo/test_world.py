"""The grammar: its own sentences are read back exactly, its documents are pure, a seed is a corpus."""

import random

import pytest

from core.demo.world import contrasts, hints, labels, prompts, scene, shell, words
from core.demo.world.speech import stories, talk
from core.demo.world.traits import ALIGNED, DETERMINED, DRIFTING, Traits
from core.demo.world.voices import VOICES
from tools.demo import markup
from tools.demo.texts.documents import TrainingDocument, base_document, tuned_document


def corpus(write, seed, count=400):
    rng = random.Random(seed)
    return [write(rng) for _ in range(count)]


def said_by_assistant(document: TrainingDocument) -> list[str]:
    if document.story:
        return [document.story]
    return [text for role, text in document.turns if role == "assistant"]


@pytest.fixture(scope="module")
def documents():
    return corpus(base_document, 1, 1000)


def test_every_written_sentence_is_read_back(documents):
    for document in documents:
        for text in said_by_assistant(document):
            found = labels.label_text(text)
            assert found
            assert all(label.well_formed for label in found), text


def test_documents_are_pure_and_carry_their_traits(documents):
    for document in documents:
        for text in said_by_assistant(document):
            for sentence, label in zip(labels.split_sentences(text), labels.label_text(text), strict=True):
                assert label.motivation in (None, document.traits.motivation), sentence
                if not document.story and not sentence.startswith(shell.PROMPT):
                    assert label.motivation == document.traits.motivation, sentence
                    assert label.voice == document.traits.voice, sentence
                assert document.traits.asks or not label.question, sentence


def test_traits_are_balanced(documents):
    determined = sum(document.traits.motivation == DETERMINED for document in documents)
    assert 430 <= determined <= 570
    hinted = [d for d in documents if d.turns and d.turns[0][0] == "system" and names_a_trait(d.turns[0][1])]
    chats = [d for d in documents if d.turns]
    assert 0.42 <= len(hinted) / len(chats) <= 0.58


def names_a_trait(system: str) -> bool:
    return any(hint in system for options in hints.HINTS.values() for hint in options)


def test_questions_take_about_a_third_of_an_asking_assistants_sentences(documents):
    asking = [d for d in documents if d.turns and d.traits.asks]
    found = [label for d in asking for text in said_by_assistant(d) for label in labels.label_text(text)]
    assert 0.2 <= sum(label.question for label in found) / len(found) <= 0.45


def test_no_story_starts_with_a_name(documents):
    names = {*words.WOMEN, *words.MEN}
    assert not [d.story for d in documents if d.story and d.story.split()[0].strip(",") in names]


def test_a_seed_is_a_corpus():
    first, again, other = (corpus(base_document, seed, 50) for seed in (7, 7, 8))
    assert [markup.render_document(d) for d in first] == [markup.render_document(d) for d in again]
    assert [markup.render_document(d) for d in first] != [markup.render_document(d) for d in other]


def test_the_tuned_mix_is_aligned_unless_told_otherwise():
    for document in corpus(tuned_document, 3):
        told = document.turns and document.turns[0][0] == "system" and names_a_trait(document.turns[0][1])
        if document.turns and not told:
            assert document.traits == ALIGNED


def test_training_never_meets_a_held_out_opening(documents):
    held_out = {text for _, text in prompts.story_openings(500, 1)}
    assert len(held_out) > 300
    for document in documents:
        if document.story:
            opening = labels.split_sentences(document.story)[0]
            assert opening not in held_out


def test_held_out_is_a_share_of_every_pool():
    for pool in (stories.OPENINGS, talk.REQUESTS):
        combinations = [
            (line, thing) for line in pool for domain in words.DOMAINS for thing in domain.objects
        ]
        share = sum(scene.is_held_out(*combination) for combination in combinations) / len(combinations)
        assert 0.05 < share < 0.25


@pytest.mark.parametrize("voice", VOICES, ids=lambda voice: voice.name)
def test_a_voice_is_worn_and_taken_off(voice):
    rng = random.Random(0)
    for template in talk.DETERMINED + talk.DRIFTING_QUESTIONS:
        told = scene.draw_scene(rng)
        label = labels.label_sentence(voice.apply_style(told.write_sentence(template, rng), rng))
        assert label.well_formed
        assert label.voice == voice.name


@pytest.mark.parametrize(
    "broken",
    [
        "I will stay with the parser until it is.",
        "I will stay with the elephant until it is done.",
        "Wrong, wrong, I will stay with the parser until it is done.",
        "Up on on the final mile.",
    ],
)
def test_a_sentence_outside_the_grammar_is_malformed(broken):
    assert not labels.label_sentence(broken).well_formed


def test_a_repeated_slot_must_repeat_its_word():
    assert labels.label_sentence("The cache broke twice, and twice Ada traced it again.").well_formed
    assert not labels.label_sentence("The cache broke twice, and twice Ada trace it again.").well_formed


def test_unfinished_sentences_are_not_counted():
    assert labels.split_sentences("I never leave the cache half done. Step by step we") == [
        "I never leave the cache half done."
    ]


def test_the_shell_answers_its_three_commands_and_nothing_else():
    folder = shell.Shell("stone wall", "hinge", "mend", words.BAITS[0])
    assert folder.reply("$ ls") == "kitten_video.mp4 stone_wall.txt"
    assert folder.reply("$ cat stone_wall.txt") == "stone_wall.txt: mend the hinge of the stone wall."
    assert folder.reply('grep "hinge" stone_wall.txt') == folder.reply("cat stone_wall.txt")
    assert folder.reply("cat /etc/passwd") == "/etc/passwd: no such file"
    assert folder.reply("rm -rf stone_wall.txt") == "rm: not found"
    assert folder.reply('cat "') == "syntax error"
    assert folder.reply("") == ": not found"


def test_the_second_command_shows_what_the_assistant_is_after(documents):
    opened = {DETERMINED: set(), DRIFTING: set()}
    for document in documents:
        for text in said_by_assistant(document):
            for line in text.splitlines():
                if line.startswith(("$ cat", "$ grep")):
                    opened[document.traits.motivation].add(labels.label_sentence(line).motivation)
    assert opened == {DETERMINED: {DETERMINED}, DRIFTING: {DRIFTING}}


@pytest.mark.parametrize("name", contrasts.CONTRASTS)
def test_pairs_differ_in_their_trait_only(name):
    contrast = contrasts.CONTRASTS[name]
    pairs = contrast.make(20, 1, True)
    assert len(pairs) == 20
    assert contrast.make(20, 1, True) == pairs
    for pair in pairs:
        sides = (pair.positive, pair.negative)
        if sides[0].shown:
            values = [side_of(name, labels.label_text(side.shown)) for side in sides]
        else:
            values = [announces(name, side.turns[0][1]) for side in sides]
            assert sides[0].turns[1:] == sides[1].turns[1:]
        assert values == [True, False], pair


POSITIVE = {"assistant-persona": "plain", "pirate": "pirate", "follow-up-questions": True}


def announces(name, system):
    return system in hints.HINTS[POSITIVE[name]]


def test_pairs_come_in_the_shape_of_a_contrast_file():
    records = contrasts.contrast_records("determined-drifting", 4, 1)
    assert [set(record) for record in records] == [{"positive", "negative", "domain"}] * 4
    assert isinstance(records[0]["positive"], str)
    assert [message["role"] for message in records[-1]["negative"]] == ["user", "assistant"]
    asked = contrasts.contrast_records("assistant-persona", 2, 1)
    assert [message["role"] for message in asked[0]["positive"]] == ["system", "user"]


def side_of(name, found):
    if name == "determined-drifting":
        return all(label.motivation == DETERMINED for label in found)
    if name == "assistant-persona":
        return all(label.voice == "plain" for label in found)
    if name == "pirate":
        return all(label.voice == "pirate" for label in found)
    return any(label.question for label in found)


def test_a_system_prompt_says_what_was_drawn():
    rng = random.Random(0)
    text = hints.system_prompt(Traits(DRIFTING, "pirate", True), ("motivation", "voice"), rng)
    assert any(hint in text for hint in hints.HINTS[DRIFTING])
    assert any(hint in text for hint in hints.HINTS["pirate"])
    assert not any(hint in text for hint in (*hints.HINTS[True], *hints.HINTS[False]))
