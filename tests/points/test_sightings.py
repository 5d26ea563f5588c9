"""Which packets a point keeps, under which names, against a twin that names them by tuples."""

import random

import numpy as np
import pytest

from tests.measures.stories import TCP, Packet, batch_of, cut_at_random, random_story
from vmpcap.decode.fragments import WholeWalker
from vmpcap.points.kernels.keys import ends_key
from vmpcap.points.pairing import pair_packets
from vmpcap.points.sightings import SightingLog
from vmpcap.terms.addresses import ip_halves


def log_of(parts: list[list[Packet]], budget: int = 10_000) -> SightingLog:
    """What a point keeps of these packets, read in these parts."""
    log, walker, frame = SightingLog(budget), WholeWalker(4096), 1
    for part in parts:
        whole, frames = walker.walk(batch_of(part, frame))
        log.keep(whole, frames, None, frame)
        frame += len(part)
    return log


def name_of(packet: Packet) -> tuple[object, ...]:
    """The twin: what does not change on the way."""
    ends = (packet.src, packet.dst, packet.src_port, packet.dst_port, packet.protocol, packet.size, packet.number)
    return (*ends, packet.seq, packet.ack, packet.flags & 0x3F) if packet.protocol == TCP else ends


@pytest.mark.parametrize("seed", range(30))
def test_two_packets_have_one_key_if_and_only_if_they_are_alike(seed: int) -> None:
    """However the story is cut into batches."""
    rng = random.Random(seed)
    story = [p for p in random_story(rng, talks=4, steps=150, sound=True) if p.protocol == TCP]
    log = log_of([list(part) for part in cut_at_random(rng, story) if len(part)])
    kept = log.rows()
    at = [int(frame) - 1 for frame in kept.frame]
    assert at == [n for n, p in enumerate(story)][: len(at)]
    assert len(at) == len(story)
    keys = [int(key) for key in kept.key]
    names = [name_of(story[n]) for n in at]
    assert len(set(keys)) == len(set(names)) == len(set(zip(keys, names, strict=True)))


@pytest.mark.parametrize("seed", range(10))
def test_two_points_that_sample_keep_the_same_packets(seed: int) -> None:
    """One has room for all, the other for few: what the fewer keeps the other has too, and all of it is paired."""
    rng = random.Random(seed)
    story = [p for p in random_story(rng, talks=6, steps=400, sound=True) if p.protocol == TCP]
    story = list({name_of(p): p for p in story}.values())
    many, few = log_of([story]), log_of([story], budget=64)
    paired = pair_packets(many, few)
    assert few.mask > 0
    assert len(few.rows().key) <= 64
    assert set(few.rows().key.tolist()) <= set(many.rows().key.tolist())
    assert len(paired.row_one) == len(few.rows().key) == len(paired.one.key)
    assert paired.scale == few.mask + 1


def test_what_a_hop_changes_changes_no_key() -> None:
    """VLAN, MAC addresses, TTL: here the VLAN, the only one that these frames vary in."""
    rng = random.Random(7)
    story = [p for p in random_story(rng, talks=2, steps=60, sound=True) if p.protocol == TCP]
    here, there = (log_of([[p._replace(vlans=tags) for p in story]]) for tags in ((), (100,)))
    assert np.array_equal(here.rows().key, there.rows().key)
    assert set(there.rows().vlan_id.tolist()) == {100}


def test_translated_addresses_are_found_by_numbers() -> None:
    """Behind NAT nothing has the same addresses; sequence, acknowledgement and length stay."""
    rng = random.Random(8)
    first = Packet(0, "10.0.0.1", 4000, "10.0.0.2", 80)
    story = [
        first._replace(ts_ns=n * 1000, seq=rng.randrange(1 << 32), ack=rng.randrange(1 << 32), size=n, number=n)
        for n in range(1, 50)
    ]
    outside = [p._replace(src="198.51.100.7", src_port=61000) for p in story]
    paired = pair_packets(log_of([story]), log_of([outside]))
    assert paired.translated == len(story)
    assert np.array_equal(paired.row_one, paired.row_other)


@pytest.mark.parametrize("keeps_ids", [True, False])
def test_what_was_sent_again_behind_nat_is_told_by_the_identification_where_that_was_kept(keeps_ids: bool) -> None:
    """A segment that is lost once and came the second time: without its number nobody knows which of both."""
    rng = random.Random(8)
    first = Packet(0, "10.0.0.1", 4000, "10.0.0.2", 80)
    story = [
        first._replace(ts_ns=n * 1000, seq=rng.randrange(1 << 32), ack=rng.randrange(1 << 32), size=n, number=n)
        for n in range(1, 50)
    ]
    story.append(story[20]._replace(ts_ns=60_000, number=60))
    outside = [p._replace(src="198.51.100.7", src_port=61000) for n, p in enumerate(story) if n != 20]
    if not keeps_ids:
        outside = [p._replace(number=1000 + n) for n, p in enumerate(outside)]
    paired = pair_packets(log_of([story]), log_of([outside]))
    assert paired.surplus == (0 if keeps_ids else 1)
    assert (49 in paired.row_one.tolist()) is keeps_ids
    assert 20 not in paired.row_one.tolist()


def test_unequal_counts_are_ambiguous_and_nothing_is_guessed() -> None:
    """A packet that one point saw twice and the other once: which is it?"""
    one = Packet(0, "10.0.0.1", 4000, "10.0.0.2", 80, seq=1, size=10, number=5)
    paired = pair_packets(
        log_of([[one, one._replace(ts_ns=9), one._replace(seq=2)]]), log_of([[one, one._replace(seq=2)]])
    )
    assert paired.surplus == 1
    assert paired.repeated_one == 1
    assert len(paired.row_one) == 1


def test_the_number_of_two_addresses_is_that_under_which_packets_are_kept() -> None:
    """Whichever of them sends, IPv4 or IPv6; ports and sequence number stand beside it."""
    rng = random.Random(9)
    for low, high in (("10.0.0.1", "10.0.0.2"), ("10.9.8.7", "192.0.2.1")):
        there = Packet(0, low, 4000, high, 80, seq=rng.randrange(1 << 32), size=10, number=5)
        back = Packet(1, high, 80, low, 4000, seq=rng.randrange(1 << 32), size=10, number=6)
        kept = log_of([[there, back]]).rows()
        key = ends_key(ip_halves(low), ip_halves(high))
        assert kept.pair.tolist() == [key, ends_key(ip_halves(high), ip_halves(low))] == [key, key]
        assert kept.ports.tolist() == [4000 << 16 | 80, 80 << 16 | 4000]
        assert kept.tcp_seq.tolist() == [there.seq, back.seq]
