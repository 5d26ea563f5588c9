"""What really happened: asked of the simulated machines themselves, never of a report."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from vmpcap.lab.accounts import outage
from vmpcap.lab.events import MS, S
from vmpcap.lab.frames import ip_words, mac_words
from vmpcap.lab.peers import Account, Conversation
from vmpcap.lab.stream import LAST_BYTES, PORT
from vmpcap.lab.wires import Tap
from vmpcap.lab.worked import WORKED
from vmpcap.lab.world import GUEST_MAC, World
from vmpcap.terms.wire import ETHERTYPE_RARP

EPOCH_NS: Final = 1_768_471_200 * S
"""2026-01-15 10:00:00 UTC: when every capture begins."""


def when(ns: int | None) -> str | None:
    """A time of the simulation as ISO 8601."""
    if ns is None:
        return None
    seconds, rest = divmod(EPOCH_NS + ns, S)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def tell(world: World) -> dict[str, Any]:
    """All of it, as it is written to truth.json."""
    scenario = world.scenario
    worked, because = WORKED[scenario.mechanism](world)
    return {
        "scenario": scenario.name,
        "what": scenario.what,
        "made_by": "a simulation: no packet of this was ever on a wire",
        "parameters": asdict(scenario),
        "points": {
            tap.name: {"file": f"{tap.name}.pcapng", "role": tap.role, "where": tap.where, "packets": len(tap.records)}
            for tap in world.taps
        },
        "guest": {
            "mac_before": mac_words(GUEST_MAC),
            "mac": mac_words(world.guest.eth0.mac),
            "ips": [ip_words(a) for a in world.guest.eth0.addresses],
        },
        "migration": _migration(world),
        "announcements": {
            "sent": [{"ts": when(ts), "kind": kind} for ts, kind in world.announced_ns],
            "rarp_at": {tap.name: _rarps(world, tap) for tap in world.taps},
            "reached": _reached(world),
        },
        "peers": [
            _peer(account, world) for account in [p.account for p in world.pings] + [t.account for t in world.talks]
        ],
        "mechanism": {
            "name": scenario.mechanism,
            "worked": "yes" if worked else "no",
            "because": because,
            "latency_ms": _latency_ms(world),
        },
    }


def _migration(world: World) -> dict[str, Any]:
    stream, link = world.stream, world.stream_link
    assert stream is not None
    assert link is not None
    truth, scenario = stream.truth, world.scenario
    bulk_bytes = scenario.stream_bytes - LAST_BYTES
    bulk_ns = truth.stunned_ns - truth.first_data_ns
    return {
        "source": ip_words(stream.source.address),
        "destination": ip_words(stream.destination.address),
        "port": PORT,
        "hops": world.hops,
        "outcome": "completed" if world.gave_up_ns is None else "broken off" if scenario.restarts else "given up",
        "payload_bytes": scenario.stream_bytes,
        "syn_ts": when(truth.syn_ns),
        "first_data_ts": when(truth.first_data_ns),
        "stunned_ts": when(truth.stunned_ns),
        "last_data_ts": when(truth.last_data_ns),
        "last_ack_ts": when(truth.last_ack_ns),
        "resumed_ts": when(world.resumed_ns),
        "gave_up_ts": when(world.gave_up_ns),
        "stun_ms": None if world.resumed_ns is None else (world.resumed_ns - (world.stunned_ns or 0)) / MS,
        "bulk_bytes": bulk_bytes,
        "bulk_mbps": round(bulk_bytes * 8_000 / bulk_ns, 3) if bulk_ns > 0 else None,
        "handshake_ms": (truth.established_ns - truth.syn_ns) / MS,
        "shortest_rtt_ms": None if truth.shortest_ns is None else truth.shortest_ns / MS,
        "segments_sent": truth.segments,
        "segments_resent": truth.resent,
        "time_outs": truth.resent_by_time_out,
        "frames_lost": {why: sum(d.why == why for d in link.drops) for why in sorted({d.why for d in link.drops})},
    }


def _rarps(world: World, tap: Tap) -> int:
    """RARPs since the switchover at this point, tagged or not; in tunnels they are not counted."""
    kind = ETHERTYPE_RARP.to_bytes(2, "big")
    return sum(
        kind in (raw[12:14], raw[16:18] if raw[12:14] == b"\x81\x00" else b"") and ts >= world.moment_ns
        for ts, raw, _ in tap.records
    )


def _reached(world: World) -> bool:
    """Did an announcement arrive where the guest's gateway is: at a gateway's port, or at the new site's router?"""
    tap = next((t for t in world.taps if t.role == "gateway"), None)
    tap = tap or next(t for t in world.taps if t.role == "domain:destination")
    return _rarps(world, tap) > 0


def _peer(account: Account, world: World) -> dict[str, Any]:
    gap = outage(account, world)
    base: dict[str, Any] = {
        "peer": account.peer,
        "protocol": account.protocol,
        "port": account.port or None,
        "reset": any(isinstance(t, Conversation) and t.account is account and t.was_reset for t in world.talks),
        "interval_ms": account.interval_ns / MS,
        "requests": sum(r.sent >= 0 for r in account.requests),
        "unanswered": sum(r.sent >= 0 and r.answered is None for r in account.requests),
        "outage_ms": None,
        "ended": True,
    }
    if gap is None:
        return base
    first, last = gap
    base["from_ts"] = when(first)
    base["ended"] = last is not None
    if last is not None:
        base["to_ts"] = when(last)
        base["outage_ms"] = (last - first) / MS
    return base


def _latency_ms(world: World) -> float | None:
    """From the guest's first announcement at its new place to the news of its router there; None without such news."""
    said: list[int] = []
    if world.routes is not None:
        said = world.routes.ways[1].news
    if world.tunnel_routers:
        said = dict(world.tunnel_routers)["b"].registered
    first = min((ts for ts, _ in world.announced_ns), default=None)
    news = [ts for ts in said if first is not None and ts >= first]
    return None if first is None or not news else (news[0] - first) / MS
