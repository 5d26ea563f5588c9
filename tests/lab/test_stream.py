"""The migration's stream: every byte arrives, whatever the link does, as fast as link, window and distance allow."""

import pytest

from tests.lab.playing import SMALL, once, played
from vmpcap.lab.frames import addresses_of, sum16
from vmpcap.lab.synth import Made


def segments(made: Made, point: str) -> list[tuple[int, int, int, bytes]]:
    """(ns, sequence number, payload bytes, flags) of what the source sent, as this point saw it."""
    found = []
    for ts, raw, size in next(tap for tap in made.taps if tap.name == point).records:
        sender, _, protocol, _ = addresses_of(raw[14:])
        if protocol == 6 and sender == bytes([10, 10, 1, 11]):
            offset = (raw[46] >> 4) * 4
            length = int.from_bytes(raw[16:18], "big") - 20 - offset
            assert size == max(60, 34 + offset + length)
            found.append((ts, int.from_bytes(raw[38:42], "big"), length, raw[47:48]))
    return found


@pytest.mark.parametrize("seed", range(6))
def test_every_byte_arrives_and_what_is_lost_is_sent_again(seed: int) -> None:
    """At 2 % loss, in order or not: the union of what the destination saw has no hole."""
    made = played("stretched_vlan", loss=0.02, rtt_ms=4.0, seed=seed)
    first = next(seq for _, seq, _, flags in segments(made, "src-uplink") if flags[0] & 2)
    arrived = sorted(
        ((seq - first - 1) & 0xFFFF_FFFF, size) for _, seq, size, _ in segments(made, "dst-uplink") if size
    )
    edge = 0
    for offset, size in arrived:
        assert offset <= edge
        edge = max(edge, offset + size)
    assert edge == SMALL
    move = made.truth["migration"]
    lost = sum(move["frames_lost"].values())
    assert lost > 20
    sent, seen = (sum(1 for s in segments(made, point) if s[2]) for point in ("src-uplink", "dst-uplink"))
    assert sent - seen == lost
    assert move["segments_sent"] == sent
    assert move["segments_resent"] >= lost


def test_a_clean_link_loses_and_repeats_nothing() -> None:
    """Slow start ends before the queue overflows."""
    move = once("stretched_vlan").truth["migration"]
    assert move["frames_lost"] == {}
    assert move["segments_resent"] == 0


def test_a_small_window_holds_the_stream_at_window_by_round_trip() -> None:
    """256 KiB over 20 ms are 105 Mbit/s, on a link of 1000."""
    move = played("stretched_vlan", window_bytes=262_144, rtt_ms=20.0, stream_bytes=20_000_000).truth["migration"]
    assert move["bulk_mbps"] == pytest.approx(262_144 * 8 / 20e3, rel=0.1)


def test_a_slow_link_carries_what_it_is_rated_at() -> None:
    """155 Mbit/s less what headers take."""
    move = once("stretched_vlan_slow").truth["migration"]
    assert 155 * 0.88 < move["bulk_mbps"] < 155 * 1460 / 1538


def test_the_handshake_takes_the_round_trip() -> None:
    """And a few microseconds in front of it."""
    assert 8.0 < once("stretched_vlan_far").truth["migration"]["handshake_ms"] < 8.1


def test_a_router_lowers_the_ttl_and_nothing_else() -> None:
    """Same identification, same payload, 63 instead of 64, and a header checksum that is right."""
    made = once("stretched_vlan_routed")
    near, far = (
        {r[1][18:20]: r[1] for r in tap.records if r[1][26:30] == bytes([10, 10, 1, 11])}
        for tap in made.taps
        if tap.name in ("src-uplink", "dst-uplink")
    )
    assert len(near) > 1000
    for ident, raw in near.items():
        assert (raw[22], far[ident][22]) == (64, 63)
        assert sum16(far[ident][14:34]) == 0
        assert raw[26:] == far[ident][26:]


def test_a_stream_that_cannot_end_is_told() -> None:
    """Half of all segments lost on a link across the world: nobody waits for ever."""
    from tests.lab.playing import scenario_of
    from vmpcap.lab.synth import play

    assert play(scenario_of("stretched_vlan", loss=0.5, rtt_ms=2_000.0, stream_bytes=50_000_000)) is None
