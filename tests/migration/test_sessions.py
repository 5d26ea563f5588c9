"""Which of the guest's TCP connections went on, and what that says of the move."""

import numpy as np
import pytest

from tests.migration.make import GATEWAY, GUEST, GUEST_IP, PEER_IP, S, journal, view
from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.moved import Moved
from vmpcap.migration.packets.conflicts import Conflict
from vmpcap.migration.peers.sessions import tell_sessions, with_lost, with_silence
from vmpcap.migration.results import Peer
from vmpcap.migration.session_results import Sessions
from vmpcap.terms.addresses import ip_halves
from vmpcap.terms.wire import TCP_ACK, TCP_RST

SWITCH = 10 * S
ALONE = Conflict(False, "nothing was sent at its old place")
MOVED = Moved(GUEST, (ip_halves(GUEST_IP),), (), "high", "")


def segments(*rows: tuple[int, int, int, int, int]) -> JournalColumns:
    """TCP segments of the guest: (ts, its port, sequence number, payload bytes, flags)."""
    made = journal(*((row[0], GUEST, GATEWAY, GUEST_IP, PEER_IP) for row in rows))
    ts, port, seq, size, flags = (np.array(column) for column in zip(*rows, strict=True))
    return made._replace(
        ts_ns=ts.astype(np.int64),
        ip_protocol=np.full(len(rows), 6, np.uint8),
        src_port=port.astype(np.uint16),
        dst_port=np.full(len(rows), 40_000, np.uint16),
        tcp_seq=seq.astype(np.uint32),
        payload_bytes=size.astype(np.int32),
        tcp_flags=flags.astype(np.uint16),
    )


def sessions(*rows: tuple[int, int, int, int, int]) -> Sessions:
    return tell_sessions(MOVED, [view("gw", journal=segments(*rows))], SWITCH, ALONE)


def test_a_connection_that_goes_on_where_it_left_off_proves_a_live_move() -> None:
    """Last before: bytes 1000 to 1099 in frame 1; first after: 1100 in frame 2."""
    found = sessions((9 * S, 22, 1000, 100, TCP_ACK), (11 * S, 22, 1100, 50, TCP_ACK))
    assert (found.word, found.kept, found.denied) == ("live", 1, 0)
    assert (found.from_point, found.from_frame, found.to_point, found.to_frame) == ("gw", 1, "gw", 2)
    assert "port 22 with 10.99.0.2:40000" in found.because


def test_a_connection_that_the_guest_resets_was_not_kept() -> None:
    """The reset bears the number that it was asked with; alone, that is no live move."""
    denied = (11 * S, 22, 1100, 0, TCP_RST)
    found = sessions((9 * S, 22, 1000, 100, TCP_ACK), denied)
    assert (found.word, found.kept, found.denied) == ("not_live", 0, 1)
    other = ((9 * S, 80, 7000, 10, TCP_ACK), (12 * S, 80, 7010, 10, TCP_ACK))
    both = sessions((9 * S, 22, 1000, 100, TCP_ACK), other[0], denied, other[1])
    assert (both.word, both.kept, both.denied) == ("live", 1, 1)
    assert "with a reset" in both.because


def test_a_connection_that_was_never_answered_again_did_not_survive() -> None:
    """Its peer went on asking: that is in view, though the guest said no more; other kinds of traffic are none."""
    peers = [
        Peer(peer="10.99.0.2", protocol="tcp/7007", survived=False, because="11 requests unanswered"),
        Peer(peer="10.99.0.2", protocol="icmp", survived=False),
        Peer(peer="10.99.0.3", protocol="tcp/22", survived=None),
    ]
    silent = with_lost(sessions((9 * S, 22, 1000, 100, TCP_ACK)), peers)
    assert (silent.word, silent.kept, silent.denied, silent.lost) == ("undecided", 0, 0, 1)
    assert silent.because == "1 TCP connection never answered again: 10.99.0.2 tcp/7007 (11 requests unanswered)"
    went_on = ((9 * S, 22, 1000, 100, TCP_ACK), (11 * S, 22, 1100, 50, TCP_ACK))
    assert with_lost(sessions(*went_on), peers[1:]) == sessions(*went_on)
    both = with_lost(sessions(*went_on), peers)
    assert (both.word, both.kept, both.lost) == ("live", 1, 1)


def test_a_connection_that_was_denied_is_not_counted_as_unanswered_too() -> None:
    """The reset was the answer to its peer, after 200 ms."""
    denied = sessions((9 * S, 22, 1000, 100, TCP_ACK), (11 * S, 22, 1100, 0, TCP_RST))
    peers = [Peer(peer="10.99.0.2", protocol="tcp/22", survived=False, outage_ms=200.0)]
    assert with_lost(denied, peers) == denied


