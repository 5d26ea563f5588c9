"""Many short streams of one peer to one service: one row, and those that suffered by themselves."""

import msgspec
import pytest

from tests.measures.talk import ACK, Row, pings, segment
from tests.migration.test_suffering import point, suffered_at
from tests.report.made import one_line
from tests.report.sample import good
from vmpcap.migration.listed import list_peers
from vmpcap.migration.results import Service
from vmpcap.migration.services import tell_services
from vmpcap.migration.suffered import Suffered
from vmpcap.report.as_terminal import to_terminal
from vmpcap.report.look import Look
from vmpcap.terms.wire import TCP_SYN as SYN

ASKED = (100, 340, 580, 1200, 1440, 1680, 1920)
"""When a connection is opened, and closed 3 ms later, ms: the guest is away from 840 ms to 1 s."""


def opened(ms: int, port: int) -> list[Row]:
    """A connection with one request and its answer."""
    ends, back = {"src_port": port}, {"dst_port": port}
    rows = [segment(ms, True, 0, 0, 0, SYN, **ends), segment(ms + 1, False, 0, 1, 0, SYN | ACK, **back)]
    return [*rows, segment(ms + 2, True, 1, 1, 10, ACK, **ends), segment(ms + 3, False, 1, 11, 0, ACK, **back)]


def waiting(port: int) -> list[Row]:
    """One that asks at 800 ms, and at 860 ms, which is answered at 1.06 s."""
    ends, back = {"src_port": port}, {"dst_port": port}
    rows = opened(800, port) + [segment(ms, True, 11, 1, 10, ACK, **ends) for ms in (860, 1060)]
    rows += [segment(1061, False, 1, 21, 0, ACK, **back), segment(1100, True, 21, 1, 10, ACK, **ends)]
    return [*rows, segment(1101, False, 1, 31, 0, ACK, **back)]


def met(*times: int, waits: bool = False) -> list[Suffered]:
    """What is told of connections that were opened at these times, and of one that waited for the guest?"""
    rows = [row for n, ms in enumerate(times) for row in opened(ms, 50_000 + n)]
    return suffered_at(point([*rows, *(waiting(51_000) if waits else []), *pings(200, 10)]))


def test_many_streams_in_which_nothing_was_asked_are_one_with_their_usual_gap() -> None:
    """Seven connections, a new one each 240 ms, and pings through all of it."""
    every = met(*ASKED)
    assert tell_services(every) == [
        Service(peer="10.99.0.2", protocol="tcp/80", points=["client"], streams=7, every_ms=240.0)
    ]
    told = list_peers(every)
    assert (len(told["peers"]), told["services"][0].streams) == (8, 7), "the JSON lists each as before"


def test_one_that_was_asked_while_the_guest_moved_is_told_by_itself() -> None:
    """It waited; the others are counted without it."""
    (service,) = tell_services(met(*ASKED, waits=True))
    assert (service.streams, service.others) == (7, 1)


@pytest.mark.parametrize("times", [(), (100,), (100, 1200)])
def test_a_few_streams_have_a_row_each(times: tuple[int, ...]) -> None:
    assert tell_services(met(*times)) == []


def test_the_full_report_has_a_row_for_all_of_them_and_one_for_each_that_suffered() -> None:
    """Seven of eight connections are one."""
    told = list_peers(met(*ASKED, waits=True))
    migration = good().migrations[0]
    guest = msgspec.structs.replace(migration.guests[0], **told)
    report = msgspec.structs.replace(good(), migrations=[msgspec.structs.replace(migration, guests=[guest])])
    shown = one_line(to_terminal(report, Look(120), True))
    assert shown.count("10.99.0.2 tcp/80") == 2
    assert "10.99.0.2 tcp/80 client 7 240 ms 1" in shown
    assert "in view here only" not in shown
    assert "7 streams of 1 peer in which nothing was asked then" in one_line(to_terminal(report, Look(120), False))
