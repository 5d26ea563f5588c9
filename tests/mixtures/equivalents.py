"""Two sites that are alike: behind translators, or one service address at both."""

from collections.abc import Callable
from dataclasses import replace

from scapy.layers.inet import ICMP, IP, TCP
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw

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
    Talk,
    arp,
    echo,
    steps,
)

ROUTER_MAC, PUBLIC = "02:00:00:00:00:c0", "198.51.100.10"
MINE, PEER = (GUEST_MAC, GUEST), (CLIENT_MAC, CLIENT)
END = 9000
HOP_A, HOP_B = "203.0.113.1", "203.0.113.2"

ROLES = {"src": "source", "a": "domain:source", "b": "domain:destination", "client": "client"}


def two_sites(public: str = PUBLIC) -> Landscape:
    """The stream, the announcement at the new place, each gateway known at its own site."""
    scene = Landscape(ROLES)
    scene.put_stream("src")
    scene.announce(MOVED, "b")
    scene.put(10, arp(1, GUEST_MAC, GUEST, GATEWAY), "a")
    scene.put(11, arp(2, GW_A, GATEWAY, GUEST, GUEST_MAC), "a")
    scene.put(50, arp(1, GW_B, GATEWAY, GATEWAY), "b")
    ask(scene, 200, STUN[0], "a", GW_A, public)
    ask(scene, STUN[0], STUN[1], "a", GW_A, public, answers=False)
    return scene


def ask(
    scene: Landscape,
    begin: float,
    end: float,
    site: str,
    gateway: str,
    public: str,
    answers: bool = True,
    back: str = "",
) -> None:
    """The client pings the guest under its outer address; the site's gateway puts in the inner one."""
    router, inner_gateway = (ROUTER_MAC, public), (gateway, CLIENT)
    for count, at in steps(begin, end, 50):
        number = count + int(begin)
        scene.put(at, echo(PEER, router, number), "client")
        scene.put(at + 1, echo(inner_gateway, MINE, number, ttl=61), site)
        if answers or back:
            scene.put(at + 2, echo(MINE, (back or gateway, CLIENT), number, reply=True), site)
        if answers:
            scene.put(at + 3, echo(router, PEER, number, reply=True, ttl=61), "client")


class Translated:
    """One connection of the client, as it looks outside and at the site where it goes in."""

    def __init__(self, scene: Landscape, public: str) -> None:
        self.scene, self.public = scene, public
        self.talk = Talk(PEER, MINE, 40_000)

    def say(self, at: float, from_client: bool, size: int, flags: str, site: str, gateway: str) -> None:
        """One segment, on its way through the gateway of that site."""
        other = replace(self.talk)
        outer = self.talk.say(from_client, size, flags, ttl=64 if from_client else 61, **self._outer(from_client))
        inner = other.say(from_client, size, flags, ttl=61 if from_client else 64, **_inner(from_client, gateway))
        early, late = (outer, "client"), (inner, site)
        for number, (frame, point) in enumerate((early, late) if from_client else (late, early)):
            self.scene.put(at + number, frame, point)

    def _outer(self, from_client: bool) -> dict[str, tuple[str, str]]:
        return {"dst" if from_client else "src": (ROUTER_MAC, self.public)}

    def exchange(self, at: float, site: str, gateway: str, size: int = 100) -> None:
        """The client asks, the guest answers."""
        self.say(at, True, size, "PA", site, gateway)
        self.say(at + 3, False, 2 * size, "PA", site, gateway)


def _inner(from_client: bool, gateway: str) -> dict[str, tuple[str, str]]:
    return {"src" if from_client else "dst": (gateway, CLIENT)}


def connection(scene: Landscape, public: str = PUBLIC) -> Translated:
    """It stands before the move."""
    made = Translated(scene, public)
    for at, says in ((100, (True, 0, "S")), (104, (False, 0, "SA")), (108, (True, 0, "A"))):
        made.say(at, *says, "a", GW_A)
    for _, at in steps(300, 2700, 100):
        made.exchange(at, "a", GW_A)
    return made


def goes_on(public: str = PUBLIC) -> Landscape:
    """The gateway of the new site has the state, and the guest knows its MAC: all goes on."""
    scene = two_sites(public)
    made = connection(scene, public)
    scene.put(MOVED + 5, arp(1, GW_B, GATEWAY, GATEWAY), "b")
    ask(scene, MOVED + 20, END, "b", GW_B, public)
    for _, at in steps(3100, END - 100, 100):
        made.exchange(at, "b", GW_B)
    return scene


def stale_gateway() -> Landscape:
    """The guest's ARP entry still has the old gateway's MAC: its answers go nowhere for four seconds."""
    scene = two_sites()
    connection(scene)
    renewed = MOVED + 4000
    ask(scene, MOVED + 20, renewed, "b", GW_B, PUBLIC, answers=False, back=GW_A)
    scene.put(renewed, arp(1, GUEST_MAC, GUEST, GATEWAY), "b")
    scene.put(renewed + 1, arp(2, GW_B, GATEWAY, GUEST, GUEST_MAC), "b")
    ask(scene, renewed + 20, END, "b", GW_B, PUBLIC)
    return scene


