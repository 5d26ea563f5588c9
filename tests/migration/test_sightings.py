"""What one point saw of one guest: by its MAC in its domain, by its address behind a router."""

import numpy as np

from tests.migration.make import GATEWAY, GUEST, GUEST_IP, MS, PEER_IP, journal, view
from vmpcap.measures.peers import find_peer_streams
from vmpcap.migration.moved import Moved
from vmpcap.migration.sightings import frames_of
from vmpcap.terms.addresses import NO_MAC, ip_halves

ROUTER = 0x0200_0000_BB02
KNOWN = Moved(GUEST, (ip_halves(GUEST_IP),), (), "high", "")
BY_ADDRESS = Moved(NO_MAC, (ip_halves(GUEST_IP),), (), "high", "")
BY_MAC = Moved(GUEST, (), (), "high", "")

ROWS = journal(
    (3 * MS, GUEST, GATEWAY, GUEST_IP, PEER_IP),  # 0: the guest, in its domain
    (1 * MS, GATEWAY, GUEST, PEER_IP, GUEST_IP),  # 1: to the guest, in its domain
    (4 * MS, ROUTER, GATEWAY, GUEST_IP, PEER_IP),  # 2: the guest's, behind a router
    (2 * MS, GATEWAY, ROUTER, PEER_IP, GUEST_IP),  # 3: to the guest, before a router
    (5 * MS, GATEWAY, 0x01005E000001, PEER_IP, "224.0.0.1"),  # 4: to a group
    (6 * MS, GUEST, 0xFFFFFFFFFFFF, "0.0.0.0", "0.0.0.0"),  # 5: the guest, without IP (see below)
    (7 * MS, GATEWAY, ROUTER, PEER_IP, "10.77.0.99"),  # 6: somebody else's
)
ROWS = ROWS._replace(ip_version=np.where(np.arange(7) == 5, 0, 4).astype(np.uint8))


def rows(guest: Moved) -> tuple[list[int], list[int], list[int]]:
    frames = frames_of(view(journal=ROWS), guest)
    return frames.sent.tolist(), frames.sent_ip.tolist(), frames.asked.tolist()


def test_a_guest_is_known_by_its_mac_and_by_its_address() -> None:
    """In the order of time; what a router passes on for it is its own."""
    assert rows(KNOWN) == ([0, 2, 5], [0, 2], [1, 3])


def test_a_guest_known_by_its_address_alone_has_only_ip() -> None:
    """Without a MAC its ARP and RARP cannot be told."""
    assert rows(BY_ADDRESS) == ([0, 2], [0, 2], [1, 3])


def test_a_guest_known_by_its_mac_alone_is_seen_only_in_its_domain() -> None:
    """Behind a router nothing carries its MAC."""
    assert rows(BY_MAC) == ([0, 5], [0], [1])


def test_a_guest_of_which_nothing_is_known_was_not_seen() -> None:
    """No MAC is no MAC of frames without one."""
    nobody = Moved(NO_MAC, (), (), "low", "")
    bare = ROWS._replace(eth_src=np.full(7, NO_MAC, np.uint64), eth_dst=np.full(7, NO_MAC, np.uint64))
    frames = frames_of(view(journal=bare), nobody)
    assert [len(part) for part in (frames.sent, frames.sent_ip, frames.asked)] == [0, 0, 0]


def test_two_addresses_of_one_guest_are_both_its_own() -> None:
    """IPv4 and IPv6, or two of a kind."""
    both = Moved(NO_MAC, (ip_halves(GUEST_IP), ip_halves("10.77.0.99")), (), "high", "")
    assert frames_of(view(journal=ROWS), both).asked.tolist() == [1, 3, 6]


def test_the_same_address_in_another_segment_is_another_machine() -> None:
    """It sends from there itself, with a MAC of its own; what a router passed on there is the guest's."""
    twin = 0x5254_0077_7777
    both = journal(
        (1 * MS, GATEWAY, GUEST, PEER_IP, GUEST_IP),
        (2 * MS, GUEST, GATEWAY, GUEST_IP, PEER_IP),
        (3 * MS, GATEWAY, twin, PEER_IP, GUEST_IP),
        (4 * MS, twin, GATEWAY, GUEST_IP, PEER_IP),
    )
    both = both._replace(segment_key=np.array([1, 1, 3, 3], np.uint64))
    frames = frames_of(view(journal=both), KNOWN)
    assert (frames.sent.tolist(), frames.asked.tolist()) == ([1], [0])
    routed = both._replace(ttl=np.array([64, 64, 63, 63], np.uint8))
    frames = frames_of(view(journal=routed), KNOWN)
    assert (frames.sent.tolist(), frames.asked.tolist()) == ([1, 3], [0, 2])
    (stream,) = find_peer_streams(both._replace(icmp_type=np.array([8, 0, 8, 0], np.uint8)), [GUEST], KNOWN.ips)
    assert (stream.requests, stream.answers) == (1, 1)
