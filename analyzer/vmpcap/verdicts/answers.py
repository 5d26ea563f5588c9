"""What a rule answers, before it is given its id."""

from dataclasses import dataclass
from typing import Final

from vmpcap.migration.conflicts import Conflict
from vmpcap.migration.detours import Detour
from vmpcap.verdicts.findings import Evidence, Outcome


@dataclass(frozen=True, slots=True)
class Answer:
    """A rule's answer before it is given its id."""

    outcome: Outcome
    because: str
    measured: float | None = None
    limit: float | None = None
    unit: str = ""
    evidence: tuple[Evidence, ...] = ()


def show(point: str, frames: tuple[int, ...] | list[int], display_filter: str = "") -> tuple[Evidence, ...]:
    """Evidence at one point; the filter that shows just these frames where no better one is given."""
    if not point:
        return ()
    numbers = sorted(set(frames))
    if not display_filter and numbers:
        display_filter = "frame.number in {" + ", ".join(map(str, numbers)) + "}"
    return (Evidence(point=point, frames=numbers, filter=display_filter),)


def from_finding(finding: Conflict | Detour) -> Answer:
    """A finding that applies fails as advice; one that could not be examined is undecided."""
    outcome: Outcome = "undecided" if finding.found is None else "fail" if finding.found else "pass"
    return Answer(outcome, finding.because, evidence=show(finding.point, finding.frames))


PLACES: Final = ((99.95, 0), (9.995, 1), (0.0995, 2), (0.00995, 3))
"""From which size on so many digits behind the point are enough; below them there are four."""


def three(value: float) -> str:
    """
    How is a figure written inside a sentence? About three digits, so that a small one is not told as 0.

    >>> three(690.4), three(43.5), three(0.604), three(0.0039)
    ('690', '43.5', '0.60', '0.0039')
    """
    return f"{value:.{next((digits for least, digits in PLACES if abs(value) >= least), 4)}f}"
