"""The router of BGP that a speaking guest left for another: their session is no loss, all else that it lost is."""

from dataclasses import replace

import msgspec
import pytest

from tests.migration.make import GUEST, GUEST_IP, suffered, view
from tests.migration.test_mechanisms import MOMENT, after, news, point
from vmpcap.measures.outages import Outage
from vmpcap.migration.moved import Moved
from vmpcap.migration.peers.left_speakers import with_left
from vmpcap.migration.suffered import Suffered
from vmpcap.terms.addresses import ip_halves

AT_A, AT_B = "10.77.0.2", "10.77.0.3"
MOVED = Moved(GUEST, (ip_halves(GUEST_IP),), (), "high", "")


def in_vain(peer: str, protocol: str = "tcp/179") -> Suffered:
    """Asked to the end of the view, never answered again."""
    one = suffered(None, ended=False, survived=False, peer=peer)
    return replace(one, peer=msgspec.structs.replace(one.peer, protocol=protocol))


def opened_since(peer: str) -> Suffered:
    """A connection that the router opened long after the move, in vain."""
    late = Outage(*(None,) * len(Outage.__slots__))  # type: ignore[arg-type]
    return replace(in_vain(peer), ended=True, opened_late=(view(), late, 0))


def told(one: Suffered, *speakers: tuple[int, str]) -> Suffered:
    """What is told of it, where the guest told its route to these speakers at these times."""
    said = [news(ts, protocol="bgp", sender=GUEST_IP, origin="AS 65100", told_to=to) for ts, to in speakers]
    (found,) = with_left([one], MOVED, [point("old", "domain:source", said)], MOMENT)
    return found


@pytest.mark.parametrize("one", [in_vain(AT_A), opened_since(AT_A), in_vain(AT_A, "arp")])
def test_a_session_with_a_router_that_the_guest_left_for_another_is_no_loss(one: Suffered) -> None:
    """Its hold time ends it, and each of both tries to set it up again in vain."""
    found = told(one, (0, AT_A), (after(1600), AT_B))
    assert (found.peer.survived, found.is_cut_off, found.opened_late) == (None, False, None)
    assert f"since it moved with {AT_B}" in found.peer.because


@pytest.mark.parametrize(
    ("one", "speakers"),
    [
        (in_vain(AT_A), [(0, AT_A)]),
        (in_vain(AT_A), [(0, AT_A), (1, AT_B), (after(1600), AT_B)]),
        (in_vain(AT_A), [(0, AT_A), (after(1600), AT_B), (after(1700), AT_A)]),
        (in_vain(AT_A, "tcp/443"), [(0, AT_A), (after(1600), AT_B)]),
        (in_vain(AT_A, "icmp"), [(0, AT_A), (after(1600), AT_B)]),
        (in_vain("10.99.0.9"), [(0, AT_A), (after(1600), AT_B)]),
    ],
    ids=["no other", "another it had before", "it still speaks with it", "its web page", "its pings", "another's"],
)
def test_whatever_else_it_lost_stays_lost(one: Suffered, speakers: list[tuple[int, str]]) -> None:
    """Of two speakers that it keeps, one may be lost; and what else a router asked is no session."""
    assert told(one, *speakers) is one
