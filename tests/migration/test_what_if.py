"""What another link would make of a migration: hand-made migrations whose every pass is known."""

from pathlib import Path

import msgspec
import pytest

from tests.report.sample import guest as moved
from tests.report.sample import migration
from vmpcap.measures.results import Bytes, LimitInterval, Rtt, Throughput
from vmpcap.migration.results import Phase
from vmpcap.migration.what_if.expected import Measured, what_if
from vmpcap.migration.what_if.other_link import Link, goodput_on
from vmpcap.migration.what_if.precopy import Guest, copied, guests_that_fit
from vmpcap.migration.what_if.what_if_checked import CHECKED, OF_OTHERS, PAIRS, Off

MB = 1_000_000


def passes(first: float, dirty: float, speed: float, goal: float) -> list[float]:
    """The twin: passes one after the other, each with what was changed during the one before."""
    made = [first]
    while True:
        made.append(made[-1] / speed * dirty)
        if made[-1] <= speed * goal:
            return made


def least_s(mbps: float) -> float:
    """The first pass of 212 MB with 12 MB in the last, by the most passes that may explain it, at all of the rate."""
    first = min(guest.first_bytes for guest in guests_that_fit(212 * MB, 12 * MB, 400e6 / 8, 0.3)[:2])
    return first * 8 / 1e6 / (mbps * 1448 / 1538)


def interval(limit: str, **figures: object) -> LimitInterval:
    """A stretch of the stream that this limited."""
    plain = {
        "because": "",
        "start_ts": "",
        "end_ts": "",
        "payload_bytes": 1,
        "mbps": 400.0,
        "flight_bytes": None,
        "window_bytes": None,
        "rtt_ms": 1.0,
        "bdp_bytes": None,
        "window_mbps": None,
        "loss_events": 0,
        "mathis_mbps": None,
        "from_frame": None,
        "to_frame": None,
    }
    return msgspec.convert({**plain, "limit": limit, **figures}, LimitInterval)


def rate(limit: str, mbps: float = 400.0, **figures: object) -> Throughput:
    """Goodput that one thing limited all the time."""
    return Throughput(
        bulk_mbps=mbps,
        mean_mbps=mbps,
        best_1s_mbps=None,
        p50_mbps=None,
        p5_mbps=None,
        max_concurrent=1,
        limit="unknown",
        limit_because="",
        limits=[interval(limit, **figures)],
        limit_shares={limit: 1.0},
    )


def measured(sizes: list[float], mbps: float = 400.0, limit: str = "network_plateau", **other: object) -> Measured:
    """A migration of these passes at this goodput, its guest stopped before the last one."""
    total = sum(sizes)
    stop = sizes[-1] * 8 / mbps / 1e3
    plain = moved()
    switched = msgspec.structs.replace(plain.switchover, bracket_ms=stop + 5, guest_silence_ms=stop + 5)
    last = Phase(kind="switchover", n=1, start_ts="", end_ts="", payload_bytes=round(sizes[-1]), mbps=mbps)
    given = {
        "hypervisor": "qemu",
        "outcome": "completed",
        "duration_s": 0.1 + total * 8 / mbps / 1e6,
        "bytes": Bytes(payload=round(total), unique=round(total), retransmitted=0),
        "throughput": rate(limit, mbps),
        "rtt": Rtt(samples=1, min_ms=0.5),
        "phases": [last],
        "guests": [msgspec.structs.replace(plain, switchover=switched)],
        "mss": 1460,
    }
    return Measured(**{**given, **other})  # type: ignore[arg-type]


def test_nothing_is_expected_where_nobody_knows_what_flowed_before_the_switchover() -> None:
    """A guest that ran before its memory was there is no pre-copy to go by, and one whose clock hides it may be."""
    sizes = passes(200 * MB, 10 * MB, 50 * MB, 0.3)
    told = measured(sizes, phases_because="the clocks were not compared")
    assert what_if(Link(1000.0, 1.0), told).because == "the clocks were not compared"


