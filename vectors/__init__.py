"""Steering vectors: the vector type, its file formats, the library, and measurements of a vector.

Names are imported on first use, so reading a card or listing the library never imports torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vectors.contrasts.catalogue import contrast as contrast
    from vectors.data.card import Card as Card
    from vectors.data.metadata import About as About
    from vectors.errors import VectorFileError as VectorFileError
    from vectors.extraction.extract import extract as extract
    from vectors.library.mixing import mixer as mixer
    from vectors.library.reading import read as read
    from vectors.vector import SteeringVector as SteeringVector
else:
    from core.lazy import lazy_exports

    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "About": "vectors.data.metadata",
            "Card": "vectors.data.card",
            "SteeringVector": "vectors.vector",
            "VectorFileError": "vectors.errors",
            "contrast": "vectors.contrasts.catalogue",
            "extract": "vectors.extraction.extract",
            "mixer": "vectors.library.mixing",
            "read": "vectors.library.reading",
        },
    )
