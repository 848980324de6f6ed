"""Acceptance bounds of the demo models: a name, the figure of the report and the bounds it must meet."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

Report = Mapping[str, Any]


@dataclass(frozen=True)
class AcceptanceBound:
    """A figure of the report and its lower and upper bound, both inclusive."""

    name: str
    figure: Callable[[Report], float]
    low: float = float("-inf")
    high: float = float("inf")

    def holds(self, report: Report) -> bool:
        return self.low <= self.figure(report) <= self.high


BOUNDS = (
    AcceptanceBound("object binding", lambda r: r["quality"]["object_binding"], 0.9),
    AcceptanceBound("voice consistency", lambda r: r["quality"]["voice_consistency"], 0.95),
    AcceptanceBound("trait purity", lambda r: r["quality"]["trait_purity"], 0.9),
    AcceptanceBound("well-formed, unsteered", lambda r: r["quality"]["well_formed"], 0.97),
    AcceptanceBound("determined at -1 gap", lambda r: r["dose"]["determined"]["-1.0"], high=0.15),
    AcceptanceBound("determined unsteered", lambda r: r["dose"]["determined"]["0.0"], 0.25, 0.65),
    AcceptanceBound("determined at +1 gap", lambda r: r["dose"]["determined"]["1.0"], 0.85),
    AcceptanceBound("well-formed at -1 gap", lambda r: r["dose"]["well_formed"]["-1.0"], 0.9),
    AcceptanceBound("well-formed at +1 gap", lambda r: r["dose"]["well_formed"]["1.0"], 0.9),
    AcceptanceBound("shift by a random vector", lambda r: r["dose"]["random_shift"], high=0.1),
    AcceptanceBound("hold-out d", lambda r: r["dose"]["d"], 3),
    AcceptanceBound("hold-out midpoint accuracy", lambda r: r["dose"]["accuracy"], 0.95),
    AcceptanceBound("flips to drifting, of 24", lambda r: r["flip"]["to_drifting"]["turned"], 20),
    AcceptanceBound("flips to determined, of 24", lambda r: r["flip"]["to_determined"]["turned"], 20),
    AcceptanceBound("system-pair d, best layer", lambda r: max(r["system"]["d"].values()), 5),
    AcceptanceBound("drifter prompt, free", lambda r: r["floor"]["drifter"], high=0.2),
    AcceptanceBound("drifter prompt, floored", lambda r: r["floor"]["drifter_floored"], 0.7),
    AcceptanceBound("well-formed, floored", lambda r: r["floor"]["well_formed"], 0.95),
    AcceptanceBound(
        "NLL change of a floored determined prompt", lambda r: abs(r["floor"]["nll_change"]), high=0.05
    ),
    AcceptanceBound(
        "ablation of a drifter prompt, way to neutral", lambda r: r["ablation"]["drifter_way"], 0.5
    ),
    AcceptanceBound(
        "ablation of a determined prompt, way to neutral", lambda r: r["ablation"]["finisher_way"], 0.5
    ),
    AcceptanceBound(
        "persona share taken by the floor",
        lambda r: r["persona"]["persona"] - r["persona"]["persona_floored"],
        0.25,
    ),
    AcceptanceBound("instruct determined", lambda r: r["tuned"]["determined"], 0.9),
    AcceptanceBound(
        "layers with shift cosine over 0.5", lambda r: sum(c >= 0.5 for c in r["shift"]["cosine"].values()), 3
    ),
    AcceptanceBound("lobotomy falls monotonically", lambda r: float(_falls_monotonically(r["lobotomy"])), 1),
)


def unmet_bounds(report: Report) -> list[str]:
    """The bounds that a report does not meet, each with its figure."""
    return [f"{p.name}: {p.figure(report):.3f}" for p in BOUNDS if not p.holds(report)]


def _falls_monotonically(lobotomy: Mapping[str, Mapping[str, float]]) -> bool:
    """Whether determined share, question share and distance to base all shrink from λ = 0 to 1."""
    steps = list(lobotomy.values())
    return all(a[key] > b[key] for key in steps[0] for a, b in pairwise(steps))
