"""What one point saw of one guest: the frames it sent, the frames sent to it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vmpcap.announcements.repeated import COPY_NS
from vmpcap.measures.copies import Likeness, find_likeness
from vmpcap.measures.journal import JournalColumns
from vmpcap.measures.whose import may_be_the_guests
from vmpcap.migration.moved import Moved
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import GROUP_BIT, NO_MAC
from vmpcap.terms.wire import ETHERTYPE_RARP

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class GuestFrames:
    """Rows of the journal, in the order of time, as row numbers."""

    sent: I64
    """Frames of the guest, whatever they carry."""
    sent_ip: I64
    """... those with an IP header."""
    asked: I64
    """Unicast IP frames of somebody else to the guest."""


def frames_of(view: PointView, guest: Moved) -> GuestFrames:
    """
    Which frames did this point see from and to the guest?

    By MAC where the point is in the guest's domain, by address where a router stands between. A frame whose source is
    the guest's address but whose MAC is a router's counts as the guest's: it was sent by it. A machine with the same
    address in another segment is not the guest. What a host announced for it too early is none of its frames.
    """
    unmeant = tuple(ts for name, ts in guest.unmeant if name == view.name)
    asked = ("frames_of", guest.mac, *guest.ips, unmeant)
    if asked not in view.found:
        view.found[asked] = _look_for(view.journal, guest, unmeant)
    found: GuestFrames = view.found[asked]
    return found


def _look_for(j: JournalColumns, guest: Moved, unmeant: tuple[int, ...]) -> GuestFrames:
    is_by_time = bool((j.ts_ns[1:] >= j.ts_ns[:-1]).all())
    mac = np.uint64(guest.mac)
    by_mac = (j.eth_src == mac) if guest.mac != NO_MAC else np.zeros(len(j.ts_ns), np.bool_)
    allowed = may_be_the_guests(j, [guest.mac] if guest.mac != NO_MAC else [], guest.ips)
    from_ip = _matches(j.src_high, j.src_low, guest) & allowed
    to_ip = _matches(j.dst_high, j.dst_low, guest) & allowed
    has_ip = j.ip_version != 0
    to_group = ((j.eth_dst & GROUP_BIT) != 0) & (j.eth_dst != np.uint64(NO_MAC))
    to_mac = (j.eth_dst == mac) if guest.mac != NO_MAC else np.zeros(len(j.ts_ns), np.bool_)
    sent = by_mac | (from_ip & has_ip)
    if unmeant:
        sent &= has_ip | ~np.isin(j.ts_ns, unmeant)
    asked = (to_ip | (to_mac & has_ip)) & has_ip & ~sent & ~to_group
    found = (np.flatnonzero(mask) for mask in (sent, sent & has_ip, asked))
    return GuestFrames(*(rows if is_by_time else rows[np.argsort(j.ts_ns[rows], kind="stable")] for rows in found))


def likeness_at(view: PointView) -> Likeness:
    """Which frames of this point may have copies there; looked for once."""
    if "likeness" not in view.found:
        view.found["likeness"] = find_likeness(view.journal)
    found: Likeness = view.found["likeness"]
    return found


def announced_among(view: PointView, guest: Moved, rows: I64) -> Bools:
    """
    Which of these frames announce the guest's new place: those that were counted, and copies of its host's RARP?

    A mirror, or a merged file, shows a frame twice. A guest in operation sends no RARP itself.
    """
    j, series = view.journal, guest.series_at(view)
    if series is None:
        return np.zeros(len(rows), np.bool_)
    ts = j.ts_ns[rows]
    announced: Bools = np.isin(j.frame[rows], series.frames) & np.isin(ts, series.times)
    is_near = (ts >= series.first_ts - COPY_NS) & (ts <= series.last_ts + COPY_NS)
    announced |= is_near & (j.ethertype[rows] == ETHERTYPE_RARP)
    return announced


def delivered(view: PointView, guest: Moved, since: int) -> I64:
    """
    Which unicast frames for the guest's own MAC passed this point, from that time on? Rows of the journal, by time.

    One that is for its address only is on the way to somebody else: to a MAC that the guest had, or to a router. Where
    the guest's MAC is not known, or the link has none, the address must do.
    """
    j, asked = view.journal, frames_of(view, guest).asked
    asked = asked[j.ts_ns[asked] >= since]
    mac = j.eth_dst[asked]
    return asked[(mac == np.uint64(guest.mac)) | (mac == np.uint64(NO_MAC))] if guest.mac != NO_MAC else asked


def _matches(high: npt.NDArray[np.uint64], low: npt.NDArray[np.uint64], guest: Moved) -> Bools:
    mask = np.zeros(len(high), np.bool_)
    for one_high, one_low in guest.ips:
        mask |= (high == np.uint64(one_high)) & (low == np.uint64(one_low))
    return mask
