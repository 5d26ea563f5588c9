"""Wireshark's marks: the kernel and a twin that tells them with lists and objects say the same of any story."""

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from tests.measures.followed import WALKER
from tests.measures.stories import ACK, FIN, MS, SYN, TCP, US, Packet, batch_of, cut_at_random, random_story
from tests.twins.analysis import Said, Segment, analyse
from tests.twins.flows import name_all
from vmpcap.flows.table import FlowTable
from vmpcap.measures.analysis import MARKS, Analysis
from vmpcap.measures.kernels.analysis_state import COUNTED, REPORTS_UNSEEN, STAMPS_UNSEEN, UNSAID
from vmpcap.terms.marks import TCP_MARKS

CLIENT, SERVER = ("10.0.0.1", 40_000), ("10.0.0.2", 8_000)


def judged(batches: Sequence[Sequence[Packet]]) -> tuple[list[Said], Analysis, FlowTable]:
    """What the kernel says of each packet, over batches."""
    table = FlowTable(budget=1000)
    analysis = Analysis(table)
    said: list[Said] = []
    frame = 1
    for packets in filter(None, batches):
        frames = WALKER.walk(batch_of(packets, frame))
        flow_id, side = table.name(frames, frame)
        out = analysis.absorb(frames, flow_id, side, frame)
        initial = analysis.initial_rtt_of(flow_id, frame)
        for row in range(len(packets)):
            marks = frozenset(mark.name for mark in MARKS if out.marks[row] & mark.bit)
            rtt, flight = int(out.ack_rtt_ns[row]), int(out.flight_bytes[row])
            is_tcp = packets[row].protocol == TCP
            said.append(
                Said(
                    marks, None if rtt == UNSAID else rtt, None if flight == UNSAID else flight,
                    int(initial[row]) or None if is_tcp else None,
                )
            )  # fmt: skip
        frame += len(packets)
    return said, analysis, table


def told(packets: Sequence[Packet]) -> list[Said]:
    """What the twin says of each packet."""
    names, flows = name_all(packets)
    rows = [row for row, name in enumerate(names) if name is not None and packets[row].protocol == TCP]
    segments = []
    for row in rows:
        packet, name = packets[row], names[row]
        assert name is not None
        segments.append(
            Segment(
                packet.ts_ns, flows[name[0]].stream, packet.source, packet.destination, packet.seq, packet.ack,
                packet.flags, packet.size, packet.window, packet.scale, packet.sack,
            )
        )  # fmt: skip
    nothing = Said(frozenset(), None, None)
    said = [nothing] * len(packets)
    for row, one in zip(rows, analyse(segments), strict=True):
        said[row] = one
    return said


@pytest.mark.parametrize("seed", range(150))
def test_the_kernel_says_what_the_twin_says(seed: int) -> None:
    """Marks, round trips and flights, wherever the batches are cut."""
    rng = random.Random(seed)
    packets = random_story(rng, talks=4, steps=200, sound=True)
    said, _, _ = judged(cut_at_random(rng, packets))
    assert said == told(packets)


def test_stories_meet_every_mark() -> None:
    """What no story shows was not compared."""
    seen: Counter[str] = Counter()
    for seed in range(150):
        for one in told(random_story(random.Random(seed), talks=4, steps=200, sound=True)):
            seen.update(one.marks)
    assert set(seen) == {mark.name for mark in MARKS}


@pytest.mark.parametrize("seed", range(20))
def test_what_is_counted_is_what_was_marked(seed: int) -> None:
    """Each flow's side has as many of each mark as its packets have."""
    packets = random_story(random.Random(seed), talks=4, steps=200, sound=True)
    said, analysis, _ = judged([packets])
    names, _ = name_all(packets)
    wanted: Counter[tuple[int, int, str]] = Counter()
    for one, name in zip(said, names, strict=True):
        for mark in MARKS:
            if name is not None and mark.name in one.marks:
                wanted[(*name, mark.counted_as)] += 1
    counted = analysis.counted
    found = {
        (flow, side, name): int(counted[flow, side][name])
        for flow in range(len(counted))
        for side in (0, 1)
        for name in COUNTED.names or ()
    }
    assert {key: count for key, count in found.items() if count} == dict(wanted)


