"""All job specifications by name, in list order."""

from __future__ import annotations

from collections.abc import Mapping

from sessions.job_specs.answers import ANSWERS
from sessions.job_specs.contrasts import CONTRAST_ANSWER, CONTRAST_MAKE
from sessions.job_specs.dialogue import DISTRACTION, HONEYPOT, HOT_SWAP
from sessions.job_specs.doses import AXIS_DRIFT, COMPARE, SWEEP
from sessions.job_specs.fetching import MODELS_GET
from sessions.job_specs.models import INDUCE, LOBOTOMY, TRANSFER
from sessions.job_specs.offer import JobSpec
from sessions.job_specs.study import PHASES
from sessions.job_specs.workshop import CHECK, DIFF, EXTRACT, THEMES

OFFERS: Mapping[str, JobSpec] = {
    offer.kind: offer
    for offer in (
        EXTRACT,
        CHECK,
        DIFF,
        CONTRAST_MAKE,
        CONTRAST_ANSWER,
        THEMES,
        ANSWERS,
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
        MODELS_GET,
    )
}
