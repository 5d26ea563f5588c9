"""An announcement while the stream still carries memory is no pass, whoever was silent."""

from dataclasses import replace

import numpy as np
import pytest

from tests.measures.talk import journal_of, segment
from tests.migration.make import GATEWAY, GUEST, GUEST_IP, MS, PEER_IP, S, announced, asks_and_answers, journal, view
from tests.migration.make import stream as made_stream
from vmpcap.migration.announced.early import Early, find_early_announcement, without_early
from vmpcap.migration.clocks import is_moment_unknown
from vmpcap.migration.marks import Mark
from vmpcap.migration.moved import Moved
from vmpcap.migration.views import PointView
from vmpcap.points.clock import Offset
from vmpcap.points.timeline import Timeline
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


BURST = tuple(SWITCH + ms * MS for ms in (0, 50, 200, 450, 800))


@pytest.mark.parametrize("ended_ms", [20, 120, 500, 900])
def test_what_was_announced_too_early_is_no_sign_of_the_guest(ended_ms: int) -> None:
    """The host repeats it by the clock, whether the guest runs by then or not: none of that event counts."""
    new = view("new", "domain:destination", series=(announced(*BURST),))
    tail = view("gw", "gateway", series=(announced(*BURST[2:]),))
    ended = Mark(view("src"), SWITCH + ended_ms * MS, 0)
    guest = Moved(GUEST, (ip_halves(GUEST_IP),), tuple((v, v.series[0]) for v in (new, tail)), "high", "")
    left = without_early(guest, Early(40.0, "", until=ended))
    assert left.heard == ()
    assert left.unmeant == tuple(("new", ts) for ts in BURST) + tuple(("gw", ts) for ts in BURST[2:])
    assert without_early(guest, Early(None, "")) is guest


@pytest.mark.parametrize(
    ("until", "is_known"), [("old", True), ("src", False), ("new, announced again", True)], ids=str
)
def test_the_moment_is_known_by_whose_clock_tells_it(until: str, is_known: bool) -> None:
    """The clocks of the stream's ports stand apart: too early by what the old place shows, or by the stream's end."""
    src = replace(view("src", "source"), timeline=Timeline(1))
    again = tuple(ts + 700 * MS for ts in BURST) if until.startswith("new") else ()
    old, gate = view("old", "domain:source"), view("gw", "gateway")
    new = view("new", "domain:destination", series=(announced(SWITCH, *again),))
    guest = Moved(GUEST, (ip_halves(GUEST_IP),), ((new, new.series[0]),), "high", "")
    ended = Mark({"old": old}.get(until, src), SWITCH + 500 * MS, 0)
    left = without_early(guest, Early(40.0, "", until=ended))
    assert bool(left.heard) is bool(again)
    stream = replace(src, streams=(made_stream(),))
    for one in (old, gate, new):
        assert is_moment_unknown(one, left, [stream, old, new, gate]) is not is_known
    assert is_moment_unknown(stream, left, [stream, old, new, gate]) is (until != "src")


def test_an_event_that_begins_once_the_guest_can_be_there_is_a_sign_of_it() -> None:
    """Announced when its memory began to flow, and again, five times, when it ran."""
    again = tuple(ts + 700 * MS for ts in BURST)
    new = view("new", "domain:destination", series=(announced(SWITCH, *again),))
    tail = view("gw", "gateway", series=(announced(SWITCH + MS, *(ts + MS for ts in again[1:])),))
    guest = Moved(GUEST, (ip_halves(GUEST_IP),), tuple((v, v.series[0]) for v in (new, tail)), "high", "")
    left = without_early(guest, Early(40.0, "", until=Mark(view("src"), SWITCH + 500 * MS, 0)))
    assert [series.times for _, series in left.heard] == [again, tuple(ts + MS for ts in again[1:])]
    assert left.unmeant == (("new", SWITCH), ("gw", SWITCH + MS))


def test_what_the_guest_says_itself_is_a_sign_whatever_its_host_announced_before() -> None:
    """A gratuitous ARP beside the host's RARPs."""
    times, kinds = (*BURST, SWITCH + 820 * MS), ("rarp_announce",) * 5 + ("garp_request",)
    both = replace(announced(*times), frame_kinds=kinds, kinds=(("rarp_announce", 5), ("garp_request", 1)))
    new = view("new", "domain:destination", series=(both,))
    guest = Moved(GUEST, (ip_halves(GUEST_IP),), ((new, both),), "high", "")
    left = without_early(guest, Early(40.0, "", until=Mark(view("src"), SWITCH + 500 * MS, 0)))
    assert [(series.times, series.frame_kinds) for _, series in left.heard] == [(times[-1:], kinds[-1:])]