@pytest.mark.parametrize("dirty", [5 * MB, 10 * MB, 20 * MB, 30 * MB])
@pytest.mark.parametrize("speed", [50 * MB, 90 * MB])
def test_a_guest_is_found_again_from_its_bytes(dirty: float, speed: float) -> None:
    """Total and last pass are enough to tell first pass and dirty rate, among the numbers of passes that fit."""
    sizes = passes(200 * MB, dirty, speed, 0.3)
    fitting = guests_that_fit(sum(sizes), sizes[-1], speed, 0.3)
    found = next(g for g in fitting if g.rounds == len(sizes) - 1)
    assert found.first_bytes == pytest.approx(200 * MB, rel=1e-6)
    assert found.dirty_bytes_s == pytest.approx(dirty, rel=1e-6)


@pytest.mark.parametrize("speed", [25 * MB, 40 * MB, 120 * MB])
def test_its_passes_at_another_speed_are_those_of_the_twin(speed: float) -> None:
    """One after the other."""
    sizes = passes(200 * MB, 15 * MB, speed, 0.3)
    found = copied(Guest(200.0 * MB, 15.0 * MB, 1), speed, 0.3)
    assert found is not None
    assert (found.total_bytes, found.last_bytes) == (pytest.approx(sum(sizes)), pytest.approx(sizes[-1]))
    assert found.rounds == len(sizes) - 1


def test_memory_that_changes_faster_than_it_is_sent_never_ends() -> None:
    """Unless what is left fits into the goal at once."""
    assert copied(Guest(200.0 * MB, 50.0 * MB, 1), 40.0 * MB, 0.3) is None
    assert copied(Guest(1.0 * MB, 50.0 * MB, 1), 40.0 * MB, 0.3) is not None


def test_the_same_link_is_told_as_it_was() -> None:
    """A migration that kept its link as full as is likely takes as long again."""
    link = Link(400.0 * 1538 / 1448 / 0.875, 0.5)
    sizes = passes(200 * MB, 10 * MB, 50 * MB, 0.3)
    told = what_if(link, measured(sizes))
    assert told.outcome == "converges"
    assert told.duration_s == pytest.approx(0.1 + sum(sizes) / (50 * MB), rel=0.01)
    assert told.switchover_ms == pytest.approx(sizes[-1] / (50 * MB) * 1e3 + 5, rel=0.01)


def test_a_slower_link_takes_more_bytes_and_longer() -> None:
    """The guest changes more memory meanwhile; low and high stand around what is likely."""
    told = what_if(Link(200.0, 0.5), measured(passes(200 * MB, 3 * MB, 50 * MB, 0.3)))
    twin = passes(200 * MB, 3 * MB, 200 * 1448 / 1538 * 0.875 / 8 * MB, 0.3)
    assert told.bytes == pytest.approx(sum(twin), rel=0.01)
    assert told.duration_low_s is not None
    assert told.duration_s is not None
    assert told.duration_high_s is not None
    assert told.duration_low_s < told.duration_s < told.duration_high_s
    assert any("evenly" in words for words in told.assumptions)


@pytest.mark.parametrize(("rate_mbps", "left_s"), [(400.0, None), (200.0, 0.3)])
def test_as_much_is_left_as_was_measured_or_as_the_goal_allows(rate_mbps: float, left_s: float | None) -> None:
    """Twelve megabytes: on a fast link their time, on a slow one the goal of 300 ms, and what was beside them."""
    sizes = [200 * MB, 12 * MB]
    told = what_if(Link(rate_mbps, 0.5), measured(sizes))
    assert told.goodput_mbps is not None
    by_rate = 12 * MB * 8 / told.goodput_mbps / 1e6
    assert told.switchover_ms == pytest.approx((left_s or by_rate) * 1e3 + 5, rel=0.01)
    assert any("12.0 MB are left when the guest stops" in words for words in told.assumptions)


def test_on_a_faster_link_more_is_left_when_the_guest_is_stopped() -> None:
    """Between the time of what was left and the goal of 300 ms, for it is stopped as soon as little enough is left."""
    told = what_if(Link(800.0, 0.5), measured([200 * MB, 12 * MB]))
    assert told.goodput_mbps is not None
    by_rate = 12 * MB * 8 / told.goodput_mbps / 1e6
    assert told.switchover_ms == pytest.approx((by_rate * 0.3) ** 0.5 * 1e3 + 5, rel=0.01)
    assert any("geometric mean" in words for words in told.assumptions)


