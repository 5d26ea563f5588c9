"""Outages: runs of unanswered requests, and which answer belongs to which request."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vmpcap.measures.outages import UNANSWERED, lost_runs, match_echoes, match_latest, mostly_answered

RISING = st.lists(st.integers(0, 1000), unique=True, max_size=30).map(sorted)


def latest_twin(requests: list[int], answers: list[int]) -> list[int]:
    """One event at a time: an answer takes the newest request that waits."""
    events = sorted([(t, 0, i) for i, t in enumerate(requests)] + [(t, 1, i) for i, t in enumerate(answers)])
    result, waiting = [UNANSWERED] * len(requests), []
    for _, is_answer, i in events:
        if not is_answer:
            waiting.append(i)
        elif waiting:
            result[waiting.pop()] = i
    return result


@given(RISING, RISING)
def test_an_answer_goes_to_the_latest_request_that_waits(requests: list[int], answers: list[int]) -> None:
    """The kernel says what a stack says."""
    ours = match_latest(np.array(requests, np.int64), np.array(answers, np.int64))
    assert ours.tolist() == latest_twin(requests, answers)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), max_size=40))
def test_a_reply_goes_to_the_request_of_its_number(events: list[tuple[bool, int]]) -> None:
    """The first reply with a request's number, before the number is used again."""
    asks = [(place, seq) for place, (is_request, seq) in enumerate(events) if is_request]
    replies = [(place, seq) for place, (is_request, seq) in enumerate(events) if not is_request]
    expected = []
    for place, seq in asks:
        until = min((p for p, s in asks if s == seq and p > place), default=len(events))
        fitting = [i for i, (p, s) in enumerate(replies) if s == seq and place < p < until]
        expected.append(fitting[0] if fitting else UNANSWERED)
    columns = [np.array([row[k] for row in rows], t) for rows in (asks, replies) for k, t in ((1, "u2"), (0, "i8"))]
    assert match_echoes(columns[0], columns[1], columns[2], columns[3]).tolist() == expected


@given(st.lists(st.booleans(), max_size=40))
def test_runs_cover_exactly_the_unanswered(answered: list[bool]) -> None:
    """No run is empty, none touches another, together they are all that is unanswered."""
    runs = lost_runs(np.array(answered, np.bool_))
    covered = [i for first, beyond in runs for i in range(first, beyond)]
    assert covered == [i for i, ok in enumerate(answered) if not ok]
    assert all(b < c for (_, b), (c, _) in itertools.pairwise(runs))


def test_one_long_outage_does_not_make_a_stream_one_way() -> None:
    """The longest run is left aside when asking whether requests are usually answered."""
    assert mostly_answered(np.array([True] * 5 + [False] * 50 + [True] * 2))
    assert not mostly_answered(np.array([True, False, False, False, False, True, False, False, False]))
    assert not mostly_answered(np.zeros(9, np.bool_))
