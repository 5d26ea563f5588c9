"""Following flows, case by case: what one story shows that a random one may not."""

from typing import Any

import pytest

from tests.flows.made_frames import make_batch
from tests.measures.followed import WALKER, follow_batches, follow_twin
from tests.measures.stories import ACK, FIN, MS, NO_TIME, PSH, RST, SYN, UDP, US, Packet, S, batch_of
from tests.twins.series import pauses_twin
from vmpcap.flows.table import FlowTable
from vmpcap.measures.connections import Connection
from vmpcap.measures.follow import Follower
from vmpcap.measures.kernels import layout
from vmpcap.readers.kernels.index import EARLIEST, LATEST

CALLER, LISTENER = ("10.0.0.1", 40_000), ("10.0.1.1", 8000)


def there(ts_ns: int, seq: int, size: int = 0, flags: int = ACK, ack: int = 900, **more: Any) -> Packet:
    """A segment of the connecting side."""
    return Packet(ts_ns, *CALLER, *LISTENER, seq=seq, ack=ack, flags=flags, size=size, **more)


def back(ts_ns: int, ack: int, seq: int = 900, size: int = 0, flags: int = ACK, **more: Any) -> Packet:
    """A segment of the listening side."""
    return Packet(ts_ns, *LISTENER, *CALLER, seq=seq, ack=ack, flags=flags, size=size, **more)


def only(*packets: Packet) -> Connection:
    """The one connection that these packets are."""
    batches = [packets[n : n + 4000] for n in range(0, len(packets), 4000)]
    (connection,) = follow_batches(batches).connections()
    return connection


SHAKE = (there(0, 99, flags=SYN, ack=0), back(3 * MS, 100, 899, flags=SYN | ACK), there(5 * MS, 100))


# ---- the handshake


def test_a_handshake_and_its_halves() -> None:
    """3 ms to the listener and back, 2 ms to the connecting side and back."""
    c = only(*SHAKE)
    assert (c.handshake_ns, c.syn_to_synack_ns, c.synack_to_ack_ns) == (5 * MS, 3 * MS, 2 * MS)


def test_the_last_syn_before_the_answer_counts() -> None:
    """The first one was lost, or its answer would have come a second ago."""
    c = only(SHAKE[0]._replace(ts_ns=-S), *SHAKE)
    assert (c.handshake_ns, c.syn_to_synack_ns) == (5 * MS, 3 * MS)


@pytest.mark.parametrize("later_ns", [0, 30 * US, 400 * US, 1500 * US, 899 * MS])
def test_of_a_syn_seen_twice_the_first_counts(later_ns: int) -> None:
    """No SYN is sent again before a second has passed: what comes sooner is a mirror's copy, also of a resent one."""
    twice = (SHAKE[0]._replace(ts_ns=-later_ns), SHAKE[0])
    c = only(*twice, *SHAKE[1:])
    assert (c.handshake_ns, c.syn_to_synack_ns) == (later_ns + 5 * MS, later_ns + 3 * MS)
    resent = [p._replace(ts_ns=p.ts_ns - 2 * S) for p in twice]
    c = only(*resent, *twice, *SHAKE[1:])
    assert (c.handshake_ns, c.syn_to_synack_ns) == (later_ns + 5 * MS, later_ns + 3 * MS)


def test_an_answer_that_is_sent_again_leaves_only_its_own_half() -> None:
    """Which of the two the ACK answers cannot be told."""
    c = only(*SHAKE[:2], SHAKE[1]._replace(ts_ns=4 * MS), SHAKE[2])
    assert (c.handshake_ns, c.syn_to_synack_ns, c.synack_to_ack_ns) == (None, 3 * MS, None)


def test_a_syn_captured_after_its_answer_times_nothing() -> None:
    """The two directions come from different clocks or queues; no time between them means anything."""
    c = only(SHAKE[1]._replace(ts_ns=0), SHAKE[0]._replace(ts_ns=26 * US), SHAKE[2]._replace(ts_ns=29 * US))
    assert (c.handshake_ns, c.syn_to_synack_ns, c.synack_to_ack_ns) == (None, None, None)


