"""
Make a capture of a live migration whose truth is known: `python generate.py KIND OUT.pcap`.

The capture point is the sending host's port, which also sees the guest's network. Beside OUT.pcap stands
OUT.pcap.truth.json: what a report on it must say. It is made in chunks, so memory does not grow with the length.
"""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from bulk import Bulk, Sent, Way, add_counts, plan
from events import ARP, ICMP, RARP, TCP, UDP, US_PER_S, Rows, flow, in_time_order, ip, mac
from frames import EPOCH_S, FrameWriter
from talk import (
    CLIENT_MSS,
    CLIENTS,
    PACKETS_PER_FLOW,
    PACKETS_PER_TRANSACTION,
    Beat,
    Control,
    Gap,
    announced_at,
    announcements,
    client_traffic,
    neighbours,
    short_flows,
)

PORT: Final = 8000
BULK_CONNECTIONS: Final = 3
BITS_PER_US: Final = 8_500
"""Goodput of all bulk connections together: 8.5 Gb/s."""
LEAST_TRANSFER_US: Final = 4e6
"""Small captures are slower instead of shorter."""
LEAD_US, TAIL_US = 2e6, 8.5e6
GAP_US: Final = 372_000
GAP_BEFORE_END_US: Final = 120_000
PACKETS_PER_SEGMENT: Final = 1.5
PERCENTS: Final = (5, 50, 90, 95, 99)
ROWS_AT_A_TIME: Final = 200_000

SOURCE_IP, DESTINATION_IP = "10.20.30.1", "10.20.30.2"
SOURCE_MAC, DESTINATION_MAC = "00:50:56:60:00:01", "00:50:56:60:00:02"
GUEST_IP, GUEST_MAC = "192.168.77.5", "00:50:56:9a:00:05"
GATEWAY_IP, GATEWAY_MAC = "192.168.77.1", "00:1c:73:00:00:01"
UDP_PEER_IP, ECHO_PEER_IP = "172.16.1.1", "172.16.1.2"
ALL: Final = "ff:ff:ff:ff:ff:ff"


@dataclass(frozen=True)
class Kind:
    """One kind of capture: a row of KINDS."""

    packets: int
    snaplen: int
    mss: int
    guest_share: float
    """How much of the packets is the guest's."""
    flows: int
    """Short flows of others, ten packets each."""
    about: str


KINDS: Final = {
    "head": Kind(5_000_000, 128, 8948, 0.10, 0, "headers of a migration over jumbo frames"),
    "full": Kind(2_000_000, 262_144, 1448, 0.04, 0, "whole packets"),
    "many": Kind(3_150_000, 128, 1448, 0.30, 300_000, "a small migration among 300,000 flows"),
}


@dataclass(frozen=True)
class Asked:
    """What the command line asks for."""

    kind: str
    packets: int
    mss: int
    flows: int
    seed: int


