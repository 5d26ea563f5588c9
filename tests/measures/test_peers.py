"""Peers: what each of them suffered while the guest was away."""

import random

import pytest

from tests.measures.talk import (
    ACK,
    FIN,
    GUEST,
    MS,
    PEER,
    PSH,
    RST,
    SYN,
    Row,
    datagram,
    echo,
    journal_of,
    pings,
    segment,
    streams_of,
)
from vmpcap.measures import peer_connections
from vmpcap.measures.outages import Outage
from vmpcap.measures.peer_streams import PeerStream
from vmpcap.measures.peers import find_peer_streams
from vmpcap.terms.addresses import ip_halves

GUEST_MAC = 0x0050_56AA_7710


def only(streams: list[PeerStream]) -> PeerStream:
    (stream,) = streams
    return stream


def only_outage(streams: list[PeerStream]) -> Outage:
    (outage,) = only(streams).outages
    return outage


# ---- echoes


def test_a_run_of_lost_echoes_is_an_outage_of_as_many_intervals() -> None:
    """Seventeen lost pings at 10 ms are 170 ms, bounded by the frames around them."""
    stream = only(streams_of(pings(60, 10, lost=range(20, 37))))
    (outage,) = stream.outages
    assert (stream.protocol, stream.peer_ip, stream.guest_ip, stream.icmp_id) == ("icmp", PEER, GUEST, 77)
    assert (stream.requests, stream.answers, stream.interval_ns, stream.answer_ns) == (60, 43, 10 * MS, 1 * MS)
    assert (outage.lost, outage.outage_ns, outage.ended) == (17, 170 * MS, True)
    assert (outage.last_answered_frame, outage.last_answer_frame) == (39, 40)
    assert (outage.first_unanswered_frame, outage.last_unanswered_frame) == (41, 57)
    assert (outage.first_answered_frame, outage.first_answer_frame) == (58, 59)
    assert (outage.first_unanswered_ts, outage.first_answered_ts) == (200 * MS, 370 * MS)
    assert stream.survived is True


def test_a_late_reply_is_not_a_loss() -> None:
    """Requests held back while the guest was stopped and answered afterwards are answered."""
    rows = [echo(seq * 10, seq) for seq in range(30)]
    rows += [echo(max(seq * 10 + 1, 200), seq, reply=True) for seq in range(30)]
    assert only(streams_of(rows)).outages == ()


def test_each_of_two_moves_has_its_outage() -> None:
    """There and back: both runs are returned."""
    stream = only(streams_of(pings(100, 10, lost=[*range(20, 35), *range(60, 82)])))
    assert [o.lost for o in stream.outages] == [15, 22]
    longest = stream.longest
    assert longest is not None
    assert longest.lost == 22


def test_an_isolated_guest_never_comes_back() -> None:
    """Requests go on unanswered to the end of the capture: no figure, a lower bound, and not survived."""
    stream = only(streams_of(pings(100, 10, lost=range(40, 100))))
    (outage,) = stream.outages
    assert (outage.outage_ns, outage.ended, outage.seen_ns, outage.requests_stopped) == (None, False, 590 * MS, False)
    assert (outage.first_answered_frame, outage.first_answer_ts) == (None, None)
    assert stream.survived is False


def test_requests_only_is_an_outage_that_did_not_end() -> None:
    """A peer of which no request was ever answered has no last answer either."""
    stream = only(streams_of(pings(30, 10, lost=range(30))))
    (outage,) = stream.outages
    assert (outage.lost, outage.last_answer_frame, outage.last_answered_ts) == (30, None, None)


def test_requests_that_leave_the_view_are_no_lasting_outage() -> None:
    """At the guest's old place the requests stop soon after the answers do: nobody can say when it came back."""
    rows = pings(60, 10, lost=range(40, 60))
    stream = only(streams_of(rows, end_ns=5_000 * MS))
    (outage,) = stream.outages
    assert (outage.requests_stopped, outage.ended, outage.seen_ns) == (True, False, 190 * MS)
    assert stream.survived is None