def test_every_count_is_some_marks() -> None:
    """No column of a flow's side stays empty for want of a mark."""
    assert sorted(COUNTED.names or ()) == sorted(mark.counted_as for mark in MARKS)


def talk(*steps: tuple[int, bool, int, int, int]) -> list[Packet]:
    """Segments of one connection: (time in us, whether the client sent it, seq, ack, size)."""
    packets = []
    for at, is_clients, seq, ack, size in steps:
        source, target = (CLIENT, SERVER) if is_clients else (SERVER, CLIENT)
        packets.append(Packet(at * US, *source, *target, seq=seq, ack=ack, size=size, flags=ACK))
    return packets


def test_a_repetition_after_two_duplicate_acks_is_fast() -> None:
    """RFC 5681 3.2 asks for three; Wireshark is content with two, for one may be missing from the capture."""
    packets = talk(
        (0, True, 100, 1, 10), (10, True, 110, 1, 10), (20, True, 120, 1, 10), (30, True, 130, 1, 10),
        (900, False, 1, 110, 0), (910, False, 1, 110, 0), (920, False, 1, 110, 0), (4000, True, 110, 1, 10),
    )  # fmt: skip
    said, analysis, _ = judged([packets])
    assert said[-1].marks == {"retransmission", "fast_retransmission"}
    assert [one.marks for one in said[4:7]] == [set(), {"duplicate_ack"}, {"duplicate_ack"}]
    assert int(analysis.counted[0, 1]["duplicate_acks"]) == 2


def test_the_same_repetition_a_long_time_later_is_no_fast_one() -> None:
    """20 ms after the last duplicate ACK it is a timer's."""
    packets = talk(
        (0, True, 100, 1, 10), (10, True, 110, 1, 10), (900, False, 1, 110, 0), (910, False, 1, 110, 0),
        (920, False, 1, 110, 0), (20_920, True, 110, 1, 10),
    )  # fmt: skip
    assert judged([packets])[0][-1].marks == {"retransmission"}


def test_an_ack_of_unseen_data_is_said_once_whatever_its_sender_repeats() -> None:
    """The other side repeats its own ACK in between: to Wireshark 4.0.17 that side has not gone on."""
    packets = talk(
        (0, True, 100, 50, 0), (10, False, 50, 101, 0), (20, True, 100, 50, 0), (30, False, 50, 101, 0),
        (40, True, 100, 50, 0), (50, False, 50, 101, 0),
    )  # fmt: skip
    marks = [one.marks for one in judged([packets])[0]]
    assert marks == [set(), {"ack_lost_segment"}, {"duplicate_ack"}, {"duplicate_ack"}, *2 * [{"duplicate_ack"}]]


def test_duplicate_acks_behind_an_ack_of_unseen_data_make_a_repetition_fast() -> None:
    """Their sender's data was acknowledged unseen before: Wireshark 4.0.17 calls the repetition fast."""
    packets = talk(
        (0, True, 100, 50, 10), (10, False, 50, 100, 0), (20, True, 110, 51, 0), (30, False, 50, 100, 0),
        (40, True, 100, 51, 10),
    )  # fmt: skip
    marks = [one.marks for one in judged([packets])[0]]
    assert marks[2:] == [{"ack_lost_segment"}, {"duplicate_ack"}, {"retransmission", "fast_retransmission"}]


@pytest.mark.parametrize(("repeats", "is_fast"), [(0, True), (1, False), (2, True)])
def test_the_first_duplicate_ack_behind_an_ack_of_unseen_data_begins_the_count(repeats: int, is_fast: bool) -> None:
    """The repetition acknowledges nothing unseen itself: what Wireshark 4.0.17 says of it hangs on those in between."""
    packets = talk(
        (0, True, 100, 50, 10), (10, False, 50, 100, 0), (20, True, 110, 51, 0),
        *((30 + n, False, 50, 100, 0) for n in range(repeats)), (40, True, 100, 50, 10),
    )  # fmt: skip
    marks = [one.marks for one in judged([packets])[0]]
    assert marks[2] == {"ack_lost_segment"}
    assert ("fast_retransmission" in marks[-1], "retransmission" in marks[-1]) == (is_fast, True)


