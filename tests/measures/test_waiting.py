"""Waiting for answers: the kernel says what its twin says, whatever happens on the connection."""

import random

import numpy as np
import pytest

from tests.measures.talk import ACK, FIN, MS, PEER, PSH, RST, SYN, Row, journal_of, segment
from tests.twins import waiting as twin
from vmpcap.measures.journal import JournalColumns
from vmpcap.measures.waiting import measure_waits, read_segments, split_connections
from vmpcap.terms.addresses import ip_halves


def random_story(rng: random.Random) -> list[Row]:
    """Two sides that talk, resend, reset, close and go silent at random, near the wrap of sequence numbers."""
    seq = {True: rng.choice((1000, 2**32 - 400)), False: rng.choice((5000, 2**32 - 300))}
    ms, rows = 0.0, [segment(0, True, seq[True] - 1, 0, 0, SYN)]
    for number in range(rng.randint(5, 120)):
        ms += rng.choice((0.1, 1, 5, 20, 60, 150, 900))
        to_guest = rng.random() < 0.5
        size = rng.choice((0, 0, 1, 10, 500))
        flags = rng.choice((ACK, ACK, ACK, ACK | PSH, ACK | PSH, FIN | ACK, RST, RST | ACK, SYN, 0))
        back = rng.choice((0, 0, 0, 1, 1, 10, 510))
        at = (seq[to_guest] - back) % 2**32
        ack = (seq[not to_guest] - rng.choice((0, 0, 0, 10, 500))) % 2**32
        rows.append(segment(ms, to_guest, at, ack, size, flags, ip_id=number + 1))
        if back == 0:
            seq[to_guest] = (seq[to_guest] + size) % 2**32
    return rows


def talk_of(rows: list[Row]) -> tuple[JournalColumns, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """The journal of these rows, and which of them the guest sent."""
    journal = journal_of(rows)
    high, low = ip_halves(PEER)
    return journal, ~((journal.src_high == np.uint64(high)) & (journal.src_low == np.uint64(low)))


@pytest.mark.parametrize("seed", range(300))
def test_the_kernel_waits_as_its_twin_does(seed: int) -> None:
    """Requests, answers, resent segments, outages and what is unfinished, for either side as the requester."""
    rng = random.Random(seed)
    journal, from_guest = talk_of(random_story(rng))
    rows = np.arange(journal.rows)
    theirs = twin.split_connections(twin.read_segments(journal, rows, from_guest))
    ours = split_connections(read_segments(journal, rows, from_guest))
    assert [len(one.ts) for one in ours] == [len(one) for one in theirs]
    end = int(journal.ts_ns[-1]) + rng.choice((0, 100, 10_000)) * MS
    for by_guest in (False, True):
        for kernel, plain in zip(ours, theirs, strict=True):
            said, waiting = measure_waits(kernel, by_guest, end), twin.Waiting()
            reset_while_waiting = None
            for one in plain:
                if one.flags & RST:
                    broken = waiting.reset(one, one.from_guest == by_guest)
                    reset_while_waiting = broken if reset_while_waiting is None else reset_while_waiting
                elif one.from_guest == by_guest:
                    waiting.ask(one)
                else:
                    waiting.answer(one)
            assert (said.requests, said.answers, said.resent) == (
                len(waiting.asked),
                waiting.answers,
                waiting.resent,
            )
            assert said.usual_ns == waiting.usual_ns()
            assert list(said.outages) == waiting.outages()
            assert said.unfinished == waiting.unfinished(end)
            assert said.was_waiting_at_reset == bool(reset_while_waiting)
