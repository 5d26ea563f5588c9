"""What was lost between two points, against stories in which it is known what became of every packet."""

import random
from dataclasses import dataclass, field

import numpy as np
import pytest

from tests.points.made import MS, kept_of
from vmpcap.points.kernels.keys import Kept
from vmpcap.points.passage import Passage, Way, follow_way

MSS = 1000
ALWAYS = (-(1 << 60), 1 << 60)


@dataclass
class Seen:
    """What one point keeps: (identity, time, sequence number, payload bytes) of each packet."""

    rows: list[tuple[int, int, int, int]] = field(default_factory=list)

    def kept(self) -> Kept:
        rows = [(key, ts, 0, 10) for key, ts, _, _ in self.rows]
        seqs = [seq % (1 << 32) for _, _, seq, _ in self.rows]
        return kept_of(rows, tcp_seq=seqs, payload_bytes=[size for *_, size in self.rows])


def way(here: Seen, there: Seen, *further: Seen, **more: object) -> Passage:
    known: dict[str, object] = {"window": ALWAYS, "acked": None, "has_copies": False, "is_sampled": False}
    return follow_way(Way(here.kept(), there.kept(), tuple(s.kept() for s in further), **(known | more)))  # type: ignore[arg-type]


def stream(count: int, start: int = 100) -> Seen:
    """Full segments one after the other."""
    return Seen([(n + 1, n * MS, start + n * MSS, MSS) for n in range(count)])


def without(seen: Seen, *lost: int) -> Seen:
    return Seen([row for n, row in enumerate(seen.rows) if n not in lost])


@pytest.mark.parametrize("seed", range(100))
def test_every_lost_packet_is_counted_however_segments_are_cut(seed: int) -> None:
    """Super-segments before the card, pieces behind it, loss on the wire, and repetitions of what was lost."""
    rng = random.Random(seed)
    card, wire, far = Seen(), Seen(), Seen()
    seq, ts, key, lost, doubled = (1 << 32) - 20_000, 0, 0, 0, 0
    for _ in range(60):
        pieces = rng.randint(1, 8)
        key, ts = key + 100, ts + MS
        card.rows.append((key if pieces == 1 else key + 99, ts, seq, pieces * MSS))
        again = []
        for n in range(pieces):
            wire.rows.append((key + n, ts + n, seq + n * MSS, MSS))
            if rng.random() < 0.1:
                lost += 1
                again.append(seq + n * MSS)
            else:
                twice = rng.random() < 0.05
                doubled += twice
                far.rows += [(key + n, ts + n + 5, seq + n * MSS, MSS)] * (1 + twice)
        for n, number in enumerate(again):
            row = (key + 50 + n, ts + 100 + n, number, MSS)
            card.rows.append(row)
            wire.rows.append(row)
            far.rows.append((row[0], row[1] + 5, number, MSS))
        seq += pieces * MSS
    from_card, over_wire = way(card, wire), way(wire, far)
    assert (from_card.lost, from_card.sent, over_wire.sent) == (0, len(wire.rows), len(wire.rows))
    assert (over_wire.lost, over_wire.duplicated, over_wire.recut) == (lost, doubled, False)
    whole = way(card, far)
    assert whole.lost == lost
    assert len(over_wire.lost_frames) == min(lost, 100)
    assert {wire.rows[f - 1][0] for f in over_wire.lost_frames}.isdisjoint(key for key, *_ in far.rows)


def test_frames_joined_by_the_receiving_host_are_no_loss() -> None:
    """Its kernel puts segments together before they are recorded; one that is missing is still one that is missing."""
    here = stream(8)
    joined = Seen([(90, 9 * MS, 100, 3 * MSS), (91, 9 * MS, 100 + 4 * MSS, 4 * MSS)])
    passage = way(here, joined)
    assert (passage.lost, passage.sent, passage.recut) == (1, 8, True)
    assert passage.lost_frames == (4,)


def test_what_was_acknowledged_without_passing_was_missed_by_the_capture() -> None:
    """TCP acknowledges nothing that did not arrive; beyond the acknowledgement it may have been lost."""
    here = stream(6)
    passage = way(here, without(here, 2, 5), acked=100 + 5 * MSS)
    assert (passage.lost, passage.missed, passage.lost_frames) == (1, 1, (6,))


