"""Requests around a switchover: looked up by who asks whom, they are those that a plain look through all rows finds."""

import random
from typing import Any

import numpy as np
import pytest

from vmpcap.measures.journal import JournalColumns, empty_journal
from vmpcap.measures.peers import PeerStream
from vmpcap.migration.asking import AROUND_NS, PROTOCOLS, Asking

ADDRESSES = [(0, 10 + n) for n in range(4)] + [(7, 10)]
WHEN = 10**18


def journal_of(rng: random.Random, rows: int) -> JournalColumns:
    """Packets between few ends, so that most ways are taken often; some lie far from the moment."""
    columns: dict[str, Any] = {name: np.zeros(rows, column.dtype) for name, column in empty_journal()._asdict().items()}
    for row in range(rows):
        source, target = rng.sample(ADDRESSES, 2)
        protocol = rng.choice((1, 6, 17, 58))
        given = {
            "ts_ns": WHEN + rng.randrange(-2 * AROUND_NS, 2 * AROUND_NS), "frame": row + 1, "ip_protocol": protocol,
            "src_high": source[0], "src_low": source[1], "dst_high": target[0], "dst_low": target[1],
            "payload_bytes": rng.choice((0, 10)),
        }  # fmt: skip
        if protocol in (1, 58):
            given |= {"icmp_type": rng.choice((0, 8, 128, 129)), "icmp_id": rng.choice((1, 2))}
        else:
            given |= {"src_port": rng.choice((53, 80, 4000)), "dst_port": rng.choice((53, 80, 4000))}
        for name, value in given.items():
            columns[name][row] = value
    return JournalColumns(**columns)


def stream_of(rng: random.Random) -> PeerStream:
    """Some stream between two of the ends."""
    peer, guest = rng.sample(ADDRESSES, 2)
    protocol = rng.choice(("icmp", "icmpv6", "udp", "tcp"))
    is_echo = protocol.startswith("icmp")
    known: dict[str, Any] = dict.fromkeys(PeerStream.__dataclass_fields__, 0)
    known |= {"peer": peer, "guest": guest, "protocol": protocol, "requester": rng.choice(("peer", "guest"))}
    known |= {"manner": "echo" if is_echo else "request", "icmp_id": rng.choice((1, 2)) if is_echo else None}
    ports = (0, 0) if is_echo else (rng.choice((0, 53, 4000)), rng.choice((53, 80)))
    return PeerStream(**known | {"peer_port": ports[0], "guest_port": ports[1]})


def looked_through(j: JournalColumns, stream: PeerStream) -> list[int]:
    """The same, row by row."""
    found = []
    ends = [(*stream.peer, stream.peer_port), (*stream.guest, stream.guest_port)]
    source, target = ends if stream.requester == "peer" else ends[::-1]
    for row in range(j.rows):
        is_way = (int(j.src_high[row]), int(j.src_low[row])) == source[:2]
        is_way &= (int(j.dst_high[row]), int(j.dst_low[row])) == target[:2]
        is_way &= j.ip_protocol[row] == PROTOCOLS[stream.protocol] and abs(int(j.ts_ns[row]) - WHEN) <= AROUND_NS
        if stream.manner == "echo":
            asks = j.icmp_type[row] in (8, 128) and j.icmp_id[row] == stream.icmp_id
        else:
            asks = j.src_port[row] in {source[2] or j.src_port[row]} and j.dst_port[row] in {
                target[2] or j.dst_port[row]
            }
        if is_way and asks and (stream.protocol != "tcp" or j.payload_bytes[row]):
            found.append(int(j.ts_ns[row]))
    return sorted(found)


@pytest.mark.parametrize("seed", range(20))
def test_requests_are_those_of_a_plain_look(seed: int) -> None:
    """Many streams of one journal, so that what is sorted once is used often."""
    rng = random.Random(seed)
    journal = journal_of(rng, 400)
    guests = rng.sample(ADDRESSES, rng.randint(1, len(ADDRESSES)))
    asking = Asking(journal, WHEN, guests)
    found = 0
    for _ in range(40):
        stream = stream_of(rng)
        if stream.guest not in guests:
            continue
        wanted = looked_through(journal, stream)
        assert asking.times(stream).tolist() == wanted
        found += len(wanted)
    assert found


def test_an_empty_journal_has_no_requests() -> None:
    """Nor has one whose rows are all far away."""
    rng = random.Random(1)
    far = journal_of(rng, 50)
    for asking in (Asking(empty_journal(), WHEN, ADDRESSES), Asking(far, WHEN + 10 * AROUND_NS, ADDRESSES)):
        assert asking.times(stream_of(rng)).tolist() == []
