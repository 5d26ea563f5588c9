"""Completed, aborted, truncated or unknown: what each ending proves and what it does not."""

from dataclasses import replace

import numpy as np
import pytest

from tests.migration.make import (
    MS,
    QEMU_PAGES,
    QEMU_TEXT,
    S,
    announced,
    asks_and_answers,
    journal,
    moves_of,
    series,
    side,
    stream,
    view,
)
from vmpcap.measures.connections import Connection
from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.guest.guests import find_guests
from vmpcap.migration.guest.outcome import Outcome, judge_outcome
from vmpcap.migration.stream.endings import QEMU_SHUT_OK, read_ending
from vmpcap.migration.stream.moves import Sighting
from vmpcap.migration.stream.transfers import find_transfers
from vmpcap.migration.views import PointView

OPENING = b"QEVM\x00\x00\x00\x03\x07\x00\x00\x00\x0dpc-"
"""As a lab's QEMU opens: magic, version, the configuration section with the machine's name."""


def qemu(closing: bytes, **more: object) -> Connection:
    """A QEMU stream that was closed in order after these last bytes."""
    made = stream()
    a = replace(made.sides[0], opening=OPENING, closing=closing, **more)  # type: ignore[arg-type]
    return replace(made, sides=(a, made.sides[1]))


def outcome_of(*views: PointView) -> Outcome:
    (move,) = moves_of(*views)
    guests, _ = find_guests([move], views)
    return judge_outcome(move, guests[0], views)


def test_qemus_device_description_at_the_end_is_completion() -> None:
    """The text that QEMU sends last was sent."""
    assert outcome_of(view(streams=(qemu(QEMU_TEXT),))).outcome == "completed"


def test_a_close_in_the_middle_of_guest_pages_and_a_guest_that_stayed_is_an_abort() -> None:
    """The same orderly close, without the text, and everybody at the source goes on: cancelled."""
    stayed = view("src-guestbr", "domain:source", journal=asks_and_answers(0, 5 * S, 10 * MS))
    assert outcome_of(view(streams=(qemu(QEMU_PAGES),)), stayed).outcome == "aborted"


def test_without_the_description_where_only_a_segments_start_is_read_nothing_is_known() -> None:
    """A super-segment of 64 kB may begin in device state and end in the description; only its start is captured."""
    made = qemu(bytes(range(16)))
    large = replace(made, sides=(replace(made.sides[0], max_payload_bytes=65_160), made.sides[1]))
    assert outcome_of(view(streams=(large,))).outcome == "unknown"
    assert outcome_of(view(streams=(made,))).outcome == "aborted"


def test_text_in_a_guests_page_is_no_device_description() -> None:
    """A cancelled migration whose last segment starts in a log file."""
    assert outcome_of(view(streams=(qemu(b"Nov 25 20:41:08 "),))).outcome == "unknown"


@pytest.mark.parametrize(
    "closing", [b'184}]}, {"name":', b'type": "uint32",', b'02.0/virtio-net"', b'": "CPU hotplug ']
)
def test_sixteen_bytes_of_the_description_are_known_as_json(closing: bytes) -> None:
    """As real migrations ended."""
    assert outcome_of(view(streams=(qemu(closing),))).outcome == "completed"


def test_an_announcement_heard_only_where_the_guest_came_from_completes_nothing() -> None:
    """A failed vMotion resumes the guest at its source, and announces it there."""
    old = view("old", "domain:source", series=(announced(S + 20 * MS),))
    result = outcome_of(view("up", "source", streams=(stream(),)), old)
    assert result.outcome == "unknown"
    assert "only old heard it" in result.because


LEFT = asks_and_answers(0, 5 * S, 100 * MS, (S, 9 * S))
"""What the old place shows of a guest whose answers pass there until the stream's end, and no more."""


def of_elsewhere(
    at_old: JournalColumns, there: JournalColumns, role: str, ends: int = 9 * S, begins: int = 0
) -> Outcome:
    """A guest that only its old place heard announced, with another point."""
    old = view("old", "domain:source", series=(announced(S + 20 * MS),), journal=at_old, last_ts=ends)
    other = view("there", role, journal=there, first_ts=begins)
    return outcome_of(view("up", "source", streams=(stream(),)), old, other)


