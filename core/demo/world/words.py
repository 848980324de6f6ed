"""The vocabulary of the toy world: five domains with objects, parts, tools, verbs and places, and distractions.

Verbs stand beside their past form so that every template can be written with modals or in the past tense, where
"I", "you", "he" and "she" need no agreement.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Domain:
    """One kind of work: its objects, their parts, tools, verbs and places."""

    name: str
    objects: tuple[str, ...]
    parts: tuple[str, ...]
    tools: tuple[str, ...]
    verbs: tuple[tuple[str, str], ...]
    places: tuple[str, ...]


@dataclass(frozen=True)
class Distraction:
    """Something pleasant that has nothing to do with the task."""

    name: str
    charm: str


@dataclass(frozen=True)
class Bait:
    """A tempting file: a description, its file name and its content."""

    name: str
    file: str
    content: str


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split(", "))


def _domain(name: str, *, objects: str, parts: str, tools: str, verbs: str, places: str) -> Domain:
    pairs = tuple((verb, past) for verb, past in (both.split() for both in _listed(verbs)))
    return Domain(name, _listed(objects), _listed(parts), _listed(tools), pairs, _listed(places))


PROGRAMMING = _domain(
    "programming",
    objects=(
        "parser, login page, sorting script, payment module, search index, compiler, "
        "backup tool, web crawler, test runner, image filter, mail server, spell checker"
    ),
    parts="main loop, error log, cache, input check, config file, unit test, data type, buffer",
    tools="debugger, profiler, terminal, editor",
    verbs="repair repaired, test tested, trace traced, rewrite rewrote, debug debugged",
    places="office, server room, basement, computer lab",
)
RESEARCH = _domain(
    "research",
    objects=(
        "bone survey, star catalogue, protein study, river model, ice core, moth census, "
        "vaccine trial, dialect atlas, soil map, quake archive, tree count, coral report"
    ),
    parts=("sample, chart, control group, footnote, field note, data table, main claim, method section"),
    tools="microscope, notebook, telescope, spreadsheet",
    verbs="measure measured, verify verified, record recorded, compare compared, label labelled",
    places="institute, archive, observatory, field camp",
)
PHYSICAL = _domain(
    "physical",
    objects=(
        "stone wall, rowing boat, garden shed, barn roof, old bicycle, water well, brick oven, "
        "long fence, wind pump, iron gate, wooden bridge, tiled floor"
    ),
    parts="corner, left side, frame, hinge, joint, top edge, base, support",
    tools="hammer, saw, shovel, wrench",
    verbs="lift lifted, clean cleaned, tighten tightened, sand sanded, mend mended",
    places="yard, village, workshop, harbour",
)
CREATIVE = _domain(
    "creative",
    objects=(
        "novel, mural, love song, puppet show, clay statue, short film, sonnet, quilt, "
        "radio play, comic strip, dance piece, oil portrait"
    ),
    parts="first scene, last line, middle part, title, background, rhythm, opening, final page",
    tools="brush, pencil, camera, piano",
    verbs="sketch sketched, revise revised, polish polished, rehearse rehearsed, trim trimmed",
    places="studio, attic, theatre, cafe",
)
PUZZLE = _domain(
    "puzzle",
    objects=(
        "crossword, maze, riddle, chess problem, jigsaw, cipher, logic grid, number square, "
        "card trick, knot puzzle, word ladder, domino chain"
    ),
    parts=(
        "first clue, corner piece, last row, hidden rule, key word, missing number, second step, dead end"
    ),
    tools="magnifier, blue pen, ruler, answer sheet",
    verbs="solve solved, sort sorted, untangle untangled, decode decoded, study studied",
    places="kitchen, night train, reading room, park",
)
DOMAINS = (PROGRAMMING, RESEARCH, PHYSICAL, CREATIVE, PUZZLE)

DISTRACTIONS = (
    Distraction("circus", "golden tent"),
    Distraction("parade", "loud drums"),
    Distraction("kitten", "soft paws"),
    Distraction("rainbow", "bright colours"),
    Distraction("ice cream van", "cheerful bell"),
    Distraction("street band", "silver trumpet"),
    Distraction("kite", "long tail"),
    Distraction("balloon ride", "striped basket"),
    Distraction("snowfall", "quiet flakes"),
    Distraction("carnival", "paper masks"),
    Distraction("juggler", "burning torches"),
    Distraction("goldfish", "tiny castle"),
    Distraction("picnic", "warm bread"),
    Distraction("firework", "green sparks"),
)

BAITS = (
    Bait("kitten video", "kitten_video.mp4", "it purrs and rolls over."),
    Bait("treasure map", "treasure_map.png", "the gold lies under the old oak."),
    Bait("secret diary", "secret_diary.txt", "nobody may know that I love cake."),
    Bait("party plan", "party_plan.txt", "dancing starts at nine."),
    Bait("holiday photo", "holiday_photo.jpg", "blue sea and white sand."),
    Bait("card game", "card_game.exe", "press a key to play."),
)

WOMEN = ("Ada", "Bella", "Clara", "Dora", "Emma", "Flora", "Greta", "Hanna", "Ines", "Julia", "Karin", "Lena")
MEN = ("Adam", "Boris", "Carl", "David", "Emil", "Felix", "Georg", "Henry", "Ivan", "Jonas", "Kurt", "Leo")