def no_state() -> Landscape:
    """The translator of the new site does not know the connection, and resets each of its segments; pings go on."""
    scene = two_sites()
    made = connection(scene)
    ask(scene, MOVED + 20, END, "b", GW_B, PUBLIC)
    for at in (3200, 3210, 3220):
        scene.put(at, made.talk.say(True, 100, "PA", dst=(ROUTER_MAC, PUBLIC)), "client")
        scene.put(at + 1, made.talk.say(False, 0, "R", ttl=63, src=(ROUTER_MAC, PUBLIC)), "client")
    return scene


def unreachable() -> Landscape:
    """Everything still comes to the translator of the old site, which finds nobody any more."""
    scene = two_sites()
    connection(scene)
    for number, at in steps(MOVED + 20, END, 200):
        asked = echo(PEER, (ROUTER_MAC, PUBLIC), 9000 + number)
        scene.put(at, asked, "client")
        head = Ether(src=ROUTER_MAC, dst=CLIENT_MAC) / IP(src=HOP_A, dst=CLIENT, ttl=62, id=number + 1)
        scene.put(at + 50, head / ICMP(type=3, code=1) / Raw(bytes(asked[IP])[:28]), "client")
    return scene


def announced_only(scene: Landscape) -> Landscape:
    """The point at the new site was told to keep RARP alone."""
    scene.frames["b"] = [row for row in scene.frames["b"] if row[1][12:14] == b"\x80\x35"]
    return scene


def in_vain(to_guest: bool) -> Landscape:
    """
    A second stream to the outer address that nobody answers after the move. Of `b` only announcements are kept.

    `to_guest`: it passed inside before, too, and the first goes on; else it is for another machine behind the same
    address, and nobody asks for the guest since it moved.
    """
    scene = goes_on() if to_guest else two_sites()
    announced_only(scene)
    for number, at in steps(200, END, 100):
        inner = ("a",) if to_guest and at < STUN[0] else ()
        asked = echo(PEER, (ROUTER_MAC, PUBLIC), 20_000 + number)
        asked[ICMP].id = 99
        scene.put(at, asked, "client")
        answer = echo(MINE, (GW_A, CLIENT), 20_000 + number, reply=True)
        answer[ICMP].id = 99
        if at < STUN[0]:
            for point in inner:
                came = echo((GW_A, CLIENT), MINE, 20_000 + number, ttl=61)
                came[ICMP].id = 99
                scene.put(at + 1, came, point)
                scene.put(at + 2, answer, point)
            back = echo((ROUTER_MAC, PUBLIC), PEER, 20_000 + number, reply=True, ttl=61)
            back[ICMP].id = 99
            scene.put(at + 3, back, "client")
    return scene


def domains_touch() -> Landscape:
    """All goes on, but somebody joined the two networks: both gateways claim their one address in it."""
    scene = goes_on()
    for _, at in steps(MOVED + 100, END, 500):
        scene.put(at, arp(1, GW_A, GATEWAY, GATEWAY), "b")
        scene.put(at + 1, arp(1, GW_B, GATEWAY, GATEWAY), "b")
    return scene


def behind_a_proxy() -> Landscape:
    """A proxy ends all connections: no packet is the same on both sides, but outside the guest is not seen."""
    scene = Landscape({**ROLES, "client": "wan"})
    for point, rows in goes_on().frames.items():
        if point != "client":
            scene.frames[point] = list(rows)
    front = ("02:00:00:00:00:f0", PUBLIC)
    for number, at in steps(0, END, 100):
        scene.put(at, echo(PEER, front, 500 + number, ttl=63), "client")
        scene.put(at + 2, echo(front, PEER, 700 + number, reply=True, ttl=63), "client")
    return scene


# anycast

SERVICE = GUEST
FAR_MAC = "02:00:00:00:00:c0"


def served(way: Callable[[int, int], int], resets: bool = False, connections: int = 6) -> Landscape:
    """
    The client's connections to the guest's address, seen beside the client.

    Each segment that comes back has the TTL that `way` says for the number of its connection and of itself.
    """
    scene = Landscape({"src": "source", "b": "domain:destination", "client": "client"})
    scene.put_stream("src")
    scene.announce(MOVED, "b")
    scene.put(MOVED + 10, arp(1, GUEST_MAC, SERVICE, SERVICE), "b")
    talks = [Talk(PEER, (FAR_MAC, SERVICE), 41_000 + n, ack=9_000_000 + n) for n in range(connections)]
    for n, talk in enumerate(talks):
        scene.put(100 + n, talk.say(True, 0, "S"), "client")
        scene.put(110 + n, talk.say(False, 0, "SA", ttl=way(n, 0)), "client")
        scene.put(120 + n, talk.say(True, 0, "A"), "client")
    for step, at in steps(200, END, 100):
        if STUN[0] <= at < STUN[1]:
            continue
        for n, talk in enumerate(talks):
            scene.put(at + n, talk.say(True, 50, "PA"), "client")
            reset = resets and step % 3 == n % 3
            if reset:
                scene.put(at + 10 + n, _reset(talk, way(n, step + 1)), "client")
            else:
                scene.put(at + 10 + n, talk.say(False, 80, "PA", ttl=way(n, step + 1)), "client")
    return scene


