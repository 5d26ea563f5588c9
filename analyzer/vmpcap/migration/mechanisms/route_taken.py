"""Somebody new advertises a host route: the facts that the rules about it ask for (domain notes 4.13, 4.14)."""

import ipaddress
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from vmpcap.migration.mechanisms.case import Case, Worked, of_told, sighted, since
from vmpcap.migration.mechanisms.first_hand import why_second_hand
from vmpcap.migration.mechanisms.lapses import Lapse, counted_lapses, is_lost_in, what_is_said
from vmpcap.migration.mechanisms.lost_requests import Share, share_lost
from vmpcap.migration.mechanisms.old_place import Astray, lost_at_old_place
from vmpcap.migration.mechanisms.old_way import Handed, lost_on_old_way
from vmpcap.migration.mechanisms.refusals import Refusal, refused_by
from vmpcap.migration.mechanisms.route_claims import NAMES, Claim, is_as_near, words_of
from vmpcap.migration.moved import on_reference
from vmpcap.migration.results import Sighted
from vmpcap.migration.suffered import Suffered
from vmpcap.terms.units import NS_PER_S

WITHIN_NS: Final = {"rip": 30 * NS_PER_S}
"""RFC 2453 3.8: a router repeats itself every 30 s, so news may wait for that."""
WITHIN_OTHERS_NS: Final = 10 * NS_PER_S
"""Others say at once what changed; their daemons hold news back for a second or a few (5 s of EIGRP's hello)."""
HELD_NS: Final = {"ospf": NS_PER_S, "isis": NS_PER_S, "eigrp": NS_PER_S}
"""
Within this all routers of a network have heard. Of RIP and BGP each may hold news back for seconds (RFC 2453 3.10.1,
RFC 4271 9.2.1.1).
"""
OVERLAP_NS: Final = 5 * NS_PER_S
"""For so long an old and a new router may both advertise while the old one learns that the guest has gone."""
WITHDRAWN_NS: Final = {
    "rip": 180 * NS_PER_S,  # RFC 2453 3.8: what nobody repeats stands until its timer ends
    "ospf": 5 * NS_PER_S,  # RFC 2328 appendix B, MinLSInterval: a router waits so long between two words of one LSA
    "isis": 30 * NS_PER_S,  # ISO 10589, minimumLSPGenerationInterval: the same of an LSP
    "eigrp": 15 * NS_PER_S,  # three of its hellos, 5 s each: then a neighbour that went silent is gone (RFC 7868)
    "bgp": 30 * NS_PER_S,  # RFC 4271 9.2.1.1 and 10, MinRouteAdvertisementInterval to another AS: withdrawals, too
}
"""For so long an old router may have to stand by what it said; a shorter view does not show that it stays."""
LOST_BEFORE_NS: Final = NS_PER_S
"""A router may turn so long before its word of it is in view."""
SETTLED_NS: Final = NS_PER_S
"""Routers that have just heard of a new way compute for so long."""