def test_a_refused_connection_has_no_handshake() -> None:
    """A reset is no answer."""
    c = only(SHAKE[0], back(1 * MS, 100, 0, flags=RST | ACK))
    assert c.handshake_ns is None
    assert c.sides[1].rst_frame == 2


@pytest.mark.parametrize(
    ("untimed", "known"), [(0, (None, None, None)), (1, (5 * MS, None, None)), (2, (None, 3 * MS, None))]
)
def test_what_a_missing_time_leaves_of_a_handshake(untimed: int, known: tuple[int | None, ...]) -> None:
    """Without the SYN's nothing, without the answer's the whole, without the ACK's the first half."""
    packets = list(SHAKE)
    packets[untimed] = packets[untimed]._replace(ts_ns=NO_TIME)
    c = only(*packets)
    assert (c.handshake_ns, c.syn_to_synack_ns, c.synack_to_ack_ns) == known


# ---- sequence numbers


def test_bytes_below_the_first_that_was_seen_are_new() -> None:
    """Captured out of order at the very beginning: the part between is a hole, not seen, until it comes."""
    late = (there(0, 300, 100), there(1, 100, 100))
    c = only(*late)
    assert (c.sides[0].unique_bytes, c.sides[0].missing_bytes, c.sides[0].out_of_order) == (200, 100, 1)
    c = only(*late, there(2, 200, 100))
    assert (c.sides[0].unique_bytes, c.sides[0].missing_bytes, c.sides[0].out_of_order) == (300, 0, 2)
    assert c.sides[0].retransmissions == 0


def test_a_hole_that_is_filled_piece_by_piece() -> None:
    """The middle first: what is left on both sides is filled later, and only then is anything sent again."""
    rest = (there(2, 150, 20), there(3, 110, 40), there(4, 170, 30))
    c = only(there(0, 100, 10), there(1, 200, 10), *rest)
    assert (c.sides[0].out_of_order, c.sides[0].missing_bytes, c.sides[0].retransmitted_bytes) == (3, 0, 0)
    c = only(there(0, 100, 10), there(1, 200, 10), *rest, there(5, 140, 20))
    assert (c.sides[0].retransmissions, c.sides[0].retransmitted_bytes) == (1, 20)


def test_a_pure_ack_tells_of_bytes_that_were_missed() -> None:
    """Its number is beyond what was seen: the capture missed data, or it comes later."""
    c = only(there(0, 100, 10), there(1, 150), there(2, 120, 10))
    assert (c.sides[0].missing_bytes, c.sides[0].out_of_order) == (30, 1)


def test_more_holes_than_are_kept_forgets_the_older_half() -> None:
    """What fills a forgotten one counts as sent again: said in `holes_left_out`."""
    jumps = [there(n, 100 + 20 * n, 10) for n in range(514)]
    c = only(*jumps)
    assert (c.sides[0].holes_left_out, c.sides[0].missing_bytes) == (256, 513 * 10)
    c = only(*jumps, there(600, 110, 10), there(601, 100 + 20 * 512 + 10, 10))
    assert (c.sides[0].retransmissions, c.sides[0].out_of_order) == (1, 1)


def test_numbers_wrap_as_often_as_they_do() -> None:
    """Nine gigabytes: each byte is new once, also where a number comes for the third time."""
    rows = [{"tcp_seq": (n << 30) & 0xFFFFFFFF, "payload": 1 << 30, "tcp_flags": ACK, "ts_ns": n} for n in range(9)]
    rows.append(rows[-1] | {"ts_ns": 9})
    batch, frames = make_batch(rows)
    table = FlowTable(budget=10)
    follower = Follower(table)
    flow_id, side = table.name(frames, 1)
    follower.absorb(batch, frames, flow_id, side)
    (c,) = follower.connections()
    assert (c.sides[0].unique_bytes, c.sides[0].wraps) == (9 << 30, 2)
    assert (c.sides[0].retransmissions, c.sides[0].retransmitted_bytes) == (1, 1 << 30)


