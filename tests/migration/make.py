"""Plain stories for the migration floor: connections, announcements and journals with only what a test cares about."""

from dataclasses import replace
from typing import Any

import numpy as np

from vmpcap.announcements.rows import AnnouncementRows, no_rows
from vmpcap.announcements.series import Series
from vmpcap.measures.connections import Connection, RttSummary, Side
from vmpcap.measures.journal import JournalColumns, empty_journal
from vmpcap.migration.views import PointView
from vmpcap.points.clock import Offset
from vmpcap.terms.addresses import NO_MAC, ip_halves

MS = 1_000_000
S = 1_000_000_000
GUEST = 0x005056AA7710
GATEWAY = 0x02000000AA01
GUEST_IP = "10.77.0.10"
PEER_IP = "10.99.0.2"
QEMU_TEXT = b'"name": "acpi", '
QEMU_PAGES = bytes.fromhex("4103a24c56000050") * 2

NO_RTT = RttSummary(0, None, None, None, None, None, None, None, 0, np.zeros(0, np.int64), np.zeros(0, np.int64))


def rtt(*values_ns: int) -> RttSummary:
    """A distribution of these exact values."""
    ordered = np.sort(np.array(values_ns, np.int64))
    return replace(
        NO_RTT,
        samples=len(ordered),
        min_ns=int(ordered[0]),
        max_ns=int(ordered[-1]),
        bucket_low_ns=ordered,
        bucket_count=np.ones(len(ordered), np.int64),
    )


def side(**known: Any) -> Side:
    """A side of a connection of which only this is known."""
    nothing: dict[str, Any] = dict.fromkeys(Side.__slots__)
    counts = [
        "packets",
        "wire_bytes",
        "payload_bytes",
        "unique_bytes",
        "retransmissions",
        "retransmitted_bytes",
        "out_of_order",
        "zero_windows",
        "duplicates",
        "max_payload_bytes",
        "max_flight_bytes",
        "acked_bytes",
        "pauses_left_out",
    ]
    nothing.update(dict.fromkeys(counts, 0))
    nothing.update(sack_permitted=False, opening=b"", closing=b"", pauses=(), series=None)
    nothing.update(dict.fromkeys(("first_eth_src", "last_eth_src", "first_eth_dst", "last_eth_dst"), NO_MAC))
    nothing.update(dict.fromkeys(("rtt", "idle_rtt", "loop_rtt", "near_rtt"), NO_RTT))
    nothing["eth_src_changed"] = False
    nothing.update(known)
    return Side(**nothing)


def stream(start: int = 0, seconds: float = 1.0, size: int = 100_000_000, **more: Any) -> Connection:
    """A connection to port 8000 that carried this much one way; `a` and `b` replace its sides."""
    end = start + int(seconds * S)
    a = more.pop("a", None) or side(
        packets=1,
        payload_bytes=size,
        unique_bytes=size,
        acked_bytes=size,
        syn_ts=start,
        syn_frame=1,
        mss=1460,
        first_data_ts=start + MS,
        first_data_frame=4,
        last_data_ts=end - MS,
        last_data_frame=90,
        fin_ts=end - MS,
        fin_frame=90,
        ttl_min=64,
        ttl_max=64,
        max_payload_bytes=1460,
    )
    b = more.pop("b", None) or side(packets=1, syn_ts=start + MS, syn_frame=2, mss=1460, ttl_min=64, ttl_max=64)
    known: dict[str, Any] = dict.fromkeys(Connection.__slots__)
    known.update(
        flow_id=0,
        protocol=6,
        tcp_stream=0,
        a_ip="10.10.1.11",
        a_port=50000,
        b_ip="10.10.1.12",
        b_port=8000,
        encapsulation="eth/ip/tcp",
        segment_key=0,
        vlan_outer_id=-1,
        vlan_inner_id=-1,
        vni=-1,
        first_ts=start,
        first_frame=1,
        last_ts=end,
        last_frame=100,
        sides=(a, b),
    )
    known.update(more)
    return Connection(**known)


def announced(*times: int, mac: int = GUEST, kind: str = "rarp_announce", schedule: Any = "qemu") -> Series:
    """Announcements of this MAC at these times."""
    known: dict[str, Any] = dict.fromkeys(Series.__slots__)
    known.update(
        mac=mac,
        segment_key=0,
        vlan_outer_id=-1,
        vlan_inner_id=-1,
        vni=-1,
        kinds=((kind, len(times)),),
        ips=(),
        frames=tuple(range(200, 200 + len(times))),
        times=times,
        frame_kinds=(kind,) * len(times),
        schedule=schedule,
        broadcast=True,
        boot=None,
    )
    return Series(**known)


def journal(*rows: tuple[int, int, int, str, str]) -> JournalColumns:
    """ICMP frames: (ts, eth_src, eth_dst, source address, destination address), numbered from 1."""
    empty = empty_journal()
    columns = {name: np.zeros(len(rows), getattr(empty, name).dtype) for name in JournalColumns._fields}
    for n, (ts, src, dst, from_ip, to_ip) in enumerate(rows):
        columns["frame"][n], columns["ts_ns"][n] = n + 1, ts
        columns["eth_src"][n], columns["eth_dst"][n] = src, dst
        columns["src_high"][n], columns["src_low"][n] = ip_halves(from_ip)
        columns["dst_high"][n], columns["dst_low"][n] = ip_halves(to_ip)
        columns["ip_version"][n], columns["ip_protocol"][n], columns["ethertype"][n] = 4, 1, 0x0800
        columns["ip_id"][n] = n
        columns["vlan_outer_id"][n] = -1
    return JournalColumns(**columns)


def asks_and_answers(
    start: int, end: int, step: int, stun: tuple[int, int] = (0, 0), answers: bool = True
) -> JournalColumns:
    """A peer that asks the guest every step; answered at once, except during the stun."""
    rows = []
    for ts in range(start, end, step):
        rows.append((ts, GATEWAY, GUEST, PEER_IP, GUEST_IP))
        if not stun[0] <= ts < stun[1] and (answers or ts < stun[0]):
            rows.append((ts + MS, GUEST, GATEWAY, GUEST_IP, PEER_IP))
    return journal(*rows)


def view(name: str = "p", role: str | None = None, **known: Any) -> PointView:
    """A capture point of which only this is known."""
    everything: dict[str, Any] = {
        "name": name,
        "role": role,
        "streams": (),
        "series": (),
        "arps": no_rows(),
        "journal": empty_journal(),
        "journal_complete": True,
        "first_ts": 0,
        "last_ts": 100 * S,
        "link_carries_announcements": True,
        "truncated": False,
        "drops": 0,
        "offset": Offset(0, 0, 0),
    }
    everything.update(known)
    return PointView(**everything)


def arps(*rows: tuple[int, int, int, str, str]) -> AnnouncementRows:
    """ARP bodies: (ts, kind number, sender MAC, sender address, target address), numbered from 1."""
    empty = no_rows()
    columns = {name: np.zeros(len(rows), getattr(empty, name).dtype) for name in AnnouncementRows.__slots__}
    for n, (ts, kind, mac, sender, target) in enumerate(rows):
        columns["frame"][n], columns["ts_ns"][n], columns["kind"][n] = n + 1, ts, kind
        columns["sender_mac"][n] = columns["eth_src"][n] = mac
        columns["sender_high"][n], columns["sender_low"][n] = ip_halves(sender)
        columns["target_high"][n], columns["target_low"][n] = ip_halves(target)
    return AnnouncementRows(**columns)
