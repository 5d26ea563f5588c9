"""What these points can show of a host route: whether a new way would be told where they stand, and who missed it."""

from collections.abc import Sequence
from typing import Final

from vmpcap.migration.mechanisms.case import Case
from vmpcap.migration.mechanisms.route_claims import LINK_STATE, Claim
from vmpcap.terms.units import count_of

AT_OLD: Final = ("source", "domain:source")
LEAST_SPEAKERS: Final = 2
"""So many others speak on a link between routers: one alone tells those who never answer."""
FROM_AFAR: Final = "client"
"""The role of points that see a peer's requests whichever way they take later."""


def why_not_shown(case: Case, protocols: Sequence[str], name: str, old: Sequence[Claim]) -> str:
    """
    Why might a new way be told and not be seen here? Empty where it would be seen.

    A router that still has its old way tells that, and on the links beside it nobody hears of another (split horizon,
    RFC 2453 3.4.3; RFC 4271 9.2: only the best is told). Statements about links are flooded to all.
    """
    standing = {s for claim in old if claim.down is None and not is_silent(case, name, claim) for s in claim.speakers}
    if name in LINK_STATE or not standing:
        return ""
    heard = {view.name: {f.source for f in view.control.of(*protocols) if f.source} for view in case.views}
    beside = [view.name for view in case.views if view.role not in AT_OLD]
    mine = standing | set(case.ips)
    if not any(heard.values()) or any(len(heard[point] - mine) >= LEAST_SPEAKERS for point in beside):
        return ""
    points = " and ".join(sorted(point for point, senders in heard.items() if senders & standing)) or "no point"
    return f"only the link of {' and '.join(sorted(standing))} is in view, at {points}: what is told on others is not"


def is_silent(case: Case, name: str, claim: Claim) -> bool:
    """Did it no longer tell the route since the guest moved? RIP repeats what stands (RFC 2453 3.8); others do not."""
    return name == "rip" and claim.last.ts <= case.moment


def who_missed_it(case: Case) -> str:
    """What did the guest's peers meet, as far as that is in view, where nobody is known to be cut off?"""
    unknown = sum(not s.ended and s.peer.survived is None for s in case.suffered)
    if unknown:
        return f"whether {count_of(unknown, 'peer')} of {len(case.suffered)} reached the guest again is not in view"
    if not case.watched:
        return "no peer in view shows whether it was needed"
    return "the guest's peers in view are not cut off, so it may not have been needed"


def is_seen_from_afar(case: Case) -> bool:
    """Do peers' requests show how the guest is reached on every way? Beside the new one pass those that took it."""
    roles = {view.name: view.role for view in case.views}
    known = [s for s in case.suffered if s.is_cut_off or (s.ended and s.peer.outage_ms is not None)]
    return any(roles.get(s.peer.point) == FROM_AFAR for s in known)
