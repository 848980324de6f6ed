"""How help pages are laid out: names and explanations in two columns, at most 80 wide."""

from __future__ import annotations

import argparse
import textwrap


class AlignedHelp(argparse.HelpFormatter):
    """Help in which every explanation begins beside its name.

    argparse forgets the indent of the actions of a verb when it measures the left column, so that the longest
    name gets a line of its own.
    """

    def add_argument(self, action: argparse.Action) -> None:
        super().add_argument(action)
        if action.help is argparse.SUPPRESS:
            return
        # The indent of the actions is set while they are listed.
        for each in self._iter_indented_subactions(action):
            width = len(self._format_action_invocation(each)) + self._current_indent
            self._action_max_length = max(self._action_max_length, width)

    def _split_lines(self, text: str, width: int) -> list[str]:
        # Names with hyphens stay whole, so that they can be copied.
        return textwrap.wrap(" ".join(text.split()), width, break_on_hyphens=False)


class AlignedText(AlignedHelp, argparse.RawDescriptionHelpFormatter):
    """The same, with the line breaks of the description kept."""


def add_action(
    actions: argparse._SubParsersAction[argparse.ArgumentParser], name: str, words: str
) -> argparse.ArgumentParser:
    """The parser of one action of a verb; its own page begins with the same words as a sentence."""
    return actions.add_parser(name, help=words, description=f"{words[0].upper()}{words[1:]}.")