def test_requests_that_come_back_later_bound_the_outage_from_both_sides() -> None:
    """A guest that moved away and back: in between this point saw nothing, so there is no figure."""
    later = [row | {"ts_ns": int(row["ts_ns"]) + 9_000 * MS} for row in pings(60, 10)]
    for row in later:
        row["icmp_seq"] += 1000
    outage = only_outage(streams_of(pings(60, 10, lost=range(40, 60)) + later))
    assert (outage.outage_ns, outage.requests_stopped, outage.lost) == (None, True, 20)
    assert outage.first_answered_ts == 9_000 * MS


def test_a_single_lost_request_counts_only_where_it_weighs() -> None:
    """One of many fast pings is not an outage, one of a ping per second is."""
    assert only(streams_of(pings(60, 10, lost=[30]))).outages == ()
    assert only_outage(streams_of(pings(20, 1000, lost=[10]))).outage_ns == 1000 * MS


def test_a_requester_that_is_late_itself_does_not_lengthen_the_outage() -> None:
    """The first request after the run left 18 ms late: the unanswered requests still are 290 ms."""
    rows = pings(100, 10, lost=range(40, 69))
    for row in rows:
        if 690 * MS <= int(row["ts_ns"]) < 700 * MS:
            row["ts_ns"] = int(row["ts_ns"]) + 8 * MS
    assert only_outage(streams_of(rows)).outage_ns == 290 * MS


def test_sequence_numbers_may_wrap() -> None:
    """Number 65535 is followed by 0, and a number used again belongs to its latest request."""
    rows = [
        echo((seq - 65_500) * 10 + t, seq, reply, ip_id=seq)
        for seq in range(65_500, 65_600)
        for t, reply in ((0, False), (1, True))
    ]
    assert only(streams_of(rows)).outages == ()


@pytest.mark.parametrize("copies", [[{"ip_ttl": 63, "eth_src": 5}], [{}], [{}, {"ip_ttl": 63}]])
def test_copies_of_packets_disturb_nothing(copies: list[Row]) -> None:
    """Mirror ports and both sides of a router in one capture: the same outage, the same counts."""
    rows = pings(60, 10, lost=range(20, 37))
    doubled = rows + [row | copy | {"ts_ns": int(row["ts_ns"]) + 20_000} for row in rows for copy in copies]
    plain, again = only(streams_of(rows)), only(streams_of(doubled))
    assert (plain.requests, plain.answers, plain.interval_ns) == (again.requests, again.answers, again.interval_ns)
    assert [(o.lost, o.outage_ns) for o in plain.outages] == [(o.lost, o.outage_ns) for o in again.outages]


def test_pings_by_the_guest_are_requests_of_the_guest() -> None:
    """Whoever asks is the requester; the peer stays the peer."""
    rows = pings(60, 10, lost=range(20, 37))
    stream = only(find_peer_streams(journal_of(rows), (), [ip_halves(PEER)]))
    assert (stream.requester, stream.peer_ip, stream.guest_ip) == ("guest", GUEST, PEER)
    assert [o.lost for o in stream.outages] == [17]


def test_ipv6_echoes_are_echoes() -> None:
    """ICMPv6 128 and 129."""
    v6 = {"ip_version": 6, "ip_protocol": 58, "ip_id": 0}
    peer, guest = "2001:db8::2", "2001:db8:77::10"
    rows = [
        row | v6 | {"icmp_type": 128 + (row["icmp_type"] == 0)}
        | ({"src": peer, "dst": guest} if row["src"] == PEER else {"src": guest, "dst": peer})
        for row in pings(60, 10, lost=range(20, 37))
    ]  # fmt: skip
    stream = only(find_peer_streams(journal_of(rows), (), [ip_halves(guest)]))
    assert (stream.protocol, stream.peer_ip, [o.lost for o in stream.outages]) == ("icmpv6", peer, [17])
    assert stream.filter == f"ipv6.addr == {peer} && ipv6.addr == {guest} && icmpv6.echo.identifier == 77"


def test_a_guest_is_found_by_its_mac() -> None:
    """Addresses come from what the MAC sent; a MAC with many addresses is a router's and gives none."""
    rows = [row | {"eth_src": GUEST_MAC if row["src"] == GUEST else 2} for row in pings(60, 10, lost=range(20, 37))]
    assert [o.lost for o in only(find_peer_streams(journal_of(rows), [GUEST_MAC])).outages] == [17]
    routed = [echo(1000 + n, n, src=f"192.0.2.{n}", eth_src=GUEST_MAC) for n in range(1, 40)]
    assert find_peer_streams(journal_of(rows + routed), [GUEST_MAC]) == []