@pytest.mark.parametrize(
    ("link", "other", "words"),
    [
        (Link(622.0, 5.0), {}, []),
        (Link(10_000.0, 5.0), {}, ["rate 10,000 Mbps (checked: 200 to 900)"]),
        (Link(100.0, 5.0), {}, ["rate 100 Mbps (checked: 200 to 900)"]),
        (Link(622.0, 20.0), {}, ["round trip 20 ms (checked: 0 to 10)"]),
        (Link(622.0, 5.0, 0.0001), {}, ["loss 0.0001 of all packets (checked: none)"]),
        (Link(622.0, 5.0), {"hypervisor": "vmware"}, ["another hypervisor than qemu"]),
        (Link(622.0, 5.0), {"guests": []}, ["the guest is not in view"]),
    ],
)
def test_what_lies_outside_of_what_was_checked_is_said(link: Link, other: dict[str, object], words: list[str]) -> None:
    """And of a question inside of it nothing; the figure told lies in its range, which the link can keep."""
    sizes = [200 * MB, 12 * MB]
    told = what_if(link, measured(sizes, **other))
    assert told.outside == words
    ends = (told.duration_low_s, told.duration_s, told.duration_high_s)
    assert None not in ends
    low, likely, high = (end or 0.0 for end in ends)
    assert 0 < low <= likely < high
    assert words or low >= min(least_s(link.rate_mbps), likely)


@pytest.mark.parametrize("mbps", [200.0, 400.0, 622.0, 900.0])
def test_no_range_begins_below_what_the_link_can_do(mbps: float) -> None:
    """Its first pass alone, at all of the rate: 1448 of 1538 bytes of a frame on the wire are payload."""
    told = what_if(Link(mbps, 1.0), measured([200 * MB, 12 * MB]))
    assert not told.outside
    assert told.duration_low_s is not None
    assert told.duration_low_s >= least_s(mbps)
    assert told.duration_low_s <= (told.duration_s or 0.0)


def test_goodput_may_be_all_that_the_rate_carries() -> None:
    """A stream that keeps 500 Mbps full carries 1448 of 1538 bytes of each frame, wherever it was checked."""
    for mbps in (300.0, 400.0, 700.0):
        told = what_if(Link(500.0, 0.8), measured([200 * MB, 12 * MB], mbps=mbps))
        assert not told.outside
        assert told.limited_by == "rate"
        assert told.goodput_high_mbps is not None
        assert told.goodput_high_mbps >= 0.999 * 500.0 * 1448 / 1538


@pytest.mark.parametrize("rtt_ms", [0.5, 5.0, 80.0, 5000.0])
@pytest.mark.parametrize("size", [20 * MB, 200 * MB, 4000 * MB])
def test_each_duration_lies_in_its_range_and_no_faster_link_takes_longer(rtt_ms: float, size: float) -> None:
    """Slow start takes no more doublings than there is to send."""
    before = float("inf")
    for mbps in (100.0, 622.0, 1000.0, 10_000.0, 25_000.0, 100_000.0, 400_000.0):
        told = what_if(Link(mbps, rtt_ms), measured([size, 2 * MB]))
        if told.duration_s is None:
            continue
        assert told.duration_low_s is not None
        assert told.duration_low_s <= told.duration_s <= (told.duration_high_s or float("inf"))
        assert told.duration_s <= before * 1.000001
        before = told.duration_s
    assert before < float("inf")


def test_far_larger_guests_were_not_checked_either() -> None:
    """Ten gigabytes are not 128 MB."""
    told = what_if(Link(622.0, 5.0), measured([10_000 * MB, 12 * MB]))
    assert told.outside == ["payload 10,000 MB (checked: 50 to 500)"]


def test_how_far_such_figures_were_off_stands_beside_them() -> None:
    """Of other hypervisors nobody knows; without a duration there is nothing to say it of."""
    told = what_if(Link(300.0, 1.0), measured([200 * MB, 10 * MB]))
    switchover = next(one for one in CHECKED if one.figure == "switchover")
    assert f"switchover off by {switchover.median:.0%} in the median" in told.checked
    assert "nobody" not in told.checked
    other = what_if(Link(300.0, 1.0), measured([200 * MB, 10 * MB], hypervisor="vmware"))
    assert other.checked.startswith("nobody has checked it for this hypervisor")
    assert "switchover" not in what_if(Link(300.0, 1.0), measured([200 * MB, 10 * MB], guests=[])).checked
    assert what_if(Link(25.0, 0.5), measured(passes(200 * MB, 3 * MB, 50 * MB, 0.3))).checked == ""


