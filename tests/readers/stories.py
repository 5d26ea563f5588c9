"""Random captures, and what the reader and its twin say of them in the same words."""

import random
import struct
from typing import NamedTuple

from tests.twins.captures import Told

from .writers import (
    END,
    Packet,
    Read,
    block,
    custom,
    enhanced,
    interface,
    obsolete,
    option,
    pcap_header,
    pcap_record,
    section,
    simple,
    statistics,
)

LINK_TYPES = (1, 101, 113, 276, 0)
RESOLUTIONS = (6, 9, 3, 0, 7, 12, 0x80 | 20, 0x80 | 32, 0x80 | 10, 0x80)
SECONDS = 1_500_000_000


def packet_bytes(rng: random.Random) -> bytes:
    """Some bytes of a packet; now and then none at all."""
    return rng.randbytes(rng.choice((0, 1, 14, 42, 60, 61, 62, 63, 200)))


def some_options(rng: random.Random, sign: str, *known: bytes) -> bytes:
    """Some of these options, with or without an end mark; often none."""
    chosen = [row for row in known if rng.random() < 0.3]
    if not chosen:
        return b""
    return b"".join(chosen) + (END if rng.random() < 0.8 else b"")


def comment(rng: random.Random, sign: str) -> bytes:
    """A comment with a number in it."""
    return option(sign, 1, f"comment {rng.randrange(1000)} \N{GREEK SMALL LETTER ALPHA}".encode())


class Port(NamedTuple):
    """What packets must know of the interface they name."""

    resolution: int
    snaplen: int


def pcapng_story(
    rng: random.Random, blocks: int = 40, stranger: bool = True, resolutions: tuple[int, ...] = RESOLUTIONS
) -> list[bytes]:
    """
    Blocks of a pcapng: sections of both byte orders, interfaces of many clocks, packets of all kinds, noise between.

    With `stranger`, packets may name interfaces that were never described.
    """
    sign = rng.choice("<>")
    story = [section(sign, some_options(rng, sign, comment(rng, sign), option(sign, 4, b"a writer")))]
    ports: list[Port] = []
    for _ in range(blocks):
        draw = rng.random()
        if draw < 0.05:
            sign = rng.choice("<>")
            story.append(section(sign, some_options(rng, sign, comment(rng, sign))))
            ports = []
        elif draw < 0.2 or not (ports or stranger):
            ports.append(Port(rng.choice(resolutions), rng.choice((0, 0, 20, 65535))))
            story.append(some_interface(rng, sign, ports[-1]))
        elif draw < 0.3:
            story.append(noise(rng, sign, len(ports)))
        else:
            story.append(some_packet(rng, sign, ports, stranger))
    return story


def some_interface(rng: random.Random, sign: str, port: Port) -> bytes:
    """An interface with this clock; microseconds may be left unsaid."""
    known = [comment(rng, sign), option(sign, 2, b"eth0")]
    if rng.random() < 0.3:
        known.append(option(sign, 14, struct.pack(sign + "q", rng.choice((3600, -3600, 10**6)))))
    said = b"" if port.resolution == 6 and rng.random() < 0.5 else option(sign, 9, bytes([port.resolution]))
    return interface(sign, rng.choice(LINK_TYPES), port.snaplen, said + some_options(rng, sign, *known))


def noise(rng: random.Random, sign: str, ports: int) -> bytes:
    """A block that is no packet."""
    return rng.choice(
        (
            custom(sign),
            custom(sign, b"private", 0x40000BAD),
            block(sign, 9, b"__REALTIME_TIMESTAMP=1500000000000000\nMESSAGE=x\n\n"),
            block(sign, 0x0000_F00D, rng.randbytes(rng.randrange(30))),
            block(sign, 0x8000_0001, rng.randbytes(8)),
            block(sign, 4, bytes(4)),
            block(sign, 10, struct.pack(sign + "II", 0x544C534B, 4) + b"abcd"),
            statistics(sign, rng.randrange(ports), option(sign, 5, struct.pack(sign + "Q", 7)) + END)
            if ports
            else custom(sign),
        )
    )


def some_packet(rng: random.Random, sign: str, ports: list[Port], stranger: bool) -> bytes:
    """A packet block of any kind."""
    data = packet_bytes(rng)
    port = rng.randrange(len(ports) + 1) if stranger else rng.randrange(len(ports))
    clock = ports[port].resolution if port < len(ports) else 6
    second = 2 ** (clock & 127) if clock & 128 else 10**clock
    ticks = (SECONDS * second + rng.randrange(100 * second)) % 2**64
    wire = len(data) + rng.choice((0, 0, 1, 1400))
    draw = rng.random()
    if draw < 0.7:
        lost = option(sign, 4, struct.pack(sign + "Q", rng.randrange(4)))
        flags = option(sign, 2, struct.pack(sign + "I", 1))
        return enhanced(sign, ticks, data, wire, port, some_options(rng, sign, comment(rng, sign), lost, flags))
    if draw < 0.85:
        drops = rng.choice((0, 3, 0xFFFF))
        other = option(sign, 4, struct.pack(sign + "Q", 5))  # a drop count in the newer block, nothing in this one
        return obsolete(sign, ticks, data, wire, port, drops, some_options(rng, sign, comment(rng, sign), other))
    kept = ports[0].snaplen if ports else 0
    return simple(sign, data[:kept] if kept else data, len(data))


def pcap_story(rng: random.Random, packets: int = 12, kind: str | None = None) -> tuple[list[bytes], int]:
    """The header and the records of a classic pcap, and how many bytes its record headers have beyond 16."""
    sign = rng.choice("<>")
    kind = kind or rng.choice(("us", "ns", "modified"))
    unit = 1 if kind == "ns" else 1000
    story = [pcap_header(sign, kind, snaplen=rng.choice((0, 96, 262144)), link=rng.choice(LINK_TYPES))]
    for _ in range(packets):
        data = packet_bytes(rng)
        ts_ns = (SECONDS * 10**9 + rng.randrange(10**12)) // unit * unit
        story.append(pcap_record(sign, Packet(ts_ns, data, len(data) + rng.choice((0, 0, 1400))), kind))
    return story, 8 if kind == "modified" else 0


def words_of_reader(read: Read) -> dict[str, object]:
    """What the reader says, in words that it shares with the twin."""
    stops = [row for row in read.defects.values() if row.ends_reading]
    return {
        "rows": [(frame, *packet) for frame, packet in zip(read.frames, read.packets, strict=True)],
        "comments": read.comments,
        "lost": {row.interface: row.between_packets for row in read.drops if row.between_packets},
        "stops": [(row.kind, row.first_frame, row.offset) for row in stops],
    }


def words_of_twin(told: Told) -> dict[str, object]:
    """What the twin says."""
    return {
        "rows": [tuple(row) for row in told.rows],
        "comments": told.comments,
        "lost": told.lost,
        "stops": [told.stop] if told.stop else [],
    }
