"""A guest under a new MAC that nobody learns: its RARP is all it says, and the address that fell silent is its own."""

from collections.abc import Sequence

import numpy as np
import pytest

from tests.migration.make import GATEWAY, GUEST, MS, PEER_IP, S, announced, journal, moves_of, stream, view
from vmpcap.migration.guest.guests import find_guests
from vmpcap.migration.moved import Moved
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import ip_halves

OLD, OTHER, OLD_IP, OTHER_IP = 0x02000000AA10, 0x02000000AA11, "10.77.0.10", "10.77.0.11"
BEGINS = 5 * S
ENDS = BEGINS + S
HEARD = ENDS + 150 * MS
LAST = ENDS + 10 * S
Frame = tuple[int, int, int, str, str]


def asked(mac: int, ip: str, until: int = ENDS, again: int = LAST, last: int = LAST) -> list[Frame]:
    """A peer asks this machine ten times a second; it answers until then, and from then on again."""
    rows: list[Frame] = []
    for ts in range(BEGINS - 3 * S, last, 100 * MS):
        rows.append((ts, GATEWAY, mac, PEER_IP, ip))
        if ts < until or ts >= again:
            rows.append((ts + MS, mac, GATEWAY, ip, PEER_IP))
    return rows


def came(*frames: Frame, macs: Sequence[int] = (GUEST,), last: int = LAST) -> Moved:
    """The first guest that the stream is said to have carried, where these frames are seen at the gateway."""
    series = tuple(announced(HEARD, HEARD + 50 * MS, mac=mac) for mac in macs)
    rows = journal(*sorted(frames))
    rows.icmp_type[:] = np.where(rows.eth_src == np.uint64(GATEWAY), 8, 0)
    lan: PointView = view("lan", "gateway", series=series, journal=rows, last_ts=last)
    views = [view("src", streams=(stream(BEGINS, 1.0),)), lan]
    (guests,), _ = find_guests(moves_of(*views), views)
    return guests[0]


def test_the_address_that_fell_silent_is_the_guests_that_came_under_a_mac_never_seen() -> None:
    """Nobody can reach its new MAC, so no frame of its own tells whose address it has."""
    guest = came(*asked(OLD, OLD_IP))
    assert (guest.mac, guest.ips, guest.confidence) == (GUEST, (ip_halves(OLD_IP),), "medium")
    assert "10.77.0.10 is taken for it, for 02:00:00:00:aa:10 is the only machine" in guest.because


@pytest.mark.parametrize(
    "frames",
    [
        asked(OLD, OLD_IP, until=LAST),
        asked(OLD, OLD_IP, again=ENDS + 3 * S),
        [*asked(OLD, OLD_IP), *asked(OTHER, OTHER_IP)],
        [*asked(OLD, OLD_IP), (BEGINS, GATEWAY, GUEST, PEER_IP, "10.77.0.9")],
        [*asked(OLD, OLD_IP), (HEARD + S, GUEST, GATEWAY, "10.77.0.9", PEER_IP)],
        asked(OLD, OLD_IP, last=ENDS + S),
    ],
    ids=[
        "it goes on",
        "it comes back under its own MAC",
        "two fell silent",
        "the guest's MAC was in use before",
        "the guest has another address",
        "nobody asked for it since",
    ],
)
def test_another_machine_that_fell_silent_is_not_the_guest(frames: list[Frame]) -> None:
    """A silent guest moved, and beside it a machine paused, was stopped, or is no longer asked."""
    assert ip_halves(OLD_IP) not in came(*frames).ips


def test_of_two_guests_that_were_announced_neither_gets_the_address() -> None:
    """Which of them is the machine that fell silent nobody knows."""
    assert came(*asked(OLD, OLD_IP), macs=(GUEST, OTHER)).ips == ()
