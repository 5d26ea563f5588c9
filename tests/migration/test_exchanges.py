"""The first exchange after a move is the same one, however far after it is looked at first."""

import random

import pytest

from tests.migration.make import MS, S, view
from tests.migration.test_reach import SWITCH, guest, tcp
from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.packets import exchanges
from vmpcap.migration.packets.exchanges import functional_proof
from vmpcap.terms.wire import TCP_ACK, TCP_RST, TCP_SYN

FLAGS = (TCP_SYN, TCP_SYN | TCP_ACK, TCP_ACK, TCP_ACK, TCP_ACK, TCP_ACK, TCP_RST)


def talk(seed: int) -> JournalColumns:
    """A few connections that begin, are acknowledged, are sent again and are reset, over several seconds."""
    rng = random.Random(seed)
    times = sorted(SWITCH + rng.randrange(-S, 4 * S) for _ in range(rng.randrange(2, 40)))
    rows = []
    for ts in times:
        size = rng.choice((0, 0, 10))
        numbers = rng.randrange(0, 50, 10), rng.randrange(0, 50, 10)
        rows.append((ts, rng.random() < 0.5, rng.choice((40000, 40001, 40002)), rng.choice(FLAGS), *numbers, size))
    return tcp(*rows)


def test_what_is_looked_at_first_changes_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a thousand stories; in many nothing is answered soon, in some nothing at all."""
    when = []
    for seed in range(1000):
        proofs = []
        for soon in (0, 50 * MS, 700 * MS, 2 * S, 10 * S):
            monkeypatch.setattr(exchanges, "SOON_NS", soon)
            found = functional_proof(view("p", journal=talk(seed)), guest(), SWITCH)
            proofs.append(None if found is None else (found.question_frame, found.answer_frame))
            late = None if found is None else found.answer_ts - SWITCH
        assert len(set(proofs)) == 1, seed
        when.append(late)
    assert when.count(None) > 50
    assert sum(late is not None and late < 700 * MS for late in when) > 20
    assert sum(late is not None and late > 2 * S for late in when) > 20
