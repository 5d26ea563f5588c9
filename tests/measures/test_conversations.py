"""Parting packets by their two ends: the kernel beside a dictionary."""

import random

import numpy as np
import pytest

from tests.flows.made_frames import make_frames
from vmpcap.measures.journal import Journal
from vmpcap.measures.kernels.conversations import part_conversations
from vmpcap.measures.talk import Talk

GUESTS = ("10.77.0.10", "2001:db8::10", "10.77.0.11")
PEERS = ("10.99.0.2", "10.99.0.3", "2001:db8::2", "2001:db8::3", "10.77.0.12")


def random_rows(rng: random.Random, count: int) -> list[dict[str, object]]:
    """Packets between a few ends, so that many share one thing and differ in another."""
    rows: list[dict[str, object]] = []
    for n in range(count):
        ends, ports = [rng.choice(GUESTS), rng.choice(PEERS)], [rng.choice((0, 53, 5000)), rng.choice((0, 53, 5001))]
        turn = rng.choice((1, -1))
        (src, dst), (src_port, dst_port) = ends[::turn], ports[::turn]
        rows.append({"ts_ns": n, "src": src, "dst": dst, "src_port": src_port, "dst_port": dst_port})
    return rows


def talk_of(rows: list[dict[str, object]]) -> Talk:
    journal = Journal()
    journal.keep(1, make_frames(rows), np.ones(len(rows), np.bool_))
    return Talk.by_time(journal.columns(), np.arange(len(rows)))[0]


def parted(talk: Talk, rows: list[int], from_guest: list[bool], room: int) -> list[list[int]]:
    """What the kernel says, with this much room for its table."""
    k = len(rows)
    table, group, past = np.full(room, -1, np.int32), np.empty(k, np.int32), np.empty(k, np.int64)
    out = np.empty(k, np.int64)
    count = part_conversations(talk, np.array(rows, np.int64), np.array(from_guest, np.bool_), table, group, past, out)
    return [part.tolist() for part in np.split(out, past[: count - 1])] if count else []


@pytest.mark.parametrize("seed", range(200))
def test_the_kernel_parts_as_a_dictionary_does(seed: int) -> None:
    """Both directions together, each conversation in the given order, wherever its ends fall in the table."""
    rng = random.Random(seed)
    made = random_rows(rng, rng.choice((0, 1, 2, 7, 60, 300)))
    rows = sorted(rng.sample(range(len(made)), rng.randint(0, len(made))))
    from_guest = [row["src"] in GUESTS for row in made]
    expected: dict[tuple[object, ...], list[int]] = {}
    for row in rows:
        packet = made[row]
        here, there = (packet["src"], packet["src_port"]), (packet["dst"], packet["dst_port"])
        expected.setdefault((here, there) if from_guest[row] else (there, here), []).append(row)
    for room in (2 << len(rows).bit_length(), 4096):
        assert parted(talk_of(made), rows, from_guest, room) == list(expected.values())


def test_rows_that_are_not_by_time_are_taken_in_the_order_of_time() -> None:
    """A capture whose frames are out of order: the rows meant are 0, 1, 2 ... of a copy; the journal itself stays."""
    made = [{"ts_ns": ts, "src": "10.0.0.1", "dst": "10.0.0.2"} for ts in (5, 3, 9, 4)]
    journal = Journal()
    journal.keep(1, make_frames(made), np.ones(4, np.bool_))
    talk, rows = Talk.by_time(journal.columns(), np.array([1, 3, 0]))
    assert (talk.ts_ns.tolist(), talk.frame.tolist(), rows.tolist()) == ([3, 4, 5], [2, 4, 1], [0, 1, 2])
    whole, rows = Talk.by_time(journal.columns(), np.array([0, 2]))
    assert (whole.ts_ns[rows].tolist(), len(whole.ts_ns)) == ([5, 9], 4)
    assert not any(column.flags.writeable for column in (*talk, *whole))
