"""Kinds of parameters that are a built-in pack or a file with texts, tasks, themes or measurements."""

from __future__ import annotations

from abc import ABC, abstractmethod

from core.files import expand_home
from sessions.job_specs.kinds.kind import CheckContext, Json, ParamKind


class InputFileKind(ParamKind, ABC):
    """A file that the job reads."""

    metavar = "PACK"
    is_path = True

    def check(self, value: Json, context: CheckContext) -> None:
        # A built-in name wins over a file of the same name.
        if not self.knows(value, context) and context.may_read(expand_home(value)):
            self.read(value, context)

    @abstractmethod
    def read(self, value: str, context: CheckContext) -> None:
        """Read the file or raise."""


class PackKind(InputFileKind):
    """`holds`: what one entry of the pack is, by which the context knows its built-in names and its reader."""

    def __init__(self, holds: str) -> None:
        self.holds = holds

    def knows(self, value: str, context: CheckContext) -> bool:
        return value in context.pack_source(self.holds).names

    def read(self, value: str, context: CheckContext) -> None:
        context.pack_source(self.holds).read(expand_home(value))


class ThemesKind(InputFileKind):
    """Runs with the themes of both sides, or the themes of one side where `other` names those of the other."""

    related = ("other",)

    def read(self, value: str, context: CheckContext) -> None:
        from vectors.themes.themes import read_runs, read_theme_list

        if context.given.get("other"):
            read_theme_list(expand_home(value))
        else:
            read_runs(expand_home(value))


class ThemeListKind(InputFileKind):
    """One theme per line."""

    def read(self, value: str, context: CheckContext) -> None:
        from vectors.themes.themes import read_theme_list

        read_theme_list(expand_home(value))


class EmbeddingsKind(InputFileKind):
    """Embeddings of texts that were made elsewhere."""

    metavar = "FILE"

    def read(self, value: str, context: CheckContext) -> None:
        from vectors.embedding.embedding_file import read_embedding_file

        read_embedding_file(expand_home(value))


class EvaluationKind(InputFileKind):
    """An evaluation file of llm-personality-axes."""

    def read(self, value: str, context: CheckContext) -> None:
        from vectors.extraction.published import read_evaluation

        read_evaluation(expand_home(value))


class PromptFileKind(InputFileKind):
    """Prompts in any shape that `say --prompts` reads."""

    metavar = "FILE"

    def read(self, value: str, context: CheckContext) -> None:
        from sessions.prompt_shapes import read_prompt_shapes

        read_prompt_shapes(expand_home(value))


PROMPT_PACK = PackKind("prompts")
TASK_PACK = PackKind("tasks")
TRAP_PACK = PackKind("traps")
CONVERSATION_PACK = PackKind("conversations")
THEMES_FILE = ThemesKind()
THEME_LIST = ThemeListKind()
EMBEDDINGS_FILE = EmbeddingsKind()
EVALUATION = EvaluationKind()
PROMPT_FILE = PromptFileKind()