def test_what_was_sent_before_the_first_number_in_view_makes_no_flight_longer() -> None:
    """500 bytes again, the last of which is the first in view: Wireshark 4.0.17 shows 1 in flight."""
    packets = talk((0, True, 600, 50, 1), (100, True, 101, 51, 500))
    assert [one.flight_bytes for one in judged([packets])[0]] == [1, 1]


@pytest.mark.parametrize(
    ("opening", "is_full"),
    [
        ((SYN, None), True),  # one SYN without a scale: nobody scales, whatever the other says
        ((SYN | ACK, None), True),
        ((SYN, 7), False),  # by how much the other side scales is not in view
        ((SYN, 7, SYN, None), False),  # sent again without the option: to Wireshark 4.0.17 that takes nothing back
        ((), False),
    ],
    ids=["SYN", "SYN/ACK", "a scale", "sent again", "none in view"],
)
def test_a_window_is_full_where_the_only_syn_in_view_tells_that_nobody_scales(
    opening: tuple[Any, ...], is_full: bool
) -> None:
    """RFC 7323 2.2: both SYNs must carry the option. The window in view is 10 bytes, the segment fills it."""
    packets = talk((10, True, 100, 50, 0), (20, False, 50, 100, 0), (30, False, 50, 100, 0), (40, True, 100, 50, 10))
    packets = [one._replace(window=10 if one.source == SERVER else 1000) for one in packets]
    shakes = [
        packets[0]._replace(ts_ns=n * US, seq=99, ack=0, flags=flags, scale=scale)
        for n, (flags, scale) in enumerate(zip(opening[::2], opening[1::2], strict=True))
    ]
    said = judged([[*shakes, *packets]])[0]
    assert ("window_full" in said[-1].marks) == is_full


def test_no_window_is_full_that_was_never_offered() -> None:
    """The number after the segment is 0, as are the window and the last ACK of a side that never spoke."""
    shake = Packet(0, *CLIENT, *SERVER, seq=(1 << 32) - 11, flags=SYN)
    (one,) = talk((1, True, (1 << 32) - 10, 50, 10))
    assert judged([[shake, one]])[0][-1].marks == set()


def test_a_fin_that_is_sent_again_leaves_no_flight_of_0() -> None:
    """SACK names all but the FIN's own number: Wireshark shows nothing there."""
    packets = talk((0, True, 100, 50, 10), (10, False, 50, 100, 0), (20, True, 100, 50, 10))
    packets = [one._replace(flags=FIN | ACK) if one.source == CLIENT else one for one in packets]
    packets[1] = packets[1]._replace(sack=((100, 110),))
    said = judged([packets])[0]
    assert [one.flight_bytes for one in said] == [10, None, None]


@pytest.mark.parametrize(
    ("answers", "marks"),
    [(0, [{"retransmission"}, {"lost_segment"}, {"lost_segment"}]), (ACK, [*3 * [{"retransmission"}]])],
)
def test_a_syn_that_comes_later_makes_forget_what_came_behind_a_hole(answers: int, marks: list[set[str]]) -> None:
    """A capture out of order, or a SYN sent again: to Wireshark 4.0.17 the hole is open again; a SYN/ACK opens none."""
    packets = talk(
        (0, True, 100, 50, 0), (24_000, True, 200, 50, 1000), (1_130_000, True, 99, 50, 0),
        (2_000_000, True, 600, 50, 100), (3_000_000, True, 800, 50, 100),
    )  # fmt: skip
    packets[2] = packets[2]._replace(flags=SYN | answers)
    said = [one.marks for one in judged([packets])[0]]
    assert said == [set(), {"lost_segment"}, *marks]