@pytest.mark.parametrize("one", CHECKED, ids=lambda one: one.figure)
def test_the_page_has_the_figures_that_the_report_says(one: Off) -> None:
    """In the column of unlike rates: median, nine of ten, inside."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "how-to" / "what-if.md").read_text(encoding="utf-8")
    row = next(line for line in page.splitlines() if line.startswith(f"| {one.figure} |"))
    shares = [round(100 * share) for share in (one.median, one.nine_of_ten, one.inside)]
    assert row.rstrip(" |").split("|")[-1].strip() == ", ".join(f"{share} %" for share in shares)
    assert f"the {PAIRS} of unlike rates" in page
    assert f"**{OF_OTHERS:.0%}**" in page


@pytest.mark.parametrize(("rate_mbps", "rtt_ms"), [(10_000, 20), (10_000, 50), (1_000, 150), (2_000, 80), (200, 0.5)])
@pytest.mark.parametrize("goal_s", [0.01, 0.05, 0.3])
def test_the_switchover_told_lies_within_its_range(rate_mbps: float, rtt_ms: float, goal_s: float) -> None:
    """Far away the last pass takes less than the word that the guest may run: no figure is below one round trip."""
    told = what_if(Link(rate_mbps, rtt_ms), measured(passes(1000 * MB, 3 * MB, 50 * MB, goal_s)))
    assert told.switchover_low_ms is not None
    assert told.switchover_ms is not None
    assert told.switchover_high_ms is not None
    assert rtt_ms <= told.switchover_low_ms <= told.switchover_ms <= told.switchover_high_ms


def test_a_guest_that_is_too_busy_for_a_link_has_no_duration() -> None:
    """It may not converge, and why is said."""
    told = what_if(Link(25.0, 0.5), measured(passes(200 * MB, 3 * MB, 50 * MB, 0.3)))
    assert (told.outcome, told.duration_s, told.switchover_ms) == ("may_not_converge", None, None)
    assert "24 Mbps" in told.because


def test_a_hidden_pass_is_told_beside_it() -> None:
    """Two passes look like one of a quieter guest: what the busier one would take stands there, too."""
    told = what_if(Link(200.0, 0.5), measured(passes(200 * MB, 10 * MB, 50 * MB, 0.3)))
    twin = passes(200 * MB, 10 * MB, 200 * 1448 / 1538 * 0.875 / 8 * MB, 0.3)
    assert told.hidden_round_s == pytest.approx(0.1 + sum(twin) * 8 / (200 * 1448 / 1538 * 0.875) / MB, rel=0.02)
    assert told.duration_s is not None
    assert told.duration_s < told.hidden_round_s
    assert any("more" in words for words in told.assumptions)


@pytest.mark.parametrize("outcome", ["aborted", "truncated", "unknown"])
def test_a_migration_that_was_not_seen_whole_tells_no_duration(outcome: str) -> None:
    """Only what the link would carry."""
    told = what_if(Link(622.0, 5.0), measured(passes(200 * MB, 10 * MB, 50 * MB, 0.3), outcome=outcome))
    assert (told.outcome, told.duration_s) == ("undecided", None)
    assert told.goodput_mbps is not None


def test_of_a_part_nobody_knows_how_much_a_whole_one_has() -> None:
    """Completed though it is: only what the link would carry, and why."""
    told = what_if(Link(622.0, 5.0), measured(passes(200 * MB, 10 * MB, 50 * MB, 0.3), is_cut=True))
    assert (told.outcome, told.duration_s) == ("undecided", None)
    assert "in part only" in told.because
    assert told.goodput_mbps is not None


def test_post_copy_is_undecided() -> None:
    """The guest ran before its memory was there: there are no passes to go by."""
    whole = measured(passes(200 * MB, 10 * MB, 50 * MB, 0.3))
    late = Phase(kind="resume", n=1, start_ts="", end_ts="", payload_bytes=50 * MB, mbps=400.0)
    told = what_if(Link(622.0, 5.0), measured([200 * MB, 40 * MB], phases=[*whole.phases, late]))
    assert (told.outcome, told.duration_s) == ("undecided", None)


def test_without_the_guest_in_view_no_switchover_is_told() -> None:
    """Its last pass may have been anything up to the hypervisor's goal: none, and all of it, at the extremes."""
    sizes = passes(200 * MB, 10 * MB, 50 * MB, 0.3)
    unseen = what_if(Link(300.0, 1.0), measured(sizes, guests=[]))
    assert unseen.switchover_ms is None
    assert unseen.duration_s is not None
    assert unseen.duration_low_s is not None
    assert unseen.duration_high_s is not None
    assert unseen.duration_low_s < unseen.duration_s < unseen.duration_high_s