@dataclass(frozen=True)
class Taken:
    """Somebody new advertises the route: the facts that the rules ask for. Times after the switchover, ns."""

    case: Case
    name: str
    prefix: str
    old: Sequence[Claim]
    new: Claim
    fresh: Sequence[Claim]

    @cached_property
    def latency(self) -> int:
        """When the new one's route was first seen."""
        return self.case.after(self.new.up)

    @cached_property
    def limit(self) -> int:
        """Within which time such news is said."""
        return WITHIN_NS.get(self.name, WITHIN_OTHERS_NS)

    @property
    def unheard(self) -> int:
        """Of how many peers nobody knows whether they were answered again."""
        return sum(not s.ended and s.peer.survived is None for s in self.case.suffered)

    @property
    def has_old(self) -> bool:
        """Is another in view that advertised it before, as near to the guest? One further away only passed it on."""
        return bool(self.rivals)

    @cached_property
    def second_hand(self) -> str:
        """Why others said it before; empty where it is first-hand."""
        return why_second_hand(self.case, self.name, self.new.first, self.old)

    @cached_property
    def is_late(self) -> bool:
        """Was it later than such news is, whoever said it first? Not where those who pass it on may have held it."""
        held = HELD_NS.get(self.name) if self.second_hand else 0
        return held is not None and self.latency - held > self.limit

    @cached_property
    def rivals(self) -> list[Claim]:
        """Old ways that others may prefer to the new one."""
        return [c for c in self._near if not c.is_lost]

    @cached_property
    def lost_from_view(self) -> list[Claim]:
        """... and those of which nobody knows whether they stand: whoever passed them on is heard no more."""
        return [c for c in self._near if c.is_lost]

    @property
    def _near(self) -> list[Claim]:
        return [c for c in self.old if c.claimant != self.new.claimant and is_as_near(self.name, c, self.fresh)]

    @cached_property
    def stale(self) -> list[Claim]:
        """Those of them that stand to the end of the view."""
        return [c for c in self.rivals if c.down is None]

    @property
    def is_brief(self) -> bool:
        """Ends the view while the old one may yet take it back, as it has time to?"""
        return self.watched <= WITHDRAWN_NS[self.name]

    @property
    def watched(self) -> int:
        """For how long since the new one came are those shown that said the old one?"""
        shown = [on_reference(t.view, t.view.last_ts) for c in self.stale for t in (c.first, c.last)]
        return max(shown, default=self.case.end) - max(self.new.up, self.case.moment)

    @cached_property
    def left(self) -> int | None:
        """When the last of the others was taken back, on the reference clock."""
        return max((c.down for c in self.rivals if c.down is not None), default=None)

    @cached_property
    def left_late(self) -> bool:
        """Did all go, and the last long after the new one had come? Of one seen at second hand nobody knows when."""
        left = self.left
        if left is None or self.stale or self.case.after(left) <= OVERLAP_NS:
            return False
        return bool(self.second_hand) or left - self.new.up > OVERLAP_NS

    @cached_property
    def back(self) -> int | None:
        """When the last interrupted peer was answered again, on the reference clock."""
        return self.case.back_at

    @cached_property
    def waited_for_old(self) -> bool:
        """Were peers answered again only when the old one was gone, or never?"""
        if self.case.cut_off or self.astray is not None:
            return True
        return self.back is not None and self.left is not None and self.back > self.left

    @cached_property
    def astray(self) -> Astray | None:
        """What still went to the guest's old place, and was lost there, long after the new one had come."""
        return lost_at_old_place(self.case, self.new.up + OVERLAP_NS)

    @cached_property
    def refused(self) -> Refusal | None:
        """Which old way is still taken, for its own router says that it cannot reach the guest, long after that?"""
        said = [t.what for c in self.stale for t in (c.first, c.last)]
        routers = {address for what in said for address in (what.sender, what.next_hop) if address}
        return refused_by(self.case, routers, self.new.up + OVERLAP_NS)

    @cached_property
    def handed(self) -> Handed | None:
        """What of lost peers still went to a router of the old way, long after the new one had come."""
        if not self.stale or not self.case.cut_off:
            return None
        return lost_on_old_way(self.case, self.name, self.stale, max(self.new.up, self.case.moment) + OVERLAP_NS)

    @cached_property
    def back_late(self) -> bool:
        """Did peers wait long after the new one had come, then or once more?"""
        return self.back is not None and self.back - self.new.up > OVERLAP_NS

    @cached_property
    def first_back(self) -> int | None:
        """When the last peer that the switchover interrupted was first answered again, on the reference clock."""
        return self.case.first_back_at

    @cached_property
    def first_back_late(self) -> bool:
        """Was that long after the new one had come?"""
        return self.first_back is not None and self.first_back - self.new.up > OVERLAP_NS

    @cached_property
    def turns(self) -> list[Claim]:
        """How often the new one began."""
        return [c for c in self.fresh if c.claimant == self.new.claimant]

    @cached_property
    def covered(self) -> str:
        """Which wider route of the new one stood since the guest moved, so that no peer lost it? Empty: none."""
        gaps = [(a.down, b.up) for a, b in itertools.pairwise(sorted(self.turns, key=lambda c: c.up)) if a.down]
        if self.case.cut_off or any(is_lost_in(self.case, s, *gap) for s in self.case.suffered for gap in gaps):
            return ""
        ip = ipaddress.ip_network(self.prefix)
        stands: dict[str, bool] = {}
        for told in self.case.routes(self.name):
            wide = told.what.prefix
            if told.what.sender != self.new.first.what.sender or not wide or wide == self.prefix or told.what.mac:
                continue
            is_up = told.what.action == "announce"
            stands[wide] = is_up and (stands.get(wide, True) or told.ts <= self.case.moment)
        return next((wide for wide, is_up in stands.items() if is_up and _holds(wide, ip)), "")

    @cached_property
    def given_up(self) -> Claim | None:
        """Which claim was taken back last, where nobody's route stands any more since? Not of one lost from view."""
        every = [*self.fresh, *self.old]
        if any(c.down is None or c.is_lost for c in every):
            return None
        last = max(every, key=lambda c: c.down or 0)
        return last if last in self.fresh else None

    @cached_property
    def lost_since(self) -> list[int]:
        """Since when does each peer that lost the guest for good get no answer, on the reference clock?"""
        begun = [(s.view, s.later.first_unanswered_ts if s.later is not None else s.from_ts) for s in self._gone]
        return [on_reference(view, ts) for view, ts in begun if view is not None and ts is not None]

    @property
    def _gone(self) -> list[Suffered]:
        return [s for s in self.case.suffered if s.is_cut_off or s.later is not None]

    @cached_property
    def lost_with_it(self) -> bool:
        """Did every peer that lost the guest lose it when the last route was taken back?"""
        gone = self.given_up
        if gone is None or gone.down is None or len(self.lost_since) < len(self._gone):
            return False
        down = gone.down
        return bool(self.lost_since) and all(-LOST_BEFORE_NS <= ts - down <= OVERLAP_NS for ts in self.lost_since)

    @cached_property
    def lapses(self) -> list[Lapse]:
        """Between which two of its turns did nobody advertise the route for long?"""
        found = []
        for before, after in itertools.pairwise(sorted(self.turns, key=lambda c: c.up)):
            down = before.down
            if down is None or before.is_lost:
                continue
            others = [c for c in (*self.fresh, *self.old) if c is not before and c is not after]
            if all(c.down is not None and (c.down <= down or c.up >= after.up) for c in others):
                gone = f"{words_of(self.name, before)} took it back"
                frames = of_told((before.ended or before.last, after.first))
                found.append(Lapse(down, after.up, gone, "said it again", tuple(frames)))
        return counted_lapses(self.case, found)

    @cached_property
    def lapsed(self) -> tuple[Worked, str]:
        """What is said of these?"""
        return what_is_said(self.case, self.lapses)

    @cached_property
    def returned(self) -> Claim | None:
        """Which old way was advertised again after the new one had come, and stands to the end of the view?"""
        mine = {c.claimant for c in self.old} - {self.new.claimant}
        again = [c for c in self.fresh if c.claimant in mine and c.up > self.new.up and c.down is None]
        return min((c for c in again if is_as_near(self.name, c, self.turns)), key=lambda c: c.up, default=None)

    @cached_property
    def lost_by_return(self) -> bool:
        """Did every peer that lost the guest for good lose it when the old way was advertised again?"""
        if self.returned is None or not self._gone or len(self.lost_since) < len(self._gone):
            return False
        return all(-LOST_BEFORE_NS <= ts - self.returned.up <= OVERLAP_NS for ts in self.lost_since)

    @cached_property
    def share(self) -> Share | None:
        """How many requests are lost since both stand."""
        return share_lost(self.case, self.settled)

    @property
    def settled(self) -> int:
        """Since when routers and peers have settled, on the reference clock."""
        return max(self.new.up, self.back or 0) + SETTLED_NS

    @cached_property
    def came(self) -> str:
        """Who advertises it since when; where others said it before, what is known of that."""
        by, first = NAMES[self.name], self.new.first
        if self.second_hand:
            whose = "" if self.new.claimant == first.what.sender else f" of {words_of(self.name, self.new)}"
            return (
                f"a route{whose} to {self.prefix} by {by} was first seen at {first.view.name} from {first.what.sender},"
                f" {self.second_hand} (who said it first is not in view, so it came at most {since(self.latency)} after"
                " the switchover)"
            )
        who = words_of(self.name, self.new)
        return f"{who} advertised {self.prefix} by {by} {since(self.latency)} after the switchover"

    @cached_property
    def seen(self) -> list[Sighted]:
        """The frames in which each began and ended; what stands wrongly first."""
        told = (*self.stale, self.new, *self.rivals, *self.lost_from_view)
        return sighted(of_told(t for c in told for t in (c.first, c.ended or c.last)))

    @property
    def lost(self) -> str:
        """How many peers get no answer; where nobody knows that of any, what is lost at the old place."""
        if self.astray and not self.case.cut_off:
            return self.astray.words(self.case)
        handed = f"; {self.handed.words(self.case)}" if self.handed is not None else ""
        return f"{self.case.without_answer}{handed}"


def _holds(wide: str, ip: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    """Is that address in this prefix?"""
    network = ipaddress.ip_network(wide, strict=False)
    return network.version == ip.version and network.prefixlen > 0 and network.supernet_of(ip)  # type: ignore[arg-type]
