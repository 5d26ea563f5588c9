"""A guest that starts instead of going on: DHCP, probes for its address (RFC 5227), no memory of its connections."""

import struct
from typing import Final

from vmpcap.lab.events import MS, S
from vmpcap.lab.frames import EVERYBODY, NO_MAC, arp, ethernet, ip, ipv4, udp
from vmpcap.lab.peers import Conversation, Datagrams, Ping
from vmpcap.lab.world import CLIENT_IP, GATEWAY_IP, GUEST_IP, World
from vmpcap.terms.wire import ETHERTYPE_IPV4, IP_UDP

NOBODY: Final = bytes(4)
ALL: Final = ip("255.255.255.255")
NEW_IP: Final = ip("10.77.0.88")
"""The address of a guest that comes back with another."""
COOKIE: Final = bytes.fromhex("63825363")
DISCOVER, OFFER, REQUEST, ACK = 1, 2, 3, 5
PROBES: Final = 3
PROBED_NS: Final = 400 * MS
"""Between two probes."""
TOLD_NS: Final = S
"""So long after the guest's start everybody knows its new address."""


def dhcp(kind: int, guest: bytes, number: int, offered: bytes = NOBODY) -> bytes:
    """A message of DHCP (RFC 2131 2), from the guest or, with what is offered, from its server."""
    is_reply = kind in (OFFER, ACK)
    head = struct.pack(">BBBBIHH", 2 if is_reply else 1, 1, 6, 0, number, 0, 0x8000)
    head += NOBODY + (offered if is_reply else NOBODY) + bytes(8) + guest.ljust(16, b"\0") + bytes(192) + COOKIE
    options = bytes([53, 1, kind])
    if is_reply:
        options += b"\x36\x04" + GATEWAY_IP + b"\x33\x04" + struct.pack(">I", 86_400) + b"\x01\x04\xff\xff\xff\x00"
    elif kind == REQUEST:
        options += b"\x32\x04" + offered + b"\x36\x04" + GATEWAY_IP
    return head + options + b"\xff"


def start_guest(world: World, address: bytes) -> None:
    """It knows nothing and has no address; a second or two later it has this one."""
    simulation, guest = world.simulation, world.guest
    guest.eth0.cache.clear()
    guest.eth0.addresses[:] = []
    for talk in world.talks:
        talk.forget()
    number = simulation.random.getrandbits(32)
    wait = 300 * MS
    for kind, is_guest in ((DISCOVER, True), (OFFER, False), (REQUEST, True), (ACK, False)):
        simulation.after(wait, _say_dhcp, world, dhcp(kind, guest.eth0.mac, number, address), is_guest)
        wait += 5 * MS
    for _ in range(PROBES):
        probe = arp(1, (guest.eth0.mac, NOBODY), (NO_MAC, address), EVERYBODY)
        wait += PROBED_NS
        simulation.after(wait, guest.say, probe)
    simulation.after(wait + PROBED_NS, _has_address, world, address)


def _say_dhcp(world: World, message: bytes, is_guest: bool) -> None:
    """The server is the guest's gateway; it answers only where it would have heard."""
    if is_guest:
        raw = ipv4(NOBODY, ALL, IP_UDP, udp(NOBODY, ALL, (68, 67), message))
        world.guest.say(ethernet(EVERYBODY, world.guest.eth0.mac, ETHERTYPE_IPV4, raw))
        return
    asker = world.asker
    if asker is None or world.is_cut:
        return
    raw = ipv4(GATEWAY_IP, ALL, IP_UDP, udp(GATEWAY_IP, ALL, (67, 68), message), ident=asker.stack.next_ident())
    asker.send(ethernet(EVERYBODY, asker.mac, ETHERTYPE_IPV4, raw))


def _has_address(world: World, address: bytes) -> None:
    guest = world.guest
    guest.eth0.addresses[:] = [address]
    guest.say(arp(1, (guest.eth0.mac, address), (NO_MAC, address), EVERYBODY))
    if address != GUEST_IP:
        world.simulation.after(TOLD_NS, _ask_there, world, address)


def _ask_there(world: World, address: bytes) -> None:
    """The client has heard of the new address: it asks there."""
    client, simulation, pace = world.client, world.simulation, world.scenario.pace
    assert client is not None
    assert client.eth0.addresses[0] == CLIENT_IP
    world.later = [
        Ping(simulation, client, address, "10.99.0.2", pace),
        Datagrams(simulation, client, world.guest, "10.99.0.2", pace, 40011),
        Conversation(simulation, client, world.guest, "10.99.0.2", pace, ports=(40012, 5432)),
    ]
    for peer in world.later:
        peer.begin(simulation.now)