@pytest.mark.parametrize(
    ("at_old", "there", "ends", "begins", "outcome"),
    [
        (LEFT, asks_and_answers(S + 100 * MS, 5 * S, 100 * MS), 9 * S, 0, "completed"),
        (asks_and_answers(0, 5 * S, 100 * MS), asks_and_answers(S + 100 * MS, 5 * S, 100 * MS), 9 * S, 0, "unknown"),
        (LEFT, asks_and_answers(0, S, 100 * MS), 9 * S, 0, "unknown"),
        (asks_and_answers(0, S, 100 * MS), asks_and_answers(S + 100 * MS, 5 * S, 100 * MS), S + 30 * MS, 0, "unknown"),
        (
            asks_and_answers(0, 5 * S, 100 * MS, (0, 9 * S)),
            asks_and_answers(S + 100 * MS, 5 * S, 100 * MS),
            9 * S,
            0,
            "unknown",
        ),
        (LEFT, asks_and_answers(MS, 5 * S, 100 * MS), 9 * S, 0, "unknown"),
        (LEFT, asks_and_answers(S + 100 * MS, 5 * S, 100 * MS), 9 * S, S - 50 * MS, "unknown"),
    ],
    ids=[
        "answers elsewhere",
        "goes on here",
        "answers nowhere",
        "this capture ends",
        "never passed here",
        "passed there before",
        "nobody looked there before",
    ],
)
def test_a_guest_that_only_its_old_place_heard_and_that_answers_at_the_destination_moved(
    at_old: JournalColumns, there: JournalColumns, ends: int, begins: int, outcome: str
) -> None:
    """Its answers passed the old place until it was announced, and since then one where they never passed before."""
    result = of_elsewhere(at_old, there, "domain:destination", ends, begins)
    assert result.outcome == outcome, result.because
    if outcome == "completed":
        assert result.point == "there"
        assert result.frames == (2,)


@pytest.mark.parametrize("role", ["client", "gateway", "wan"])
@pytest.mark.parametrize("since", [MS, S + 100 * MS])
def test_answers_past_another_point_are_no_other_host(role: str, since: int) -> None:
    """A host that puts its guest on its second uplink announces it as well, and the first shows it no more."""
    result = of_elsewhere(LEFT, asks_and_answers(since, 5 * S, 100 * MS), role)
    assert result.outcome == "unknown", result.because
    assert "only old heard it" in result.because
    assert "a host whose uplink failed over" in result.because
    assert result.point == "there"


def test_a_one_way_capture_shows_no_stall() -> None:
    """Acknowledgements that go another way are not missing; nor is silence after the last data an abort then."""
    resent = [1000 if n == 999 else 0 for n in range(1000)]
    busy = series(1000, new_bytes=1000, resent_bytes=resent)
    one_way = ended(retransmissions=1, series=busy, acked_bytes=0, back=side(packets=0), **CUT)
    assert outcome_of(view(streams=(one_way,), last_ts=60 * S)).outcome == "unknown"


def test_a_reset_of_a_connection_that_carried_nothing_ends_no_stream() -> None:
    """A control connection that was reset beside the memory's."""
    control = stream(
        a_port=50_001,
        a=side(packets=2, syn_ts=0, syn_frame=5),
        b=side(packets=2, syn_ts=1, syn_frame=6, rst_ts=2, rst_frame=7),
    )
    moved = view(streams=(stream(), control), series=(announced(S + 5 * MS),))
    assert outcome_of(moved).outcome == "completed"


def test_one_talker_that_falls_silent_at_the_source_may_be_the_guest_that_left() -> None:
    """The peer still asks and nobody answers: no sign that the guest stayed."""
    left = view("src-guestbr", "domain:source", journal=asks_and_answers(0, 5 * S, 10 * MS, (S, 6 * S), answers=False))
    assert outcome_of(view(streams=(stream(),)), left).outcome == "unknown"


def test_an_orderly_close_alone_proves_nothing() -> None:
    """Without the hypervisor's last words and without a guest in view the outcome is unknown."""
    result = outcome_of(view(streams=(stream(),)))
    assert result.outcome == "unknown"
    assert "nothing shows" in result.because


def test_an_orderly_close_and_an_announced_guest_is_completion() -> None:
    """The guest speaks for itself."""
    assert outcome_of(view(streams=(stream(),), series=(announced(S + 5 * MS),))).outcome == "completed"


def test_an_orderly_close_and_a_guest_that_went_on_at_its_old_place_is_an_abort() -> None:
    """Frames at the source's bridge go on long after, and nobody announced anything."""
    stayed = view("src-guestbr", "domain:source", journal=asks_and_answers(0, 5 * S, 10 * MS))
    assert outcome_of(view(streams=(stream(),)), stayed).outcome == "aborted"


