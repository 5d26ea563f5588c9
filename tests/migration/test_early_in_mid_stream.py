"""An announcement while the stream still carries memory is no pass, whoever was silent."""

import numpy as np
import pytest

from tests.measures.talk import journal_of, segment
from tests.migration.make import GATEWAY, GUEST, GUEST_IP, MS, S, announced, asks_and_answers, view
from vmpcap.migration.early import Early, find_early_announcement, without_early
from vmpcap.migration.guests import Moved
from vmpcap.migration.marks import Mark
from vmpcap.terms.addresses import ip_halves

SWITCH = 10 * S


def found(last_data_ts: int | None) -> Early:
    """A guest that answers at its old place until it is announced, and the stream's last data then."""
    old = view("old", "domain:source", journal=asks_and_answers(0, SWITCH, 10 * MS))
    new = view("new", "domain:destination", series=(announced(SWITCH),))
    guest = Moved(GUEST, (ip_halves(GUEST_IP),), ((new, new.series[0]),), "high", "")
    return find_early_announcement(guest, [old, new], None if last_data_ts is None else (view("src"), last_data_ts))


@pytest.mark.parametrize("last_data_ts", [None, SWITCH - S, SWITCH])
def test_one_at_the_streams_end_is_measured_by_the_guests_last_frame(last_data_ts: int | None) -> None:
    """9 ms after it."""
    assert found(last_data_ts).early_ms == pytest.approx(-9)


@pytest.mark.parametrize("ahead_ms", [20, 500])
def test_one_in_mid_stream_is_not_decided(ahead_ms: int) -> None:
    """However long before its last data: post-copy, or too early."""
    early = found(SWITCH + ahead_ms * MS)
    assert early.early_ms is None
    assert early.because.startswith(f"the first announcement came {ahead_ms} ms before the stream's last data")
    assert (early.point, early.frames) == ("new", (200,))


def drawn(answered_from: int, ended: int, late: bool = False) -> Early:
    """A guest that is pinged every 10 ms, at its new place since it was announced, and answers there from then on."""
    old = view("old", "domain:source", journal=asks_and_answers(0, SWITCH, 10 * MS))
    there = asks_and_answers(SWITCH, SWITCH + 2 * S, 10 * MS, stun=(SWITCH, answered_from))
    numbers = ((there.ts_ns // (10 * MS)) % 60_000).astype(there.icmp_seq.dtype)
    if late:  # the host kept them for the guest: it answers all at once
        waiting = asks_and_answers(SWITCH, SWITCH + 2 * S, 10 * MS)
        times = np.maximum(waiting.ts_ns, np.where(waiting.eth_src == GUEST, answered_from, 0))
        numbers = ((waiting.ts_ns // (10 * MS)) % 60_000).astype(there.icmp_seq.dtype)
        there = waiting._replace(ts_ns=times)
    there = there._replace(icmp_seq=numbers)
    new = view("new", "domain:destination", series=(announced(SWITCH),), journal=there)
    guest = Moved(GUEST, (ip_halves(GUEST_IP),), ((new, new.series[0]),), "high", "")
    return find_early_announcement(guest, [old, new], (view("src"), ended))


def test_one_that_draws_requests_to_where_nobody_is_came_too_early() -> None:
    """Memory came for 40 ms more, and the four pings that were drawn there have no answer: by 40 ms at least."""
    early = drawn(SWITCH + 190 * MS, SWITCH + 40 * MS)
    assert early.early_ms == pytest.approx(40.0)
    assert "drew 4 requests to new" in early.because
    assert (early.point, early.frames) == ("new", (1, 4))


def test_a_guest_that_speaks_before_its_memory_has_come_runs_already() -> None:
    """Post-copy: slow at first, and no early announcement for that."""
    assert drawn(SWITCH + 190 * MS, SWITCH + 800 * MS).early_ms is None


def test_requests_that_waited_for_the_guest_were_not_lost() -> None:
    """The host had it already, or kept them for it: nothing was lost by the announcement."""
    assert drawn(SWITCH + 190 * MS, SWITCH + 40 * MS, late=True).early_ms is None


def test_what_was_announced_too_early_is_no_sign_of_the_guest() -> None:
    """Only what was announced since its memory had come; where nothing was, its own frames must tell."""
    new = view("new", "domain:destination", series=(announced(SWITCH, SWITCH + 30 * MS, SWITCH + 200 * MS),))
    guest = Moved(GUEST, (ip_halves(GUEST_IP),), ((new, new.series[0]),), "high", "")
    for ended, left in ((SWITCH + 40 * MS, (SWITCH + 200 * MS,)), (SWITCH + 300 * MS, ())):
        early = Early(40.0, "", drawn=(Mark(new, SWITCH, 200), Mark(view("src"), ended, 0)))
        times = [series.times for _, series in without_early(guest, early).heard]
        assert times == ([left] if left else [])
    assert without_early(guest, Early(None, "")) is guest


@pytest.mark.parametrize(
    ("again_ms", "answer_ms", "is_early"),
    [(None, 4.0, False), (1.01, 4.0, False), (201.0, 4.0, False), (201.0, 204.0, True)],
    ids=["once", "captured twice", "sent again though acknowledged", "sent again in want of an answer"],
)
def test_a_segment_draws_nothing_to_nobody_where_it_was_acknowledged(
    again_ms: float | None, answer_ms: float, is_early: bool
) -> None:
    """A mirror shows it twice, with one identification: nobody sent it again."""
    at = SWITCH / MS
    number = 7 if again_ms == 1.01 else 8
    rows = [segment(at + 1, True, 1000, 1, 100, ip_id=7), segment(at + answer_ms, False, 1, 1100, 0)]
    if again_ms is not None:
        rows.insert(1 if again_ms < answer_ms else 2, segment(at + again_ms, True, 1000, 1, 100, ip_id=number))
    talk = journal_of(rows)
    by_guest = talk.src_low == np.uint64(ip_halves(GUEST_IP)[1])
    macs = [np.where(by_guest, *pair).astype(talk.eth_src.dtype) for pair in ((GUEST, GATEWAY), (GATEWAY, GUEST))]
    new = view(
        "new",
        "domain:destination",
        series=(announced(SWITCH),),
        journal=talk._replace(eth_src=macs[0], eth_dst=macs[1]),
    )
    old = view("old", "domain:source", journal=asks_and_answers(0, SWITCH, 10 * MS))
    guest = Moved(GUEST, (ip_halves(GUEST_IP),), ((new, new.series[0]),), "high", "")
    early = find_early_announcement(guest, [old, new], (view("src"), SWITCH + 3 * MS))
    assert (early.early_ms is not None and early.early_ms > 0) == is_early
