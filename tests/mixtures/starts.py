"""Machines that start where another thing was expected: HA restarts, cold migrations, and what only resembles them."""

from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import ICMPv6ND_NS, IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Raw

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
    dhcp_discover,
    dhcp_offer,
    echo,
    steps,
)

HOST_A, HOST_B = ("02:00:00:00:0a:01", "10.0.1.11"), ("02:00:00:00:0b:01", "10.0.1.12")
IP_TCP = 6
DIED, STARTS, ENDS = 2000, 9000, 14_000
MINE, PEER = (GUEST_MAC, GUEST), (CLIENT_MAC, CLIENT)


def life(scene: Landscape, begin: float, end: float, mine: tuple[str, str] = MINE, answers: bool = True) -> None:
    """The client pings the guest ten times a second."""
    for count, at in steps(begin, end, 100):
        number = int(begin) + count  # no packet is like one of another life
        scene.put(at, echo(PEER, mine, number), "here")
        if answers:
            scene.put(at + 1, echo(mine, PEER, number, reply=True), "here")


def conversation(scene: Landscape) -> Talk:
    """A connection that stands when the guest dies."""
    talk = Talk(PEER, MINE, 40_000)
    for at, says in ((100, (True, 0, "S")), (101, (False, 0, "SA")), (102, (True, 0, "A"))):
        scene.put(at, talk.say(*says), "here")
    for _, at in steps(300, DIED, 100):
        scene.put(at, talk.say(True, 100, "PA"), "here")
        scene.put(at + 1, talk.say(False, 200, "PA"), "here")
    return talk


def boot(scene: Landscape, at: float, address: str = GUEST, announced: bool = True) -> None:
    """Its host announces it; it asks for an address, probes for it and claims it."""
    if announced:
        scene.announce(at - 500, "here")
    scene.put(at, dhcp_discover(GUEST_MAC), "here")
    scene.put(at + 5, dhcp_offer(GUEST_MAC, (GW_A, GATEWAY), address), "here")
    for n in range(3):
        scene.put(at + 100 + 200 * n, arp(1, GUEST_MAC, "0.0.0.0", address), "here")
    scene.put(at + 800, arp(1, GUEST_MAC, address, address), "here")


