"""A boot client asks with the bytes of an announcement: what surrounds it tells the two apart."""

import numpy as np
import pytest

from tests.announcements.made import GUEST, Row, log_of, make_rows
from tests.announcements.test_kinds import ANNOUNCE, PAD
from vmpcap.announcements.context import find_boots
from vmpcap.announcements.rows import AnnouncementRows, no_rows
from vmpcap.announcements.series import gather_series, mark_boots

S = 1_000_000_000
SERVER = 0x0200_0000_000A


def boots(rows: AnnouncementRows, *traffic: tuple[float, int, bool]) -> dict[int, str]:
    """What starts, given other frames as (second, Ethernet source, whether it is a DHCP client's)?"""
    macs = np.array([mac for _, mac, _ in traffic], np.uint64)
    times = np.array([int(at * S) for at, _, _ in traffic], np.int64)
    return dict(find_boots(rows, macs, times, np.array([dhcp for *_, dhcp in traffic], np.bool_)))


def asks(*seconds: float, mac: int = GUEST) -> list[Row]:
    return [Row(int(at * S), mac=mac) for at in seconds]


def reply(at: float, to: int = GUEST) -> Row:
    return Row(int(at * S), "rarp_reply", to, "192.168.1.50")


def test_a_request_that_a_server_answers_is_a_boot() -> None:
    """Opcode 4 follows for the same MAC."""
    assert boots(make_rows([*asks(0, 2, 6), reply(7)])) == {GUEST: "answered"}


@pytest.mark.parametrize("rows", [[*asks(0), reply(61)], [reply(0), *asks(5)], [*asks(0), reply(1, GUEST + 1)]])
def test_another_answer_is_not_its_answer(rows: list[Row]) -> None:
    """Over a minute later, before the request, or for somebody else."""
    assert boots(make_rows(rows)) == {}


def test_an_answered_boot_is_no_announcement_of_a_move() -> None:
    """From the bytes to the mark: the same 42 bytes, then opcode 4."""
    answer = bytes.fromhex("0050569a123402000000000a8035000108000604000402000000000ac0a801010050569a1234c0a80132")
    rows = log_of([bytes.fromhex(ANNOUNCE) + PAD, answer + PAD]).rows()
    (series,) = mark_boots(gather_series(rows), find_boots(rows, *_nothing()))
    assert (series.mac, series.count, series.boot) == (0x0050569A1234, 1, "answered")


def _nothing() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.zeros(0, np.uint64), np.zeros(0, np.int64), np.zeros(0, np.bool_)


def test_a_machine_whose_first_word_is_rarp_and_then_dhcp_starts() -> None:
    """A VM switched on at an ESXi host: announced by the host, then it asks for its address."""
    assert boots(make_rows(asks(10)), (12, GUEST, True)) == {GUEST: "starting"}


@pytest.mark.parametrize(
    "traffic",
    [
        [(9.0, GUEST, False), (12.0, GUEST, True)],
        [(12.0, GUEST, False)],
        [(12.0, SERVER, True)],
        [(71.0, GUEST, True)],
        [(9.0, GUEST, True)],
        [],
    ],
)
def test_a_machine_that_was_there_before_or_asks_for_nothing_does_not_start(
    traffic: list[tuple[float, int, bool]],
) -> None:
    """Traffic before the RARP; none of DHCP after it; only somebody else's; or a lease a minute later."""
    assert boots(make_rows(asks(10)), *traffic) == {}


def test_each_mac_has_its_own_context() -> None:
    """One boots, one moves, one starts."""
    rows = make_rows([*asks(0), reply(1), *asks(2, mac=GUEST + 1), *asks(3, mac=GUEST + 2)])
    found = boots(rows, (1.5, GUEST + 1, False), (2.5, GUEST + 1, True), (4, GUEST + 2, True))
    assert found == {GUEST: "answered", GUEST + 2: "starting"}


def test_without_rarp_nothing_starts() -> None:
    """Gratuitous ARP and DHCP alone are a machine's daily life."""
    garps = make_rows([Row(S, "garp_request", ip="10.0.0.9")])
    assert boots(garps, (2, GUEST, True)) == {}
    assert boots(no_rows(), (2, GUEST, True)) == {}