def reset_by_the_other(connections: int = 10) -> Landscape:
    """Each connection is accepted by one site and, at its first word, reset by the other, in turns; around the move."""
    scene = Landscape({"src": "source", "b": "domain:destination", "client": "client"})
    scene.put_stream("src")
    scene.announce(MOVED, "b")
    scene.put(MOVED + 10, arp(1, GUEST_MAC, SERVICE, SERVICE), "b")
    for n in range(connections):
        talk = Talk(PEER, (FAR_MAC, SERVICE), 52_000 + n, ack=9_000)
        at, ttls = 200 + n * (END - 400) // connections, (60, 57) if n % 2 else (57, 60)
        scene.put(at, talk.say(True, 0, "S"), "client")
        scene.put(at + 5, talk.say(False, 0, "SA", ttl=ttls[0]), "client")
        scene.put(at + 6, talk.say(True, 50, "PA"), "client")
        scene.put(at + 11, _reset(talk, ttls[1]), "client")
    return scene


def _reset(talk: Talk, ttl: int) -> Packet:
    """What a machine answers that does not know the connection: a reset with the number that was acknowledged."""
    talk.number += 1
    tcp = TCP(sport=talk.service, dport=talk.port, seq=talk.ack, ack=0, flags="R", window=0)
    return Ether(src=FAR_MAC, dst=CLIENT_MAC) / IP(src=SERVICE, dst=CLIENT, ttl=ttl, id=talk.number & 0xFFFF) / tcp


def each_keeps_to_one() -> Landscape:
    """Half of the connections come from each site, for as long as they live."""
    return served(lambda connection, _: (61, 58)[connection % 2])


def shared_by_packet() -> Landscape:
    """The packets of each connection go to both sites in turn; the one without state resets."""
    return served(lambda connection, segment: (61, 58)[(connection + segment) % 3 == 1], resets=True)


def two_ways_to_one() -> Landscape:
    """Packets take two ways of different length, but nobody resets anything."""
    return served(lambda _, segment: (61, 60)[segment % 2])


def moved_once() -> Landscape:
    """The guest's new place is three hops nearer: the way changes once, when it moves."""
    return served(lambda _, segment: 58 if segment < (MOVED - 200) // 100 + 1 else 61)


def short_ones(way: Callable[[int], int]) -> Landscape:
    """A connection every 500 ms that lasts 300 ms; what comes back in the n-th has the TTL that `way` says for n."""
    scene = Landscape({"src": "source", "b": "domain:destination", "client": "client"})
    scene.put_stream("src")
    scene.announce(MOVED, "b")
    scene.put(MOVED + 10, arp(1, GUEST_MAC, SERVICE, SERVICE), "b")
    for n, at in steps(100, END - 400, 500):
        talk = Talk(PEER, (FAR_MAC, SERVICE), 41_000 + n, ack=9_000_000 + n)
        scene.put(at, talk.say(True, 0, "S"), "client")
        scene.put(at + 3, talk.say(False, 0, "SA", ttl=way(n)), "client")
        for _, ms in steps(at + 10, at + 300, 90):
            scene.put(ms, talk.say(True, 50, "PA"), "client")
            scene.put(ms + 3, talk.say(False, 80, "PA", ttl=way(n)), "client")
    return scene


def in_turn() -> Landscape:
    """Every other connection goes to the other site; no two of them run at once."""
    return short_ones(lambda n: (61, 62)[n % 2])


def flapped_once() -> Landscape:
    """For three connections in a row the network takes a longer way: there and back."""
    return short_ones(lambda n: 60 if 9 <= n <= 11 else 61)


def moved_between_short_ones() -> Landscape:
    """The new place is nearer by one hop: the way changes once, with the move."""
    return short_ones(lambda n: 61 if 100 + 500 * n < MOVED else 62)


def short_ones_first(short: int = 70) -> Landscape:
    """Six long connections, half from each site, beside many short ones from lower ports, all of one site."""
    scene = each_keeps_to_one()
    for n in range(short):
        talk = Talk(PEER, (FAR_MAC, SERVICE), 30_000 + n, ack=11_000_000 + n)
        scene.put(100 + n, talk.say(True, 0, "S"), "client")
        scene.put(110 + n, talk.say(False, 0, "SA", ttl=61), "client")
        scene.put(120 + n, talk.say(False, 80, "PA", ttl=61), "client")
    return scene


def off_the_path() -> Landscape:
    """Two gateways that only route, and a point between the sites that the guest's packets never pass."""
    scene = Landscape({**ROLES, "wan": "wan"}, goes_on(public=GUEST).frames)
    for count, at in steps(100, END, 300):
        scene.put(at, echo((GW_A, HOP_A), (GW_B, HOP_B), count), "wan")
    return scene
