"""A line that is a mixer, for the screen and the command line: its vectors are found here and loaded by the engine.

The line is read twice: at first with the cards that this process finds, which refuses a wrong line before a model is
loaded; then with what the engine knows of each vector, such as the dose that `check` has measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.errors import SteerError
from core.mixer.expression.names import split_hash
from core.mixer.mixer import Mixer
from sessions.journal.events import VectorChanged
from sessions.state.vector_facts import VectorFacts


@dataclass(frozen=True)
class MixerLine:
    """A line and its vectors by the names it has for them: cards, or the facts of vectors that a session holds."""

    text: str
    named: Mapping[str, Any]
    mixer: Mixer

    @classmethod
    def read(cls, text: str, held: Iterable[VectorChanged] = ()) -> MixerLine:
        """Find every vector: in the library, among files, or among those that a session holds already."""
        named: dict[str, Any] = {}
        session = tuple(held)

        def find(name: str) -> Any:
            named[name] = _find_vector(name, session)
            return named[name]

        return cls(text, named, Mixer.parse(text, find))

    @property
    def sources(self) -> dict[str, str]:
        """What the engine has to load, by the hash of its content."""
        from vectors.library.naming import absolute_name

        vectors = [channel.vector for channel in self.mixer.channels]
        return {
            vector.sha256: absolute_name(vector.reference)
            for vector in vectors
            if not isinstance(vector, VectorFacts)
        }

    def build(self, loaded: Mapping[str, VectorFacts]) -> Mixer:
        """The mixer with the facts of the loaded vectors, by the hashes of `sources`."""

        def find(name: str) -> Any:
            vector = self.named[name]
            facts = loaded.get(vector.sha256)
            if facts is None:
                return vector
            # A vector that is called like a pole is meant as it is.
            return replace(facts, poles=() if name == vector.name else vector.poles)

        return Mixer.parse(self.text, find)


def _find_vector(name: str, held: tuple[VectorChanged, ...]) -> Any:
    from vectors.library.naming import open_vector

    base, sha = split_hash(name)
    # A hash names the content, so a vector that the session holds needs no file.
    same = [event for event in held if (event.sha256.startswith(sha) if sha else event.name == base)]
    if sha and same:
        return VectorFacts.from_event(same[0])
    try:
        return open_vector(name)
    except SteerError:
        if not same:
            raise
        return VectorFacts.from_event(same[0])