def test_syn_and_fin_take_a_number_but_are_no_payload() -> None:
    """Neither as unique nor as acknowledged bytes, and sent again they are no resent bytes."""
    fin = there(7 * MS, 110, flags=FIN | ACK)
    c = only(*SHAKE, there(6 * MS, 100, 10), fin, fin._replace(ts_ns=8 * MS), back(9 * MS, 111))
    a = c.sides[0]
    assert (a.payload_bytes, a.unique_bytes, a.acked_bytes, a.retransmissions) == (10, 10, 10, 0)
    assert (a.isn, a.syn_frame, a.fin_frame, a.fin_ts) == (99, 1, 5, 7 * MS)


def test_data_in_a_syn_is_data() -> None:
    """TCP Fast Open (RFC 7413)."""
    c = only(there(0, 99, 20, SYN, 0), back(1 * MS, 120, 899, flags=SYN | ACK), there(2 * MS, 120, 5))
    assert (c.sides[0].unique_bytes, c.sides[0].acked_bytes, c.sides[0].missing_bytes) == (25, 20, 0)


# ---- windows and probes


def test_a_probe_of_a_closed_window_is_no_data() -> None:
    """Its byte is new once the receiver has taken it; before, it may come again."""
    closed = (*SHAKE, there(6 * MS, 100, 10), back(7 * MS, 110, window=0))
    c = only(*closed, there(300 * MS, 110, 1), back(301 * MS, 110, window=0))
    assert (c.sides[0].unique_bytes, c.sides[0].retransmissions, c.sides[1].zero_windows) == (10, 0, 2)
    c = only(*closed, there(300 * MS, 110, 1), back(301 * MS, 111, window=0), there(302 * MS, 111, 4))
    assert (c.sides[0].unique_bytes, c.sides[0].retransmissions, c.sides[0].missing_bytes) == (15, 0, 0)


def test_a_keep_alive_is_neither_data_nor_resent() -> None:
    """One old byte or none, one number before the next."""
    c = only(*SHAKE, there(6 * MS, 100, 10), back(7 * MS, 110), there(9 * S, 109, 1), there(18 * S, 109))
    assert (c.sides[0].keep_alives, c.sides[0].retransmissions, c.sides[0].unique_bytes) == (2, 0, 10)
    assert c.sides[0].last_data_frame == 4


@pytest.mark.parametrize(("offers", "window"), [((7, 3), 500 << 7), ((7, None), 500), ((None, 3), 500)])
def test_a_window_is_scaled_if_both_sides_offer_it(offers: tuple[int | None, int | None], window: int) -> None:
    """RFC 7323 2.2; a SYN's own window never is."""
    syn, answer = SHAKE[0]._replace(scale=offers[0], window=9000), SHAKE[1]._replace(scale=offers[1])
    c = only(syn, answer, SHAKE[2]._replace(window=500))
    assert c.sides[0].max_window_bytes == window


def test_a_window_without_its_syn_is_unknown() -> None:
    """A capture that starts in the middle does not know the factor."""
    assert only(there(0, 100, window=500)).sides[0].max_window_bytes is None


# ---- round trips


def test_only_the_ack_that_covers_exactly_a_segment_times_it() -> None:
    """An ACK of part of it, or of more than one, is not the answer to it; the last segment's is."""
    data = (there(0, 100, 10), there(1 * MS, 110, 10))
    assert only(*data, back(4 * MS, 105), back(5 * MS, 120)).sides[0].ack_rtt.max_ns == 4 * MS
    assert only(*data, back(4 * MS, 115)).sides[0].ack_rtt.samples == 0


def test_what_was_sent_twice_is_ambiguous() -> None:
    """Karn: left out of our own round trips, counted, and shown as Wireshark shows it from the first copy on."""
    a = only(there(0, 100, 10), there(30 * MS, 100, 10), back(31 * MS, 110)).sides[0]
    assert (a.rtt.samples, a.rtt.ambiguous, a.ack_rtt.max_ns) == (0, 1, 31 * MS)


def test_an_ack_that_waited_for_a_hole_times_nothing_certain() -> None:
    """The data behind the hole was there long before its ACK."""
    a = only(there(0, 100, 10), there(1, 120, 10), there(50 * MS, 110, 10), back(51 * MS, 130)).sides[0]
    assert (a.rtt.samples, a.rtt.ambiguous) == (0, 1)


