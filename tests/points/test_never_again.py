"""Data that a point lacks and that did arrive: acknowledged, and not sent again before that."""

import random

import numpy as np
import pytest

from tests.points.made import MS, kept_of
from vmpcap.points.kernels.keys import MASK, Kept
from vmpcap.points.never_again import never_sent_again, sent_in_vain

SIZE = 1000
ENDS = 10

Row = tuple[int, int, int, int, int]
"""Time in ms, side, number, acknowledged, bytes."""


def log(*rows: Row, sampled: bool = False) -> Kept:
    """One connection of TCP at one point: side 0 sends data, side 1 acknowledges."""
    kept = kept_of(
        [(n + 1, ms * MS, side, ENDS) for n, (ms, side, *_) in enumerate(rows)],
        loose=[n + 1_000_000 for n in range(len(rows))],
        tcp_seq=[seq % 2**32 for _, _, seq, _, _ in rows],
        tcp_ack=[ack % 2**32 for _, _, _, ack, _ in rows],
        payload_bytes=[size for *_, size in rows],
        ports=[(50_000 << 16 | 80) if side == 0 else (80 << 16 | 50_000) for _, side, *_ in rows],
    )
    kept.totals[MASK] = int(sampled)
    return kept


def data(ms: int, number: int) -> Row:
    """The segment of this number, counted in segments."""
    return (ms, 0, 1 + number * SIZE, 7, SIZE)


def ack(ms: int, number: int) -> Row:
    """All segments before this one have come."""
    return (ms, 1, 7, 1 + number * SIZE, 0)


def asked(kept: Kept, *rows: int) -> list[bool]:
    return never_sent_again(kept, np.array(rows)).tolist()


@pytest.mark.parametrize(
    ("rows", "arrived"),
    [
        ([data(0, 0), data(1, 1), ack(3, 2)], True),
        ([data(0, 0), data(1, 1), ack(3, 1), data(9, 1), ack(11, 2)], False),
        ([data(0, 0), data(1, 1), ack(3, 2), data(9, 1)], True),
        ([data(0, 0), data(1, 1), ack(3, 1)], False),
        ([data(0, 0), data(1, 1)], False),
        ([data(0, 1), data(1, 1), ack(3, 2)], False),
    ],
    ids=["acknowledged", "sent again", "sent again afterwards", "not acknowledged", "no answer in view", "sent before"],
)
def test_what_was_acknowledged_before_it_was_sent_again_had_come(rows: list[Row], arrived: bool) -> None:
    """Of the second segment: TCP acknowledges nothing that did not arrive."""
    assert asked(log(*rows), 1) == [arrived]


def test_acknowledgements_carry_no_data_that_tells() -> None:
    """A lost acknowledgement is never sent again, arrived or not; nor does a sample of the packets tell."""
    rows = [data(0, 0), data(1, 1), ack(3, 2), ack(5, 2)]
    assert asked(log(*rows), 2) == [False]
    assert asked(log(*rows, sampled=True), 1) == [False]


def test_another_connection_of_the_same_hosts_acknowledges_nothing_of_this_one() -> None:
    """Its numbers may be the same."""
    kept = log(data(0, 0), data(1, 1), ack(3, 2))
    assert asked(kept._replace(ports=np.where(kept.side == 1, kept.ports + 1, kept.ports)), 1) == [False]


@pytest.mark.parametrize("seed", range(30))
def test_a_made_stream_tells_lost_from_missed_wherever_its_numbers_begin(seed: int) -> None:
    """Segments are lost and sent again after a round trip, or come and are not recorded; numbers may wrap."""
    rng = random.Random(seed)
    first = rng.choice([1, 2**32 - 5 * SIZE, 2**31])
    rows: list[Row] = []
    wanted: dict[int, bool] = {}
    ms, came = 0, 0
    while came < 40:
        kinds = [rng.choice(["seen", "seen", "lost", "missed"]) for _ in range(rng.randint(1, 4))]
        for n, kind in enumerate(kinds):
            ms += 1
            if kind != "seen":
                wanted[len(rows)] = kind == "missed"
            rows.append((ms, 0, first + (came + n) * SIZE, 7, SIZE))
        holes = [n for n, kind in enumerate(kinds) if kind == "lost"]
        for n in holes:  # acknowledged up to the hole, sent again, and up to the next one
            rows += [(ms + 1, 1, 7, first + (came + n) * SIZE, 0), (ms + 2, 0, first + (came + n) * SIZE, 7, SIZE)]
            ms += 3
        came += len(kinds)
        ms += 1
        rows.append((ms, 1, 7, first + came * SIZE, 0))
    assert asked(log(*rows), *wanted) == list(wanted.values())


@pytest.mark.parametrize(
    ("rows", "vain"),
    [
        ([data(0, 0), ack(3, 1), data(5, 1), data(6, 2), data(300, 1), data(900, 1)], [False, True, True, True, True]),
        ([data(0, 0), ack(3, 1), data(5, 1), data(300, 1), ack(303, 2)], [False, False, False]),
        ([data(0, 0), ack(3, 1), data(5, 1)], [False, False]),
        ([data(0, 0), data(5, 1), data(300, 1)], [False, False, False]),
    ],
    ids=["never acknowledged", "acknowledged", "sent once", "no answer in view"],
)
def test_what_was_sent_again_and_never_acknowledged_did_not_come(rows: list[Row], vain: list[bool]) -> None:
    """Sent once it may have been on its way when the capture ended."""
    asked_of = np.array([n for n, row in enumerate(rows) if row[4]])
    assert sent_in_vain(log(*rows), asked_of).tolist() == vain
    assert not sent_in_vain(log(*rows, sampled=True), asked_of).any()
