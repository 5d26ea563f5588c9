"""Neighbours in the guest's own network that answered it until it moved, and that it asks for in vain since."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from vmpcap.announcements.kinds import NUMBER_OF
from vmpcap.migration.clocks import is_moment_unknown
from vmpcap.migration.moved import Moved, on_point
from vmpcap.migration.packets.guest_requests import I64, NEW, is_whole
from vmpcap.migration.peers.left_speakers import with_left
from vmpcap.migration.results import Peer
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.suffered import Suffered
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import NO_MAC, ip_text
from vmpcap.terms.units import NS_PER_S, at_least_ms, count_of, iso_utc, ms

LEAST_ASKED: Final = 3
LONG_NS: Final = NS_PER_S
"""So often, and for so long at least: one a second is asked while nobody answers (RFC 1122 section 2.3.2.1)."""
AGAIN_NS: Final = 3 * NS_PER_S
"""
A guest that had not asked for so long when the view ended, or before it asked again, may have had its answer out of
view: of a neighbour on the same host it passes no point. What is asked then is a refresh.
"""
ALIVE_NS: Final = 3 * NS_PER_S
"""A neighbour that said nothing to the guest for so long before the move may have gone by itself."""

Address = tuple[int, int]


def with_neighbours(found: Sequence[Suffered], guest: Moved, views: Sequence[PointView], moment: int) -> list[Suffered]:
    """The same with the neighbours that the guest lost; of those that it left for others nothing counts as lost."""
    return with_left([*found, *lost_neighbours(guest, views, moment)], guest, views, moment)


def lost_neighbours(guest: Moved, views: Sequence[PointView], moment: int) -> list[Suffered]:
    """
    Which neighbours did the guest ask for by ARP from its new place, and never heard of, to the end of the view?

    Only those of which another point shows packets of their own for the guest until shortly before it moved, and of
    which no point at the new place shows a frame since. Of IPv6 nothing is told.

    Parameters
    ----------
    moment : when the guest changed places, on the reference clock
    """
    if guest.mac == NO_MAC:
        return []
    views = [view for view in views if not is_moment_unknown(view, guest, views)]
    new = [view for view in views if view.role == NEW]
    alive = {address for view in views for address in _spoke(view, guest, moment, -ALIVE_NS)}
    heard = {address for view in new for address in _spoke(view, guest, moment, None)}
    asked: dict[Address, tuple[PointView, I64]] = {}
    for view in new:
        for address, rows in _asked_for(view, guest, on_point(view, moment)).items():
            known = asked.get(address)
            if known is None or len(rows) > len(known[1]):
                asked[address] = view, rows
    told = (_tell(address, *asked[address]) for address in sorted(asked) if address in alive - heard)
    return [one for one in told if one is not None]


def _spoke(view: PointView, guest: Moved, moment: int, since: int | None) -> set[Address]:
    """Who sent the guest packets of its own in that time before the move; None: since it, or said by ARP who it is?"""
    j, rows, when = view.journal, frames_of(view, guest).asked, on_point(view, moment)
    ts, told = j.ts_ns[rows], view.arps
    if since is not None:
        rows = rows[(ts > when + since) & (ts <= when)]
        return set(zip(j.src_high[rows].tolist(), j.src_low[rows].tolist(), strict=True))
    rows, of = rows[ts > when], (told.ts_ns > when) & (told.sender_mac != np.uint64(guest.mac))
    return {
        *zip(j.src_high[rows].tolist(), j.src_low[rows].tolist(), strict=True),
        *zip(told.sender_high[of].tolist(), told.sender_low[of].tolist(), strict=True),
    }


def _asked_for(view: PointView, guest: Moved, when: int) -> dict[Address, I64]:
    """Which rows are the guest's ARP requests since that time, by the address that it asks for?"""
    told = view.arps
    is_asked = (told.kind == NUMBER_OF["arp_request"]) & (told.sender_mac == np.uint64(guest.mac)) & (told.ts_ns > when)
    asked: dict[Address, list[int]] = {}
    for row in np.flatnonzero(is_asked).tolist():
        asked.setdefault((int(told.target_high[row]), int(told.target_low[row])), []).append(row)
    return {address: np.array(rows, np.int64) for address, rows in asked.items()}


def _in_vain(view: PointView, rows: I64) -> I64:
    """
    Which of these requests, the latest, surely had no answer? By time.

    Those since the last that was not asked again soon: by each of the others the guest shows that it still lacks it.
    """
    rows = rows[np.argsort(view.arps.ts_ns[rows], kind="stable")]
    is_later = np.concatenate(([True], np.diff(view.arps.ts_ns[rows]) > AGAIN_NS))
    runs = np.split(rows, np.flatnonzero(is_later)[1:])
    enough = [n for n, run in enumerate(runs[:-1]) if len(run) == 1]
    return np.concatenate(runs[enough[-1] + 1 if enough else 0 :])


def _tell(address: Address, view: PointView, rows: I64) -> Suffered | None:
    """What is told of this neighbour? Nothing where the guest asked too seldom, or where its answer may be missing."""
    rows = _in_vain(view, rows)
    ts, frame = view.arps.ts_ns[rows], view.arps.frame[rows]
    begin, end = int(ts.min()), int(ts.max())
    is_long = len(rows) >= LEAST_ASKED and end - begin >= LONG_NS and view.last_ts - end <= AGAIN_NS
    if not is_long or view.goes_on or not is_whole(view, begin, view.last_ts):
        return None
    first, last = int(frame[ts.argmin()]), int(frame[ts.argmax()])
    name, asked = ip_text(*address), count_of(len(rows), "request")
    because = (
        f"the guest asked for it by ARP, {asked} at {view.name} from frame {first} on, and heard nothing of it until"
        f" {view.end_words}, {at_least_ms(end - begin)}; until the guest moved it had its packets"
    )
    peer = Peer(
        peer=name,
        protocol="arp",
        point=view.name,
        outage_low_ms=ms(end - begin),
        lost=len(rows),
        survived=False,
        because=because,
        frames=[first, last],
        from_ts=iso_utc(begin),
        to_ts=iso_utc(end),
        filter=f"arp.dst.proto_ipv4 == {name} || ip.addr == {name}",
    )
    low = ms(end - begin)
    return Suffered(peer, False, begin, first, end, last, view=view, is_outbound=True, proven_ms=low)