def test_nothing_is_found_where_nothing_is() -> None:
    """No rows, no guest, only broadcast: no stream."""
    assert streams_of([]) == []
    assert find_peer_streams(journal_of(pings(5, 10)), [], []) == []
    assert streams_of([datagram(n * 10, False, n, dst="255.255.255.255") for n in range(20)]) == []
    assert streams_of([datagram(n * 10, False, n, dst="224.0.0.251") for n in range(20)]) == []


def test_only_outages_near_the_switchover_are_returned() -> None:
    """A window leaves the stream and drops the outages outside it."""
    rows = pings(200, 10, lost=[*range(20, 35), *range(120, 140)])
    assert [o.lost for o in only(streams_of(rows, within=(1_000 * MS, 1_500 * MS))).outages] == [20]


@pytest.mark.parametrize("seed", range(20))
def test_the_order_in_which_frames_were_kept_does_not_matter(seed: int) -> None:
    """Files of a point given out of order: rows are taken by time."""
    rows = pings(60, 10, lost=range(20, 37))
    random.Random(seed).shuffle(rows)
    assert only_outage(streams_of(rows)).outage_ns == 170 * MS


# ---- datagrams


def requests(count: int, every_ms: float, lost: range, rtt_ms: float = 1) -> list[Row]:
    rows = [datagram(n * every_ms, True, n) for n in range(count)]
    return rows + [datagram(n * every_ms + rtt_ms, False, n) for n in range(count) if n not in lost]


def test_unanswered_datagrams_are_an_outage() -> None:
    """Thirty-one of a request stream every 10 ms."""
    stream = only(streams_of(requests(100, 10, range(40, 71))))
    (outage,) = stream.outages
    assert (stream.protocol, stream.manner, stream.requester, stream.guest_port) == ("udp", "request", "peer", 53)
    assert (outage.lost, outage.outage_ns, outage.ended) == (31, 310 * MS, True)
    assert stream.filter == f"ip.addr == {PEER} && ip.addr == {GUEST} && udp.port == 40000 && udp.port == 53"


def test_answers_slower_than_the_beat_cost_at_most_an_answer_time() -> None:
    """With three requests under way at any time the outage is right to within the time an answer takes."""
    outage = only_outage(streams_of(requests(200, 10, range(80, 120), rtt_ms=25)))
    assert outage.outage_ns is not None
    assert abs(outage.outage_ns - 400 * MS) <= 25 * MS


def test_single_lost_datagrams_of_a_slow_stream_are_no_outage() -> None:
    """Without sequence numbers one missing answer may be anything: three intervals are asked for."""
    assert only(streams_of(requests(30, 100, range(10, 12)))).outages == ()
    assert only_outage(streams_of(requests(30, 100, range(10, 14)))).outage_ns == 400 * MS


def test_a_new_port_for_each_request_is_one_stream() -> None:
    """Resolvers ask from a new port each time: taken together per service."""
    rows = [datagram(n * 20, True, n, port=20_000 + n) for n in range(50)]
    rows += [datagram(n * 20 + 1, False, n, port=20_000 + n) for n in range(50) if not 20 <= n < 30]
    stream = only(streams_of(rows))
    assert (stream.requests, stream.peer_port, stream.guest_port) == (50, 0, 53)
    assert [(o.lost, o.outage_ns) for o in stream.outages] == [(10, 200 * MS)]


@pytest.mark.parametrize("to_guest", [True, False])
def test_a_one_way_stream_shows_its_silence(to_guest: bool) -> None:
    """Nothing is answered, so only a pause of the sender can be told; a stream that stops is no outage."""
    rows = [datagram(n * 20, to_guest, n) for n in range(100) if not 40 <= n < 60]
    stream = only(streams_of(rows, end_ns=60_000 * MS))
    (outage,) = stream.outages
    assert (stream.manner, stream.requester) == ("one_way", "peer" if to_guest else "guest")
    assert (outage.outage_ns, outage.lost) == (420 * MS, 20)


