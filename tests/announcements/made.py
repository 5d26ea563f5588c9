"""Announcements from plain rows, for tests that need no frames."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tests.decode.frames_of import WALKER, batch_of
from vmpcap.announcements.kinds import KIND_NAMES, NUMBER_OF
from vmpcap.announcements.rows import AnnouncementLog, AnnouncementRows, no_rows
from vmpcap.decode.arrivals import read_arrivals
from vmpcap.terms.addresses import ip_halves

GUEST = 0x0050_56AA_7710


class Row(NamedTuple):
    """One announcement; addresses as text."""

    ts_ns: int
    kind: str = "rarp_announce"
    mac: int = GUEST
    ip: str = "0.0.0.0"
    segment: int = 0


def make_rows(rows: Sequence[Row]) -> AnnouncementRows:
    """These rows as columns, frames numbered from 1 in the given order."""
    empty = no_rows()
    columns = {name: np.zeros(len(rows), getattr(empty, name).dtype) for name in AnnouncementRows.__slots__}
    for i, row in enumerate(rows):
        high, low = ip_halves(row.ip)
        values = {"frame": i + 1, "ts_ns": row.ts_ns, "kind": NUMBER_OF[row.kind], "segment_key": row.segment}
        values |= dict.fromkeys(("eth_src", "sender_mac", "target_mac"), row.mac)
        values |= {"sender_high": high, "target_high": high, "sender_low": low, "target_low": low}
        values |= {"vlan_outer": -1, "vlan_inner": -1, "vni": -1, "is_broadcast": True, "eth_dst": 0xFFFF_FFFF_FFFF}
        for name, value in values.items():
            columns[name][i] = value
    return AnnouncementRows(**columns)


def log_of(frames: Sequence[bytes], link_type: int = 1, log: AnnouncementLog | None = None) -> AnnouncementLog:
    """What a capture point notes of these frames, walked as they would be from a file."""
    log = AnnouncementLog("here") if log is None else log
    batch = batch_of(frames, link_type=link_type)
    walked = WALKER.walk(batch)
    log.collect(batch.first_frame, walked, read_arrivals(batch, walked))
    return log


def kinds_of(frames: Sequence[bytes], link_type: int = 1) -> list[str]:
    """Which kinds are in these frames?"""
    return [KIND_NAMES[kind] for kind in log_of(frames, link_type).rows().kind]
