"""What a rule answers, before it is given its id."""

from dataclasses import dataclass

from vmpcap.migration.packets.conflicts import Conflict
from vmpcap.migration.stream.detours import Detour
from vmpcap.terms.digits import digits_of
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
    in_short: str = ""
    """The answer in a few words, where what is usually said of such an answer does not tell it."""


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


def three(value: float, limit: float | None = None) -> str:
    """
    How is a figure written inside a sentence? About three digits; more where they say on which side of its limit it is.

    >>> three(690.4), three(43.5), three(0.604), three(0.0039), three(0.00004)
    ('690', '43.5', '0.60', '0.0039', '0.000040')
    >>> three(10.04, limit=10), three(621.6, limit=622)
    ('10.04', '621.6')
    """
    return f"{value:.{digits_of(value, limit)}f}"
