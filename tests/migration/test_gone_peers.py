"""What a guest sends again and again in vain: its peer may have gone, and beside that peer this shows."""

import pytest

from tests.measures.talk import ACK, GUEST, MS, PSH, Row, journal_of, segment
from tests.migration.make import S, view
from vmpcap.migration.moved import Moved
from vmpcap.migration.peers.suffering import what_peers_suffered
from vmpcap.migration.suffered import Suffered
from vmpcap.terms.addresses import NO_MAC, ip_halves

MOVED = Moved(NO_MAC, (ip_halves(GUEST),), (), "high", "")
SWITCH = 10 * S
TRIES = (0, 300, 900, 2100, 4500, 9300, 18_900)


def pushed(until_ms: int, tries: tuple[int, ...], acknowledged: bool = False) -> list[Row]:
    """The guest sends twenty bytes each 500 ms and is acknowledged, and from then on sends the same at these times."""
    rows, count = [], until_ms // 500
    for n in range(count):
        rows += [segment(500 * n, False, 1 + 20 * n, 1000, 20, ACK | PSH)]
        rows += [segment(500 * n + 1, True, 1000, 21 + 20 * n, 0, ACK)]
    for ms in tries:
        rows += [segment(until_ms + ms, False, 1 + 20 * count, 1000, 20, ACK | PSH)]
        if acknowledged:  # of before: the peer lives, and does not have it
            rows += [segment(until_ms + ms + 1, True, 1000, 1 + 20 * count, 0, ACK)]
    return rows


def wait_at(role: str, rows: list[Row], **more: object) -> Suffered:
    """What is told of the guest's side of that connection at a point of this role."""
    there = view("there", role, journal=journal_of(rows), last_ts=40 * S, **more)
    (wait,) = [one for one in what_peers_suffered(MOVED, [there], SWITCH, SWITCH - 100 * MS) if one.is_of_guest]
    return wait


@pytest.mark.parametrize("until_ms", [9_500, 11_000])
def test_what_arrives_beside_a_silent_peer_again_and_again_shows_that_the_peer_is_gone(until_ms: int) -> None:
    """Before the guest moved, or since: the guest owes it nothing."""
    wait = wait_at("client", pushed(until_ms, TRIES))
    assert not wait.is_cut_off
    assert wait.peer.because.startswith("the peer is gone: what the guest sent in frame")
    assert "sent again 6 times" in wait.peer.because


@pytest.mark.parametrize(
    ("role", "rows", "more"),
    [
        ("domain:destination", pushed(9_500, TRIES), {}),
        ("client", pushed(9_500, TRIES), {"drops": 1}),
        ("client", pushed(9_500, TRIES, acknowledged=True), {}),
        ("client", pushed(9_500, TRIES[:3]), {}),
    ],
    ids=["not beside the peer", "in a capture with drops", "which says what it lacks", "not for long"],
)
def test_nothing_else_shows_that(role: str, rows: list[Row], more: dict[str, object]) -> None:
    assert "the peer is gone" not in wait_at(role, rows, **more).peer.because
