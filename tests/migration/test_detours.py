"""Packets that cross the link between the sites twice, and connections that a proxy splits."""

from dataclasses import replace

import numpy as np

from tests.migration.make import GATEWAY, GUEST, GUEST_IP, MS, PEER_IP, S, journal, moves_of, side, stream, view
from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.detours import find_split, find_trombone
from vmpcap.migration.guests import Moved
from vmpcap.terms.addresses import ip_halves

SWITCH = 10 * S
GUEST_MOVED = Moved(GUEST, (ip_halves(GUEST_IP),), (), "high", "")


def crossing(*rows: tuple[int, int, int], proto: int = 1) -> JournalColumns:
    """Packets of the guest on the link: (ts, identification, TTL)."""
    made = journal(*((ts, GUEST, GATEWAY, GUEST_IP, PEER_IP) for ts, _, _ in rows))
    return made._replace(
        ip_id=np.array([ip_id for _, ip_id, _ in rows], np.uint32), ttl=np.array([ttl for *_, ttl in rows], np.uint8)
    )


def test_a_packet_that_comes_back_with_a_lower_ttl_crossed_twice() -> None:
    """To the old site's gateway and back: the same packet, one router later."""
    link = view("wan", "wan", journal=crossing((SWITCH + S, 7, 64), (SWITCH + S + 5 * MS, 7, 63)))
    found = find_trombone(GUEST_MOVED, [link], SWITCH)
    assert (found.found, found.point, found.frames) == (True, "wan", (1, 2))


def test_packets_that_cross_once_take_no_detour() -> None:
    """Each with its own identification; and a copy with the same TTL is a copy."""
    once = view(
        "wan", "wan", journal=crossing((SWITCH + S, 7, 64), (SWITCH + 2 * S, 8, 64), (SWITCH + 2 * S + MS, 8, 64))
    )
    assert find_trombone(GUEST_MOVED, [once], SWITCH).found is False


def test_an_identification_that_is_used_again_is_another_packet() -> None:
    """Sixteen bits wrap, and by then the way may have one router more: seconds apart is not twice."""
    again = view("wan", "wan", journal=crossing((SWITCH + S, 7, 64), (SWITCH + 9 * S, 7, 63)))
    assert find_trombone(GUEST_MOVED, [again], SWITCH).found is False


def test_packets_without_an_identification_are_told_by_their_numbers() -> None:
    """Many hosts send 0: two echoes of different numbers are two packets, whatever their TTL."""
    rows = crossing((SWITCH + S, 0, 64), (SWITCH + S + 5 * MS, 0, 63))
    two = rows._replace(icmp_seq=np.array([1, 2], np.uint16))
    assert find_trombone(GUEST_MOVED, [view("wan", "wan", journal=two)], SWITCH).found is False
    assert find_trombone(GUEST_MOVED, [view("wan", "wan", journal=rows)], SWITCH).found is True


def test_no_detour_is_claimed_where_packets_were_left_out() -> None:
    """The second crossing may be among them; one that is seen counts all the same."""
    once = view("wan", "wan", journal=crossing((SWITCH + S, 7, 64)), journal_complete=False)
    assert find_trombone(GUEST_MOVED, [once], SWITCH).found is None
    twice = view("wan", "wan", journal=crossing((SWITCH + S, 7, 64), (SWITCH + S, 7, 63)), journal_complete=False)
    assert find_trombone(GUEST_MOVED, [twice], SWITCH).found is True


def test_what_crossed_before_the_switchover_does_not_count() -> None:
    """Then the guest was where its gateway is."""
    before = view("wan", "wan", journal=crossing((S, 7, 64), (S + 5 * MS, 7, 63)))
    assert find_trombone(GUEST_MOVED, [before], SWITCH).found is None


def test_a_detour_is_seen_only_on_the_link() -> None:
    """At the gateway both copies pass as well, of every routed packet."""
    rows = crossing((SWITCH + S, 7, 64), (SWITCH + S + 5 * MS, 7, 63))
    found = find_trombone(GUEST_MOVED, [view("gw", "gateway", journal=rows)], SWITCH)
    assert found.found is None
    assert "role wan" in found.because


def at(name: str, isn: int | None, frame: int = 1) -> object:
    made = stream()
    known = replace(made.sides[0], isn=isn, syn_frame=frame if isn is not None else None)
    return view(name, "source" if name == "a" else None, streams=(replace(made, sides=(known, made.sides[1])),))


def test_two_initial_numbers_of_one_connection_are_two_connections() -> None:
    """A WAN optimiser ends TCP on each side: the numbers differ."""
    (move,) = moves_of(at("a", 1000), at("b", 5_000_000, 44))  # type: ignore[arg-type]
    found = find_split(move)
    assert (found.found, found.point, found.frames) == (True, "b", (44,))


def test_the_same_number_everywhere_is_one_connection() -> None:
    """Checked, and in order."""
    (move,) = moves_of(at("a", 1000), at("b", 1000))  # type: ignore[arg-type]
    assert find_split(move).found is False


def test_a_split_takes_the_handshake_at_two_points() -> None:
    """One point, or one that started later, cannot tell."""
    for views in ((at("a", 1000),), (at("a", 1000), at("b", None))):
        (move,) = moves_of(*views)  # type: ignore[arg-type]
        assert find_split(move).found is None


def test_each_connection_is_held_against_itself() -> None:
    """Two connections have two numbers of their own at one point: no split."""
    both = tuple(
        replace(
            stream(a_port=50_000 + n),
            sides=(replace(stream().sides[0], isn=n, syn_frame=n), side(packets=1, mss=1460)),
        )
        for n in (1, 2)
    )
    (move,) = moves_of(view("a", streams=both), view("b", streams=both))
    assert find_split(move).found is False