def test_without_guest_and_without_a_known_goal_it_is_undecided() -> None:
    """Nothing bounds how busy the guest was."""
    told = what_if(Link(300.0, 1.0), measured([200 * MB, 10 * MB], guests=[], hypervisor="unknown"))
    assert (told.outcome, told.duration_s) == ("undecided", None)


def test_loss_bounds_goodput_by_mathis() -> None:
    """1448 bytes, 10 ms, one packet in a thousand: 1.22 * 1448 * 8 / 0.01 / sqrt(0.001) = 44.7 Mbps."""
    allowed = goodput_on(Link(900.0, 10.0, 0.001), rate("network_plateau"), 1460)
    assert allowed is not None
    assert allowed.by == "loss"
    assert allowed.middle == pytest.approx(44.69, abs=0.01)
    assert allowed.low < allowed.middle < allowed.high


def test_a_window_that_bounded_the_stream_bounds_it_farther_away_too() -> None:
    """512 kB over 20 ms are 205 Mbps."""
    stream = rate("receiver_window", window_bytes=512_000)
    allowed = goodput_on(Link(10_000.0, 20.0), stream, 1460)
    assert allowed is not None
    assert (allowed.by, allowed.middle, allowed.high) == ("receiver_window", pytest.approx(204.8), pytest.approx(256))
    buffer = goodput_on(Link(10_000.0, 20.0), rate("sender_buffer", flight_bytes=512_000), 1460)
    assert buffer is not None
    assert (buffer.by, buffer.middle) == ("sender_buffer", pytest.approx(204.8))


@pytest.mark.parametrize("limit", ["software_cap", "application"])
def test_hosts_that_were_the_limit_are_no_faster_on_a_faster_link(limit: str) -> None:
    """QEMU's own cap is the same on any link."""
    allowed = goodput_on(Link(10_000.0, 0.5), rate(limit), 1460)
    assert allowed is not None
    assert (allowed.by, allowed.low, allowed.middle, allowed.high) == ("sender", 320.0, 400.0, 500.0)


def test_what_the_network_limited_may_be_faster_than_it_was() -> None:
    """By how much is not known: at least what it was, at most what the link carries."""
    allowed = goodput_on(Link(1000.0, 0.5), rate("network_plateau"), 1460)
    assert allowed is not None
    assert allowed.by == "rate"
    assert allowed.low == 400.0
    assert allowed.high == pytest.approx(1000 * 1448 / 1538)


def test_a_stream_without_data_tells_nothing() -> None:
    """Not even a goodput."""
    nothing = msgspec.structs.replace(rate("unknown"), bulk_mbps=None)
    assert goodput_on(Link(622.0, 5.0), nothing, None) is None
    assert what_if(Link(622.0, 5.0), measured([1.0, 1.0], throughput=nothing)).goodput_mbps is None
    assert migration().what_if == []


def test_no_more_in_flight_than_was_seen_is_the_least_far_away() -> None:
    """A near path never needed more: whether the sender could is not known, so the range is wide."""
    allowed = goodput_on(Link(1000.0, 20.0), rate("network_plateau", flight_bytes=400_000), 1460)
    assert allowed is not None
    assert (allowed.low, allowed.by) == (pytest.approx(160.0), "rate")
    assert any("in flight" in words for words in allowed.assumptions)


def test_a_sender_that_caps_itself_keeps_its_mean() -> None:
    """QEMU's cap sends in bursts: their speed is not the stream's, on no link."""
    capped = msgspec.structs.replace(rate("software_cap", 600.0), mean_mbps=240.0)
    allowed = goodput_on(Link(10_000.0, 0.5), capped, 1460)
    assert allowed is not None
    assert (allowed.by, allowed.middle) == ("sender", 240.0)
    sizes = passes(100 * MB, 1 * MB, 30 * MB, 0.3)
    whole = measured(sizes, 240.0, throughput=capped)
    told = what_if(Link(10_000.0, 0.5), whole)
    assert told.duration_s == pytest.approx(whole.duration_s, rel=0.01)