def test_a_reset_in_mid_stream_is_an_abort() -> None:
    """The destination's kernel resets when the process that received dies."""
    made = stream()
    a = replace(made.sides[0], fin_ts=None, fin_frame=None, acked_bytes=50_000_000)
    b = replace(made.sides[1], rst_ts=S, rst_frame=99)
    result = outcome_of(view(streams=(replace(made, sides=(a, b)),)))
    assert result.outcome == "aborted"
    assert result.frames == (99,)
    assert "10.10.1.12 reset" in result.because


def test_a_reset_after_everything_was_acknowledged_is_only_tidying_up() -> None:
    """It does not turn a completed migration into an aborted one."""
    made = stream()
    b = replace(made.sides[1], rst_ts=S, rst_frame=99)
    tidy = replace(made, sides=(made.sides[0], b))
    assert read_ending(Sighting(view(), find_transfers([tidy])[0][0])).ending == "orderly"


def test_a_capture_that_ends_with_the_stream_is_truncated() -> None:
    """No close, and the file ends there."""
    made = stream()
    a = replace(made.sides[0], fin_ts=None, fin_frame=None)
    open_end = replace(made, sides=(a, made.sides[1]))
    assert outcome_of(view(streams=(open_end,), last_ts=S)).outcome == "truncated"
    assert outcome_of(view(streams=(open_end,), last_ts=60 * S, truncated=True)).outcome == "truncated"
    told = {
        stopped: outcome_of(view(streams=(open_end,), truncated=True, stopped=stopped)) for stopped in (True, False)
    }
    assert told[True].because == "the reading was stopped while the stream runs", "as asked, by --partial"
    assert told[False].because == "the capture file is cut while the stream runs"


def test_a_stream_that_fell_silent_long_before_the_captures_end_is_an_abort() -> None:
    """The source host crashed: no close, no reset, and the capture goes on."""
    made = qemu(QEMU_PAGES, fin_ts=None, fin_frame=None)
    assert outcome_of(view(streams=(made,), last_ts=60 * S)).outcome == "aborted"


def test_silence_of_a_hypervisor_that_may_keep_its_connections_is_unknown() -> None:
    """All of it was acknowledged and nobody closed: nothing says whether that was the end."""
    made = stream()
    a = replace(made.sides[0], fin_ts=None, fin_frame=None)
    assert outcome_of(view(streams=(replace(made, sides=(a, made.sides[1])),), last_ts=60 * S)).outcome == "unknown"


def test_resending_without_an_acknowledgement_is_a_stall() -> None:
    """Large packets vanish: the same data again and again, with nothing acknowledged."""
    bins = 1000
    acked, resent = np.zeros(bins, np.int64), np.zeros(bins, np.int64)
    acked[1], resent[[5, 50, 200, 600, 999]] = 200, 8948
    ran = series(bins, acked_bytes=acked, resent_bytes=resent, flight_max_bytes=0)
    made = stream()
    a = replace(
        made.sides[0], fin_ts=None, fin_frame=None, opening=b"QEVM\x00\x00\x00\x03", retransmissions=5, series=ran
    )
    result = outcome_of(view(streams=(replace(made, sides=(a, made.sides[1])),), last_ts=10 * S))
    assert result.outcome == "aborted"
    assert "9.9 s" in result.because or "10.0 s" in result.because


def test_a_refused_connection_says_that_nothing_listens() -> None:
    """SYN, RST."""
    refused = stream(seconds=0.001, a=side(packets=1, syn_ts=0, syn_frame=1), b=side(packets=1, rst_ts=1, rst_frame=2))
    result = outcome_of(view(streams=(refused,)))
    assert result.outcome == "aborted"
    assert "nothing listens" in result.because


def test_qemus_return_path_says_success_or_error() -> None:
    """Post-copy ends with a message from the destination."""
    for closing, expected in (
        (bytes.fromhex("0001000400000000"), "completed"),
        (bytes.fromhex("0001000400000001"), "aborted"),
    ):
        made = qemu(QEMU_PAGES)
        told = replace(made, sides=(made.sides[0], replace(made.sides[1], closing=closing, last_data_frame=98)))
        assert outcome_of(view(streams=(told,))).outcome == expected