@pytest.mark.parametrize(
    "ts", [(LATEST, LATEST), (EARLIEST, 5), (EARLIEST, EARLIEST), (7, 5), (NO_TIME, 5), (5, NO_TIME)]
)
def test_times_that_cannot_be_give_no_round_trip(ts: tuple[int, int]) -> None:
    """Clipped, missing or backwards: counted, and never a round trip of 0."""
    follower = follow_batches([(there(ts[0], 100, 10), back(ts[1], 110))])
    (c,) = follower.connections()
    assert (c.sides[0].rtt.samples, c.sides[0].ack_rtt.samples, follower.backward_samples) == (0, 0, 1)


def test_a_round_trip_of_0_is_ours_but_not_wiresharks() -> None:
    """Below the step of the clock; Wireshark shows nothing there."""
    a = only(there(5, 100, 10), back(5, 110)).sides[0]
    assert (a.rtt.samples, a.rtt.min_ns, a.ack_rtt.samples) == (1, 0, 0)


def test_idle_is_what_was_sent_with_little_in_flight() -> None:
    """Up to two segments outstanding, by the MSS that the peer announced."""
    shake = (SHAKE[0], SHAKE[1]._replace(mss=10), SHAKE[2])
    sizes = [there(6 * MS + n, 100 + 10 * n, 10) for n in range(5)]
    answers = [back(9 * MS + n, 110 + 10 * n) for n in range(5)]
    a = only(*shake, *sizes, *answers).sides[0]
    assert (a.idle_rtt.samples, a.rtt.samples) == (3, 5)


@pytest.mark.parametrize(
    ("acks_ns", "idle"),
    [
        ([2_000, 2_015, 2_030, 2_045], 1),  # as far apart as the segments went
        ([27_000, 27_000, 27_000, 27_000], 0),  # at once: held, and nobody knows for how long
        ([27_000, 27_001, 27_002, 27_003], 0),
        ([2_050, 2_050, 2_050, 2_100], 1),  # gathered for no longer than until the next ones
        ([2_050, 2_050, 2_050, 2_900], 0),
    ],
)
def test_acks_in_a_clump_are_one_stretched_ack(acks_ns: list[int], idle: int) -> None:
    """Each covers two segments of a burst; the first of them met an idle path, and may have been held back on it."""
    shake = (SHAKE[0], SHAKE[1]._replace(mss=10), SHAKE[2])
    burst = [there(6 * MS + 7 * US * n, 100 + 10 * n, 10) for n in range(8)]
    answers = [back(6 * MS + US * ns, 120 + 20 * n) for n, ns in enumerate(acks_ns)]
    a = only(*shake, *burst, *answers).sides[0]
    assert (a.idle_rtt.samples, a.rtt.samples) == (idle, 4)


def test_a_capture_that_begins_among_full_queues_saw_no_idle_path() -> None:
    """The first ACKs are of what was sent before it began: what is in flight is known with the first of what was."""
    begin = 100_000
    data = [there(n * MS, begin + 10 * n, 10, ack=900) for n in range(60)]
    late = [back(n * MS + US, begin - 300 + 10 * n) for n in range(60)]
    story = [packet for pair in zip(data, late, strict=True) for packet in pair]
    a = only(*story).sides[0]
    assert (a.rtt.samples, a.idle_rtt.samples) == (29, 0)
    assert a.rtt.min_ns == 31 * MS + US
    assert a.max_flight_bytes == 320
    drained = (back(70 * MS, begin + 600), there(71 * MS, begin + 600, 10), back(75 * MS, begin + 610))
    assert only(*story, *drained).sides[0].idle_rtt.samples == 1


def test_no_more_than_10000_segments_wait() -> None:
    """The rest is counted, and not measured."""
    data = [there(n, 100 + n, 1, window=1) for n in range(10_003)]
    a = only(*data, back(1 * S, 10_100), back(1 * S + 1, 10_103)).sides[0]
    assert (a.rtt_left_out, a.rtt.samples, a.max_flight_bytes) == (3, 1, 0)


