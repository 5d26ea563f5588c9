"""Who asks which MAC an address has: ARP requests and neighbour solicitations, one question in two forms."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.announcements.kinds import ASKS, NUMBER_OF
from vmpcap.announcements.rows import AnnouncementRows
from vmpcap.migration.moved import Moved
from vmpcap.migration.views import PointView
from vmpcap.terms.units import count_of

Bools = npt.NDArray[np.bool_]

SOLICITATION: Final = NUMBER_OF["nd_request"]


class Question(NamedTuple):
    """One of them: where it stands, when by its point's clock, and for whom it asks."""

    frame: int
    ts: int
    address: tuple[int, int]
    is_solicitation: bool


def are_asked_by(rows: AnnouncementRows, guest: Moved) -> Bools:
    """Which rows are the guest's own questions?"""
    asks: Bools = np.isin(rows.kind, ASKS) & (rows.sender_mac == np.uint64(guest.mac))
    return asks


def asked_by(view: PointView, guest: Moved) -> list[Question]:
    """What did the guest itself ask for?"""
    return _questions(view.arps, are_asked_by(view.arps, guest))


def sought_after(view: PointView, guest: Moved) -> list[Question]:
    """Which questions of others ask for one of the guest's addresses?"""
    rows = view.arps
    wanted = np.zeros(len(rows), np.bool_)
    for high, low in guest.ips:
        wanted |= (rows.target_high == np.uint64(high)) & (rows.target_low == np.uint64(low))
    return _questions(rows, wanted & np.isin(rows.kind, ASKS) & (rows.sender_mac != np.uint64(guest.mac)))


def count_of_questions(asked: Sequence[Question]) -> str:
    """
    How many, in the words of their protocol?

    >>> count_of_questions([]), count_of_questions([Question(1, 0, (0, 1), True)] * 2)
    ('0 ARP requests', '2 neighbour solicitations')
    """
    solicited = sum(one.is_solicitation for one in asked)
    arp = count_of(len(asked) - solicited, "ARP request")
    nd = count_of(solicited, "neighbour solicitation")
    return arp if not solicited else nd if solicited == len(asked) else f"{arp} and {nd}"


def _questions(rows: AnnouncementRows, mine: Bools) -> list[Question]:
    columns = (rows.frame, rows.ts_ns, rows.target_high, rows.target_low, rows.kind == SOLICITATION)
    values = zip(*(column[mine].tolist() for column in columns), strict=True)
    return [Question(frame, ts, (high, low), bool(is_nd)) for frame, ts, high, low, is_nd in values]
