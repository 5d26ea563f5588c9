"""Following flows: whatever a conversation does, wherever its batches are cut, the kernels say what the twins say."""

import random
from functools import cache

import pytest

from tests.measures.followed import follow_batches, follow_twin
from tests.measures.stories import MIGRATION_PORT, NO_TIME, cut_at_random, random_story
from tests.twins.rtt import Found, idle_of, nearest_rank
from tests.twins.series import pauses_twin
from tests.twins.tcp import FlowTwin, SideTwin
from vmpcap.measures.connections import OPENED_WINDOW, Connection, RttSummary, Side

SEEDS_TRIED = 200
SEEDS = pytest.mark.parametrize("seed", range(SEEDS_TRIED))
NOT_EXACT = 0.002
"""How far a percentile may lie from the sample that it stands for."""


@cache
def both(seed: int) -> tuple[list[tuple[Connection, FlowTwin]], list[tuple[Side, SideTwin]]]:
    """Each flow of this seed's story as the kernels have it and as the twin has it, and all their sides."""
    rng = random.Random(seed)
    port = rng.choice((MIGRATION_PORT, MIGRATION_PORT, MIGRATION_PORT, 9999))
    packets = random_story(rng, talks=rng.randint(1, 3), steps=rng.choice((20, 60, 200)), port=port)
    connections = follow_batches(cut_at_random(rng, packets)).connections()
    twins, _ = follow_twin(packets)
    flows = list(zip(connections, twins, strict=True))
    return flows, [pair for c, twin in flows for pair in zip(c.sides, twin.sides, strict=True)]


def values_of(found: list[Found], *kinds: str) -> list[int]:
    return sorted(one.to_ts - one.from_ts for one in found if one.is_sound and one.kind in kinds)


def assert_distribution(summary: RttSummary, values: list[int], because: str) -> None:
    """Count, minimum and maximum exactly, percentiles and buckets as near as stated."""
    assert summary.samples == len(values) == int(summary.bucket_count.sum()), because
    if not values:
        assert summary.min_ns is summary.p50_ns is summary.max_ns is None
        return
    assert (summary.min_ns, summary.max_ns) == (min(values), max(values)), because
    for percent in (5, 50, 90, 95, 99):
        exact = nearest_rank(values, percent)
        assert abs(getattr(summary, f"p{percent}_ns") - exact) <= NOT_EXACT * exact, (because, percent)


@SEEDS
def test_packets_and_bytes(seed: int) -> None:
    """Packets, bytes on the wire, payload, and capture copies left out of all of them."""
    for side, twin in both(seed)[1]:
        assert (side.packets, side.wire_bytes) == (twin.count["packets"], twin.count["wire"])
        assert (side.payload_bytes, side.duplicates) == (twin.count["payload"], twin.count["copies"])
        assert side.max_payload_bytes == twin.max_payload


@SEEDS
def test_each_payload_byte_is_new_once(seed: int) -> None:
    """Unique and resent bytes, resent and late segments, bytes never seen, wrapped numbers."""
    for side, twin in both(seed)[1]:
        assert side.unique_bytes == len(twin.seen)
        assert (side.retransmissions, side.retransmitted_bytes) == (twin.count["resent_segments"], twin.count["resent"])
        assert (side.out_of_order, side.missing_bytes) == (twin.count["out_of_order"], twin.unseen)
        assert (side.wraps, side.holes_left_out) == (twin.wraps, 0)


@SEEDS
def test_windows_probes_and_acknowledgements(seed: int) -> None:
    """Zero windows, keep-alives, bytes acknowledged, most bytes in flight."""
    for side, twin in both(seed)[1]:
        assert (side.zero_windows, side.keep_alives) == (twin.count["zero_windows"], twin.count["keep_alives"])
        assert (side.acked_bytes, side.max_flight_bytes) == (twin.count["acked"], twin.max_flight)


@SEEDS
def test_first_and_last(seed: int) -> None:
    """Times and frames of the first and last packet, and of the first and last data."""
    for side, twin in both(seed)[1]:
        timed = [ts for ts in twin.times if ts != NO_TIME]
        assert side.first_ts == (twin.times[0] if twin.times and twin.times[0] != NO_TIME else None)
        assert side.last_ts == (timed[-1] if timed else None)
        first, last = (twin.data[0], twin.data[-1]) if twin.data else ((NO_TIME, None), (NO_TIME, None))
        assert (side.first_data_frame, side.last_data_frame) == (first[1], last[1])
        assert side.first_data_ts == (None if first[0] == NO_TIME else first[0])
        assert side.last_data_ts == (None if last[0] == NO_TIME else last[0])


