"""Which one fact explains several answers that a migration got, so that it is told first and they are not."""

from dataclasses import dataclass

from vmpcap.report.document import Migration
from vmpcap.report.words import figure

MAJORITY = 0.5


@dataclass(frozen=True, slots=True)
class RootCause:
    """What happened, the check that says so, and what is only its effect."""

    says: str
    check: str
    explains: frozenset[str]
    """Checks and mechanisms that failed for it."""


def root_cause(m: Migration) -> RootCause | None:
    """Did the path drop large packets for most of the stream's time? None where nothing explains the rest."""
    stuck = next((c for c in m.checks if c.id == "mtu" and c.outcome == "fail" and c.measured is not None), None)
    if stuck is None or m.throughput.limit_shares.get("mtu_black_hole", 0.0) <= MAJORITY:
        return None
    size = figure(stuck.measured, stuck.unit)
    says = f"segments of {size} never got through while smaller ones did (an MTU black hole)"
    return RootCause(says, stuck.id, frozenset({"throughput", "same_subnet_vmotion", "routed_vmotion"}))