@pytest.mark.parametrize(("silence_ms", "word"), [(185.0, "undecided"), (2500.0, "not_live"), (None, "not_live")])
def test_nothing_starts_in_the_silence_of_a_live_move(silence_ms: float | None, word: str) -> None:
    """A reset alone, of a guest that was gone for less than any start takes, is a connection that ended."""
    denied = sessions((9 * S, 22, 1000, 100, TCP_ACK), (11 * S, 22, 1100, 0, TCP_RST))
    found = with_silence(denied, silence_ms)
    assert (found.word, found.kept, found.denied) == (word, 0, 1)
    kept = sessions((9 * S, 22, 1000, 100, TCP_ACK), (11 * S, 22, 1100, 50, TCP_ACK))
    assert with_silence(kept, silence_ms) == kept


def test_without_a_connection_on_both_sides_nobody_knows() -> None:
    """One that ended before, one that began after."""
    found = sessions((9 * S, 22, 1000, 100, TCP_ACK), (11 * S, 80, 5, 50, TCP_ACK))
    assert (found.word, found.kept, found.denied, found.from_frame) == ("undecided", 0, 0, None)


def test_a_number_far_away_is_another_connection() -> None:
    """The same ports, numbers that the old one could not have reached: opened anew."""
    assert sessions((9 * S, 22, 1000, 100, TCP_ACK), (11 * S, 22, 2_000_000_000, 50, TCP_ACK)).word == "undecided"


def test_of_many_the_first_are_named() -> None:
    """Five went on: three by name, two counted."""
    before = [(9 * S, port, 1000, 100, TCP_ACK) for port in range(5001, 5006)]
    after = [(11 * S, port, 1100, 100, TCP_ACK) for port in range(5001, 5006)]
    found = sessions(*before, *after)
    assert found.kept == 5
    assert found.because.startswith("5 connections (port 5001 with")
    assert "and 2 more" in found.because


def test_a_machine_at_the_old_place_that_goes_on_is_no_live_move() -> None:
    """The new place shows the guest's frames, and of this connection none: a copy may have sent what came later."""
    rows = [(9 * S, 22, 1000, 100, TCP_ACK), (11 * S, 22, 1100, 50, TCP_ACK)]
    old = view("a", "domain:source", journal=segments(*rows))
    silent = tell_sessions(MOVED, [old, view("b", "domain:destination")], SWITCH, ALONE)
    assert (silent.word, silent.kept) == ("undecided", 0)
    assert "no later one was seen at b, its new place" in silent.because
    came = view("b", "domain:destination", journal=segments(rows[1]))
    found = tell_sessions(MOVED, [old, came], SWITCH, ALONE)
    assert (found.word, found.kept, found.to_point, found.to_frame) == ("live", 1, "b", 1)
    reduced = view("b", "domain:destination", journal_complete=False)
    assert tell_sessions(MOVED, [old, reduced], SWITCH, ALONE).word == "live", "a point that shows a part says nothing"


def test_where_a_copy_goes_on_nobody_knows_whose_segments_these_are() -> None:
    """The new place saw the segment pass, as it would one of the copy."""
    rows = [(9 * S, 22, 1000, 100, TCP_ACK), (11 * S, 22, 1100, 50, TCP_ACK)]
    both = [
        view(name, role, journal=segments(*rows))
        for name, role in (("a", "domain:source"), ("b", "domain:destination"))
    ]
    assert tell_sessions(MOVED, both, SWITCH, ALONE).word == "live"
    found = tell_sessions(MOVED, both, SWITCH, Conflict(True, "3 packets appeared only at a", "a", (5,)))
    assert (found.word, found.kept) == ("undecided", 0)
    assert "3 packets appeared only at a" in found.because


@pytest.mark.parametrize(("ttl", "is_denied"), [(254, False), (64, True)])
def test_a_reset_that_a_firewall_sent_is_not_the_guests(ttl: int, is_denied: bool) -> None:
    """Its other segments came with a TTL of 64 before it moved, and since."""
    rows = ((9 * S, 22, 1000, 100, TCP_ACK), (11 * S, 22, 1100, 0, TCP_RST), (12 * S, 80, 5, 5, TCP_ACK))
    made = segments(*rows)
    made.ttl[1] = ttl
    found = tell_sessions(MOVED, [view("gw", journal=made)], SWITCH, ALONE)
    assert found.denied == is_denied
    assert ("it is not the guest's" in found.because) is not is_denied
