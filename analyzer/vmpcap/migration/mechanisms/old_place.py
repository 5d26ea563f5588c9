"""Requests that went on to the guest's old place and to nowhere else: what peers met, without a point beside them."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.migration.mechanisms.case import Case, since
from vmpcap.migration.moved import on_point, on_reference
from vmpcap.migration.packet_keys import packet_keys
from vmpcap.migration.sightings import delivered, frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.units import NS_PER_S, count_of

I64 = npt.NDArray[np.int64]

SAME_NS: Final = 5 * NS_PER_S
"""The same packet passes both places within this."""
LEAST_PACKETS: Final = 3
"""Fewer may be strays."""

ON_THE_WAY: Final = ("domain:source", "gateway", "wan", None)
"""Roles of points that show packets on their way to the guest, or to where it was."""


@dataclass(frozen=True, slots=True)
class Astray:
    """Packets for the guest that one point at its old place saw delivered there, and no point at its new one."""

    view: PointView
    rows: I64
    peers: int

    @property
    def frames(self) -> list[tuple[PointView, int]]:
        """The first and the last of them."""
        numbers = self.view.journal.frame[self.rows[[0, -1]]]
        return [(self.view, int(number)) for number in dict.fromkeys(numbers.tolist())]

    def words(self, case: Case) -> str:
        """What became of them, as far as it is in view."""
        first, last = (since(case.after(on_reference(self.view, int(ts)))) for ts in self._ends)
        return (
            f"{count_of(len(self.rows), 'packet')} of {count_of(self.peers, 'peer')} for it came to its old place at "
            f"{self.view.name} from {first} until {last}, none of them to its new one, and no answer to "
            f"{'this peer' if self.peers == 1 else 'these peers'} is in view"
        )

    @property
    def _ends(self) -> I64:
        ends: I64 = self.view.journal.ts_ns[self.rows[[0, -1]]]
        return ends


def lost_at_old_place(case: Case, begin: int) -> Astray | None:
    """
    Which packets still went to the guest's old place after that time, on the reference clock, and were lost there?

    None without such, and where nobody can say so. The point with the most of them tells.
    """
    found = []
    for view in case.views:
        if view.role == "domain:source" and view.journal_complete and not view.left_out:
            rows = never_arrived(case, view, delivered(view, case.guest, on_point(view, begin)), begin)
            if len(rows) >= LEAST_PACKETS:
                j = view.journal
                peers = set(zip(j.src_high[rows].tolist(), j.src_low[rows].tolist(), strict=True))
                found.append(Astray(view, rows, len(peers)))
    return max(found, key=lambda one: len(one.rows), default=None)


def are_packets_lost(case: Case, begin: int) -> bool:
    """Does any point show packets for the guest after that time that came to no point at its new place?"""
    views = [v for v in case.views if v.role in ON_THE_WAY and v.journal_complete and not v.left_out]
    asked = [(v, frames_of(v, case.guest).asked) for v in views]
    late = ((v, rows[v.journal.ts_ns[rows] >= on_point(v, begin)]) for v, rows in asked)
    return any(len(never_arrived(case, view, rows, begin)) >= LEAST_PACKETS for view, rows in late)


def never_arrived(case: Case, view: PointView, rows: I64, begin: int) -> I64:
    """
    Which of these packets for the guest came to none of its new place's points, though those were watched?

    Without packets of peers to whom any point shows the guest sending since: these may be answered by another way.
    Empty where no point stands at the new place, or where it may have missed some.
    """
    new = [v for v in case.views if v.role == "domain:destination"]
    if not new or any(not v.journal_complete or v.left_out or v.holes or v.drops or v.missing for v in new):
        return rows[:0]
    j = view.journal
    since = on_point(view, max(on_reference(v, v.first_ts) for v in new))
    until = on_point(view, min(on_reference(v, v.last_ts) for v in new))
    rows = rows[(j.ts_ns[rows] >= since) & (j.ts_ns[rows] <= until)]
    came = np.zeros(len(rows), np.bool_)
    for other in new:
        asked = frames_of(other, case.guest).asked
        asked = asked[other.journal.ts_ns[asked] >= on_point(other, begin) - SAME_NS]
        came |= np.isin(packet_keys(j, rows), packet_keys(other.journal, asked))
    answered = {peer for v in case.views for peer in _sent_to(case, v, begin)}
    peers = zip(j.src_high[rows].tolist(), j.src_low[rows].tolist(), strict=True)
    lost = ~came & np.array([peer not in answered for peer in peers], np.bool_)
    missed: I64 = rows[lost]
    return missed


def _sent_to(case: Case, view: PointView, begin: int) -> set[tuple[int, int]]:
    """To whom did this point see the guest send after that time?"""
    j, sent = view.journal, frames_of(view, case.guest).sent_ip
    sent = sent[j.ts_ns[sent] >= on_point(view, begin)]
    return set(zip(j.dst_high[sent].tolist(), j.dst_low[sent].tolist(), strict=True))


def way_taken(case: Case, begin: int) -> str:
    """Past which links between routers did requests go since that time, beside those of before? In words."""
    links = [v for v in case.views if v.role == "wan" and v.journal_complete and not v.left_out]
    moment = {v.name: on_point(v, case.moment) for v in links}
    times = {v.name: v.journal.ts_ns[frames_of(v, case.guest).asked] for v in links}
    after = {v.name: int((times[v.name] >= on_point(v, begin)).sum()) for v in links}
    old = [name for name, ts in times.items() if (ts < moment[name]).any()]
    new = [name for name in times if name not in old]
    still, moved = (sum(after[name] for name in names) for names in (old, new))
    if not old or not new or not still + moved:
        return "no peer shows which of them is followed"
    return (
        f"of {count_of(still + moved, 'packet')} for the guest since {since(case.after(begin))} {still:,} took the way "
        f"that they had before, past {' and '.join(old)}, and {moved:,} another, past {' and '.join(new)}; what became "
        "of them is not in view"
    )
