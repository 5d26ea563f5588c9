"""Plain stories for the migration floor: connections, announcements and journals with only what a test cares about."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from vmpcap.announcements.kinds import NUMBER_OF
from vmpcap.announcements.rows import AnnouncementRows, no_rows
from vmpcap.announcements.series import Series
from vmpcap.measures.connections import Connection, Pause, RttSummary, Side, StreamSeries
from vmpcap.measures.journal import JournalColumns, empty_journal
from vmpcap.measures.kernels.layout import NEVER
from vmpcap.measures.results import Bytes, Loss, Rtt, Throughput
from vmpcap.migration.announced.early import Early
from vmpcap.migration.announced.reach import Heard
from vmpcap.migration.guest.outcome import Outcome
from vmpcap.migration.moved import Moved
from vmpcap.migration.packets.conflicts import Conflict
from vmpcap.migration.packets.reachable import Reachability
from vmpcap.migration.results import Announcements, Domain, Guest, Path, Peer, Switchover
from vmpcap.migration.stories import GuestStory, Story
from vmpcap.migration.stream.detours import Detour
from vmpcap.migration.stream.figures import StreamFigures
from vmpcap.migration.stream.moves import Move, match_transfers
from vmpcap.migration.stream.transfers import find_transfers
from vmpcap.migration.suffered import Suffered
from vmpcap.migration.views import PointView
from vmpcap.points.clock import Offset
from vmpcap.terms.addresses import BROADCAST_MAC, NO_MAC, ip_halves
from vmpcap.terms.units import NO_TIME

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
        "keep_alives",
        "wraps",
        "missing_bytes",
        "sent_again",
        "came_late",
        "late_most_segments",
        "late_most_ns",
        "needless",
        "needless_eifel",
        "delayed_acks",
        "resent_reported",
        "resent_timeout",
        "resent_tail",
        "holes_left_out",
        "duplicates",
        "max_payload_bytes",
        "max_flight_bytes",
        "acked_bytes",
        "rtt_left_out",
        "pauses_left_out",
        "answering",
    ]
    nothing.update(dict.fromkeys(counts, 0))
    nothing.update(sack_permitted=False, opening=b"", closing=b"", pauses=(), series=None)
    nothing.update(dict.fromkeys(("first_eth_src", "last_eth_src", "first_eth_dst", "last_eth_dst"), NO_MAC))
    nothing.update(
        dict.fromkeys(("rtt", "idle_rtt", "ack_rtt", "loop_rtt", "prompt_rtt", "near_rtt", "stamp_rtt"), NO_RTT)
    )
    nothing["eth_src_changed"] = False
    nothing["marked"] = None
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
        nominated=True,
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
        columns["ip_id"][n], columns["ttl"][n] = n, 64
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
    pings = journal(*rows)
    pings.icmp_type[:] = np.where(pings.eth_dst == GUEST, 8, 0)
    return pings


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
        "left_out": (),
        "missing": 0,
        "offset": Offset(0, 0, 0),
    }
    everything.update(known)
    return PointView(**everything)


def arps(*rows: tuple[int, int, int, str, str]) -> AnnouncementRows:
    """ARP bodies: (ts, kind number, sender MAC, sender address, target address), numbered from 1; requests to all."""
    empty = no_rows()
    columns = {name: np.zeros(len(rows), getattr(empty, name).dtype) for name in AnnouncementRows.__slots__}
    for n, (ts, kind, mac, sender, target) in enumerate(rows):
        columns["frame"][n], columns["ts_ns"][n], columns["kind"][n] = n + 1, ts, kind
        columns["sender_mac"][n] = columns["eth_src"][n] = mac
        columns["eth_dst"][n] = GATEWAY if kind == NUMBER_OF["arp_reply"] else BROADCAST_MAC
        columns["sender_high"][n], columns["sender_low"][n] = ip_halves(sender)
        columns["target_high"][n], columns["target_low"][n] = ip_halves(target)
    return AnnouncementRows(**columns)


def series(bins: int, width: int = 10 * MS, start: int = 0, **columns: Sequence[int] | int) -> StreamSeries:
    """A stream over time: each column one value a bin or one for all; what is not given is nothing or no sample."""
    known: dict[str, Any] = dict.fromkeys(
        ("new_bytes", "acked_bytes", "resent_bytes", "segments", "first_frame", "last_frame", "acked_first_bytes"), 0
    )
    known.update({"sent_first_ts": NEVER, "sent_last_ts": NO_TIME, "acked_first_ts": NEVER, "acked_last_ts": NO_TIME})
    known.update(dict.fromkeys(("rtt_min_ns", "rtt_max_ns", "window_min_bytes", "flight_max_bytes"), -1))
    known.update(columns)
    arrays = {name: np.broadcast_to(np.array(values, np.int64), bins).copy() for name, values in known.items()}
    return StreamSeries(start_ns=start, width_ns=width, **arrays)


def pause(from_ts: int, to_ts: int) -> Pause:
    """The sender was silent from here to there."""
    return Pause(from_ts, 30, to_ts, 31)


def moves_of(*views: PointView) -> list[Move]:
    """The migrations that these points show together."""
    return match_transfers([(v, find_transfers(v.streams)[0]) for v in views])


def throughput(**known: Any) -> Throughput:
    """Goodput of which only this is known."""
    nothing: dict[str, Any] = dict.fromkeys(("bulk_mbps", "mean_mbps", "best_1s_mbps", "p50_mbps", "p5_mbps"))
    nothing.update(max_concurrent=1, limit="unknown", limit_because="of the path nothing is known")
    return Throughput(**{**nothing, **known})


def figures(**known: Any) -> StreamFigures:
    """What one point says of a stream: throughput, rtt and loss as given, everything else empty."""
    everything: dict[str, Any] = {
        "bytes": Bytes(payload=0, unique=0, retransmitted=0),
        "throughput": throughput(),
        "rtt": Rtt(samples=0),
        "loss": Loss(zero_windows=0),
        "setup": None,
        "activities": (),
        "together": None,
        "first_data_ts": None,
        "last_data_ts": None,
    }
    everything.update(known)
    return StreamFigures(**everything)


def suffered(outage_ms: float | None = 0.0, ended: bool = True, survived: bool | None = True, **more: Any) -> Suffered:
    """One peer's stream of requests: how long it went without an answer, and whether answers came back."""
    peer = Peer(
        peer=more.pop("peer", PEER_IP),
        protocol="icmp",
        point="client",
        outage_ms=outage_ms,
        interval_ms=more.pop("interval_ms", 10.0),
        survived=survived,
        because=more.pop("because", "requests unanswered"),
        frames=[5, 6],
    )
    marks = (more.get("from_ts"), more.get("from_frame"), more.get("to_ts"), more.get("to_frame"))
    return Suffered(peer, ended, *marks, resolution_ms=peer.interval_ms)


