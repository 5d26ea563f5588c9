"""Mechanisms that meet: an overlay and a gateway, a registration and a silent guest, a MAC and its address."""

import struct

from tests.mixtures.control import ACTIVE, STANDBY, VIRTUAL_MAC, Speaker, hsrp, lisp_data, lisp_register, otv, rip
from tests.mixtures.landscape import (
    CLIENT,
    CLIENT_MAC,
    GATEWAY,
    GUEST,
    GUEST_MAC,
    GW_A,
    GW_B,
    MOVED,
    STUN,
    Landscape,
    arp,
    echo,
    rarp,
    steps,
)
from tests.runs.made import stream

ROLES = {"src": "source", "a": "domain:source", "b": "domain:destination", "core": "wan", "client": "client"}
MINE, PEER = (GUEST_MAC, GUEST), (CLIENT_MAC, CLIENT)
ROUTER_MAC = "02:00:00:00:00:c0"
FAR = (ROUTER_MAC, GUEST)
"""The guest as the client sees it: behind a router."""


def two_sites() -> Landscape:
    """The stream and the announcement at the new place."""
    scene = Landscape(ROLES)
    scene.put_stream("src")
    scene.announce(MOVED, "b")
    return scene


def asked(scene: Landscape, at: float, number: int, site: str = "", gateway: str = "", answered: bool = True) -> None:
    """The client pings the guest over the gateway of a site; nowhere, where none is named."""
    scene.put(at, echo(PEER, FAR, number), "client")
    if site:
        scene.put(at + 1, echo((gateway, CLIENT), MINE, number, ttl=62), site)
    if site and answered:
        scene.put(at + 2, echo(MINE, (gateway, CLIENT), number, reply=True), site)
        scene.put(at + 3, echo(FAR, PEER, number, reply=True, ttl=62), "client")


def before(scene: Landscape, step: float = 50) -> None:
    """Until the guest is stopped, and while it is away."""
    for number, at in steps(0, STUN[1], step):
        asked(scene, at, number, "a", GW_A, answered=at < STUN[0])


# a stretched VLAN over OTV, with HSRP on both sites

ROUTER_A, ROUTER_B = ("02:00:00:aa:00:02", "10.77.0.2"), ("02:00:00:bb:00:03", "10.77.0.3")


def otv_with_hsrp(leak: bool) -> Landscape:
    """With the leak, the old site's router is active for both: all of the guest's traffic crosses twice."""
    scene = Landscape(ROLES)
    scene.put_stream("src")
    for offset in (0, 50, 200, 450, 800):
        scene.put(MOVED + offset, rarp(), "b")
        scene.put(MOVED + offset + 1, otv(rarp(), False, int(offset)), "core")
        scene.put(MOVED + offset + 2, rarp(), "a")
    said = arp(1, GUEST_MAC, GUEST, GATEWAY)
    for frame, point in ((said, "a"), (otv(said, True, 7), "core"), (said, "b")):
        scene.put(400, frame, point)
    for number, at in steps(10, 12_000, 3000):
        old = hsrp(ROUTER_A, GATEWAY, ACTIVE, 110, number)
        new = hsrp(ROUTER_B, GATEWAY, STANDBY if leak else ACTIVE, 100, number)
        scene.put(at, old, "a")
        scene.put(at + 500, new, "b")
        if leak:
            scene.put(at + 1, otv(old, True, number), "core")
            scene.put(at + 2, old, "b")
            scene.put(at + 501, otv(new, False, number), "core")
            scene.put(at + 502, new, "a")
    before(scene)
    for count, at in steps(MOVED + 20, 12_000, 50):
        number = 1000 + count
        if not leak:
            asked(scene, at, number, "b", GW_B)
            continue
        there, back = echo((GW_A, CLIENT), MINE, number, ttl=62), echo(MINE, (VIRTUAL_MAC, CLIENT), number, reply=True)
        scene.put(at, echo(PEER, FAR, number), "client")
        for n, (frame, point) in enumerate(
            ((there, "a"), (otv(there, True, number), "core"), (there, "b"),
             (back, "b"), (otv(back, False, number), "core"), (back, "a"))
        ):  # fmt: skip
            scene.put(at + 1 + n, frame, point)
        scene.put(at + 8, echo(FAR, PEER, number, reply=True, ttl=62), "client")
    return scene


# LISP, and a guest that says nothing

XTR_A, XTR_B = ("02:00:00:00:08:0a", "10.8.0.1"), ("02:00:00:00:08:0b", "10.8.0.2")
ITR, SERVER = ("02:00:00:00:08:07", "10.8.0.7"), ("02:00:00:00:08:09", "10.8.0.9")


