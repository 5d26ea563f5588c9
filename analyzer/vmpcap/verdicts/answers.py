"""What a rule answers, before it is given its id."""

from dataclasses import dataclass

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
