"""A guest under a MAC that nobody knew before: the address that fell silent for it, which no frame of its own tells."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from vmpcap.migration.guest.silent_guests import by_silence
from vmpcap.migration.moved import Moved, announced_at, on_point
from vmpcap.migration.packets.conflicts import SETTLED_NS, was_handed_over
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.stream.moves import Move
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import NO_MAC, ip_text, mac_text

LEAST_IN_VAIN: Final = 3
"""So many packets for an address after the announcement, each without an answer: it is not quiet, but gone."""


def with_address(guest: Moved, move: Move, views: Sequence[PointView]) -> Moved:
    """
    The same guest, with the address of the only machine that fell silent for good when it came.

    Where the gateway never learns the new MAC, no packet comes to it and none goes out: its announcement is all that it
    sent. A guest that was in view under its MAC before kept it, and the silent machine is another.
    """
    moment = announced_at(guest)
    if guest.mac == NO_MAC or guest.ips or moment is None or not _is_new(guest, moment, views):
        return guest
    for silent in by_silence(move, views):
        is_gone = silent.mac not in (NO_MAC, guest.mac) and all(
            was_handed_over(guest, {silent.mac}, ip, views, moment) for ip in silent.ips
        )
        if is_gone and any(_is_asked_in_vain(silent, moment, view) for view in views):
            names = " and ".join(str(ip_text(*ip)) for ip in silent.ips)
            because = (
                f"{guest.because}; nothing shows its address: {names} is taken for it, for {mac_text(silent.mac)} is"
                " the only machine that had answered and fell silent when the stream ended, it was asked in vain"
                " since, and the guest's MAC was never in view before"
            )
            return replace(guest, ips=silent.ips, confidence="medium", because=because)
    return guest


def _is_new(guest: Moved, moment: int, views: Sequence[PointView]) -> bool:
    """Was this MAC in no frame until it was announced, and in no IP packet since?"""
    first = {(view.name, series.first_ts) for view, series in guest.heard}
    for view in views:
        j, mac, begin = view.journal, np.uint64(guest.mac), on_point(view, moment - SETTLED_NS)
        frames = frames_of(view, guest)
        if len(frames.sent_ip) or len(frames.asked) or not view.journal_complete:
            return False
        if (((j.eth_src == mac) | (j.eth_dst == mac)) & (j.ts_ns < begin)).any():
            return False
        if any(s.mac == guest.mac and s.first_ts < begin and (view.name, s.first_ts) not in first for s in view.series):
            return False
    return True


def _is_asked_in_vain(silent: Moved, moment: int, view: PointView) -> bool:
    """Did packets for it go on here after it was gone, at its own MAC?"""
    j, asked = view.journal, frames_of(view, silent).asked
    late = asked[(j.eth_dst[asked] == np.uint64(silent.mac)) & (j.ts_ns[asked] > on_point(view, moment + SETTLED_NS))]
    return len(late) >= LEAST_IN_VAIN
