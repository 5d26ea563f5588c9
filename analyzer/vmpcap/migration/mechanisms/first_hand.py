"""Is a route told by whoever brought it up, or by somebody who passes on what others have said before?"""

from collections.abc import Callable, Sequence
from typing import Final

from vmpcap.announcements.routes.rows import RouteNews
from vmpcap.migration.mechanisms.case import Case, Told
from vmpcap.migration.mechanisms.route_claims import ROUTER, Claim, router_of
from vmpcap.migration.mechanisms.route_places import names_itself


def why_second_hand(case: Case, name: str, first: Told[RouteNews], old: Sequence[Claim]) -> str:
    """
    Why was the route known elsewhere before this news of it? Empty where nothing shows that it was.

    Then the time of the news is an upper bound: of what was said sooner no point in view shows anything.
    """
    return PASSED_ON[name](case, first, old)


def _by_distance(case: Case, first: Told[RouteNews], old: Sequence[Claim]) -> str:
    """
    Is this router further from the guest than the old one was?

    What stands beside the guest tells of the same distance before and after; each router on the way adds its own.
    """
    del case
    known = [(c.first.what.metric, c) for c in old if c.first.what.metric is not None]
    own = first.what.metric
    if own is None or not known:
        return ""
    least, nearest = min(known, key=lambda pair: pair[0] or 0)
    if own <= (least or 0):
        return ""
    return f"which is further from it (metric {own:,}) than {nearest.claimant} was ({least:,})"


def _by_path(case: Case, first: Told[RouteNews], old: Sequence[Claim]) -> str:
    """Has it passed other systems than the one that brought it up, or does its teller name another as the way?"""
    del old
    what = first.what
    if what.path_length > 1:
        return f"which passed it on over {what.path_length} systems"
    if what.next_hop and what.next_hop != what.sender and not names_itself(case, what):
        return f"which passed it on from {what.next_hop}"
    return ""


def _by_reflection(case: Case, first: Told[RouteNews], old: Sequence[Claim]) -> str:
    """
    Does its sender say that it reflects it, or has it passed other systems?

    Its next hop says nothing of that: a VTEP has an address of its own, which its sessions need not use.
    """
    del case, old
    what = first.what
    if what.path_length > 1:
        return f"which passed it on over {what.path_length} systems"
    return f"which reflected it from {what.next_hop}" if what.is_reflected else ""


def _by_teller(case: Case, first: Told[RouteNews], old: Sequence[Claim]) -> str:
    """Did another router send the statement than the one that made it?"""
    del case, old
    what = first.what
    made_by = router_of(what.protocol, what.origin)
    return f"which floods it as {ROUTER[what.protocol]}{what.teller}" if what.teller not in ("", made_by) else ""


PASSED_ON: Final[dict[str, Callable[[Case, Told[RouteNews], Sequence[Claim]], str]]] = {
    "rip": _by_distance,
    "eigrp": _by_distance,
    "bgp": _by_path,
    "evpn": _by_reflection,
    "ospf": _by_teller,
    "isis": _by_teller,
}
"""What shows, in each protocol, that somebody only passes a route on."""
