"""Of a great many outages the worst are taken apart, and many of one service leave room for others."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.measures.talk import SYN, Row, segment
from tests.migration.make import GATEWAY, GUEST, GUEST_IP, MS, guest_story
from tests.migration.test_breakdown import BACK, asked, new_place, old_place, point
from tests.verdicts.test_rules import lost_by_size, lost_for
from vmpcap.migration.causes.breakdown import break_down
from vmpcap.migration.causes.taken_apart import MOST_STREAMS
from vmpcap.migration.guest.silences import last_sign_before, silences
from vmpcap.migration.moved import Moved
from vmpcap.migration.peers.suffering import what_peers_suffered
from vmpcap.migration.suffered import Suffered
from vmpcap.terms.addresses import ip_halves
from vmpcap.verdicts.never_again import are_all_taken_apart

SCANNER = "10.99.0.81"
MACS = {"eth_src": GATEWAY, "eth_dst": GUEST}


def opened(count: int, whose: Callable[[int], str]) -> list[Row]:
    """So many connections, opened one by one since the move, each asked for again at 4.9 s; nobody answers."""
    return [
        {**segment(ms, True, 500, 0, 0, SYN, src=whose(n), src_port=42_000 + n, dst_port=22), **MACS}
        for n in range(count)
        for ms in (1100 + 20 * n, 4900)
    ]


def apart(rows: list[Row]) -> list[Suffered]:
    """What is told where the guest's client, whose pings it answers until it moves and no more, asks this besides."""
    pinged = point("client", "client", [*asked(lambda n: n < 84), *rows])
    views = pinged, old_place(range(84), BACK), new_place(500)
    moved = Moved(GUEST, (ip_halves(GUEST_IP),), tuple((v, v.series[0]) for v in views if v.series), "high", "")
    quiet = silences(moved, views, BACK * MS)
    found = what_peers_suffered(moved, views, BACK * MS, last_sign_before(quiet))
    first = sorted(found, key=lambda one: one.peer.protocol == "icmp")  # whatever stands in front
    return break_down(first, moved, views, quiet)


@pytest.mark.parametrize("count", [10, 100])
def test_connections_that_a_scanner_opens_in_vain_leave_room_for_what_another_peer_lost(count: int) -> None:
    """They are told as one service, so one of them comes first; the pings are taken apart however many there are."""
    found = [one for one in apart(opened(count, lambda n: SCANNER)) if one.outage is not None]
    (pings,) = [one for one in found if one.peer.protocol == "icmp"]
    assert pings.peer.breakdown
    told = [one for one in found if one.is_taken_apart]
    assert (len(found), len(told)) == (count + 1, min(count + 1, MOST_STREAMS))
    assert all(one.peer.breakdown for one in told)


def test_of_many_the_longest_in_view_are_taken_apart() -> None:
    """Each of a hundred peers opens one connection; the earlier it did, the longer it waits, and the pings longest."""
    found = apart(opened(100, lambda n: f"10.99.1.{n + 1}"))
    apart_of = [one.outage.seen_ns for one in found if one.is_taken_apart and one.outage is not None]
    left = [one.outage.seen_ns for one in found if not one.is_taken_apart and one.outage is not None]
    assert (len(apart_of), len(left)) == (MOST_STREAMS, 101 - MOST_STREAMS)
    assert min(apart_of) >= max(left)


def test_whoever_was_not_taken_apart_may_be_lost_for_its_size_too() -> None:
    """Wherever it stands among the others; connections of a service are told as one, and SYNs are small."""
    lost = replace(lost_for(5), is_taken_apart=False)
    assert are_all_taken_apart(guest_story(suffered=(lost_by_size(),) * (MOST_STREAMS + 9)))
    assert not are_all_taken_apart(guest_story(suffered=(lost, lost_by_size())))
    assert are_all_taken_apart(guest_story(suffered=(replace(lost, opened=9), lost_by_size())))
