"""Completed, aborted, truncated or unknown: what each ending proves and what it does not."""

from dataclasses import replace

import numpy as np

from tests.migration.make import MS, QEMU_PAGES, QEMU_TEXT, S, announced, asks_and_answers, side, stream, view
from vmpcap.measures.connections import Connection, StreamSeries
from vmpcap.migration.endings import read_ending
from vmpcap.migration.guests import find_guests
from vmpcap.migration.moves import Move, Sighting, match_transfers
from vmpcap.migration.outcome import Outcome, judge_outcome
from vmpcap.migration.transfers import find_transfers
from vmpcap.migration.views import PointView


def qemu(closing: bytes, **more: object) -> Connection:
    """A QEMU stream that was closed in order after these last bytes."""
    made = stream()
    a = replace(made.sides[0], opening=b"QEVM\x00\x00\x00\x03", closing=closing, **more)  # type: ignore[arg-type]
    return replace(made, sides=(a, made.sides[1]))


def moves_of(*views: PointView) -> list[Move]:
    return match_transfers([(v, find_transfers(v.streams)[0]) for v in views])


def outcome_of(*views: PointView) -> Outcome:
    (move,) = moves_of(*views)
    guests, _ = find_guests([move], views)
    return judge_outcome(move, guests[0], views)


def test_qemus_device_description_at_the_end_is_completion() -> None:
    """The text that QEMU sends last was sent."""
    assert outcome_of(view(streams=(qemu(QEMU_TEXT),))).outcome == "completed"


def test_a_close_in_the_middle_of_guest_pages_is_an_abort() -> None:
    """The same orderly close, without the text: cancelled."""
    assert outcome_of(view(streams=(qemu(QEMU_PAGES),))).outcome == "aborted"


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


def test_a_stream_that_fell_silent_long_before_the_captures_end_is_an_abort() -> None:
    """The source host crashed: no close, no reset, and the capture goes on."""
    made = stream()
    a = replace(made.sides[0], fin_ts=None, fin_frame=None)
    assert outcome_of(view(streams=(replace(made, sides=(a, made.sides[1])),), last_ts=60 * S)).outcome == "aborted"


def test_resending_without_an_acknowledgement_is_a_stall() -> None:
    """Large packets vanish: the same data again and again, with nothing acknowledged."""
    bins = 1000
    zeros = np.zeros(bins, np.int64)
    acked, resent = zeros.copy(), zeros.copy()
    acked[1], resent[[5, 50, 200, 600, 999]] = 200, 8948
    series = StreamSeries(0, 10 * MS, zeros, acked, resent, zeros, zeros - 1, zeros - 1, zeros - 1, zeros)
    made = stream()
    a = replace(
        made.sides[0], fin_ts=None, fin_frame=None, opening=b"QEVM\x00\x00\x00\x03", retransmissions=5, series=series
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
