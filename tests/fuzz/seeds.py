"""Where fuzzing begins: an example of every encapsulation, small migrations, every format and byte order."""

import random
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from tests.decode.examples import EXAMPLES
from tests.decode.parts import cut_somewhere
from tests.readers.stories import pcap_story, pcapng_story
from tests.readers.writers import Packet, enhanced, interface, option, pcap, pcap_header, pcap_record, section
from tests.runs.made import migration

T0: Final = 1_700_000_000 * 10**9
MS: Final = 1_000_000
FEW: Final = 60
"""Packets of a small migration."""


def frames() -> list[bytes]:
    """Frames to take pieces of."""
    return [example.frame[:600] for example in EXAMPLES]


def as_pcapng(packets: list[Packet], link: int, sign: str) -> bytes:
    """A pcapng of these packets; of nanoseconds."""
    head = section(sign) + interface(sign, link, options=option(sign, 9, b"\x09") + bytes(4))
    return head + b"".join(enhanced(sign, p.ts_ns or 0, p.data, p.wire) for p in packets)


def short_migration() -> list[Packet]:
    """The handshake, a little of the stream, the announcement and some pings of tests/runs/made.py."""
    packets = migration()
    step = max(1, len(packets) // FEW)
    return [
        p for n, p in enumerate(packets) if n % step == 0 or p.data[12:14] == b"\x80\x35" or p.data[47:48] == b"\x02"
    ]


def seeds() -> Iterator[bytes]:
    """Captures that are sound."""
    rng = random.Random(3)
    by_link: dict[int, list[bytes]] = defaultdict(list)
    for example in EXAMPLES:
        by_link[example.link_type].append(example.frame[:600])
    for link, of_link in by_link.items():
        for begin in range(0, len(of_link), 12):
            packets = [Packet(T0 + n * MS, f, len(f)) for n, f in enumerate(of_link[begin : begin + 12])]
            sign = rng.choice("<>")
            yield pcap_header(sign, "ns", link=link) + b"".join(pcap_record(sign, p, "ns") for p in packets)
            yield as_pcapng(packets, link, sign)
    whole = [example.frame for example in EXAMPLES if example.path.startswith(("eth/ip/", "eth/ipv6/"))]
    for number in range(12):
        parts = [part.frame for part in cut_somewhere(rng.choice(whole), number, rng)]
        yield pcap("<", [Packet(T0 + n * MS, f, len(f)) for n, f in enumerate(parts)])
    yield pcap("<", short_migration(), "ns")
    yield as_pcapng(short_migration(), 1, ">")
    for _ in range(6):
        yield b"".join(pcapng_story(rng, blocks=15))
        yield b"".join(pcap_story(rng)[0])
