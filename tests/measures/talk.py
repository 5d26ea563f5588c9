"""Conversations between a guest and its peers as journal rows, for tests that have no capture."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from tests.flows.made_frames import make_frames
from vmpcap.measures.journal import Journal, JournalColumns
from vmpcap.measures.peer_streams import PeerStream
from vmpcap.measures.peers import find_peer_streams
from vmpcap.measures.whose import Address
from vmpcap.terms.addresses import ip_halves

MS = 1_000_000
PEER, GUEST = "10.99.0.2", "10.77.0.10"
SYN, ACK, RST, FIN, PSH = 0x02, 0x10, 0x04, 0x01, 0x08

Row = dict[str, Any]


def echo(ms: float, seq: int, reply: bool = False, **more: Any) -> Row:
    """An echo request of the peer, or the guest's reply."""
    src, dst = (GUEST, PEER) if reply else (PEER, GUEST)
    row = {"ip_protocol": 1, "icmp_type": 0 if reply else 8, "icmp_id": 77, "icmp_seq": seq & 0xFFFF, "ip_id": seq + 1}
    return {"ts_ns": int(ms * MS), "src": src, "dst": dst, "payload_bytes": 48, **row, **more}


def pings(count: int, every_ms: float, lost: Iterable[int] = (), rtt_ms: float = 1.0) -> list[Row]:
    """Echo requests in a steady beat, answered but for the lost ones."""
    gone = set(lost)
    rows = []
    for seq in range(count):
        rows.append(echo(seq * every_ms, seq))
        if seq not in gone:
            rows.append(echo(seq * every_ms + rtt_ms, seq, reply=True))
    return rows


def datagram(ms: float, to_guest: bool, number: int = 0, port: int = 40_000, service: int = 53, **more: Any) -> Row:
    """A UDP datagram between the peer's port and the guest's service."""
    ends = {"src": PEER, "dst": GUEST, "src_port": port, "dst_port": service}
    if not to_guest:
        ends = {"src": GUEST, "dst": PEER, "src_port": service, "dst_port": port}
    return {"ts_ns": int(ms * MS), "ip_protocol": 17, "payload_bytes": 40, "ip_id": number + 1, **ends, **more}


def segment(ms: float, to_guest: bool, seq: int, ack: int, size: int = 0, flags: int = ACK, **more: Any) -> Row:
    """A TCP segment between the peer's port 50000 and the guest's port 80."""
    ends = {"src": PEER, "dst": GUEST, "src_port": 50_000, "dst_port": 80}
    if not to_guest:
        ends = {"src": GUEST, "dst": PEER, "src_port": 80, "dst_port": 50_000}
    known = {"ip_protocol": 6, "tcp_seq": seq, "tcp_ack": ack, "payload_bytes": size, "tcp_flags": flags}
    return {"ts_ns": int(ms * MS), "ip_id": int(ms * 1000) % 65_000 + 1, **known, **ends, **more}


def journal_of(rows: list[Row]) -> JournalColumns:
    """These rows by time, numbered from 1."""
    journal = Journal()
    ordered = sorted(rows, key=lambda row: int(row["ts_ns"]))
    journal.keep(1, make_frames(ordered), np.ones(len(ordered), np.bool_))
    return journal.columns()


def streams_of(rows: list[Row], **more: Any) -> list[PeerStream]:
    """What the guest's peers went through in these rows."""
    guest: Address = ip_halves(GUEST)
    return find_peer_streams(journal_of(rows), (), [guest], **more)