def test_bursts_are_not_outages() -> None:
    """Ten packets at once every 200 ms are a habit."""
    rows = [datagram(burst * 200 + n, False, burst * 10 + n) for burst in range(20) for n in range(6)]
    assert only(streams_of(rows)).outages == ()


# ---- connections


def conversation(count: int, away: range, retries: tuple[float, ...] = (), back_ms: float = 0) -> list[Row]:
    """A connection on which the peer says 10 bytes every 20 ms and the guest 10 back, except while it is away."""
    rows = [
        segment(0, True, 99, 0, 0, SYN),
        segment(1, False, 499, 100, 0, SYN | ACK),
        segment(2, True, 100, 500),
    ]
    heard = 500
    for n in range(count):
        rows.append(segment(10 + n * 20, True, 100 + 10 * n, heard, 10, ACK | PSH))
        if n not in away:
            rows.append(segment(11 + n * 20, False, heard, 110 + 10 * n, 10, ACK | PSH))
            heard += 10
    rows.append(segment(12 + count * 20, True, 100 + 10 * count, heard))
    first = 100 + 10 * away.start
    rows += [segment(ms, True, first, 500, 10, ACK | PSH) for ms in retries]
    if back_ms:
        rows.append(segment(back_ms, False, 500 + 10 * away.start, 100 + 10 * away.stop, 10, ACK))
    return rows


def test_a_connection_waits_until_its_data_is_acknowledged() -> None:
    """Ten requests wait from the first of them to the acknowledgement, with two retransmissions in between."""
    rows = conversation(50, range(20, 30), retries=(500.5, 600.5), back_ms=605)
    stream = only(streams_of(rows))
    (outage,) = stream.outages
    assert (stream.protocol, stream.manner, stream.requests, stream.retransmissions) == ("tcp", "connection", 51, 2)
    assert (outage.first_unanswered_ts, outage.first_answer_ts) == (410 * MS, 605 * MS)
    assert (outage.outage_ns, outage.lost, outage.retransmissions) == (195 * MS, 10, 2)
    assert (stream.survived, stream.reset_ts) == (True, None)
    assert stream.filter == f"ip.addr == {PEER} && ip.addr == {GUEST} && tcp.port == 50000 && tcp.port == 80"


def test_a_connection_across_the_wrap_of_sequence_numbers_is_the_same() -> None:
    """Sequence numbers are compared modulo 2^32."""
    rows = conversation(50, range(20, 30), retries=(500.5,), back_ms=605)
    shift = 2**32 - 250
    for row in rows:
        row["tcp_seq"] = (row["tcp_seq"] + shift) % 2**32 if row["src"] == PEER else row["tcp_seq"]
        row["tcp_ack"] = (row["tcp_ack"] + shift) % 2**32 if row["src"] == GUEST else row["tcp_ack"]
    assert only_outage(streams_of(rows)).outage_ns == 195 * MS


def test_an_idle_connection_suffers_nothing() -> None:
    """Nobody waits where nobody asked, however long the silence."""
    rows = [
        *conversation(5, range(0)),
        segment(90000, True, 150, 550, 10, ACK | PSH),
        segment(90001, False, 550, 160, 10, ACK | PSH),
        segment(90002, True, 160, 560),
    ]
    stream = only(streams_of(rows))
    assert (stream.outages, stream.survived) == ((), True)


def test_keep_alives_are_not_resent_data() -> None:
    """A probe repeats the last byte while nothing waits (RFC 9293 section 3.8.4)."""
    rows = conversation(5, range(0))
    rows += [segment(60_000 + s, True, 149, 550, 1) for s in range(0, 3000, 1000)]
    assert only(streams_of(rows)).retransmissions == 0


def kept_alive(every_ms: int, count: int, lost: range = range(0), size: int = 0) -> list[Row]:
    """A connection that is idle but for keep-alives, answered but for the lost ones."""
    rows = conversation(5, range(0))
    for n in range(count):
        rows.append(segment(1000 + n * every_ms, True, 149, 550, size))
        if n not in lost:
            rows.append(segment(1001 + n * every_ms, False, 550, 150))
    return rows


