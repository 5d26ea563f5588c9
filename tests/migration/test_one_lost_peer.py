"""One peer of several that is never answered again, seen at a gateway and at the guest's new place."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from tests.measures.talk import Row, datagram, echo
from tests.migration.make import GATEWAY, GUEST, GUEST_IP, MS, S
from tests.migration.test_breakdown import BACK, point
from tests.migration.test_suffering import point as at_client
from tests.migration.test_suffering import suffered_at
from vmpcap.migration.moved import Moved
from vmpcap.migration.peers.suffering import what_peers_suffered
from vmpcap.migration.suffered import Suffered
from vmpcap.terms.addresses import ip_halves

LOST, OTHERS = "10.99.0.2", ("10.99.0.3", "10.99.0.4", "10.99.0.5")
COUNT = 300
"""Pings of each peer, one every 100 ms."""
ALIVE = [n for n in range(COUNT) if not 8 <= n < 11]
"""Those that the others have answers to: the guest is away from 0.8 s on, and back at 1 s."""
THERE = {"eth_src": GATEWAY, "eth_dst": GUEST, "ip_ttl": 63}
BACKWARD = {"eth_src": GUEST, "eth_dst": GATEWAY, "ip_ttl": 64}


def pings(peer: str, asked: Iterable[int], answered: Iterable[int], late: float) -> list[Row]:
    rows = [echo(n * 100 + late, n, src=peer, **THERE) for n in asked]
    return rows + [echo(n * 100 + 1 - late, n, True, dst=peer, **BACKWARD) for n in answered]


def told(lost: list[Row], *here: Row, others: tuple[str, ...] = OTHERS, hidden: int = 0, **of_new: Any) -> Suffered:
    """What is told of the lost peer: these rows at the gateway, and these at the new place beside the others'."""
    gw = [row for peer in others for row in pings(peer, range(COUNT), ALIVE, 0.1)]
    new = [row for peer in others[hidden:] for row in pings(peer, range(11, COUNT), ALIVE[8:], 0.2)]
    known = {"last_ts": COUNT * 100 * MS}
    views = (
        point("gw", "gateway", [*gw, *lost], BACK, **known),
        replace(point("new", "domain:destination", [*new, *here], BACK, **known), **of_new),
    )
    moved = Moved(GUEST, (ip_halves(GUEST_IP),), tuple((v, v.series[0]) for v in views), "high", "")
    (one,) = [
        s for s in what_peers_suffered(moved, views, S, 700 * MS) if s.peer.peer == LOST and s.peer.protocol == "icmp"
    ]
    return one


def test_a_peer_to_which_the_guest_sends_nothing_from_its_new_place_is_not_answered_by_another_way() -> None:
    """Its pings pass the gateway for 29 s; the new place shows the answers to three others, and none to it."""
    one = told(pings(LOST, range(COUNT), range(8), 0.1))
    assert (one.is_cut_off, one.is_bypassed) == (True, False)
    assert one.peer.lost == COUNT - 8


@pytest.mark.parametrize(
    "beside",
    [
        {"others": OTHERS[:2]},
        {"hidden": 1},
        {"left_out": 3},
        {"here": [datagram(2000, False, 1, dst=LOST, **BACKWARD)]},
    ],
    ids=["two others", "one of them is answered past the new place", "frames left out", "the guest sends it something"],
)
def test_its_answers_may_take_another_way_where_the_new_place_need_not_show_them(beside: dict[str, Any]) -> None:
    """The announcement came to this gateway; the guest may answer through another one, or by another link."""
    one = told(pings(LOST, range(COUNT), range(8), 0.1), *beside.pop("here", ()), **beside)
    assert (one.is_cut_off, one.is_bypassed) == (False, True)


def seldom(answered: Callable[[int], bool], pause_ms: int = 0) -> Suffered:
    """Pings every 6 s beside the client, with such a pause from 30 s on; the guest moves at 30.5 s."""
    rows = []
    for n in range(20):
        ms = 6000 * n + (pause_ms if n > 5 else 0)
        rows += [echo(ms, n), *([echo(ms + 1, n, True)] if answered(n) else [])]
    (one,) = suffered_at(at_client(rows), moment=30_500 * MS, last_before=30_300 * MS)
    return one


def test_a_peer_that_asks_seldom_and_has_no_answer_since_the_move_lost_the_guest_by_it() -> None:
    """Its first ping since is sent 5.5 s after the guest was back, when switches and routers had long followed."""
    one = seldom(lambda n: n < 6)
    assert (one.is_cut_off, one.peer.lost, one.peer.outage_low_ms) == (True, 14, 78_000.0)


@pytest.mark.parametrize(
    ("answered", "pause_ms"),
    [(lambda n: n not in (6, 7), 0), (lambda n: n < 7, 0), (lambda n: n < 6, 20_000)],
    ids=["answered again later", "answered once since", "it had paused"],
)
def test_what_began_so_late_is_no_outage_of_the_move_otherwise(answered: Callable[[int], bool], pause_ms: int) -> None:
    """Something later may have made it."""
    one = seldom(answered, pause_ms)
    assert one.outage is None or one.later is not None
    assert not one.is_cut_off