def test_a_timestamp_echo_crosses_the_whole_path() -> None:
    """Data at 0, its ACK at 4 ms, the first data that echoes the ACK at 9 ms: near half 5 ms, loop 9 ms."""
    packets = (
        there(0, 100, 10, stamps=(70, 5)),
        back(4 * MS, 110, stamps=(6, 70)),
        there(9 * MS, 110, 10, stamps=(79, 6)),
        there(11 * MS, 120, 10, stamps=(81, 6)),  # echoes the same value again: it waited for something else
    )
    a = only(*packets).sides[0]
    assert (a.near_rtt.samples, a.near_rtt.max_ns) == (1, 5 * MS)
    assert (a.loop_rtt.samples, a.loop_rtt.max_ns) == (1, 9 * MS)


@pytest.mark.parametrize(("quiet_us", "prompt"), [(562, 1), (563, 0), (6000, 0)])
def test_an_echo_after_a_silence_of_the_sender_holds_its_wait(quiet_us: int, prompt: int) -> None:
    """A round trip of 9 ms: what was sent a sixteenth of it before, without the echo, left before the ACK came."""
    packets = (
        there(0, 100, 10, stamps=(70, 5)),
        back(1 * MS, 110, stamps=(6, 70)),
        there(9 * MS - quiet_us * US, 110, 10, stamps=(79, 5)),
        there(9 * MS, 120, 10, stamps=(81, 6)),
    )
    a = only(*packets).sides[0]
    assert (a.loop_rtt.samples, a.loop_rtt.max_ns, a.prompt_rtt.samples) == (1, 9 * MS, prompt)


def test_a_long_round_trip_does_not_excuse_a_wait() -> None:
    """Its ACK was held for 40 ms: against the shortest round trip, 2 ms, a silence of 1 ms is long."""
    packets = (
        there(0, 100, 10, stamps=(70, 5)),
        there(2 * MS - 90 * US, 110, 10, stamps=(71, 5)),
        back(1 * MS, 110, stamps=(6, 70)),
        there(2 * MS, 120, 10, stamps=(72, 6)),
        there(3 * MS, 130, 10, stamps=(73, 6)),
        back(42 * MS, 130, stamps=(47, 72)),
        there(42 * MS + 100 * US, 140, 10, stamps=(80, 6)),
        there(43 * MS + 100 * US, 150, 10, stamps=(81, 47)),
    )
    a = only(*sorted(packets, key=lambda packet: packet.ts_ns)).sides[0]
    assert (a.loop_rtt.samples, a.prompt_rtt.samples, a.prompt_rtt.max_ns) == (2, 1, 2 * MS)


def test_no_more_than_256_timestamps_wait_for_their_echo() -> None:
    """What came beyond them cannot be told from a later segment with the same value: no figure."""
    data = there(0, 100, 10, stamps=(70, 5))
    answers = [back(MS * n, 110, stamps=(1000 + n, 70)) for n in range(1, 301)]

    def near(echoed: int) -> int | None:
        return only(data, *answers, there(S, 110, 10, stamps=(99, echoed))).sides[0].near_rtt.max_ns

    assert near(1256) == S - 256 * MS
    assert near(1257) is None
    assert near(1300) is None


# ---- series, pauses, first bytes


def test_a_long_series_gets_wider_bins() -> None:
    """65,536 bins of 10 ms are eleven minutes; three hours need bins of 160 ms, and nothing is lost on the way."""
    times = [
        0,
        30 * S,
        30 * S + 11 * MS,
        640 * S,
        640 * S + 90 * MS,
        700 * S,
        5000 * S,
        10_000 * S,
        10_000 * S + 330 * MS,
    ]
    packets = [*SHAKE]
    for n, ts in enumerate(times, 1):
        packets.append(there(ts + 6 * MS, 90 + 10 * n, 10))
        packets.append(back(ts + (7 + n % 4) * MS, 100 + 10 * n, window=500 + 100 * (n % 3)))
    (c,), (twins, _) = follow_batches([packets]).connections(), follow_twin(packets)
    ours, theirs = c.sides[0].series, twins[0].sides[0].series
    assert ours is not None
    assert theirs is not None
    assert (ours.width_ns, theirs.width_ns) == (160 * MS, 160 * MS)
    columns = theirs.columns()
    assert int(ours.new_bytes.sum()) == int(ours.acked_bytes.sum()) == 10 * len(times)
    assert ours.new_bytes.tolist() == columns["new"]
    assert ours.acked_bytes.tolist() == columns["acked"]
    assert ours.rtt_min_ns.tolist() == columns["rtt_min"]
    assert ours.rtt_max_ns.tolist() == columns["rtt_max"]
    assert ours.flight_max_bytes.tolist() == columns["flight_max"]
    assert ours.first_frame.tolist() == columns["first_frame"]
    assert ours.last_frame.tolist() == columns["last_frame"]
    assert ours.sent_first_ts.tolist() == columns["sent_first_ts"]
    assert ours.sent_last_ts.tolist() == columns["sent_last_ts"]
    assert ours.acked_first_ts.tolist() == columns["acked_first_ts"]
    assert ours.acked_first_bytes.tolist() == columns["acked_first_bytes"]
    assert ours.acked_last_ts.tolist() == columns["acked_last_ts"]
    assert ours.window_min_bytes.tolist() == columns["window_min"]