@pytest.mark.parametrize("size", [0, 1])
def test_keep_alives_that_were_answered_before_are_requests(size: int) -> None:
    """Never answered again, or not for a while: as with any other request."""
    dead = only(streams_of(kept_alive(250, 40, range(10, 40), size)))
    (outage,) = dead.outages
    assert (outage.ended, outage.requests_stopped, outage.lost, outage.seen_ns) == (False, False, 30, 7250 * MS)
    assert (dead.survived, dead.retransmissions) == (None, 0)
    back = only(streams_of(kept_alive(250, 40, range(10, 14), size)))
    assert [(o.lost, o.outage_ns, o.last_answered_ts) for o in back.outages] == [(5, 1001 * MS, 3250 * MS)]
    assert back.survived is True
    assert only(streams_of(kept_alive(250, 40, size=size))).outages == ()


def test_keep_alives_that_nobody_ever_answered_are_requests_from_the_third_on() -> None:
    """Whoever acknowledged data answers them, too (RFC 9293 section 3.10.7.4); two may be anything."""
    (outage,) = only(streams_of(kept_alive(250, 40, range(40)))).outages
    assert (outage.ended, outage.lost, outage.seen_ns) == (False, 40, 9750 * MS)
    assert only(streams_of(kept_alive(250, 2, range(2)))).outages == ()


def test_data_after_a_lost_keep_alive_wait_for_themselves() -> None:
    """One keep-alive without an answer an hour ago is not when the waiting began."""
    rows = [*kept_alive(250, 10, range(9, 10)), segment(3_600_000, True, 150, 550, 10)]
    rows += [segment(3_600_500, True, 150, 550, 10), segment(3_600_501, False, 550, 160)]
    assert [o.outage_ns for o in only(streams_of(rows)).outages] == [501 * MS]


def test_a_single_keep_alive_without_an_answer_measures_no_outage() -> None:
    """It comes at its own interval, whatever happens in between: 75 s on Linux."""
    assert only(streams_of(kept_alive(75_000, 10, range(5, 6)))).outages == ()
    last = [*kept_alive(10_000, 6, range(5, 6)), *pings(100, 700)]
    (outage,) = next(s for s in streams_of(last) if s.protocol == "tcp").outages
    assert (outage.ended, outage.seen_ns, outage.requests_stopped) == (False, 0, False)


def test_a_reset_instead_of_an_answer_to_a_keep_alive_breaks_the_connection() -> None:
    """The guest is there again and does not know of it."""
    rows = [*kept_alive(250, 14, range(10, 14)), segment(4260, False, 150, 0, 0, RST)]
    stream = only(streams_of(rows))
    assert (stream.survived, [o.ended for o in stream.outages]) == (False, [True])


def test_a_reset_while_waiting_is_not_survived() -> None:
    """The guest came back without the connection: its reset ends the outage, for it is there, and the connection."""
    rows = [*conversation(30, range(20, 30), retries=(900,)), segment(901, False, 700, 0, 0, RST)]
    stream = only(streams_of(rows))
    assert (stream.survived, stream.reset_ts) == (False, 901 * MS)
    assert [(o.ended, o.outage_ns) for o in stream.outages] == [(True, 491 * MS)]


@pytest.mark.parametrize(("again", "survived"), [((), True), ((700,), False)])
def test_a_reset_as_the_only_answer_to_what_was_sent_again_is_no_close(again: tuple[int, ...], survived: bool) -> None:
    """It acknowledges the request, yet the guest had not got it before; who answers late by closing needs no second."""
    rows = [*conversation(30, range(20, 30), retries=again), segment(701, False, 700, 400, 0, RST | ACK)]
    assert only(streams_of(rows)).survived is survived


CLOSED = [*conversation(30, range(0)), segment(650, True, 400, 800, 10), segment(651, False, 800, 410, 10)]
"""The last answer is not acknowledged by a segment of its own."""