def nfc(scene: Landscape, begin: float, end: float) -> None:
    """6 MB from one host to the other on port 902."""
    seq = 1
    for _, at in steps(begin, end, (end - begin) / 4200):
        tcp = TCP(sport=51_000, dport=902, seq=seq, ack=1, flags="A", window=60_000)
        head = Ether(src=HOST_A[0], dst=HOST_B[0]) / IP(src=HOST_A[1], dst=HOST_B[1], id=seq // 1448 & 0xFFFF)
        scene.put(at, head / tcp / Raw(b"n" * 1448), "here")
        seq += 1448


def restarted(answers: bool = True, address: str = GUEST, announced: bool = True, disk: bool = False) -> Landscape:
    """The guest's host dies; the guest is started on another one, and denies the connection that it had."""
    scene = Landscape({"here": None})
    life(scene, 0, DIED)
    talk = conversation(scene)
    life(scene, DIED, STARTS, answers=False)
    if disk:
        nfc(scene, 3000, 8000)
    boot(scene, STARTS, address, announced)
    life(scene, STARTS + 1000, ENDS, (GUEST_MAC, address), answers)
    if answers and address == GUEST:
        scene.put(STARTS + 1500, talk.say(True, 100, "PA"), "here")
        denial = talk.say(False, 0, "R")
        scene.put(STARTS + 1501, denial, "here")
    return scene


def at_the_other_site(back: str = "b") -> Landscape:
    """No host announces it, but a point in each site's domain shows where it lived, and where it starts."""
    scene = Landscape({"a": "domain:source", "b": "domain:destination"})
    for at, frame in restarted(announced=False).frames["here"]:
        scene.put(at, frame, "a" if at < STARTS - 100 else back)
    return scene


def with_its_own_address(silent_ms: float, goes_on: bool = False, denies: str = "R", ttl: int = 64) -> Landscape:
    """
    No DHCP, no probe: announced at the other site after a silence, it denies what it does not know; others call anew.

    Parameters
    ----------
    goes_on : another connection of it stands, and goes on at the new site
    denies : flags of the reset: without ACK it answers a segment of a connection that is not known there (RFC 9293)
    ttl : of the reset
    """
    scene = Landscape({"a": "domain:source", "b": "domain:destination"})
    before = Landscape({"here": None})
    life(before, 0, DIED)
    talk = conversation(before)
    other = Talk(PEER, MINE, 40_002, seq=9_000_000, ack=4_000_000)
    for _, at in steps(350, DIED, 100):
        before.put(at, other.say(True, 100, "PA"), "here")
        before.put(at + 1, other.say(False, 200, "PA"), "here")
    starts = DIED + silent_ms
    for at, frame in before.frames["here"]:
        scene.put(at, frame, "a")
    for _, at in steps(0, starts + 8000, 500):
        for point, router in (("a", GW_A), ("b", GW_B)):
            scene.put(at, arp(1, router, GATEWAY, "10.77.0.99"), point)
    scene.announce(starts, "b")
    after = Landscape({"here": None})
    number = 70_000
    for _, at in steps(starts + 700, starts + 6000, 100):
        number += 1
        after.put(at, echo(PEER, MINE, number), "here")
        after.put(at + 1, echo(MINE, PEER, number, reply=True), "here")
    for one in (talk, other):
        after.put(starts + 600, one.say(True, 100, "PA"), "here")
        is_known = goes_on and one is other
        after.put(starts + 601, one.say(False, 0, "A" if is_known else denies, ttl=64 if is_known else ttl), "here")
    anew = Talk(PEER, MINE, 40_001, seq=3_000_000, ack=5_000_000)
    for at, says in ((900, (True, 0, "S")), (901, (False, 0, "SA")), (902, (True, 0, "A"))):
        after.put(starts + at, anew.say(*says), "here")
    for _, at in steps(starts + 1000, starts + 6000, 100):
        after.put(at, anew.say(True, 100, "PA"), "here")
        after.put(at + 1, anew.say(False, 200, "PA"), "here")
    for at, frame in after.frames["here"]:
        scene.put(at, frame, "b")
    return scene


def with_ipv6() -> Landscape:
    """Nobody spoke TCP with it; as its network card starts, it looks whether its link-local address is free."""
    scene = Landscape({"a": "domain:source", "b": "domain:destination"})
    for at, frame in restarted(announced=False).frames["here"]:
        is_boot = STARTS - 500 <= at <= STARTS + 900 or frame[23] == IP_TCP
        if not is_boot:
            scene.put(at, frame, "a" if at < STARTS else "b")
    scene.announce(STARTS - 500, "b")
    own = "fe80::250:56ff:feaa:7710"
    ask = Ether(src=GUEST_MAC, dst="33:33:ff:aa:77:10") / IPv6(src="::", dst="ff02::1:ffaa:7710", hlim=255)
    scene.put(STARTS, ask / ICMPv6ND_NS(tgt=own), "b")
    return scene


def in_place(address: str = GUEST) -> Landscape:
    """A power cycle: it lives and starts at one site; the other hears its broadcasts alone."""
    scene = Landscape({"a": "domain:source", "b": "domain:destination"})
    for at, frame in restarted(address=address).frames["here"]:
        scene.put(at, frame, "a")
        if frame[:6] == b"\xff" * 6:
            scene.put(at + 1, frame, "b")
    return scene


def link_flapped() -> Landscape:
    """A link that was down for seconds: the machine asks once for the lease that it has, its client connects again."""
    scene = Landscape({"here": None})
    for at, frame in reconnected().frames["here"]:
        if not STARTS + 5 <= at < STARTS + 800:  # neither an offer nor a probe
            scene.put(at, frame, "here")
    return scene


def link_was_down(dhcp: bool) -> Landscape:
    """A vNIC that is connected again: its host announces it, and it looks for its address; nobody spoke TCP with it."""
    scene = Landscape({"here": None})
    life(scene, 0, DIED)
    scene.announce(STARTS - 500, "here")
    if dhcp:
        scene.put(STARTS, dhcp_discover(GUEST_MAC), "here")
    for n in range(3):
        scene.put(STARTS + 100 + 200 * n, arp(1, GUEST_MAC, "0.0.0.0", GUEST), "here")
    life(scene, STARTS + 1000, ENDS)
    return scene


def reconnected() -> Landscape:
    """The guest is started elsewhere; its client never sends on the old connection, but opens another."""
    scene = Landscape({"here": None})
    life(scene, 0, DIED)
    conversation(scene)
    boot(scene, STARTS)
    talk = Talk(PEER, MINE, 40_001, seq=3_000_000, ack=5_000_000)
    for at, says in ((1500, (True, 0, "S")), (1501, (False, 0, "SA")), (1502, (True, 0, "A"))):
        scene.put(STARTS + at, talk.say(*says), "here")
    for _, at in steps(STARTS + 1600, ENDS, 100):
        scene.put(at, talk.say(True, 100, "PA"), "here")
        scene.put(at + 1, talk.say(False, 200, "PA"), "here")
    return scene


def link_came_up() -> Landscape:
    """A long stun and a link that comes up: RARP, DHCP and probes as of a start, but its connection goes on."""
    scene = Landscape({"here": None})
    life(scene, 0, DIED)
    talk = conversation(scene)
    boot(scene, STARTS)
    life(scene, STARTS + 1000, ENDS)
    scene.put(STARTS + 1500, talk.say(True, 100, "PA"), "here")
    scene.put(STARTS + 1501, talk.say(False, 200, "PA"), "here")
    return scene


def host_died_while_moving() -> Landscape:
    """The stream breaks off half-way; six seconds later the guest is started on the other host."""
    scene = restarted()
    scene.put_stream("here", most_ms=DIED)
    return scene


def carried_while_off() -> Landscape:
    """A stream on the migration port that comes to its end, and the guest starts: it was switched off meanwhile."""
    scene = restarted()
    scene.put_stream("here", begin_ms=4000)
    return scene


def rebooted_later(most_ms: float = 1e9, at_ms: float = 20_000) -> Landscape:
    """It moves live, its connection goes on; long after that it reboots where it now is, and its client comes back."""
    scene = Landscape({"here": None})
    scene.put_stream("here", most_ms=most_ms)
    life(scene, 0, STUN[0])
    talk = conversation(scene)
    scene.announce(MOVED, "here")
    life(scene, STUN[1], at_ms - 8000)
    for _, at in steps(MOVED + 100, at_ms - 8000, 100):
        scene.put(at, talk.say(True, 100, "PA"), "here")
        scene.put(at + 1, talk.say(False, 200, "PA"), "here")
    boot(scene, at_ms, announced=False)
    life(scene, at_ms + 1000, at_ms + 3000)
    anew = Talk(PEER, MINE, 40_001, seq=3_000_000, ack=5_000_000)
    for at, says in ((1500, (True, 0, "S")), (1501, (False, 0, "SA")), (1502, (True, 0, "A"))):
        scene.put(at_ms + at, anew.say(*says), "here")
    for _, at in steps(at_ms + 1600, at_ms + 3000, 100):
        scene.put(at, anew.say(True, 100, "PA"), "here")
        scene.put(at + 1, anew.say(False, 200, "PA"), "here")
    return scene