def lisp(speaks_ms: float | None, end_ms: float = 30_000) -> Landscape:
    """RARP has no address: the new site's router registers the guest when it first sends a packet of its own."""
    scene = two_sites()
    scene.put(50, lisp_register(XTR_A, SERVER, GUEST, False, 1), "core")
    scene.put(60, lisp_register(XTR_A, SERVER, GUEST, True, 1), "core")
    for number, at in steps(0, end_ms, 100):
        old = speaks_ms is None or at < speaks_ms
        scene.put(
            at + 0.5,
            lisp_data(echo((ITR[0], CLIENT), MINE, number, ttl=63), (ITR, XTR_A if old else XTR_B), number),
            "core",
        )
        if at < STUN[1]:
            asked(scene, at, number, "a", GW_A, answered=at < STUN[0])
        elif old:
            asked(scene, at, number, "a", GW_A, answered=False)
        else:
            asked(scene, at, number, "b", GW_B)
    if speaks_ms is not None:
        scene.put(speaks_ms - 100, echo(MINE, (GW_B, CLIENT), 9000), "b")
        scene.put(speaks_ms - 50, lisp_register(XTR_B, SERVER, GUEST, False, 2), "core")
        scene.put(speaks_ms - 40, lisp_register(XTR_B, SERVER, GUEST, True, 2), "core")
    return scene


# EVPN: the MAC at once, its address later


def evpn(address_ms: float | None, end_ms: float = 30_000) -> Landscape:
    """Until the route with the address comes, routed packets go to the old leaf and are lost."""
    scene = two_sites()
    reflector = ("02:00:00:00:0f:09", "10.0.0.9")
    old, new = (
        Speaker(("02:00:00:00:0f:01", "10.0.0.1"), reflector),
        Speaker(("02:00:00:00:0f:02", "10.0.0.2"), reflector),
    )
    scene.put(20, old.route(GUEST_MAC, None, None), "core")
    scene.put(30, old.route(GUEST_MAC, GUEST, None), "core")
    scene.put(MOVED + 50, new.route(GUEST_MAC, None, 1), "core")
    scene.put(MOVED + 150, old.route(GUEST_MAC, None, None, withdrawn=True), "core")
    if address_ms is not None:
        scene.put(address_ms, new.route(GUEST_MAC, GUEST, 1), "core")
        scene.put(address_ms + 100, old.route(GUEST_MAC, GUEST, None, withdrawn=True), "core")
    before(scene, 100)
    for count, at in steps(MOVED + 20, end_ms, 100):
        there = address_ms is not None and at > address_ms
        asked(scene, at, 1000 + count, "b" if there else "", GW_B)
    return scene


# RIP, two routers


def two_rip_routers(poison_ms: float | None, lost: str, end_ms: float = 60_000) -> Landscape:
    """
    The new router advertises two seconds after the move; the old one goes on until it poisons.

    lost: which of the client's requests go the old way meanwhile: "all", "half" (shared between both) or "none".
    """
    scene = two_sites()
    old, new = ("02:00:00:00:0a:02", "192.0.2.2"), ("02:00:00:00:0b:06", "192.0.2.6")
    until = poison_ms if poison_ms is not None else end_ms
    for number, at in steps(100, until, 5000):
        scene.put(at, rip(old, GUEST, 2, number), "core")
    for number, at in steps(MOVED + 2000, end_ms, 5000):
        scene.put(at, rip(new, GUEST, 2, 100 + number), "core")
    if poison_ms is not None:
        scene.put(poison_ms, rip(old, GUEST, 16, 999), "core")
    before(scene, 200)
    for count, at in steps(MOVED + 20, end_ms, 200):
        stale = at < MOVED + 2000 or (at < until and (lost == "all" or (lost == "half" and count % 2 == 0)))
        asked(scene, at, 1000 + count, "a" if stale else "b", GW_A if stale else GW_B, answered=not stale)
    return scene


# several guests


def several(moves: list[tuple[int, str, str, bool]], end_ms: float = 30_000) -> Landscape:
    """
    Migrations between two hosts, one capture: (begin in ms, the guest's MAC, its address, whether it goes back).

    Each guest is pinged by the client's neighbour in its own network, every 100 ms, and is away for 170 ms.
    """
    scene = Landscape({"here": None})
    away: dict[str, list[tuple[float, float]]] = {}
    for number, (begin, mac, _, back) in enumerate(moves):
        for at, data in stream(begin):
            scene.put(at, _other_port(data, 50_000 + number, back), "here")
        scene.announce(begin + 2010, "here", mac=mac)
        away.setdefault(mac, []).append((begin + 1840, begin + 2010))
    neighbour = ("02:00:00:00:00:20", "10.77.0.20")
    for n, (mac, ip) in enumerate(sorted({(mac, ip) for _, mac, ip, _ in moves})):
        for number, at in steps(0, end_ms, 100):
            scene.put(at + n, echo(neighbour, (mac, ip), number), "here")
            if not any(a <= at < b for a, b in away[mac]):
                scene.put(at + n + 1, echo((mac, ip), neighbour, number, reply=True), "here")
    return scene


def _other_port(frame: bytes, port: int, back: bool) -> bytes:
    """The same segment of a stream from another port; between the two hosts the other way round, where it goes back."""
    src, dst = struct.unpack(">HH", frame[34:38])
    ports = struct.pack(">HH", port, dst) if dst == 8000 else struct.pack(">HH", src, port)
    frame = frame[:34] + ports + frame[38:]
    return frame[6:12] + frame[:6] + frame[12:26] + frame[30:34] + frame[26:30] + frame[34:] if back else frame