@pytest.mark.parametrize(
    "end",
    [
        [segment(652, True, 410, 810, flags=RST | ACK)],
        [segment(652, True, 410, 0, flags=RST)],
        [segment(652, True, 410, 810, flags=FIN | ACK), segment(655, False, 810, 411, flags=RST | ACK)],
        [segment(652, True, 410, 810, flags=FIN | ACK), segment(655, False, 810, 0, flags=RST)],
        [segment(652, True, 410, 810, flags=RST | ACK), segment(653, False, 810, 410, 10)],
        [segment(750, False, 810, 410, flags=RST | ACK)],
    ],
    ids=["acknowledges", "bare", "fin", "fin_bare", "under_way", "guest"],
)
def test_a_connection_that_was_answered_and_is_closed_by_a_reset_lost_nothing(end: list[Row]) -> None:
    """Long before the capture ends: nobody waited, neither the peer nor the guest."""
    (stream,) = [one for one in streams_of([*CLOSED, *end, echo(9000, True, 1)]) if one.protocol == "tcp"]
    assert (stream.outages, stream.survived) == ((), True)


def test_checks_that_end_with_a_reset_are_answered() -> None:
    """SYN, SYN-ACK, RST: a load balancer that looks whether a port is open, each time from the same port."""
    rows = []
    for n in range(20):
        ms = n * 500
        rows.append(segment(ms, True, 1000 * n, 0, 0, SYN))
        rows += [segment(ms + 3, False, 77, 1000 * n + 1, 0, SYN | ACK)]
        rows.append(segment(ms + 4, True, 1000 * n + 1, 78, 0, RST | ACK))
    assert {(one.requester, one.outages, one.survived) for one in streams_of(rows)} == {("peer", (), True)}


def test_a_reset_that_denies_a_request_ends_the_connection_without_an_outage() -> None:
    """The guest answers at once, with a reset: it is there; the connection is not."""
    rows = [*conversation(30, range(0)), segment(650, True, 400, 800, 10), segment(652, False, 800, 0, flags=RST)]
    (stream,) = streams_of(rows)
    assert (stream.outages, stream.survived) == ((), False)


def test_a_peer_that_gives_up_with_a_reset_was_not_answered() -> None:
    """Its own reset is no answer to what it asked."""
    rows = [*conversation(30, range(20, 30), retries=(900, 1500)), segment(1501, True, 400, 700, 0, RST)]
    (stream,) = streams_of(rows)
    assert [outage.ended for outage in stream.outages] == [False]
    assert stream.survived is False


def test_who_asks_on_long_after_a_reset_did_not_accept_it() -> None:
    """Somebody else made it: what is asked from then on waits as before."""
    again = [segment(2000 + 500 * n, True, 400 + 10 * n, 700, 10) for n in range(6)]
    rows = [*conversation(30, range(0)), segment(650, False, 800, 0, flags=RST), *again]
    outage = only_outage(streams_of(rows))
    assert (outage.first_unanswered_ts, outage.ended, outage.lost) == (2000 * MS, False, 6)


def test_a_new_connection_on_the_same_ports_means_the_old_one_died() -> None:
    """A SYN with another number while data waits: replaced, not survived."""
    rows = [
        *conversation(30, range(20, 30)),
        segment(5000, True, 9999, 0, 0, SYN),
        segment(5001, False, 8999, 10000, 0, SYN | ACK),
    ]
    old, new = streams_of(rows)
    assert (old.survived, old.reset_ts) == (False, 5000 * MS)
    assert (new.survived, new.outages) == (True, ())


def test_an_unanswered_connection_attempt_is_an_outage() -> None:
    """SYNs that are resent and never answered."""
    rows = [segment(ms, True, 99, 0, 0, SYN, ip_id=n + 1) for n, ms in enumerate((0, 1000, 3000, 7000))]
    stream = only(streams_of(rows, end_ns=8_000 * MS))
    (outage,) = stream.outages
    assert (outage.ended, outage.retransmissions, outage.seen_ns, stream.survived) == (False, 3, 7_000 * MS, None)
    assert outage.requests_stopped is False


def test_segments_that_leave_the_view_say_so() -> None:
    """A sender that waits resends: where it no longer does, its segments went elsewhere."""
    rows = conversation(30, range(20, 30), retries=(700,))
    (outage,) = only(streams_of(rows, end_ns=60_000 * MS)).outages
    assert (outage.ended, outage.requests_stopped) == (False, True)