@pytest.mark.parametrize(("qemu", "spoken_ms", "is_sign"), [(True, 190, False), (False, 190, True), (True, 20, True)])
def test_an_announcement_in_mid_stream_is_no_sign_of_a_guest_that_spoke_only_after_it(
    qemu: bool, spoken_ms: int, is_sign: bool
) -> None:
    """QEMU runs it once its memory is there, or lets it speak while the rest comes: other hypervisors are not known."""
    old = view("old", "domain:source", journal=asks_and_answers(0, SWITCH, 10 * MS))
    says = journal(*((SWITCH + ms * MS, GUEST, GATEWAY, GUEST_IP, PEER_IP) for ms in (spoken_ms, 900)))
    new = view("new", "domain:destination", series=(announced(*BURST),), journal=says)
    guest = Moved(GUEST, (ip_halves(GUEST_IP),), ((new, new.series[0]),), "high", "")
    early = find_early_announcement(guest, [old, new], (view("src"), SWITCH + 100 * MS), qemu)
    assert early.early_ms is None
    assert (early.until is None) is is_sign
    assert (without_early(guest, early) is guest) is is_sign


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


def of_another_clock(stun_ms: int) -> Early:
    """The stream's clock is compared with nobody's. The guest was slow once, longer than it is silent now."""
    pings = asks_and_answers(0, SWITCH, 10 * MS, stun=(SWITCH - stun_ms * MS, SWITCH))
    pings.icmp_seq[:] = (pings.ts_ns // (10 * MS)) % 60_000
    slow = (pings.eth_src == GUEST) & (pings.ts_ns > SWITCH - 700 * MS) & (pings.ts_ns < SWITCH - 500 * MS)
    old_journal = pings._replace(ts_ns=np.where(slow, SWITCH - 500 * MS, pings.ts_ns))
    old = view("old", "domain:source", journal=old_journal)
    new = view("new", "domain:destination", series=(announced(SWITCH),))
    guest = Moved(GUEST, (ip_halves(GUEST_IP),), ((new, new.series[0]),), "high", "")
    return find_early_announcement(guest, [old, new], (view("src", timeline=Timeline(-1)), SWITCH + S))


def test_a_guest_that_leaves_requests_unanswered_had_stopped_before_it_was_announced() -> None:
    """Eight in a row came to it at its old place; it had been silent for longer once, and answered then."""
    assert of_another_clock(80).early_ms == pytest.approx(-89)


def test_one_of_which_too_few_asked_is_not_decided() -> None:
    """Two may have been on their way as it was announced."""
    early = of_another_clock(20)
    assert early.early_ms is None
    assert "src were not compared" in early.because


@pytest.mark.parametrize(
    ("doubt_ms", "said_ms", "words"), [(1, -89, "came 89.0 ms"), (30, -59, "came at least 59.0 ms")]
)
def test_by_clocks_that_are_known_badly_it_came_at_least_so_much_later(doubt_ms: int, said_ms: int, words: str) -> None:
    """The truth may be as near as their doubt leaves open."""
    pings = asks_and_answers(0, SWITCH, 10 * MS, stun=(SWITCH - 80 * MS, SWITCH))
    old = view("old", "domain:source", journal=pings, offset=Offset(-doubt_ms * MS, doubt_ms * MS, 9))
    new = view("new", "domain:destination", series=(announced(SWITCH),))
    guest = Moved(GUEST, (ip_halves(GUEST_IP),), ((new, new.series[0]),), "high", "")
    early = find_early_announcement(guest, [old, new])
    assert early.early_ms == pytest.approx(said_ms, abs=0.1)
    assert words in early.because


@pytest.mark.parametrize(
    ("answered_ms", "src", "is_open"),
    [
        (350, view("src", offset=None), True),
        (350, None, True),
        (60, view("src", offset=None), False),
        (350, view("src"), False),
    ],
    ids=["clocks that nothing compares", "no stream in view", "soon", "the stream had ended"],
)
def test_a_hosts_word_alone_is_no_sign_of_a_guest_that_ignores_what_comes_to_it(
    answered_ms: int, src: PointView | None, is_open: bool
) -> None:
    """Its RARP drew pings to the new place for 350 ms: it ran and hung, or did not run. A stream's end would tell."""
    there = asks_and_answers(SWITCH + MS, SWITCH + 2 * S, 10 * MS, stun=(SWITCH, SWITCH + answered_ms * MS))
    numbers = ((there.ts_ns // (10 * MS)) % 60_000).astype(there.icmp_seq.dtype)
    new = view("new", "domain:destination", series=(announced(SWITCH),), journal=there._replace(icmp_seq=numbers))
    guest = Moved(GUEST, (ip_halves(GUEST_IP),), ((new, new.series[0]),), "high", "")
    early = find_early_announcement(guest, [new], None if src is None else (src, SWITCH - 40 * MS))
    assert (early.unproven is not None) is is_open
    if is_open:
        assert early.until is not None
        assert (early.until.view.name, early.until.ts) == ("new", SWITCH + (answered_ms + 2) * MS)
        assert without_early(guest, early).heard == ()
