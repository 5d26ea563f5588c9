"""Away from the sender: what the same point says of losses before it and of round trips has its part in the reason."""

import pytest

from tests.measures.test_limits import MS, share, together
from tests.measures.test_limits import sent as sent_by
from vmpcap.measures.limits import Attribution, Sent, attribute


def sent(**known: object) -> Sent:
    """Some 45 Mbps of 20,000 segments, 10 ms away, seen beside the receiver."""
    far = {"rate_mbps": 45.0, "idle_ns": 10 * MS, "floor_ns": 30_000, "segments": 20_000, "is_at_sender": False}
    return sent_by(**{**far, **known})


def told(known: Sent) -> Attribution:
    """Of a stream that flows evenly: of the series alone nothing explains its rate."""
    return attribute(together(400), known)


def test_losses_before_this_point_that_explain_the_rate_are_told_with_what_they_allow() -> None:
    """They may have come in bursts, which cost less: it is no verdict, and no silence either."""
    found = told(sent(lost_before=20))
    assert found.limit == "unknown"
    assert "loss or pauses" not in found.because
    assert "20 segments had been lost before this point and came when sent again" in found.because
    assert "allow about 45 Mbps (Mathis), and 45 were reached" in found.because


@pytest.mark.parametrize("known", [{"lost_before": 4}, {"lost_before": 20, "rate_mbps": 200.0}])
@pytest.mark.parametrize("idle_ns", [10 * MS, None])
def test_losses_that_explain_nothing_are_told_without_a_bound(known: dict[str, float], idle_ns: int | None) -> None:
    """Too few, a rate far above what they allow, or a round trip that is not known."""
    found = told(sent(**known, idle_ns=idle_ns))
    assert "lost before this point" in found.because
    assert "what that cost does not show here" in found.because
    assert "Mathis" not in found.because


@pytest.mark.parametrize(("loaded_ms", "is_told"), [(10.2, False), (10.9, False), (11.2, True), (40, True)])
def test_round_trips_that_say_queue_are_told_as_one(loaded_ms: float, is_told: bool) -> None:
    """By the same bar as everywhere: half a millisecond, or a tenth of the idle path where that is more."""
    found = told(sent(loaded_ns=int(loaded_ms * MS)))
    assert found.limit == "unknown"
    assert ("a queue stood on the path" in found.because) == is_told
    assert ("neither a full window nor a queue" in found.because) == (not is_told)


def test_a_sender_that_pauses_is_not_said_to_have_met_no_queue_where_one_was() -> None:
    """The word stays the sender's: it paused for longer than two round trips again and again."""
    series = together(400, new_bytes=share(400, 0.5, 0, 500_000), delivered_bytes=share(400, 0.5, 0, 500_000))
    near = sent(idle_ns=MS, floor_ns=30_000, rate_mbps=200.0)
    met = sent(idle_ns=MS, floor_ns=30_000, rate_mbps=200.0, loaded_ns=4 * MS)
    free, queued = attribute(series, near), attribute(series, met)
    assert free.limit == queued.limit == "sender"
    assert free.because.endswith("and no queue was seen")
    assert queued.because.endswith(
        "half of the round trips took 4.00 ms or more while data flowed, the idle path 1.00 ms"
    )


def test_beside_the_sender_the_series_says_it_all() -> None:
    """There every loss and every queue lies behind the point: what is counted of the whole adds nothing."""
    known = sent(is_at_sender=True, floor_ns=10 * MS, rate_mbps=400.0)
    more = sent(is_at_sender=True, floor_ns=10 * MS, rate_mbps=400.0, lost_before=20, loaded_ns=40 * MS)
    assert told(known) == told(more)