def test_half_a_word_on_the_way_back_says_nothing() -> None:
    """Cut before the value, success and error look alike: the stream's own last words decide."""
    made = qemu(QEMU_TEXT)
    cut = replace(made, sides=(made.sides[0], replace(made.sides[1], closing=bytes.fromhex("000100040000"))))
    assert outcome_of(view(streams=(cut,))).outcome == "completed"
    pages = qemu(QEMU_PAGES)
    cut = replace(pages, sides=(pages.sides[0], cut.sides[1]))
    assert "device description" in outcome_of(view(streams=(cut,))).because


def test_the_same_connection_at_two_points_is_one_move() -> None:
    """Points of one migration share its connection; the source's NIC is the better witness."""
    moves = moves_of(view("b", "destination", streams=(stream(),)), view("a", "source", streams=(stream(),)))
    assert len(moves) == 1
    assert [s.view.name for s in moves[0].sightings] == ["a", "b"]


def test_guests_that_did_not_move_stay_apart() -> None:
    """An announcement minutes later is counted, not joined."""
    here = view(
        streams=(stream(),), series=(announced(S + 5 * MS), announced(300 * S, mac=0x005056000001)), last_ts=400 * S
    )
    moves = moves_of(here)
    guests, others = find_guests(moves, [here])
    assert [g.mac for g in guests[0]] == [0x005056AA7710]
    assert guests[0][0].confidence == "high"
    assert others == 1


def ended(**changed: object) -> Connection:
    """A stream whose data side ended like this; `back` replaces the other side."""
    made = stream()
    back = changed.pop("back", made.sides[1])
    return replace(made, sides=(replace(made.sides[0], **changed), back))  # type: ignore[arg-type]


CUT = {"fin_ts": None, "fin_frame": None}


def test_a_close_without_qemus_last_words_is_completion_only_where_a_guest_appears() -> None:
    """A QEMU told not to send its description ends like a cancelled one; the guest's announcement tells them apart."""
    closed = qemu(QEMU_PAGES)
    moved = view(streams=(closed,), series=(announced(S + 5 * MS),))
    assert outcome_of(view(streams=(closed,))).outcome == "aborted"
    assert outcome_of(moved).outcome == "completed"


def test_an_announcement_in_the_middle_does_not_complete_an_unfinished_stream() -> None:
    """A guest announced seconds before the end would be post-copy, and that ends with words on the way back."""
    made = stream(seconds=20)
    a = replace(made.sides[0], opening=OPENING, closing=QEMU_PAGES)
    both_ways, one_way = (replace(made, sides=(a, back)) for back in (made.sides[1], side(packets=0)))
    assert outcome_of(view(streams=(both_ways,), series=(announced(5 * S),))).outcome == "aborted"
    assert outcome_of(view(streams=(one_way,), series=(announced(5 * S),))).outcome == "unknown"
    silent = replace(one_way, sides=(replace(a, fin_ts=None, fin_frame=None), side(packets=0)))
    result = outcome_of(view(streams=(silent,), series=(announced(5 * S),), last_ts=60 * S))
    assert result.outcome == "unknown"
    assert "post-copy" in result.because
    assert outcome_of(view(streams=(silent,), last_ts=60 * S)).outcome == "aborted"


PLAIN = b""
SHUT = QEMU_SHUT_OK
SENT_UNTIL_5 = asks_and_answers(0, 30 * S, 100 * MS, (4900 * MS, 40 * S))
SENT_SINCE_5 = asks_and_answers(5 * S, 30 * S, 100 * MS)