NO_ANNOUNCEMENTS = Announcements(count=0, kinds={}, first_ts=None, schedule=None, by_point={})


def guest_story(**known: Any) -> GuestStory:
    """A guest of which only this is known: `domain`, `switchover` and `announcements` go into its result."""
    result = Guest(
        mac="00:50:56:aa:77:10",
        confidence="high",
        announcements=known.pop("announcements", NO_ANNOUNCEMENTS),
        switchover=known.pop("switchover", Switchover()),
        domain=known.get("domain", Domain(verdict="not_observable", because="no point stands there")),
    )
    heard = Heard(result.announcements, known.pop("domain", result.domain), known.pop("deciding", None))
    nothing = "nothing was examined"
    everything: dict[str, Any] = {
        "moved": Moved(GUEST, (ip_halves(GUEST_IP),), (), "high", ""),
        "result": result,
        "heard": heard,
        "reachability": Reachability("unknown", nothing, "", ()),
        "suffered": (),
        "vlans_before": None,
        "vlans_after": None,
        "vlan_point": "",
        "vlan_frames": (),
        "second_place": Conflict(None, nothing),
        "duplicate_address": Conflict(None, nothing),
        "trombone": Detour(None, nothing),
        "early": Early(None, nothing),
        "announcement_filter": "arp.opcode == 3",
    }
    everything.update(known)
    return GuestStory(**everything)


def story(*guests: GuestStory, **known: Any) -> Story:
    """A migration of which only this is known; `streams` replaces the connection it went over."""
    (move,) = moves_of(view("src-uplink", "source", streams=known.pop("streams", (stream(),))))
    everything: dict[str, Any] = {
        "move": move,
        "point": "src-uplink",
        "at_sender": True,
        "figures": figures(),
        "outcome": Outcome("completed", "the stream says so", "src-uplink", (90,)),
        "path": Path(),
        "phases": [],
        "guests": guests,
        "encrypted": None,
        "stream_filter": "tcp.port == 8000",
        "stuck_segment": None,
        "large_segments_acked": False,
        "split": Detour(None, "nothing was examined"),
        "longest_part_ms": None,
        "capture_faults": (),
    }
    everything.update(known)
    return Story(**everything)
