"""Which share of the requests to the guest stay unanswered while two ways to it are advertised."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.mechanisms.case import Case
from vmpcap.migration.moved import on_point
from vmpcap.migration.packets.reachable import ECHO, ECHO6, ECHO6_REPLY, ECHO_REPLY
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.points.roles import rank
from vmpcap.terms.units import NS_PER_S
from vmpcap.terms.wire import IP_ICMP, IP_ICMPV6

MOST_LOOKED_AT: Final = 50_000
ANSWERED_NS: Final = NS_PER_S
"""A request this near to the end of the view may be answered after it."""
NEAREST: Final = ("client", "gateway", None)
"""Where pings are looked at, the nearest to who sends them first."""
LEAST_ASKED: Final = 10
LEAST_SHARE: Final = 0.1
"""A lossy path loses less than this; of two ways one of which is dead, less than this is hardly ever chosen."""


@dataclass(frozen=True, slots=True)
class Share:
    """Echo requests of one point's view: how many there were, how many stayed unanswered, the first of these."""

    view: PointView
    asked: int
    lost: int
    first_frame: int

    @property
    def is_shared(self) -> bool:
        """Do some come through all the time, and others not?"""
        return self.asked >= LEAST_ASKED and LEAST_SHARE * self.asked <= self.lost < self.asked

    @property
    def is_proven(self) -> bool:
        """Must an answer pass here? Beside who asked it must; elsewhere it may leave by the other of two ways."""
        return self.view.role == "client"


def share_lost(case: Case, since: int) -> Share | None:
    """
    How many of its peers' pings did the guest leave unanswered from that time on, on the reference clock?

    At the point nearest to the peers. None where nobody pinged it: of TCP and UDP a single loss is made up for, or not
    told from a peer that has nothing more to ask.
    """
    views = [v for v in case.views if v.role in NEAREST and v.journal_complete and not v.left_out]
    for view in sorted(views, key=lambda v: (rank(v.role, NEAREST), v.name)):
        j, frames = view.journal, frames_of(view, case.guest)
        begin, end = on_point(view, since), view.last_ts - ANSWERED_NS
        asks = frames.asked[_is_echo(j, frames.asked, ECHO, ECHO6)]
        asks = asks[(j.ts_ns[asks] >= begin) & (j.ts_ns[asks] <= end)][:MOST_LOOKED_AT]
        if not len(asks):
            continue
        replies = frames.sent_ip[_is_echo(j, frames.sent_ip, ECHO_REPLY, ECHO6_REPLY)]
        replies = replies[j.ts_ns[replies] >= begin]
        peers = zip(*(c[replies].tolist() for c in (j.dst_high, j.dst_low, j.icmp_id, j.icmp_seq)), strict=True)
        answered = set(peers)
        mine = zip(*(c[asks].tolist() for c in (j.src_high, j.src_low, j.icmp_id, j.icmp_seq)), strict=True)
        lost = [row for row, key in zip(asks.tolist(), mine, strict=True) if key not in answered]
        return Share(view, len(asks), len(lost), int(j.frame[lost[0]]) if lost else 0)
    return None


def _is_echo(j: JournalColumns, rows: npt.NDArray[np.int64], kind: int, kind6: int) -> npt.NDArray[np.bool_]:
    four: npt.NDArray[np.bool_] = (j.ip_protocol[rows] == IP_ICMP) & (j.icmp_type[rows] == kind)
    either: npt.NDArray[np.bool_] = four | ((j.ip_protocol[rows] == IP_ICMPV6) & (j.icmp_type[rows] == kind6))
    return either