def test_the_first_round_trip_decides_what_is_out_of_order() -> None:
    """Late by less than it: out of order; by more: sent again. Without one, 3 ms are the limit."""
    late = talk((5_000, True, 101, 1, 10), (5_010, True, 121, 1, 10), (9_000, True, 111, 1, 10))[1:]
    for shake_us, wanted in ((None, "retransmission"), (10_000, "out_of_order")):
        packets = talk((5_000, True, 101, 1, 10))
        if shake_us is not None:
            start = 5_000 - shake_us - 1
            packets = [
                Packet(start * US, *CLIENT, *SERVER, seq=100, flags=SYN),
                Packet((start + shake_us) * US, *SERVER, *CLIENT, seq=0, ack=101, flags=SYN | ACK),
                *talk((start + shake_us, True, 101, 1, 0)),
                *packets,
            ]
        packets += [packet._replace(seq=packet.seq) for packet in late]
        assert judged([packets])[0][-1].marks == {wanted}
        assert judged([packets])[1].initial_rtt_ns[0] == (shake_us or 0) * US


@pytest.mark.parametrize(
    ("at_us", "mark"),
    [(4, "out_of_order"), (5_000_000, "out_of_order"), (-5_000_000, "out_of_order"), (-1_000_000, "retransmission")],
)
def test_after_a_handshake_on_a_clock_that_ran_back_nothing_is_late(at_us: int, mark: str) -> None:
    """Its round trip of -2 s is beyond all times from 0 on to Wireshark 4.0.17, which counts without a sign."""
    shake = [
        Packet(2_000_000 * US, *CLIENT, *SERVER, seq=100, flags=SYN),
        Packet(2_000_001 * US, *SERVER, *CLIENT, seq=0, ack=101, flags=SYN | ACK),
        Packet(0, *CLIENT, *SERVER, seq=101, ack=1),
    ]
    data = talk((1, True, 101, 1, 10), (2, True, 121, 1, 10), (2 + at_us, True, 111, 1, 5))
    assert judged([[*shake, *data]])[0][-1].marks == {mark}


def test_more_segments_may_wait_than_the_ring_begins_with() -> None:
    """A flight of thousands, acknowledged in the middle: its round trip and what is still outstanding are exact."""
    steps = [(i, True, 1 + 10 * i, 1, 10) for i in range(5_000)]
    packets = talk(*steps, (90_000, False, 1, 1 + 10 * 3_000, 0), (90_100, True, 1 + 10 * 5_000, 1, 10))
    said, _, _ = judged([packets[:3_000], packets[3_000:]])
    assert said[-2].ack_rtt_ns == (90_000 - 2_999) * US
    assert said[-1].flight_bytes == 10 * 2_001
    assert said[4_999].flight_bytes == 50_000


def test_nothing_is_said_of_what_is_no_tcp() -> None:
    """And an empty capture says nothing at all."""
    packets = [Packet(MS, *CLIENT, *SERVER, protocol=17, size=4, flags=0)]
    said, analysis, _ = judged([packets])
    assert said == [Said(frozenset(), None, None)]
    assert not np.any([analysis.counted[name] for name in COUNTED.names or ()])
    assert judged([[]])[0] == []


# sent again, or late: by what its sender counts


def old_segments(*last: Packet, is_copy: bool = False, rising: bool = True) -> dict[str, int]:
    """Four segments of 10 bytes, then these: what is told of the client's old segments."""
    packets = [
        Packet(n * US, *CLIENT, *SERVER, seq=100 + 10 * n, ack=1, size=10, number=500 + (n if rising else 4_001 * n))
        for n in range(4)
    ]
    packets += last
    table = FlowTable(budget=10)
    analysis = Analysis(table)
    frames = WALKER.walk(batch_of(packets))
    flow_id, side = table.name(frames, 1)
    copies = np.zeros(len(packets), np.uint8)
    copies[4:] = is_copy
    copies.flags.writeable = False
    analysis.absorb(frames, flow_id, side, 1, copies)
    return {name: int(analysis.told[0, 0][name]) for name in ("sent_again", "came_late", "needless")}


def old(number: int, **more: Any) -> Packet:
    """The second segment once more."""
    return Packet(MS, *CLIENT, *SERVER, seq=110, ack=1, size=10, number=number, **more)


@pytest.mark.parametrize(
    ("number", "again", "late"), [(504, 1, 0), (501, 0, 1), (503, 0, 0), (0, 0, 0), (30_000, 0, 0)]
)
def test_a_sender_that_counts_tells_what_came_late_from_what_was_sent_again(number: int, again: int, late: int) -> None:
    """A higher IP id than that of the newest segment: sent again; a lower one: late. No id or one far off: not told."""
    assert old_segments(old(number)) == {"sent_again": again, "came_late": late, "needless": 0}


