"""A second machine that stops when an announced guest does, and that nobody announces."""

import numpy as np
import pytest

from tests.migration.make import (
    GATEWAY,
    GUEST,
    GUEST_IP,
    MS,
    S,
    announced,
    guest_story,
    journal,
    moves_of,
    story,
    stream,
    view,
)
from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.guest.guests import find_guests
from vmpcap.migration.moved import Moved
from vmpcap.migration.packets.reachable import Reachability
from vmpcap.migration.results import Domain
from vmpcap.terms.addresses import ip_halves
from vmpcap.verdicts.guest_rules import announcement_reached_destination, guest_reachable_after
from vmpcap.verdicts.profile import load_profile

BEGINS = 5 * S
ENDS = BEGINS + S
SPOKE_AGAIN = ENDS + 100 * MS
OTHER, OTHER_IP, CLIENT = 0x005056AA7711, "10.77.0.11", "10.99.0.9"
FOREVER = 99 * S


def pinged(mac: int, address: str, stun: tuple[int, int], by: str = CLIENT) -> list[tuple[int, int, int, str, str]]:
    """Asked each 100 ms by a client behind the gateway, answered except during the stun."""
    rows = []
    for ts in range(7 * MS, 20 * S, 100 * MS):
        rows.append((ts, GATEWAY, mac, by, address))
        if not stun[0] <= ts < stun[1]:
            rows.append((ts + MS, mac, GATEWAY, address, by))
    return rows


def echoes(*rows: tuple[int, int, int, str, str]) -> JournalColumns:
    """Echo requests from the gateway's side, replies from the machines'."""
    made = journal(*sorted(rows))
    made.icmp_type[:] = np.where(made.eth_src == GATEWAY, 8, 0)
    return made


def guests_of(*rows: tuple[int, int, int, str, str], others: tuple[int, ...] = ()) -> tuple[Moved, ...]:
    """Who moved, where the first guest is away for 400 ms and is announced as it returns, and others as given?"""
    mine = pinged(GUEST, GUEST_IP, (ENDS - 300 * MS, SPOKE_AGAIN))
    series = (announced(SPOKE_AGAIN, SPOKE_AGAIN + S, schedule="esxi"), *(announced(t, mac=OTHER) for t in others))
    views = [
        view("src", streams=(stream(BEGINS, 1.0),)),
        view("gw", "gateway", series=series, journal=echoes(*mine, *rows), last_ts=20 * S),
    ]
    (found,), _ = find_guests(moves_of(*views), views)
    return found


@pytest.mark.parametrize(
    ("until", "words"),
    [(FOREVER, "to the capture's end"), (ENDS + 600 * MS, "10 requests to it had no answer for 1,100 ms")],
    ids=["dead", "late"],
)
def test_a_machine_that_stops_with_the_announced_guest_is_named_beside_it(until: int, words: str) -> None:
    """Two were carried, the announcement of one was lost before any point: the other alone is not the whole story."""
    first, second = guests_of(*pinged(OTHER, OTHER_IP, (ENDS - 400 * MS, until)))
    assert (first.mac, first.is_beside) == (GUEST, False)
    assert (second.mac, second.ips, second.confidence) == (OTHER, (ip_halves(OTHER_IP),), "low")
    assert second.is_beside
    assert words in second.because


@pytest.mark.parametrize(
    "rows",
    [
        pinged(OTHER, OTHER_IP, (0, 0)),
        pinged(OTHER, OTHER_IP, (ENDS - 4 * S, FOREVER)),
        pinged(OTHER, OTHER_IP, (ENDS + 2 * S, FOREVER)),
        pinged(OTHER, OTHER_IP, (ENDS - 50 * MS, ENDS + 150 * MS)),
        pinged(OTHER, OTHER_IP, (ENDS - 400 * MS, FOREVER), by=GUEST_IP),
    ],
    ids=["it goes on", "it stopped long before", "it stopped later", "one or two lost", "only the guest asks it"],
)
def test_who_did_not_stop_with_it_is_no_guest(rows: list[tuple[int, int, int, str, str]]) -> None:
    """Nor is who only the guest asks in vain, whose own way to it may be what is broken."""
    assert [guest.mac for guest in guests_of(*rows)] == [GUEST]


def test_who_is_announced_by_itself_belongs_to_that() -> None:
    """Its host announced it ten seconds later: it restarted or moved by itself, and is told there."""
    rows = pinged(OTHER, OTHER_IP, (ENDS - 400 * MS, ENDS + 10 * S))
    assert [guest.mac for guest in guests_of(*rows, others=(ENDS + 70 * S,))] == [GUEST]


def test_it_keeps_the_migration_from_a_pass_and_fails_it_not() -> None:
    """It may have stopped by itself: nobody can tell, and nothing is promised."""
    beside = Moved(OTHER, (ip_halves(OTHER_IP),), (), "low", "it fell silent", is_beside=True)
    guest = guest_story(
        moved=beside,
        domain=Domain(verdict="not_reached", because="nothing came"),
        reachability=Reachability("no", "9 requests went unanswered", "gw", (7,)),
    )
    for rule in (announcement_reached_destination, guest_reachable_after):
        answer = rule(story(guest), load_profile("vsphere4"))
        assert answer.outcome == "undecided"
        assert "or have stopped by itself" in answer.because
