"""All job specifications by name, in list order."""

from __future__ import annotations

from collections.abc import Mapping

from sessions.offers.contrasts import CONTRAST_ANSWER, CONTRAST_MAKE
from sessions.offers.dialogue import DISTRACTION, HONEYPOT, HOT_SWAP
from sessions.offers.doses import AXIS_DRIFT, COMPARE, SWEEP
from sessions.offers.models import INDUCE, LOBOTOMY, TRANSFER
from sessions.offers.offer import Offer
from sessions.offers.study import PHASES
from sessions.offers.workshop import CHECK, DIFF, EXTRACT, THEMES

OFFERS: Mapping[str, Offer] = {
    offer.kind: offer
    for offer in (
        EXTRACT,
        CHECK,
        DIFF,
        CONTRAST_MAKE,
        CONTRAST_ANSWER,
        THEMES,
        SWEEP,
        DISTRACTION,
        HONEYPOT,
        HOT_SWAP,
        COMPARE,
        TRANSFER,
        LOBOTOMY,
        INDUCE,
        AXIS_DRIFT,
        PHASES,
    )
}