def test_ids_that_do_not_count_tell_nothing() -> None:
    """Some systems draw them at random."""
    assert old_segments(old(12_504), rising=False) == {"sent_again": 0, "came_late": 0, "needless": 0}


@pytest.mark.parametrize(("stamp", "again", "late"), [(1_001, 1, 0), (999, 0, 1), (1_000, 0, 0)])
def test_time_stamps_tell_it_too(stamp: int, again: int, late: int) -> None:
    """Those of IPv6, which has no ids; one tick alike tells nothing. They wrap."""
    for base in (0, (1 << 32) - 1_000):
        packets = [
            Packet(n * US, "2001:db8::1", 4, "2001:db8::2", 8_000, seq=100 + 10 * n, ack=1, size=10,
                   stamps=((base + 1_000) % (1 << 32), 7))
            for n in range(4)
        ]  # fmt: skip
        packets.append(packets[1]._replace(ts_ns=MS, stamps=((base + stamp) % (1 << 32), 7)))
        _, analysis, _ = judged([packets])
        told_of = analysis.told[0, 0]
        assert (int(told_of["sent_again"]), int(told_of["came_late"])) == (again, late)


def test_a_copy_of_the_capture_tells_nothing() -> None:
    """It was sent once."""
    assert old_segments(old(501), is_copy=True) == {"sent_again": 0, "came_late": 0, "needless": 0}


@pytest.mark.parametrize(
    ("ack", "blocks", "needless"),
    [
        (140, ((110, 120),), 1),
        (110, ((120, 130), (110 + 10, 140)), 1),
        (110, ((120, 130),), 0),
        (110, ((120, 130), (135, 140)), 0),
        (140, (), 0),
        (140, ((120, 110),), 0),
    ],
)
def test_a_receiver_says_what_came_twice(ack: int, blocks: tuple[tuple[int, int], ...], needless: int) -> None:
    """The first block below the ACK or inside the second (RFC 2883 4); a block of anything else is an ordinary one."""
    report = Packet(2 * MS, *SERVER, *CLIENT, seq=1, ack=ack, sack=blocks)
    assert old_segments(report)["needless"] == needless


@pytest.mark.parametrize(
    ("snaplen", "blocks", "unseen"),
    [
        (54, (), REPORTS_UNSEEN | STAMPS_UNSEEN),  # the options begin here
        (65, (), REPORTS_UNSEEN | STAMPS_UNSEEN),  # one byte of the time stamps is missing
        (66, (), 0),  # all there is: an ACK without SACK
        (66, ((110, 120),), REPORTS_UNSEEN),
        (77, ((110, 120), (150, 160)), REPORTS_UNSEEN),
        (83, ((110, 120), (150, 160)), REPORTS_UNSEEN),
        (84, ((110, 120), (150, 160)), 0),
        (84, ((110, 120), (150, 160), (170, 180)), 0),  # two blocks tell it all
    ],
)
def test_what_was_cut_off_is_known_to_be_unseen(snaplen: int, blocks: tuple[tuple[int, int], ...], unseen: int) -> None:
    """An answer whose options were cut before what they report: of the side that is reported on."""
    sent = Packet(0, *CLIENT, *SERVER, seq=100, ack=1, size=200, stamps=(7, 3))
    answer = Packet(MS, *SERVER, *CLIENT, seq=1, ack=140, sack=blocks, stamps=(4, 7))
    table = FlowTable(budget=10)
    analysis = Analysis(table)
    for first, one in ((1, batch_of([sent], 1)), (2, batch_of([answer], 2, snaplen))):
        frames = WALKER.walk(one)
        analysis.absorb(frames, *table.name(frames, first), first)
    assert int(analysis.told[0, 0]["unseen_bits"]) == unseen
    assert int(analysis.told[0, 1]["unseen_bits"]) == unseen & STAMPS_UNSEEN


def test_marks_have_their_names_bits() -> None:
    """The packets table writes names by the bits."""
    assert [(mark.name, mark.bit) for mark in MARKS] == [(name, 1 << bit) for bit, name in enumerate(TCP_MARKS)]
