"""What really happened: asked of the simulated machines themselves, never of a report."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from vmpcap.lab.events import MS, S
from vmpcap.lab.frames import ip_words, mac_words
from vmpcap.lab.peers import Account
from vmpcap.lab.stream import LAST_BYTES, PORT
from vmpcap.lab.wires import Tap
from vmpcap.lab.world import GUEST_IP, GUEST_MAC, World
from vmpcap.terms.wire import ETHERTYPE_RARP

EPOCH_NS: Final = 1_768_471_200 * S
"""2026-01-15 10:00:00 UTC: when every capture begins."""
IN_TIME_NS: Final = 2 * S
"""What takes a peer no longer than this is no failure of the mechanism."""
LEAST_NS: Final = 50 * MS
"""The shortest gap that is called an outage."""


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
    assert world.resumed_ns is not None
    assert world.stunned_ns is not None
    truth, scenario = stream.truth, world.scenario
    bulk_bytes = scenario.stream_bytes - LAST_BYTES
    bulk_ns = truth.stunned_ns - truth.first_data_ns
    return {
        "source": ip_words(stream.source.address),
        "destination": ip_words(stream.destination.address),
        "port": PORT,
        "hops": int(scenario.link.is_routed),
        "payload_bytes": scenario.stream_bytes,
        "syn_ts": when(truth.syn_ns),
        "first_data_ts": when(truth.first_data_ns),
        "stunned_ts": when(truth.stunned_ns),
        "last_data_ts": when(truth.last_data_ns),
        "last_ack_ts": when(truth.last_ack_ns),
        "resumed_ts": when(world.resumed_ns),
        "stun_ms": (world.resumed_ns - world.stunned_ns) / MS,
        "bulk_bytes": bulk_bytes,
        "bulk_mbps": round(bulk_bytes * 8_000 / bulk_ns, 3),
        "handshake_ms": (truth.established_ns - truth.syn_ns) / MS,
        "shortest_rtt_ms": None if truth.shortest_ns is None else truth.shortest_ns / MS,
        "segments_sent": truth.segments,
        "segments_resent": truth.resent,
        "time_outs": truth.resent_by_time_out,
        "frames_lost": {why: sum(d.why == why for d in link.drops) for why in sorted({d.why for d in link.drops})},
    }


def _rarps(world: World, tap: Tap) -> int:
    """RARPs since the switchover at this point, tagged or not; in tunnels they are not counted."""
    assert world.resumed_ns is not None
    kind = ETHERTYPE_RARP.to_bytes(2, "big")
    return sum(
        kind in (raw[12:14], raw[16:18] if raw[12:14] == b"\x81\x00" else b"") and ts >= world.resumed_ns
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


def outage(account: Account, world: World) -> tuple[int, int | None] | None:
    """
    The longest stretch around the switchover in which this peer was not answered: (from, to), None where there is none.

    Echoes and datagrams: from the first unanswered request to the first answered one. TCP sends again by itself: from
    the first time that the question was sent to its answer. What is under way when the captures end does not count.
    """
    end = world.simulation.now - 300 * MS
    requests = [r for r in account.requests if 0 <= r.sent <= end]
    if account.protocol == "tcp":
        waits = [(r.sent, r.answered) for r in requests]
        longest = max(waits, key=lambda w: (w[1] or world.simulation.now) - w[0], default=None)
        if longest is None or (longest[1] or world.simulation.now) - longest[0] < LEAST_NS:
            return None
        return longest
    found: tuple[int, int | None] | None = None
    begin = None
    for request in requests:
        if request.answered is None:
            begin = request.sent if begin is None else begin
        elif begin is not None:
            if found is None or request.sent - begin > (found[1] or 0) - found[0]:
                found = (begin, request.sent)
            begin = None
    return (begin, None) if begin is not None else found


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


def _worst(world: World) -> int | None:
    """How long after the resume the last of the peers was answered again, ns; None where one never was."""
    assert world.resumed_ns is not None
    worst = 0
    for account in [p.account for p in world.pings] + [t.account for t in world.talks]:
        gap = outage(account, world)
        if gap is None:
            continue
        if gap[1] is None:
            return None
        worst = max(worst, gap[1] - world.resumed_ns)
    return worst


def _span(ns: int) -> str:
    return f"{ns / MS:.0f} ms" if ns < S else f"{ns / S:.1f} s"


def _peers_words(world: World) -> str:
    worst = _worst(world)
    return (
        "a peer never got an answer again" if worst is None else f"all peers were answered again within {_span(worst)}"
    )


def _stretched(world: World) -> tuple[bool, str]:
    """Others reached the guest at its new place in time, through the one domain."""
    worst = _worst(world)
    heard = world.guest.heard_at_new
    return worst is not None and worst <= IN_TIME_NS, f"{heard} frames reached the guest there; {_peers_words(world)}"


def _gateway_arp(world: World) -> tuple[bool, str]:
    """The gateway knew the guest's MAC in time, and no question of its stays open."""
    assert world.asker is not None
    known = world.asker.cache.get(GUEST_IP)
    worst = _worst(world)
    right = known is not None and known.mac == world.guest.eth0.mac
    asked = world.asker.unanswered.get(GUEST_IP, 0)
    words = "the gateway knows the guest's MAC" if right else f"the gateway asked {asked} times in vain"
    return right and not asked and worst is not None and worst <= IN_TIME_NS, f"{words}; {_peers_words(world)}"


