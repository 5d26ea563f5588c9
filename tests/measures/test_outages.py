"""Outages: runs of unanswered requests, and which answer belongs to which request."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vmpcap.measures.outages import (
    UNANSWERED,
    Outage,
    Requests,
    find_outages,
    find_silences,
    is_regular,
    lost_runs,
    match_echoes,
    match_latest,
    median_gap,
    mostly_answered,
)

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


MS = 1_000_000


def requests(
    answered: str, every_ms: float = 10.0, answer_ms: float = 1.0, at_ms: list[float] | None = None
) -> Requests:
    """Requests in a steady beat or at these times: `+` answered after a while, `-` lost. Frames count both."""
    ts = [int((n * every_ms if at_ms is None else at_ms[n]) * MS) for n in range(len(answered))]
    heard = [n for n, mark in enumerate(answered) if mark == "+"]
    answer = [heard.index(n) if n in heard else UNANSWERED for n in range(len(answered))]
    columns = (ts, [2 * n + 1 for n in range(len(ts))], answer, [ts[n] + int(answer_ms * MS) for n in heard],
               [2 * n + 2 for n in heard])  # fmt: skip
    return Requests(*(np.array(column, np.int64) for column in columns))


def outages_of(asked: Requests, end_ms: float, least_ms: float = 50.0) -> list[Outage]:
    return find_outages(asked, int(least_ms * MS), int(end_ms * MS))


def test_a_steady_beat_counts_what_was_lost() -> None:
    """Seventeen lost requests every 10 ms are 170 ms, between the frames that bound them."""
    (outage,) = outages_of(requests("+" * 20 + "-" * 17 + "+" * 20), 570)
    assert (outage.lost, outage.outage_ns, outage.ended) == (17, 170 * MS, True)
    assert (outage.last_answered_frame, outage.last_answer_frame) == (39, 40)
    assert (outage.first_unanswered_frame, outage.last_unanswered_frame) == (41, 73)
    assert (outage.first_answered_frame, outage.first_answer_frame) == (75, 76)
    assert (outage.first_unanswered_ts, outage.first_answered_ts) == (200 * MS, 370 * MS)


def test_an_uneven_stream_counts_from_lost_to_answered() -> None:
    """Without a beat the first request that was lost and the first that was answered again bound the outage."""
    asked = requests("++--+", at_ms=[0, 300, 320, 900, 1300])
    (outage,) = outages_of(asked, 2000)
    assert (outage.lost, outage.outage_ns) == (2, 980 * MS)


def test_shorter_than_the_least_is_no_outage() -> None:
    """Four lost requests at 10 ms are 40 ms; five are 50."""
    assert outages_of(requests("+" * 10 + "----" + "+" * 10), 240) == []
    assert len(outages_of(requests("+" * 10 + "-----" + "+" * 10), 250)) == 1


def test_two_outages_stay_two() -> None:
    """One answer between them is an answer."""
    found = outages_of(requests("+" * 10 + "-" * 8 + "+" + "-" * 9 + "+" * 10), 380)
    assert [outage.lost for outage in found] == [8, 9]


def test_an_outage_that_does_not_end_has_no_length() -> None:
    """It lasted at least until the last request that stayed unanswered."""
    (outage,) = outages_of(requests("+" * 20 + "-" * 30), 500)
    assert (outage.ended, outage.outage_ns, outage.requests_stopped) == (False, None, False)
    assert outage.seen_ns == 290 * MS
    assert (outage.first_answered_ts, outage.first_answer_frame) == (None, None)


def test_requests_that_stop_leave_the_outage_open() -> None:
    """Nobody asked any more: five seconds of silence are not five seconds of outage."""
    stopped = [*(10.0 * n for n in range(30)), 5000.0, 5010.0]
    (outage,) = outages_of(requests("+" * 20 + "-" * 10 + "++", at_ms=stopped), 5020)
    assert (outage.requests_stopped, outage.outage_ns, outage.ended) == (True, None, True)
    assert outage.seen_ns == 90 * MS
    (last,) = outages_of(requests("+" * 20 + "-" * 10), 5000)
    assert (last.requests_stopped, last.ended) == (True, False)


def test_a_capture_that_begins_in_an_outage_knows_nothing_before() -> None:
    """No last answer, no last answered request."""
    (outage,) = outages_of(requests("-" * 12 + "+" * 12), 240)
    assert (outage.last_answered_frame, outage.last_answer_ts) == (None, None)
    assert outage.first_unanswered_frame == 1


def test_an_answer_on_its_way_when_the_capture_ends_is_not_lost() -> None:
    """The last request is younger than any outage."""
    assert outages_of(requests("+" * 20 + "-"), 201) == []


def test_nothing_asked_is_nothing_lost() -> None:
    """No rows, no runs."""
    assert outages_of(requests(""), 100) == []


@given(st.text("+-", min_size=1, max_size=60))
def test_lost_requests_are_counted_once(answered: str) -> None:
    """Every run of a steady beat, counted by splitting a text."""
    found = outages_of(requests(answered), len(answered) * 10, least_ms=-1)
    assert [outage.lost for outage in found] == [len(run) for run in answered.split("+") if run]


def test_a_steady_beat_is_ten_requests_with_hardly_a_longer_gap() -> None:
    """Nine are too few; one long gap in ten is forgiven, three are not."""
    beat = np.arange(0, 100, 10)
    assert is_regular(beat)
    assert not is_regular(beat[:9])
    assert is_regular(np.array([*range(0, 200, 10), 900]))
    assert not is_regular(np.array([0, 10, 20, 60, 70, 80, 120, 130, 140, 180, 190, 200]))


def test_the_usual_gap_is_the_middle_one() -> None:
    """A burst and a long pause do not change it."""
    assert median_gap(np.array([0, 10, 20, 500, 510])) == 10
    assert median_gap(np.array([7])) is None


def test_a_one_way_stream_is_silent_from_packet_to_packet() -> None:
    """Fifty packets every 10 ms, then 300 ms of nothing, then more: one silence, 29 packets missing."""
    ts = np.array([n * 10 * MS for n in range(50)] + [790 * MS + n * 10 * MS for n in range(50)], np.int64)
    (silence,) = find_silences(ts, np.arange(1, 101))
    assert (silence.outage_ns, silence.lost) == (300 * MS, 29)
    assert (silence.first_unanswered_frame, silence.first_answered_frame) == (50, 51)


def test_a_stream_in_bursts_is_not_all_silence() -> None:
    """Every second gap is long: that is its habit. Nor is the end of a stream an outage."""
    ts = np.cumsum([1 * MS if n % 2 else 200 * MS for n in range(60)])
    assert find_silences(ts, np.arange(60)) == []
    assert find_silences(np.arange(0, 90 * MS, 10 * MS), np.arange(9)) == []


def test_an_outage_reaches_from_its_last_answer_to_its_first() -> None:
    """Whatever lies within touches it; without an end it reaches on."""
    (outage,) = outages_of(requests("+" * 20 + "-" * 17 + "+" * 20), 570)
    assert outage.overlaps(191 * MS, 191 * MS)
    assert outage.overlaps(371 * MS, 900 * MS)
    assert not outage.overlaps(0, 190 * MS)
    assert not outage.overlaps(372 * MS, 900 * MS)
    (endless,) = outages_of(requests("+" * 20 + "-" * 30), 500)
    assert endless.overlaps(10**12, 10**12)