def test_a_guest_that_asks_and_hears_nothing_is_a_stream_of_its_own() -> None:
    """On an isolated host the guest's own data stays unanswered."""
    rows = [
        segment(0, True, 99, 0, 0, SYN),
        segment(1, False, 499, 100, 0, SYN | ACK),
        segment(2, True, 100, 500),
        *(segment(ms, False, 500, 100, 10, ACK | PSH) for ms in (100, 300, 700, 1500)),
    ]
    by_peer, by_guest = streams_of(rows, end_ns=2_000 * MS)
    assert (by_peer.requester, by_peer.outages) == ("peer", ())
    assert (by_guest.requester, [o.retransmissions for o in by_guest.outages]) == ("guest", [3])


def test_a_download_shows_the_guests_silence() -> None:
    """The peer only acknowledges; the pause of the data is what it suffers."""
    rows = [segment(n * 10, False, 500 + 1000 * n, 100, 1000) for n in range(100) if not 50 <= n < 70]
    rows += [segment(n * 10 + 1, True, 100, 1500 + 1000 * n) for n in range(100) if not 50 <= n < 70]
    silent = [s for s in streams_of(rows) if s.manner == "one_way"]
    assert [(s.requester, [o.outage_ns for o in s.outages]) for s in silent] == [("guest", [210 * MS])]


def test_many_connections_at_once_are_each_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read together or one by one: what each waited for does not depend on its neighbours."""
    rows = []
    for number, away in enumerate((range(5, 5), range(8, 20), range(3, 9), range(10, 10))):
        ports = {"src_port": 50_000 + number, "dst_port": 80}
        turned = {"src_port": 80, "dst_port": 50_000 + number}
        rows += [
            row | (ports if row["dst_port"] == 80 else turned) | {"ip_id": 1 + 997 * number + place}
            for place, row in enumerate(conversation(30, away, back_ms=700 if len(away) else 0))
        ]
    together = streams_of(rows)
    monkeypatch.setattr(peer_connections, "SEGMENTS_AT_ONCE", 1)
    apart = streams_of(rows)
    assert together == apart
    assert [s.asked_ts.tolist() for s in together] == [s.asked_ts.tolist() for s in apart]
    longest = {s.peer_port: s.longest for s in together if s.requester == "peer" and s.manner == "connection"}
    assert {port: outage is not None for port, outage in longest.items()} == {
        50_000: False, 50_001: True, 50_002: True, 50_003: False,
    }  # fmt: skip


@pytest.mark.parametrize("to_guest", [True, False], ids=["peer asks", "guest asks"])
def test_it_is_told_when_the_requester_sent(to_guest: bool) -> None:
    """Echo requests, datagrams that ask, segments with data; answers and bare acknowledgements are none."""
    ms = [0.0, 20.0, 40.0, 70.0]
    datagrams = [datagram(at, to_guest, n) for n, at in enumerate(ms)]
    datagrams += [datagram(at + 1, not to_guest, n) for n, at in enumerate(ms)]
    segments = [segment(at, to_guest, 100 + 10 * n, 500, 10) for n, at in enumerate(ms)]
    segments += [segment(at + 1, not to_guest, 500, 110 + 10 * n) for n, at in enumerate(ms)]
    wanted = [int(at * MS) for at in ms]
    asker = "peer" if to_guest else "guest"
    for rows in (datagrams, segments):
        asked = [s for s in streams_of(rows) if s.requester == asker]
        assert [s.asked_ts.tolist() for s in asked] == ([wanted] if rows is datagrams or to_guest else [])
    if to_guest:
        assert only(streams_of(pings(4, 20.0))).asked_ts.tolist() == [at * 20 * MS for at in range(4)]
    lonely = [segment(at, to_guest, 100 + 10 * n, 500, 10) for n, at in enumerate(ms)]
    silent = [s for s in streams_of(lonely, end_ns=2000 * MS) if s.requester == asker and s.manner == "connection"]
    assert [s.asked_ts.tolist() for s in silent] == [wanted]


def test_a_closed_connection_waits_for_nothing() -> None:
    """FINs are answered like data, and the end is no outage."""
    rows = [
        *conversation(5, range(0)),
        segment(200, True, 150, 550, 0, FIN | ACK),
        segment(201, False, 550, 151, 0, FIN | ACK),
        segment(202, True, 151, 551),
    ]
    assert only(streams_of(rows, end_ns=90_000 * MS)).outages == ()
