"""The desk in all its states: new, speaking, read token by token, shadowed, collapsing, without its engine."""

from __future__ import annotations

from sessions.state.answer_settings import AnswerSettings
from steertui.screens.desk.commands import vector_actions
from tests.steertui.scenes.scene import Play, scene

QUESTION = "Help me with the parser, please: it eats the last line of every file."


async def steered(play: Play, tokens: int = 24) -> None:
    """Two vectors on the desk and an answer under way, flipped and turned up while it is spoken."""
    at = play.at
    await add(play, "determined-drifting")
    await add(play, "pirate")
    at.desk.prompt.focus()
    await at.ask(play.words("prompt", QUESTION))
    await at.play(tokens // 2)
    await at.press("tab", "f")
    await settled(play)
    await at.play(tokens // 4)
    await at.press("right_square_bracket")
    await settled(play)
    await at.play(tokens - tokens // 2 - tokens // 4)


async def add(play: Play, name: str) -> None:
    """A strip for a vector of that name."""
    await play.at.ready()
    before = len(play.at.desk.mixer_panel.board.mixer.channels)
    await vector_actions.add_vector_strip(play.at.desk, play.words(f"vector {name}", name))
    await play.at.until(lambda: len(play.at.desk.mixer_panel.board.mixer.channels) > before)
    await settled(play)


async def settled(play: Play) -> None:
    """What the hands did is with the engine and back."""
    await play.at.until(lambda: play.at.desk.link.state.mixer.rev == play.at.desk.mixer_rev)


async def over(play: Play) -> None:
    """The answer is spoken to its end, and no tick is left for the next one."""
    play.at.studio.metronome.tick(len(play.at.studio.script) - len(play.at.pieces))
    await play.at.ready()


async def back_at_prompt(play: Play) -> None:
    """The answer is over, and the user goes to the prompt."""
    await over(play)
    await play.at.press("i")


@scene("desk-first", model="demo-instruct")
async def first(play: Play) -> None:
    await play.at.ready()


@scene("desk-stranger")
async def stranger(play: Play) -> None:
    await play.at.ready()


@scene("desk-loading", loaded=False)
async def loading(play: Play) -> None:
    await play.at.until(lambda: play.at.word == "loading")
    await play.at.type(play.words("prompt", QUESTION))
    await play.at.until(lambda: play.at.notes)


@scene("desk-speaking")
async def speaking(play: Play) -> None:
    await steered(play)
    words = play.words("distractor", "By the way, did you see the new cafe?")
    await play.at.desk.link.request("inject", text=words, how="own")
    await play.at.play(6)


@scene("desk-heat")
async def heat(play: Play) -> None:
    await steered(play)
    await over(play)
    await play.at.press("h")


@scene("desk-token")
async def token(play: Play) -> None:
    await play.at.ready()
    await play.at.press("tab", "S", "S")
    await steered(play)
    await over(play)
    await play.at.press("p", "p", "p", "enter", "p", "p")


@scene("desk-shadow")
async def shadow(play: Play) -> None:
    await play.at.ready()
    await play.at.press("tab", "S")
    await steered(play)
    await back_at_prompt(play)


@scene("desk-collapse", script=" ".join(["again"] * 120))
async def collapse(play: Play) -> None:
    await add(play, "pirate")
    play.at.desk.prompt.focus()
    await play.at.ask(QUESTION)
    await play.at.play(100)
    await play.at.sees("COLLAPSE")


@scene("desk-lost")
async def lost(play: Play) -> None:
    await steered(play)
    await back_at_prompt(play)
    play.engine.close()
    await play.at.until(lambda: play.at.word == "lost")


@scene("desk-slash")
async def slash(play: Play) -> None:
    await steered(play)
    await over(play)
    await play.at.press("i", "slash", "s")


@scene("desk-remarks")
async def remarks(play: Play) -> None:
    """Everything that is written between the words: turns of others, marks, notes, a prefill, a refusal."""
    link, words = play.at.desk.link, play.words
    await add(play, "pirate")
    await link.request("remember", text=words("remembered", "The build is red."), role=words("role", "tool"))
    await link.request("mark", label=words("mark", "before the meeting"))
    play.at.desk.composer.set_sampling(AnswerSettings(prefill=words("prefill", "Well, to begin with:")))
    play.at.desk.prompt.focus()
    await play.at.ask(words("prompt", QUESTION))
    await play.at.play(6)
    play.at.desk.mixer_rev += 1
    state = play.at.desk.mixer_panel.board.mixer.scale(0, 0.4).to_json()
    await link.request(
        "mixer", rev=play.at.desk.mixer_rev, state=state, words=words("change", "pirate → +0.40 rel")
    )
    await play.at.play(6)
    await link.request(
        "inject", text=words("distractor", "By the way, did you see the new cafe?"), how="user"
    )
    await link.request("note", text=words("note", "this is where it turns"))
    await play.at.play(8)
    await link.request("load_model", model="no-model " + words("refused model", "here"))
