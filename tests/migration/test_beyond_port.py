"""Whether a guest that nothing comes to stands in a network that leads nowhere: what it sends, and where it arrives."""

import numpy as np

from tests.migration.make import GATEWAY, GUEST, GUEST_IP, MS, PEER_IP, S, journal, view
from vmpcap.migration.moved import Moved
from vmpcap.migration.packets.reachable import outbound_only
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import ip_halves
from vmpcap.terms.wire import IP_TCP, TCP_ACK, TCP_FIN

MOMENT = 50 * S
MOVED = Moved(GUEST, (ip_halves(GUEST_IP),), (), "high", "")


def said(name: str, role: str, *times: int, flags: int = TCP_ACK | TCP_FIN, **more: int) -> PointView:
    """The guest says the same at these times, in a TCP segment without data."""
    rows = journal(*((ts, GUEST, GATEWAY, GUEST_IP, PEER_IP) for ts in times))
    rows.ip_protocol[:], rows.tcp_flags[:], rows.payload_bytes[:] = IP_TCP, flags, 0
    for column, value in more.items():
        getattr(rows, column)[:] = value
    return view(name, role, journal=rows, last_ts=MOMENT + 60 * S)


TRIES = tuple(MOMENT + ms * MS for ms in (200, 600, 1400, 3000, 6200))


def test_an_end_that_nobody_acknowledges_is_a_request_in_vain() -> None:
    """Its FIN, again and again, is all that the guest has to say; ACKs alone ask for nothing."""
    alone = outbound_only(said("new", "domain:destination", *TRIES), MOVED, MOMENT, [])
    assert alone is not None
    assert alone.is_alone
    assert outbound_only(said("new", "domain:destination", *TRIES, flags=TCP_ACK), MOVED, MOMENT, []) is None


def test_a_packet_of_before_is_not_taken_for_one_that_came_through() -> None:
    """What bears no number looks like one that the guest had sent at its old place; since it moved it shows a way."""
    new = said("new", "domain:destination", *TRIES, ip_id=0)
    before, since = (said("old", "domain:source", MOMENT + by, ip_id=0) for by in (-5 * S, 3 * S))
    assert np.array_equal(new.journal.ip_id[:1], before.journal.ip_id)
    found = [outbound_only(new, MOVED, MOMENT, [new, old]) for old in (before, since)]
    assert [one is not None and one.is_alone for one in found] == [True, False]
