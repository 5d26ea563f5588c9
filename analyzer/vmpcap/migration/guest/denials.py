"""Machines that start with an address of their own: they ask nobody for it, but deny what they knew before."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.migration.guest.lives import Connected, Start, connections_across, opened_anew
from vmpcap.migration.moved import Moved, on_reference
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import GROUP_BIT
from vmpcap.terms.units import NS_PER_S
from vmpcap.terms.wire import IP_TCP, TCP_ACK, TCP_RST

I64 = npt.NDArray[np.int64]

LONG_NS: Final = 2 * NS_PER_S
"""No live move takes a guest away for so long: what it denies then, it does not know."""
LEAST_NS: Final = NS_PER_S
"""No machine starts in less."""
DENYING_NS: Final = 120 * NS_PER_S
"""What it knew before comes up so long after its host announced it."""

STANDING_NS: Final = 30 * NS_PER_S
"""A connection of which it said nothing for so long before may have been given up by it."""


def denied_by(view: PointView) -> list[int]:
    """Which MACs denied a segment of a connection that they did not know, at this point?"""
    return [int(mac) for mac in np.unique(view.journal.eth_src[_denials(view)])]


def start_by_denial(
    guest: Moved, views: Sequence[PointView], life: Sequence[tuple[int, PointView, int]]
) -> tuple[Start, tuple[int, PointView, int]] | None:
    """
    Was this machine announced by a host, after a silence, and denied from then on all that it had talked of before?

    The silence must be longer than a live move; or than any start, where others opened anew what they had with it, too.
    A denial is its own by its MAC and its TTL, and has no ACK: it answers a segment of a connection that is not known
    there (RFC 9293 3.10.7.1). A program that ends resets with one; a connection that goes on overrules all of it.

    Parameters
    ----------
    life : when the machine was alive, by time: on the reference clock, point, frame

    Returns
    -------
    the announcement as the sign of the start, and the last sign of life before it
    """
    for ts, view, frame in announcements(guest.mac, views):
        before, after = [one for one in life if one[0] < ts], [one[0] for one in life if one[0] >= ts]
        if not before or not after or after[0] - before[-1][0] < LEAST_NS:
            continue
        across = connections_across(guest, views, ts)
        mine = [one for one in across if _is_own_denial(one, guest.mac, views)]
        if not mine or len(mine) < len(across) or min(_when(*one.after) for one in mine) > ts + DENYING_NS:
            continue
        if all(_when(*one.before) < before[-1][0] - STANDING_NS for one in mine):
            continue
        if after[0] - before[-1][0] >= LONG_NS or opened_anew(guest, views, ts):
            return Start(ts, 0, 0, ((view, frame),)), before[-1]
    return None


def announcements(mac: int, views: Sequence[PointView]) -> list[tuple[int, PointView, int]]:
    """When did a host announce it first, in each event: on the reference clock, where, in which frame?"""
    return sorted(
        (
            (on_reference(view, series.first_ts), view, series.frames[0])
            for view in views
            for series in view.series
            if series.mac == mac and series.count_of("rarp_announce") and series.boot != "answered"
        ),
        key=lambda one: one[0],
    )


def _when(view: PointView, frame: int) -> int:
    """When on the reference clock was this frame?"""
    j = view.journal
    return on_reference(view, int(j.ts_ns[np.flatnonzero(j.frame == frame)[0]]))


def _is_own_denial(one: Connected, mac: int, views: Sequence[PointView]) -> bool:
    """Did the machine itself deny this connection, as one that it does not know?"""
    view, frame = one.after
    j = view.journal
    rows = _denials(view)
    row = rows[(j.frame[rows] == frame) & (j.eth_src[rows] == np.uint64(mac))]
    if not one.is_reset or not len(row):
        return False
    return bool(np.isin(j.ttl[row[:1]], _usual_ttls(mac, int(j.ip_version[row[0]]), views)).all())


def _usual_ttls(mac: int, version: int, views: Sequence[PointView]) -> npt.NDArray[np.uint8]:
    """With which TTLs does it send what is no reset?"""
    found = []
    for view in views:
        j = view.journal
        own = (j.eth_src == np.uint64(mac)) & (j.ip_version == version) & ((j.eth_dst & GROUP_BIT) == 0)
        found.append(np.unique(j.ttl[own & ((j.ip_protocol != IP_TCP) | (j.tcp_flags & TCP_RST == 0))]))
    return np.unique(np.concatenate(found))


def _denials(view: PointView) -> I64:
    """Which rows of the journal are resets without ACK?"""
    if "denials" not in view.found:
        j = view.journal
        bare = (j.ip_protocol == IP_TCP) & ((j.tcp_flags & (TCP_RST | TCP_ACK)) == TCP_RST)
        view.found["denials"] = np.flatnonzero(bare)
    rows: I64 = view.found["denials"]
    return rows