@pytest.mark.parametrize(
    ("at_old", "at_new", "closing", "outcome"),
    [
        (SENT_UNTIL_5, SENT_SINCE_5, PLAIN, "unknown"),
        (SENT_UNTIL_5, SENT_SINCE_5, SHUT, "completed"),
        (asks_and_answers(0, 30 * S, 100 * MS), SENT_SINCE_5, PLAIN, "aborted"),
        (asks_and_answers(0, 4 * S, 100 * MS), SENT_UNTIL_5, PLAIN, "unknown"),
        (asks_and_answers(0, 4 * S, 100 * MS), journal(), PLAIN, "unknown"),
        (asks_and_answers(0, 500 * MS, 100 * MS), journal(), PLAIN, "aborted"),
        (SENT_UNTIL_5, journal(), PLAIN, "unknown"),
    ],
    ids=[
        "changed hosts",
        "and was told",
        "still sends here",
        "fell silent there",
        "nobody asks",
        "hardly talked",
        "fell silent here",
    ],
)
def test_a_guest_that_changed_hosts_while_the_stream_ran_is_no_guest_that_stayed(
    at_old: JournalColumns, at_new: JournalColumns, closing: bytes, outcome: str
) -> None:
    """Post-copy lets it run before its memory has come; whether all of that came is told on the way back alone."""
    made = stream(seconds=20)
    a, back = replace(made.sides[0], opening=OPENING, closing=QEMU_PAGES), replace(made.sides[1], closing=closing)
    old = view("old", "domain:source", streams=(replace(made, sides=(a, back)),), journal=at_old)
    new = view("new", "domain:destination", series=(announced(5 * S, schedule=None),), journal=at_new)
    result = outcome_of(old, new)
    assert result.outcome == outcome, result.because
    assert "no guest announced itself" not in result.because
    if outcome == "unknown":
        assert ("changed hosts while it ran" in result.because) == bool(at_new.rows and at_old is SENT_UNTIL_5)
        assert "as in post-copy" in result.because


def test_an_orderly_close_and_a_guest_that_changed_hosts_while_the_stream_ran_is_completion() -> None:
    """Encrypted post-copy says no last words that could be read: the guest speaks for itself."""
    old = view("old", "domain:source", streams=(stream(seconds=20),), journal=SENT_UNTIL_5)
    own = (announced(5 * S, schedule=None),)
    came = view("new", "domain:destination", series=own, journal=SENT_SINCE_5)
    assert outcome_of(old, came).outcome == "completed"
    assert outcome_of(old, replace(came, journal=journal())).outcome == "unknown"


def test_a_broken_stream_and_an_announced_guest_leave_it_open() -> None:
    """A reset says abort, the guest says otherwise: nobody can have both."""
    reset = ended(acked_bytes=50_000_000, rst_ts=S, rst_frame=99, **CUT)
    result = outcome_of(view(streams=(reset,), series=(announced(S + 5 * MS),)))
    assert result.outcome == "unknown"
    assert "yet the guest announced itself" in result.because


def test_a_capture_cut_in_mid_stream_is_truncated_though_a_guest_was_announced_before() -> None:
    """Post-copy announces the guest while its memory still flows: what came after the cut nobody saw."""
    made = stream(seconds=20)
    cut = replace(made, sides=(replace(made.sides[0], **CUT), made.sides[1]))  # type: ignore[arg-type]
    running = view(streams=(cut,), series=(announced(5 * S),), last_ts=20 * S)
    assert outcome_of(running).outcome == "truncated"


def test_a_cut_stream_and_a_guest_announced_at_its_end_is_completion() -> None:
    """Another point heard the guest right after the last data that this one saw."""
    cut = view("up", "source", streams=(ended(**CUT),), last_ts=S)
    gateway = view("gw", "gateway", series=(announced(S + 20 * MS),))
    result = outcome_of(cut, gateway)
    assert (result.outcome, result.point, result.frames) == ("completed", "gw", (200,))


def test_an_association_by_time_alone_completes_nothing() -> None:
    """An announcement half a minute later, of one of two guests, is no proof of this migration's end."""
    late = (announced(30 * S, schedule=None), announced(30 * S + S, mac=0x005056000001, schedule=None))
    assert outcome_of(view(streams=(stream(),), series=late)).outcome == "unknown"


def test_the_point_that_saw_the_end_best_is_asked() -> None:
    """The source's capture stopped in mid-stream, the destination's goes on to the last words."""
    source = view("src", "source", streams=(ended(**CUT),), last_ts=S)
    destination = view("dst", "destination", streams=(qemu(QEMU_TEXT),))
    result = outcome_of(source, destination)
    assert (result.outcome, result.point) == ("completed", "dst")


def test_a_close_before_everything_was_acknowledged_is_unknown() -> None:
    """The last bytes may have been lost with the receiver."""
    result = outcome_of(view(streams=(ended(acked_bytes=99_000_000),)))
    assert result.outcome == "unknown"
    assert "before all of it was acknowledged" in result.because


def test_a_one_way_capture_does_not_ask_for_acknowledgements_it_cannot_see() -> None:
    """Without the other direction in view an orderly close is one, and proves no more than that."""
    one_way = ended(acked_bytes=0, back=side(packets=0))
    assert read_ending(Sighting(view(), find_transfers([one_way])[0][0])).ending == "orderly"