def test_a_time_after_more_than_a_month_belongs_to_no_series() -> None:
    """A broken clock must not widen the bins of what was sound."""
    a = only(there(0, 100, 10), there(33 * 86_400 * S, 110, 10), there(10 * MS, 120, 10)).sides[0]
    assert a.series is not None
    assert (a.series.width_ns, a.series.new_bytes.tolist()) == (10 * MS, [10, 10])
    assert a.unique_bytes == 30


def test_of_many_pauses_the_longest_stay() -> None:
    """The bar rises until they fit; the shorter ones are counted."""
    packets, ts = [], 0
    for n in range(3000):
        ts += (10 + n * 7 % 41) * MS
        packets.append(there(ts, 100 + n, 1))
    a = only(*packets).sides[0]
    kept, left_out = pauses_twin([(packet.ts_ns, frame) for frame, packet in enumerate(packets, 1)])
    assert [(p.from_ts, p.from_frame, p.to_ts, p.to_frame) for p in a.pauses] == kept
    assert a.pauses_left_out == left_out > 0


def test_only_nominated_flows_have_a_series() -> None:
    """Of others no more is kept than counts and distributions."""
    packet = Packet(0, "10.0.0.1", 40_000, "10.0.1.1", 443, seq=100, size=10, flags=ACK)
    assert only(packet).sides[0].series is None


def test_more_streams_than_places_are_counted() -> None:
    """They are followed as other flows are."""
    packets = [Packet(n, f"10.0.{n >> 8}.{n & 255}", 40_000, "10.9.0.1", 8000, size=1) for n in range(4100)]
    follower = follow_batches([packets[:2050], packets[2050:]], budget=5000)
    assert follower.streams_left_out == 4
    assert sum(c.sides[0].series is not None for c in follower.connections()) == 4096
    assert int(follower.sides["payload_bytes"].sum()) == 4100


def test_a_stream_opens_with_its_first_bytes() -> None:
    """Sixteen of them, of the segment after the SYN, though it comes after a later one; nothing of what was cut off."""
    late = (there(6 * MS, 200, 30, ACK | PSH), there(7 * MS, 100, 30))
    opening = bytes(n % 251 for n in range(100, 116))
    assert only(*SHAKE, *late).sides[0].opening == opening
    assert only(*late).sides[0].opening == bytes(n % 251 for n in range(200, 216))
    assert only(there(0, 100, 5)).sides[0].opening == opening[:5]


def test_a_stream_closes_with_the_segment_that_reached_furthest() -> None:
    """Over batches, and not with what was sent again or came late."""
    packets = [there(n, 100 + 20 * n, 20) for n in range(6)]
    last = bytes(n % 251 for n in range(200, 216))
    for cut in range(len(packets) + 1):
        late = (there(9, 120, 20),)
        (c,) = follow_batches([packets[:cut], packets[cut:], late]).connections()
        assert c.sides[0].closing == last


# ---- other protocols, copies, memory


def test_datagrams_are_counted_and_nothing_more() -> None:
    """Their payload is unique by definition; there is no TCP in them."""
    ends = ("10.0.0.1", 5000, "10.0.1.1", 8000, UDP)
    c = only(Packet(0, *ends, size=100), Packet(9 * MS, *ends, size=100))
    a = c.sides[0]
    assert (a.packets, a.payload_bytes, a.unique_bytes, a.retransmissions) == (2, 200, 200, 0)
    assert (c.udp_stream, c.tcp_stream, a.series, a.max_window_bytes, a.rtt.samples) == (0, None, None, None, 0)