def _ipv6_nd(world: World) -> tuple[bool, str]:
    """The same by neighbour discovery."""
    assert world.asker is not None
    address = next(a for a in world.guest.eth0.addresses if len(a) == 16)
    asked = world.asker.unanswered.get(address, 0)
    known = world.asker.cache.get(address)
    right = known is not None and known.mac == world.guest.eth0.mac and not asked
    words = "the gateway knows the guest's MAC" if right else f"the gateway solicited {asked} times in vain"
    return right, f"{words}; {_peers_words(world)}"


def _gateways(world: World) -> tuple[bool, str]:
    """Each site has an active router of its own."""
    active = [site for site, gateway in world.gateways if gateway.is_active]
    crossed = [
        site for site, g in world.gateways if any(o.interface.addresses[0] in g.heard for _, o in world.gateways)
    ]
    words = f"active at site {' and '.join(s.upper() for s in active)}"
    words += f"; hellos of the other site heard at {' and '.join(s.upper() for s in crossed)}" if crossed else ""
    return active == ["a", "b"] and not crossed, words


def _host_route(world: World) -> tuple[bool, str]:
    """The core sends to the new site's router, and the old one has taken its route back."""
    routes = world.routes
    assert routes is not None
    assert world.resumed_ns is not None
    old, new = routes.ways
    best = routes.best.name if routes.best is not None else "nobody"
    came = next((ts for ts in new.announced if ts >= world.resumed_ns), None)
    left = next((ts for ts in old.withdrawn if ts >= world.resumed_ns), None)
    words = f"{new.name} " + (f"announced it after {_span(came - world.resumed_ns)}" if came else "never announced it")
    words += f", {old.name} " + (f"withdrew it after {_span(left - world.resumed_ns)}" if left else "never withdrew it")
    return best == new.name and left is not None, f"{words}; the core sends to {best}; {_peers_words(world)}"


def _evpn(world: World) -> tuple[bool, str]:
    """The new endpoint's route with the guest's address came in time; one with its MAC alone routes nothing."""
    right, words = _host_route(world)
    assert world.routes is not None
    assert world.resumed_ns is not None
    came = next((ts for ts in world.routes.ways[1].announced if ts >= world.resumed_ns), None)
    return right and came is not None and came - world.resumed_ns <= IN_TIME_NS, f"with its address, {words}"


def _lisp(world: World) -> tuple[bool, str]:
    """The map server and the PITR know the new site's locator."""
    assert world.map_server is not None
    assert world.proxy is not None
    new = dict(world.tunnel_routers)["b"].locator
    right = world.map_server.locator == new and world.proxy.locator == new
    words = f"registered at {ip_words(world.map_server.locator) if world.map_server.locator else 'nobody'}"
    words += f", the PITR sends to {ip_words(world.proxy.locator) if world.proxy.locator else 'nobody'}"
    return right, f"{words}; {_peers_words(world)}"


def _overlay(world: World) -> tuple[bool, str]:
    """The gateway's endpoint sends what is for the guest to the new site's."""
    ends = world.endpoints
    entry = ends["gw"].table.get((0, GUEST_MAC))
    behind = next(
        (site for site, end in ends.items() if entry and getattr(entry[0], "address", b"") == end.address), ""
    )
    words = f"the gateway's endpoint sends to edge-{behind}" if behind else "the gateway's endpoint does not know it"
    return behind == "b", f"{words}; {_peers_words(world)}"


def _tunnel(world: World) -> tuple[bool, str]:
    """What the guest answers fits, and its peers are answered in time."""
    worst = _worst(world)
    lost = [d for link in world.links for d in link.drops if d.why == "too large for the link"]
    words = f"{len(lost)} frames of the tunnel were too large for a link and got lost; " if lost else ""
    return worst is not None and worst <= IN_TIME_NS and not lost, f"{words}{_peers_words(world)}"


def _port_group(world: World) -> tuple[bool, str]:
    """Somebody's unicast reached the guest at its new place."""
    heard = world.guest.heard_at_new
    return heard > 0, f"{heard} frames for the guest reached it at its new place; {_peers_words(world)}"


WORKED: Final[dict[str, Callable[[World], tuple[bool, str]]]] = {
    "stretched_vlan": _stretched,
    "port_group": _port_group,
    "gateway_arp": _gateway_arp,
    "ipv6_nd": _ipv6_nd,
    "vrrp": _gateways,
    "hsrp": _gateways,
    "glbp": _gateways,
    "rip": _host_route,
    "ospf": _host_route,
    "eigrp": _host_route,
    "bgp": _host_route,
    "isis": _host_route,
    "evpn": _evpn,
    "lisp": _lisp,
    "vxlan": _overlay,
    "geneve": _overlay,
    "otv": _overlay,
    "etherip": _tunnel,
    "fence": _tunnel,
}
"""How each mechanism's own machines say whether it did its part."""