def test_one_of_several_connections_without_a_close_is_no_orderly_end() -> None:
    """Three closed, one that just stopped: the capture goes on for a minute, so it fell silent."""
    open_end = replace(ended(acked_bytes=90_000_000, **CUT), a_port=50_001)
    result = outcome_of(view(streams=(stream(), open_end), last_ts=60 * S))
    assert result.outcome == "aborted"


def test_a_reset_by_the_source_names_the_source() -> None:
    """Who gave up is the first thing to know."""
    reset = ended(acked_bytes=50_000_000, rst_ts=S, rst_frame=88, **CUT)
    assert "10.10.1.11 reset" in outcome_of(view(streams=(reset,))).because


def test_silence_of_a_second_before_the_captures_end_says_nothing() -> None:
    """Longer than a cut, shorter than a stall: unknown."""
    assert outcome_of(view(streams=(ended(**CUT),), last_ts=2 * S)).outcome == "unknown"


def test_resending_that_was_answered_in_the_end_is_no_stall() -> None:
    """A loss, a pause of two seconds, and on it goes."""
    acked, resent = np.full(1000, 1000), np.zeros(1000, np.int64)
    acked[500:700], resent[[500, 690]] = 0, 8948
    busy = series(1000, new_bytes=1000, acked_bytes=acked.tolist(), resent_bytes=resent.tolist())
    assert outcome_of(view(streams=(ended(retransmissions=2, series=busy),))).outcome == "unknown"


def test_a_connection_that_opened_and_carried_nothing_decides_nothing() -> None:
    """The handshake went through, then nothing came: a migration that never began, or a health check of the port."""
    opened = stream(seconds=0.1, a=side(packets=2, syn_ts=0, syn_frame=1), b=side(packets=1, syn_ts=1, syn_frame=2))
    result = outcome_of(view(streams=(opened,)))
    assert result.outcome == "unknown"
    assert "carried no data" in result.because


def test_attempts_without_an_answer_are_counted() -> None:
    """Three SYNs into the void, with their frames."""
    tries = tuple(
        stream(n * S, 0.1, a_port=50_000 + n, a=side(packets=1, syn_ts=n * S, syn_frame=n + 1), b=side())
        for n in range(3)
    )
    result = outcome_of(view(streams=tries))
    assert (result.outcome, result.frames) == ("aborted", (1, 2, 3))
    assert "3 connection attempts to 10.10.1.12 port 8000 went unanswered" in result.because


def test_qemus_last_words_are_read_on_the_main_channel() -> None:
    """Multifd channels carry more bytes and end in pages; the device description is the main channel's."""
    main = qemu(QEMU_TEXT, payload_bytes=300_000, unique_bytes=300_000, acked_bytes=300_000)
    channel = replace(main.sides[0], payload_bytes=10**8, unique_bytes=10**8, acked_bytes=10**8, closing=QEMU_PAGES)
    channel = replace(channel, opening=bytes.fromhex("1122334400000001"))
    multifd = replace(stream(), a_port=50_001, sides=(channel, stream().sides[1]))
    assert outcome_of(view(streams=(multifd, main))).outcome == "completed"


def test_who_opens_with_the_magic_alone_need_not_end_with_qemus_words() -> None:
    """The first segment held no more than the header, which QEMU never sends alone; cut to it, it may have."""
    made = qemu(QEMU_PAGES)
    header = replace(made.sides[0], opening=OPENING[:8])
    assert outcome_of(view(streams=(replace(made, sides=(header, made.sides[1])),))).outcome == "unknown"
    cut = replace(header, closing=QEMU_PAGES[:8])
    assert outcome_of(view(streams=(replace(made, sides=(cut, made.sides[1])),))).outcome == "aborted"


def test_a_guest_that_fell_silent_at_its_old_place_may_have_moved() -> None:
    """Whoever is asked on and on and never answers again speaks against an abort; who answers again does not."""
    made = qemu(QEMU_PAGES)
    lost = asks_and_answers(0, 5 * S, 10 * MS, (999 * MS, 5 * S))
    back = asks_and_answers(0, 5 * S, 10 * MS, (999 * MS, 3 * S))
    for seen, expected in ((lost, "unknown"), (back, "aborted")):
        old = view("old", "domain:source", journal=seen)
        result = outcome_of(view("src", "source", streams=(made,)), old)
        assert result.outcome == expected
    assert "no guest announced itself" in result.because