def test_copies_change_nothing_but_their_own_count() -> None:
    """What the capture holds twice is left out of every other figure."""
    packets = [*SHAKE, there(6 * MS, 100, 10), back(7 * MS, 110)]
    twice = [p for packet in packets for p in (packet, packet._replace(is_copy=True))]
    once, doubled = only(*packets), only(*twice)
    assert [side.duplicates for side in doubled.sides] == [3, 2]
    for ours, theirs in zip(doubled.sides, once.sides, strict=True):
        for name in ("packets", "payload_bytes", "unique_bytes", "retransmissions", "acked_bytes", "zero_windows"):
            assert getattr(ours, name) == getattr(theirs, name)
        assert ours.ack_rtt.samples == theirs.ack_rtt.samples
    assert doubled.handshake_ns == once.handshake_ns


def test_a_connection_ends_with_the_last_packet_of_either_side() -> None:
    """By its time: in a second file frames are numbered from 1 again."""
    assert only(*SHAKE, back(9 * MS, 100)).last_ts == 9 * MS
    assert only(*SHAKE, back(9 * MS, 100)).last_frame == 4
    table = FlowTable(budget=10)
    follower = Follower(table)
    for packets in ((*SHAKE, there(6 * MS, 100, 10)), (back(9 * MS, 110),)):
        batch = batch_of(packets)
        frames = WALKER.walk(batch)
        follower.absorb(batch, frames, *table.name(frames, 1))
    (c,) = follower.connections()
    assert (c.first_frame, c.last_ts, c.last_frame) == (1, 9 * MS, 1)


def test_connections_are_chosen_by_payload_and_port() -> None:
    """In the order of their first packets."""
    other = Packet(0, "10.0.0.1", 40_000, "10.0.1.1", 443, size=10)
    follower = follow_batches([(other, there(1, 100, 5), other._replace(src_port=40_001, size=3))])
    assert [c.flow_id for c in follower.connections()] == [0, 1, 2]
    assert [c.flow_id for c in follower.connections(min_payload=5)] == [0, 1]
    assert [c.flow_id for c in follower.connections(nominated_only=True)] == [1]


def test_hops_and_link_addresses_are_remembered() -> None:
    """Fewest and most hops, first and last MAC, and whether the MAC ever changed."""
    rows = [{"tcp_flags": ACK, "ip_ttl": ttl, "eth_src": mac} for ttl, mac in ((63, 5), (60, 6), (64, 5))]
    batch, frames = make_batch(rows)
    table = FlowTable(budget=10)
    follower = Follower(table)
    follower.absorb(batch, frames, *table.name(frames, 1))
    a = follower.connections()[0].sides[0]
    assert (a.ttl_min, a.ttl_max, a.first_eth_src, a.last_eth_src, a.eth_src_changed) == (60, 64, 5, 5, True)


def test_memory_grows_with_flows_and_not_with_packets() -> None:
    """Rings and holes are given back: three thousand round trips later as much is in use as after one thousand."""
    follower = follow_batches([()])
    table = follower.table
    used = []
    for round_number in range(3):
        packets = []
        for n in range(1000):
            at = (round_number * 1000 + n) * 40
            packets += [there(n, at, 10), there(n, at + 30, 10), there(n, at + 10, 20), back(n, at + 40)]
        batch, frames = make_batch(
            [
                {"src": p.src, "dst": p.dst, "src_port": p.src_port, "dst_port": p.dst_port, "tcp_seq": p.seq}
                | {"tcp_ack": p.ack, "tcp_flags": p.flags, "payload_bytes": p.size, "ts_ns": p.ts_ns}
                for p in packets
            ]
        )
        follower.absorb(batch, frames, *table.name(frames, 1))
        state = follower._state
        used.append([int(arena[layout.ARENA_TOP]) for arena in (state.entry_arena, state.hole_arena, state.bin_arena)])
    assert used[0] == used[1] == used[2]
    assert max(used[0]) <= 64