class Scene:
    """All flows of one capture, and who speaks on them."""

    def __init__(self, asked: Asked) -> None:
        kind, rng = KINDS[asked.kind], np.random.default_rng(asked.seed)
        own = max(asked.packets - PACKETS_PER_FLOW * asked.flows, asked.packets // 20)
        segments = int(own * (1 - kind.guest_share) / PACKETS_PER_SEGMENT / BULK_CONNECTIONS)
        us = max(segments * asked.mss * 8 * BULK_CONNECTIONS / BITS_PER_US, LEAST_TRANSFER_US) / segments
        plans = [
            plan(rng, segments, LEAD_US + 60_000 + 15_000 * c, us, trouble)
            for c, trouble in zip(range(BULK_CONNECTIONS), ("", "tail", "window"), strict=True)
        ]
        end = max(stretches[-1].start_us + stretches[-1].length_us for stretches in plans)
        self.gap = Gap(end - GAP_BEFORE_END_US, end - GAP_BEFORE_END_US + GAP_US)
        self.last_us = self.gap.until_us + TAIL_US
        self.way = Way(rng, self.last_us)
        self.bulks = [Bulk(rng, self.way, c, asked.mss, stretches) for c, stretches in enumerate(plans)]
        self.control = Control(rng, 3, LEAD_US, self.gap.until_us + 150_000, self.way.one_way_us)
        beat_us = 1_000.0 if asked.packets >= 1_000_000 else 5_000.0
        self.beats = [
            Beat(rng, 4, beat_us, 120, self.gap, self.last_us, is_echo=False),
            Beat(rng, 5, 10 * beat_us, 56, self.gap, self.last_us, is_echo=True),
        ]
        beats = sum(2 * self.last_us / beat.interval_us for beat in self.beats)
        transactions = max(own * kind.guest_share - beats, own / 20) / PACKETS_PER_TRANSACTION
        clients = max(1, min(CLIENTS, int(transactions / 10)))
        period = self.last_us / max(transactions / clients, 4.0)
        self.flows = np.concatenate(
            [_fixed_flows(asked.mss), _client_flows(rng, clients), _short_flows(rng, asked.flows)]
        )
        self.senders = [
            *(bulk.events() for bulk in self.bulks),
            self.control.events(),
            *(beat.events() for beat in self.beats),
            announcements(6, 7, self.gap),
            neighbours(8, self.gap, self.last_us),
            client_traffic(rng, FIXED_FLOWS, clients, period, self.gap, self.last_us),
        ]
        if asked.flows:
            self.senders.append(short_flows(rng, FIXED_FLOWS + clients, asked.flows, self.last_us))
        self._speaks = np.stack([self.flows["a_mac"], self.flows["b_mac"]]) == mac(GUEST_MAC)
        self.last_spoke_us = 0.0

    def watch_guest(self, chunk: Rows) -> None:
        """When did the guest speak last before it moved? Told chunk by chunk."""
        before = chunk[chunk["ts_us"] < self.gap.from_us]
        spoke = before["ts_us"][self._speaks[before["back"], before["flow"]]]
        if len(spoke):
            self.last_spoke_us = float(spoke[-1])


FIXED_FLOWS: Final = 9


def _fixed_flows(mss: int) -> Rows:
    hosts = {
        "a_mac": mac(SOURCE_MAC), "b_mac": mac(DESTINATION_MAC), "a_ip": ip(SOURCE_IP), "b_ip": ip(DESTINATION_IP),
        "protocol": TCP, "b_port": PORT, "mss": mss + 12,
    }  # fmt: skip
    peer = {"a_mac": mac(GATEWAY_MAC), "b_mac": mac(GUEST_MAC), "b_ip": ip(GUEST_IP)}
    speaks = {"a_mac": mac(GUEST_MAC), "b_mac": mac(ALL)}
    guest = ip(GUEST_IP)
    return np.concatenate(
        [
            *(flow(a_port=41_001 + c, **hosts) for c in range(BULK_CONNECTIONS)),
            flow(a_port=41_000, **hosts),
            flow(protocol=UDP, a_ip=ip(UDP_PEER_IP), a_port=30_000, b_port=5004, **peer),
            flow(protocol=ICMP, a_ip=ip(ECHO_PEER_IP), **peer),
            flow(protocol=RARP, **speaks),
            flow(protocol=ARP, a_ip=guest, b_ip=guest, **speaks),
            flow(protocol=ARP, a_ip=ip(GATEWAY_IP), **peer),
        ]
    )


def _client_flows(rng: np.random.Generator, count: int) -> Rows:
    made = np.repeat(
        flow(
            protocol=TCP,
            a_mac=mac(GATEWAY_MAC),
            b_mac=mac(GUEST_MAC),
            b_ip=ip(GUEST_IP),
            b_port=443,
            mss=CLIENT_MSS + 12,
        ),
        count,
    )
    made["a_ip"] = ip("172.17.0.0") + rng.permutation(60_000)[:count]
    made["a_port"] = rng.integers(20_000, 60_000, count)
    return made


def _short_flows(rng: np.random.Generator, count: int) -> Rows:
    others = flow(protocol=TCP, a_mac=mac(GATEWAY_MAC), b_mac=mac("00:1c:73:00:00:02"), b_port=443, mss=1460)
    made = np.repeat(others, count)
    made["a_ip"] = ip("100.64.0.0") + rng.permutation(1 << 22)[:count]
    made["b_ip"] = ip("198.18.0.0") + rng.integers(1, 1 << 16, count)
    made["a_port"] = rng.integers(20_000, 65_536, count)
    return made


def percentile(counts: np.ndarray, percent: int) -> int | None:
    """The nearest-rank percentile of a histogram of 0, 1, 2, ...; None without samples."""
    total = int(counts.sum())
    return int(np.searchsorted(np.cumsum(counts), max(1, -(-total * percent // 100)))) if total else None


def _told(sent: Sent) -> dict[str, Any]:
    """What one connection's source sent, as the truth file says it."""
    return {
        "payload_bytes": sent.bytes + sent.resent_bytes,
        "unique_bytes": sent.bytes,
        "retransmissions": sent.resent_segments,
        "retransmitted_bytes": sent.resent_bytes,
        "rtt_samples": int(sent.rtt_us.sum()),
        "rtt_us": {f"p{percent}": percentile(sent.rtt_us, percent) for percent in PERCENTS},
    }


def truth_of(asked: Asked, scene: Scene, writer: FrameWriter) -> dict[str, Any]:
    """What must a report on this capture say? Times are microseconds of the epoch."""
    connections = {scene.control.flow: scene.control.sent, **{bulk.flow: bulk.sent for bulk in scene.bulks}}
    together = Sent()
    for sent in connections.values():
        for name in ("segments", "bytes", "resent_segments", "resent_bytes"):
            setattr(together, name, getattr(together, name) + getattr(sent, name))
        together.rtt_us = add_counts(together.rtt_us, sent.rtt_us)
    first = min(sent.first_data_us for sent in connections.values())
    last = max(sent.last_data_us for sent in connections.values())
    longest = max(scene.beats, key=lambda beat: beat.unanswered * beat.interval_us)
    return {
        "kind": asked.kind,
        "seed": asked.seed,
        "packets": writer.packets,
        "wire_bytes": writer.wire_bytes,
        "captured_bytes": writer.captured_bytes,
        "first_us": _epoch(writer.first_us or 0),
        "last_us": _epoch(writer.last_us or 0),
        "flows": int(np.isin(scene.flows["protocol"], (TCP, UDP, ICMP)).sum()),
        "migration": {
            "source": SOURCE_IP,
            "destination": DESTINATION_IP,
            "port": PORT,
            "mss": asked.mss,
            "zero_windows": sum(stretch.closes_window for bulk in scene.bulks for stretch in bulk.stretches),
            "sequence_wraps": sum(bulk.wraps for bulk in scene.bulks),
            "mean_mbps": together.bytes * 8 / (last - first),
            **_told(together),
        },
        "connections": {str(int(scene.flows[f]["a_port"])): _told(sent) for f, sent in sorted(connections.items())},
        "guest": {
            "mac": GUEST_MAC,
            "ip": GUEST_IP,
            "last_spoke_us": _epoch(scene.last_spoke_us),
            "announcements": [{"kind": kind, "ts_us": _epoch(at)} for kind, at in announced_at(scene.gap)],
        },
        "outage": {
            "unanswered": longest.unanswered,
            "interval_ms": longest.interval_us / 1e3,
            "ms": longest.unanswered * longest.interval_us / 1e3,
        },
    }


def _epoch(at_us: float) -> int:
    return EPOCH_S * int(US_PER_S) + int(at_us)


def generate(asked: Asked, out: Path) -> dict[str, Any]:
    """Write the capture and its truth; returns the truth. Both appear whole or not at all."""
    scene = Scene(asked)
    unfinished = out.with_name(out.name + ".part")
    largest = max(asked.mss, CLIENT_MSS)
    with unfinished.open("wb") as file:
        writer = FrameWriter(file, scene.flows, KINDS[asked.kind].snaplen, largest, asked.seed)
        for chunk in in_time_order(scene.senders, ROWS_AT_A_TIME):
            scene.watch_guest(chunk)
            writer.write(chunk)
    truth = truth_of(asked, scene, writer)
    truth_path(out).write_text(json.dumps(truth, indent=1) + "\n")
    unfinished.replace(out)
    return truth


def truth_path(capture: Path) -> Path:
    """Where the truth about a capture stands."""
    return capture.with_name(capture.name + ".truth.json")


def asked_by(arguments: argparse.Namespace) -> Asked:
    """The wish with what the kind fills in."""
    kind = KINDS[arguments.kind]
    return Asked(
        kind=arguments.kind,
        packets=arguments.packets or kind.packets,
        mss=arguments.mss or kind.mss,
        flows=kind.flows if arguments.flows is None else arguments.flows,
        seed=arguments.seed,
    )


def main() -> int:
    about = "; ".join(f"{name}: {kind.about}, {kind.packets:,} packets" for name, kind in KINDS.items())
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0], epilog=about)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("out", type=Path)
    parser.add_argument("--packets", type=int, help="about how many; the truth file has the exact number")
    parser.add_argument("--mss", type=int, help="8948 (MTU 9000) or 1448 (MTU 1500)")
    parser.add_argument("--flows", type=int, help="short flows of others")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    truth = generate(asked_by(arguments), arguments.out)
    print(f"{arguments.out}: {truth['packets']:,} packets, {truth['wire_bytes'] / 1e9:.2f} GB on the wire")
    return 0


if __name__ == "__main__":
    sys.exit(main())