@SEEDS
def test_round_trips_of_data(seed: int) -> None:
    """Only data that was sent once, answered by the ACK that covers exactly it (Karn); apart, what was sent idle."""
    for side, twin in both(seed)[1]:
        assert_distribution(side.rtt, values_of(twin.found, "idle", "loaded"), "rtt")
        assert_distribution(side.idle_rtt, idle_of(twin.answers), "idle")
        assert side.rtt.ambiguous == len(values_of(twin.found, "ambiguous"))


@SEEDS
def test_round_trips_as_wireshark_shows_them(seed: int) -> None:
    """SYN, FIN and what was sent twice are in them; those of 0 are not."""
    for side, twin in both(seed)[1]:
        values = values_of(twin.found, "idle", "loaded", "ambiguous", "control")
        assert_distribution(side.ack_rtt, [value for value in values if value], "ack_rtt")


@SEEDS
def test_round_trips_by_timestamp_echo(seed: int) -> None:
    """The sender's half, and the whole loop where the echoed ACK answered data that was sent once."""
    for side, twin in both(seed)[1]:
        assert_distribution(side.near_rtt, values_of(twin.found, "near"), "near")
        assert_distribution(side.loop_rtt, values_of(twin.found, "loop"), "loop")
        assert_distribution(side.prompt_rtt, values_of(twin.found, "prompt"), "prompt")


@SEEDS
def test_handshakes(seed: int) -> None:
    """The whole and its halves, where they can be told."""
    for connection, twin in both(seed)[0]:
        ours = (connection.handshake_ns, connection.syn_to_synack_ns, connection.synack_to_ack_ns)
        assert ours == tuple(None if value < 0 else value for value in twin.handshake())


@SEEDS
def test_series(seed: int) -> None:
    """New, acknowledged and resent bytes, segments, round trips and flight of each bin of a nominated stream."""
    for side, twin in both(seed)[1]:
        ours, theirs = side.series, twin.series
        assert (ours is None) == (theirs is None)
        if ours is None or theirs is None:
            continue
        assert (ours.start_ns, ours.width_ns) == (theirs.start_ns, theirs.width_ns)
        columns = theirs.columns()
        assert ours.new_bytes.tolist() == columns["new"]
        assert ours.acked_bytes.tolist() == columns["acked"]
        assert ours.resent_bytes.tolist() == columns["resent"]
        assert ours.segments.tolist() == columns["segments"]
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


@SEEDS
def test_windows_of_a_series(seed: int) -> None:
    """The smallest window that the peer offered, by its own factor where both SYNs were seen, else closed or not."""
    for connection, twin in both(seed)[0]:
        for number, side in enumerate(connection.sides):
            theirs, shift = twin.sides[number].series, twin.scale_of(1 - number)
            if side.series is None or theirs is None:
                continue
            raw = theirs.columns()["window_min"]
            unscaled = {-1: -1, 0: 0}
            assert side.series.window_min_bytes.tolist() == [
                unscaled.get(window, OPENED_WINDOW if shift is None else window << (shift or 0)) for window in raw
            ]


@SEEDS
def test_pauses(seed: int) -> None:
    """Stretches of 10 ms and more without data, with the frames on both sides."""
    for side, twin in both(seed)[1]:
        kept, left_out = pauses_twin(twin.data) if twin.series is not None else ([], 0)
        assert [(p.from_ts, p.from_frame, p.to_ts, p.to_frame) for p in side.pauses] == kept
        assert side.pauses_left_out == left_out


def test_the_stories_hold_what_they_are_told_for() -> None:
    """Each of these happens often enough for the tests above to mean something."""
    total: dict[str, int] = {}
    for seed in range(SEEDS_TRIED):
        for _, twin in both(seed)[1]:
            seen = dict(twin.count) | {"wraps": twin.wraps, "unseen": twin.unseen}
            for one in twin.found:
                seen[one.kind] = seen.get(one.kind, 0) + one.is_sound
            for name, value in seen.items():
                total[name] = total.get(name, 0) + value
        for _, twin in both(seed)[0]:
            total["handshakes"] = total.get("handshakes", 0) + (twin.handshake()[0] >= 0)
    rare = {name: count for name, count in total.items() if count < (10 if name == "prompt" else 100)}
    assert not rare
    assert {
        "resent",
        "out_of_order",
        "zero_windows",
        "keep_alives",
        "copies",
        "loop",
        "prompt",
        "near",
        "idle",
        "loaded",
    } <= {*total}