def test_lost_and_sent_again_is_lost_though_it_is_acknowledged() -> None:
    """The repetition passed: so the bytes came, but the first packet did not."""
    here = stream(4)
    here.rows.append((50, 9 * MS, 100 + MSS, MSS))
    passage = way(here, without(here, 1), acked=100 + 4 * MSS)
    assert (passage.lost, passage.missed, passage.lost_frames) == (1, 0, (2,))


def test_what_is_seen_further_on_was_not_lost_before() -> None:
    """It went round the point, or the point's capture lacks it."""
    here = stream(5)
    passage = way(here, without(here, 1, 3), without(here, 3))
    assert (passage.lost, passage.missed, passage.lost_frames) == (1, 1, (4,))


def test_what_left_while_the_other_was_not_recording_is_not_called_lost() -> None:
    """Before its first frame and after its last; what came all the same is compared."""
    here = stream(10)
    passage = way(here, without(here, 0, 1, 5, 9), window=(2 * MS, 8 * MS))
    assert (passage.lost, passage.outside, passage.sent) == (1, 3, 7)
    assert passage.lost_frames == (6,)


def sent_again(seen: Seen, *lost: int, after: int) -> Seen:
    """The same, with each of these sent a second time under another identity, `after` packets later."""
    rows = list(seen.rows)
    again = [(100 + n, seen.rows[n][1] + after * MS, *seen.rows[n][2:]) for n in lost]
    return Seen(sorted([*rows, *again], key=lambda row: row[1]))


@pytest.mark.parametrize("is_seen_on", [False, True])
def test_an_acknowledgement_of_what_was_sent_again_says_nothing_of_the_first(is_seen_on: bool) -> None:
    """
    The second point records from 6 ms on. Two packets before that were lost and sent again before it, too: they did not
    come, and nothing shows that they did not come as far as that point.
    """
    here = sent_again(stream(10), 1, 2, after=2)
    there = Seen([row for row in here.rows if row[1] >= 6 * MS])
    further = [without(here, 1, 2)] if is_seen_on else []
    passage = way(here, there, *further, window=(6 * MS, 10 * MS), acked=100 + 10 * MSS)
    assert (passage.lost, passage.missed, passage.sent) == (0, 0, len(there.rows))
    assert (passage.outside, passage.came_outside) == ((2, 6) if is_seen_on else (4, 4))


def test_packets_that_share_an_identity_are_set_against_each_other_by_number() -> None:
    """Bare acknowledgements that repeat: three left, two came, whichever they were."""
    here, there = Seen([(7, n, 100, 0) for n in range(3)]), Seen([(7, n + 5, 100, 0) for n in range(2)])
    assert (way(here, there).lost, way(there, here).duplicated) == (1, 1)


def test_a_point_that_shows_all_packets_twice_makes_none_lost() -> None:
    """Two ports of one switch in one capture: only whether a packet was seen counts."""
    once = stream(5)
    twice = Seen([row for row in once.rows for _ in range(2)])
    passage = way(twice, without(once, 2), has_copies=True)
    assert (passage.sent, passage.lost, passage.duplicated) == (5, 1, None)
    assert way(once, twice, has_copies=True).duplicated is None


def test_a_sample_of_what_was_cut_tells_no_losses() -> None:
    """Super-segments and their pieces have no name in common: a sample of either says nothing of the other."""
    card = Seen([(1, 0, 100, 4 * MSS), (2, MS, 100 + 4 * MSS, MSS)])
    wire = Seen([(11, 0, 100 + MSS, MSS), (2, MS, 100 + 4 * MSS, MSS)])
    assert way(card, wire, is_sampled=True).lost is None
    same = way(stream(5), without(stream(5), 1), is_sampled=True)
    assert (same.lost, same.lost_frames) == (1, (2,))


def test_jumbo_frames_that_die_are_not_counted_in_pieces() -> None:
    """Nothing cut them: the small ones passed, the large ones left and never came."""
    here = Seen([(1, 0, 100, 190), (2, MS, 290, 9000), (3, 2 * MS, 290, 9000)])
    passage = way(here, Seen(here.rows[:1]), acked=290)
    assert (passage.lost, passage.sent, passage.missed) == (2, 3, 0)


def test_positions_go_on_beyond_four_gigabytes() -> None:
    """Sequence numbers begin again at zero: the losses of each round are its own."""
    step = 1 << 30
    here = Seen([(n, n * MS, n * step, MSS) for n in range(12)])
    passage = way(here, without(here, 9), acked=(12 * step) % (1 << 32))
    assert (passage.lost, passage.missed) == (0, 1)
    assert np.array_equal(passage.lost_frames, ())
