"""Which one fact explains several answers that a migration got, so that it is told first and they are not."""

from dataclasses import dataclass

from vmpcap.migration.listed import is_lost
from vmpcap.migration.mechanisms.around import SHELLS
from vmpcap.migration.results import Guest
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


def guests_cause(m: Migration) -> RootCause | None:
    """Did each peer that the guest lost ask for more than its way has room for? None where another lost it too."""
    fails = any(c.id == "guest_reachable_after" and c.outcome == "fail" for c in m.checks)
    short = [guest for guest in m.guests if any(map(is_lost, guest.peers))]
    if not fails or not short or not all(_is_of_size(guest) for guest in short):
        return None
    every = (one for guest in short for one in guest.mechanisms)
    names = tuple(dict.fromkeys(one.name for one in every if one.worked == "no" and one.name in SHELLS))
    where = f" in {' and '.join(names)}" if names else ""
    says = f"segments of full size to or from the guest got lost while smaller ones passed (an MTU black hole{where})"
    return RootCause(says, "guest_reachable_after", frozenset({"guest_reachable_after", *names}))


def _is_of_size(guest: Guest) -> bool:
    """Was each of its lost streams lost for the size of its segments?"""
    lost = [peer for peer in guest.peers if is_lost(peer)]
    return all(any(part.part == "mtu" for part in peer.breakdown) for peer in lost)
