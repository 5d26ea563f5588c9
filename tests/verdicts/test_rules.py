"""Every rule with the stories in which it passes, fails and does not know."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from tests.migration.make import (
    GUEST,
    GUEST_IP,
    MS,
    PEER_IP,
    S,
    announced,
    asks_and_answers,
    figures,
    guest_story,
    side,
    story,
    stream,
    suffered,
    throughput,
    view,
)
from vmpcap.measures.outages import Outage
from vmpcap.measures.peer_streams import PeerStream
from vmpcap.measures.results import Bytes, Loss, Rtt
from vmpcap.migration.announced.early import Early
from vmpcap.migration.announced.vlans import TwoTags
from vmpcap.migration.guest.outcome import Outcome
from vmpcap.migration.moved import Moved
from vmpcap.migration.packets.conflicts import Conflict
from vmpcap.migration.packets.reachable import Reachability
from vmpcap.migration.results import (
    Announcements,
    Bracket,
    Domain,
    Mechanism,
    OutagePart,
    Path,
    PointAnnouncements,
    Switchover,
)
from vmpcap.migration.session_results import Sessions
from vmpcap.migration.stories import GuestStory, Story
from vmpcap.migration.stream.detours import Detour
from vmpcap.migration.stream.figures import Activity
from vmpcap.migration.suffered import Earlier, Suffered
from vmpcap.terms.addresses import ip_halves
from vmpcap.verdicts.findings import Check
from vmpcap.verdicts.profile import Profile
from vmpcap.verdicts.rules import RULES, answer

NO_LIMITS = Profile(
    name="mine", title="mine", throughput_mbps_min=None, rtt_ms_max=None, switchover_ms_max=None, scope="link",
    applies_to="",
)  # fmt: skip
LIMITS = Profile(
    name="mine", title="mine", throughput_mbps_min=622, rtt_ms_max=5, switchover_ms_max=300, scope="link",
    applies_to="",
)  # fmt: skip
DECIDING = {"completed", "throughput", "rtt", "announcement_reached_destination", "guest_reachable_after"}
ADVICE = {
    "rtt_under_load", "retransmissions", "window_limited", "mtu", "mac_flap", "duplicate_address", "wrong_vlan",
    "announced_too_early", "trombone", "gateway_localised", "tcp_split", "capture_quality", "switchover",
}  # fmt: skip


def ask(rule_id: str, told: Story, profile: Profile = LIMITS) -> Check:
    """What does this rule say?"""
    (rule,) = [r for r in RULES if r.id == rule_id]
    return answer(rule, told, profile)


def test_every_rule_of_the_contract_is_here_once() -> None:
    """The five that decide, the thirteen that advise, and no other."""
    assert sorted(rule.id for rule in RULES) == sorted(DECIDING | ADVICE)


def test_what_decides_and_what_advises_is_as_promised() -> None:
    """Switchover decides only where the profile limits it; throughput and RTT are nothing without a limit."""
    with_limits = {check.id for rule in RULES if (check := answer(rule, story(), LIMITS)).decides}
    without = {check.id for rule in RULES if (check := answer(rule, story(), NO_LIMITS)).decides}
    assert with_limits == DECIDING | {"switchover"}
    assert without == DECIDING - {"throughput", "rtt"}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
@pytest.mark.parametrize("profile", [LIMITS, NO_LIMITS], ids=["limits", "no_limits"])
def test_where_nothing_was_measured_nothing_passes(rule: Any, profile: Profile) -> None:
    """Want of evidence is undecided, with a reason, whatever is asked."""
    told = story(outcome=Outcome("unknown", "nobody saw its end", "", ()), figures=figures(loss=Loss()))
    given = answer(rule, told, profile)
    if rule.id == "capture_quality":
        return  # it speaks of the captures, which were read
    assert given.outcome == "undecided"
    assert given.because


# completed


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [("completed", "pass"), ("aborted", "fail"), ("truncated", "undecided"), ("unknown", "undecided")],
)
def test_completed_is_the_streams_own_end(outcome: Any, expected: str) -> None:
    """A capture that ends too early says nothing either way, and the frames that show it are named."""
    given = ask("completed", story(outcome=Outcome(outcome, "it was so", "src-uplink", (90, 91))))
    assert (given.outcome, given.because) == (expected, "it was so")
    assert given.evidence[0].frames == [90, 91]
    assert given.evidence[0].filter == "frame.number in {90, 91}"


# throughput


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"bulk_mbps": 622.0}, "pass"),
        ({"bulk_mbps": 900.0, "limit": "network"}, "pass"),
        ({"bulk_mbps": 621.9, "limit": "network", "limit_because": "a queue"}, "fail"),
        ({"bulk_mbps": 400.0, "limit": "network", "busy_mbps": 500.0, "full_mbps": 621.0}, "fail"),
        ({"bulk_mbps": 400.0, "limit": "network", "busy_mbps": 500.0, "full_mbps": 622.0}, "undecided"),
        ({"bulk_mbps": 400.0, "limit": "network", "busy_mbps": 500.0, "full_mbps": None}, "undecided"),
        ({"bulk_mbps": 400.0, "limit": "network", "busy_mbps": None, "full_mbps": None}, "fail"),
        ({"bulk_mbps": 400.0, "limit": "network", "busy_mbps": 622.0}, "undecided"),
        ({"bulk_mbps": 616.0, "limit": "network", "busy_mbps": 589.0}, "undecided"),
        ({"bulk_mbps": 44.0, "limit": "network", "busy_mbps": 16.0, "limit_shares": {"network_loss": 1.0}}, "fail"),
        (
            {"bulk_mbps": 44.0, "limit": "network", "busy_mbps": 16.0, "limit_shares": {"network_queueing": 1.0}},
            "undecided",
        ),
        ({"bulk_mbps": 400.0, "limit": "sender", "best_1s_mbps": 622.0}, "pass"),
        ({"bulk_mbps": 400.0, "limit": "application", "best_1s_mbps": 700.0}, "pass"),
        ({"bulk_mbps": 400.0, "limit": "sender", "best_1s_mbps": 621.0}, "undecided"),
        ({"bulk_mbps": 400.0, "limit": "sender", "best_1s_mbps": None}, "undecided"),
        ({"bulk_mbps": 400.0, "limit": "receiver_window", "best_1s_mbps": 700.0}, "undecided"),
        ({"bulk_mbps": 400.0, "limit": "unknown", "best_1s_mbps": 700.0}, "undecided"),
        ({"bulk_mbps": None, "limit": "network"}, "undecided"),
    ],
)
def test_throughput_fails_only_where_the_network_was_in_the_way(known: dict[str, Any], expected: str) -> None:
    """At the limit is enough; below it the reason decides, and only a bottleneck in the network fails."""
    given = ask("throughput", story(figures=figures(throughput=throughput(**known))))
    assert (given.outcome, given.measured, given.limit, given.unit) == (expected, known["bulk_mbps"], 622, "Mbps")


@pytest.mark.parametrize(
    ("lengths_ms", "carried", "mean_mbps", "expected"),
    [
        ([10.6, 10.6, 10.7], 1_000_000, 41.0, "undecided"),
        ([10.6, 10.6, 10.7], 1_000_000, 622.0, "pass"),
        ([10.6, 100.0], 1_000_000, 41.0, "pass"),
        ([10.6, 80.0], 90_000_000, 300.0, "pass"),
    ],
)
def test_bursts_that_a_bucket_lets_through_pass_no_link(
    lengths_ms: list[float], carried: int, mean_mbps: float, expected: str
) -> None:
    """1 MB each 0.2 s through tbf (100 Mbit/s, 1.5 MB of burst) was a pass at 757 Mbps; 90 MB are no bucket's."""
    parts = tuple(Activity(0, round(length * 1e6), carried) for length in lengths_ms)
    known = throughput(bulk_mbps=757.0, mean_mbps=mean_mbps)
    given = ask("throughput", story(figures=figures(throughput=known, activities=parts)))
    assert (given.outcome, given.measured) == (expected, 757.0)
    assert ("in bursts of at most 11 ms, 41 Mbps with the pauses" in given.because) == (expected == "undecided")


def test_a_stream_that_nobody_answered_fails_no_link() -> None:
    """The reason leads to what broke; without any data that is what is said."""
    gone = throughput(bulk_mbps=None, mean_mbps=None, limit="unknown", limit_because="none was ever acknowledged")
    sent = Bytes(payload=40_000, unique=14_600, retransmitted=25_400)
    given = ask("throughput", story(figures=figures(throughput=gone, bytes=sent)))
    assert (given.outcome, given.because) == ("undecided", "none was ever acknowledged")
    none = figures(throughput=gone, bytes=Bytes(payload=0, unique=0, retransmitted=0))
    assert ask("throughput", story(figures=none)).because == "no data was seen to flow"


def test_an_undecided_throughput_says_what_held_it_back() -> None:
    """The reason with its figures is the whole use of an undecided answer."""
    because = "the flight filled the receive window; 65535 bytes over 5.00 ms allow 105 Mbps"
    slow = throughput(bulk_mbps=104.0, limit="receiver_window", limit_because=because)
    given = ask("throughput", story(figures=figures(throughput=slow)))
    assert because in given.because
    assert "104 Mbps" in given.because


def test_without_a_limit_throughput_is_told_and_not_judged() -> None:
    """The figure stays, the answer is undecided, and it decides nothing."""
    given = ask("throughput", story(figures=figures(throughput=throughput(bulk_mbps=10.0, limit="network"))), NO_LIMITS)
    assert (given.outcome, given.decides, given.measured, given.limit) == ("undecided", False, 10.0, None)


# rtt


@pytest.mark.parametrize(
    ("known", "expected", "measured"),
    [
        ({"coverage": "full", "p5_ms": 5.0}, "pass", 5.0),
        ({"coverage": "full", "p5_ms": 5.1}, "undecided", 5.1),
        ({"coverage": "full", "p5_ms": 5.1, "idle_ms": 5.1}, "fail", 5.1),
        ({"coverage": "full", "p5_ms": 25.0, "idle_ms": 3.0}, "pass", 3.0),
        ({"coverage": "full", "p5_ms": 4.0, "idle_ms": 44.0}, "pass", 4.0),
        ({"coverage": "destination_half", "p5_ms": 3.0}, "undecided", 3.0),
        ({"coverage": "destination_half", "p5_ms": 9.0}, "undecided", 9.0),
        ({"coverage": "destination_half", "p5_ms": 9.0, "idle_ms": 9.0}, "fail", 9.0),
        ({"coverage": "destination_half", "p5_ms": 9.0, "idle_ms": 2.0}, "undecided", 2.0),
        ({"coverage": "source_half", "p5_ms": 5.1}, "undecided", 5.1),
        ({"coverage": "source_half", "p5_ms": 5.1, "idle_ms": 5.1}, "fail", 5.1),
        ({"coverage": "source_half", "p5_ms": 5.0}, "undecided", 5.0),
        ({"coverage": None}, "undecided", None),
    ],
)
def test_half_of_the_path_can_fail_but_not_pass(known: dict[str, Any], expected: str, measured: float | None) -> None:
    """The idle path is held against the limit, exactly the limit passes, and a half is a lower bound."""
    given = ask("rtt", story(figures=figures(rtt=Rtt(samples=9, coverage_because="seen from here", **known))))
    assert (given.outcome, given.measured, given.limit, given.unit) == (expected, measured, 5, "ms")
    assert "seen from here" in given.because


def test_a_round_trip_under_load_is_not_called_idle() -> None:
    """A capture that begins under a standing queue: 22 ms bound the path from above, and fail nothing."""
    given = ask("rtt", story(figures=figures(rtt=Rtt(samples=9, coverage="full", p5_ms=22.0))))
    assert given.outcome == "undecided"
    assert "with data in flight" in given.because


def test_a_half_that_only_the_points_name_leaves_out_may_break_the_limit() -> None:
    """4.5 ms to the destination, 1 ms to the source: a NIC of a slow host, or a point on the way of 5.5 ms."""
    known: dict[str, Any] = {"samples": 9, "coverage": "full", "idle_ms": 4.5, "p5_ms": 4.5}
    assert ask("rtt", story(figures=figures(rtt=Rtt(**known)))).outcome == "pass"
    assert ask("rtt", story(figures=figures(rtt=Rtt(**known, unproven_half_ms=1.0)))).outcome == "undecided"
    assert ask("rtt", story(figures=figures(rtt=Rtt(**known, unproven_half_ms=0.2)))).outcome == "pass"


def test_a_queue_makes_a_slow_path_not_a_long_one() -> None:
    """3 ms idle and 25 ms loaded meet a limit of 5 ms, and explain the slowness beside it."""
    loaded = story(figures=figures(rtt=Rtt(samples=9, coverage="full", idle_ms=3.0, p5_ms=12.0, p95_ms=25.0)))
    assert ask("rtt", loaded).outcome == "pass"
    advice = ask("rtt_under_load", loaded)
    assert (advice.outcome, advice.decides, advice.measured) == ("fail", False, 25.0)
    assert "queueing" in advice.because


@pytest.mark.parametrize(
    ("idle_ms", "handshake_ms", "least_ms", "expected"),
    [
        (32.0, 32.0, 14.4, "undecided"),  # a busy host in the handshake; the stream's own queue in the rest
        (32.0, None, 14.4, "undecided"),
        (17.9, 2.0, 17.2, "undecided"),  # lone data whose ACKs were held back; the handshake crossed the path in 2 ms
        (17.9, 17.4, 17.2, "fail"),
        (17.9, None, 17.2, "fail"),
        (5.3, 5.3, 5.5, "fail"),
        (110.0, 110.0, 101.0, "fail"),  # jitter of a tenth
        (4.9, 4.9, 2.0, "pass"),
        (30.0, 30.0, 4.9, "pass"),  # a path is no longer than its shortest round trip
    ],
)
def test_an_idle_path_that_its_own_samples_contradict_fails_no_limit(
    idle_ms: float, handshake_ms: float | None, least_ms: float, expected: str
) -> None:
    """Of 5 ms; what is told of the idle path may itself be a host's wait."""
    seen = Rtt(
        samples=99, min_ms=least_ms, p5_ms=least_ms, idle_ms=idle_ms, handshake_ms=handshake_ms, coverage="full",
        coverage_because="beside the sender",
    )  # fmt: skip
    assert ask("rtt", story(figures=figures(rtt=seen))).outcome == expected


def test_no_round_trip_is_called_idle_that_was_not() -> None:
    """Without an idle sample the minimum is named; over a path of 20 ms, 25 ms are distance."""
    for known, word in (({"min_ms": 22.0}, "minimum 22 ms"), ({"idle_ms": 20.0}, "idle path 20 ms")):
        loaded = story(figures=figures(rtt=Rtt(samples=9, coverage="full", p5_ms=22.0, p95_ms=25.0, **known)))
        advice = ask("rtt_under_load", loaded)
        assert word in advice.because
        assert "queueing" not in advice.because


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"coverage": "full", "p95_ms": 5.0}, "pass"),
        ({"coverage": "full", "p95_ms": 5.1}, "fail"),
        ({"coverage": "destination_half", "p95_ms": 5.0}, "undecided"),
        ({"coverage": "destination_half", "p95_ms": 5.1}, "fail"),
        ({"coverage": "full", "p95_ms": None}, "undecided"),
        ({"coverage": "full", "p95_ms": 4.9, "measured_by": "handshake"}, "undecided"),
        ({"coverage": "full", "p95_ms": 5.1, "measured_by": "handshake"}, "fail"),
        ({"coverage": "full", "p95_ms": 4.5, "unproven_half_ms": 1.0}, "undecided"),
        ({"coverage": "full", "p95_ms": 4.5, "unproven_half_ms": 0.2}, "pass"),
        ({"coverage": "full", "p95_ms": 5.1, "unproven_half_ms": 1.0}, "fail"),
    ],
)
def test_the_round_trip_under_load_is_held_against_the_same_limit(known: dict[str, Any], expected: str) -> None:
    """As advice, by the 95th percentile; a half within the limit says nothing of the whole."""
    assert ask("rtt_under_load", story(figures=figures(rtt=Rtt(samples=9, **known)))).outcome == expected


# announcement_reached_destination


def test_that_it_did_not_arrive_is_shown_by_frames_that_exist() -> None:
    """Packets for the guest where it was not announced, and the announcements where they were."""
    bridge = view("dst-guestbr", "domain:destination", series=(announced(2 * S, 2 * S + 50 * MS),))
    gate = view("gw-lan", "gateway", journal=asks_and_answers(S, 3 * S, 100 * MS, (1900 * MS, 3 * S)))
    moved = Moved(GUEST, (ip_halves(GUEST_IP),), ((bridge, bridge.series[0]),), "high", "")
    heard = PointAnnouncements(seen=True, reached="not_observable", because="", frames=[1, 2])
    lacks = PointAnnouncements(seen=False, reached="not_reached", because="not seen here")
    told = Announcements(
        count=2, kinds={}, first_ts=None, schedule=None, by_point={"dst-guestbr": heard, "gw-lan": lacks}
    )
    domain = Domain(verdict="not_reached", because="gw-lan: not seen here")
    answer = ask(
        "announcement_reached_destination",
        story(guest_story(moved=moved, announcements=told, domain=domain, deciding=gate)),
    )
    assert answer.outcome == "fail"
    shown = {one.point: one.frames for one in answer.evidence}
    assert shown["dst-guestbr"] == [1, 2]
    frame, ts = gate.journal.frame, gate.journal.ts_ns
    assert shown["gw-lan"] == [int(n) for n in frame[ts > 2 * S][:5]]
    assert len(shown["gw-lan"]) == 5


def announced_at(point: str, verdict: Any, heard: bool = True) -> GuestStory:
    """A guest whose announcement met this fate at this point."""
    there = view(point, "gateway", series=(announced(S),) if heard else ())
    seen = PointAnnouncements(seen=heard, frames=[200] if heard else [], reached=verdict)
    return guest_story(
        moved=Moved(0x005056AA7710, (), ((there, there.series[0]),) if heard else (), "high", ""),
        announcements=Announcements(count=1, kinds={}, first_ts=None, schedule=None, by_point={point: seen}),
        domain=Domain(verdict=verdict, because=f"{point} says {verdict}"),
        deciding=there if verdict != "not_observable" else None,
    )


@pytest.mark.parametrize(
    ("verdict", "expected"), [("reached", "pass"), ("not_reached", "fail"), ("not_observable", "undecided")]
)
def test_the_announcement_is_judged_by_what_reached_the_domain(verdict: Any, expected: str) -> None:
    """Reached, not reached, not observable: pass, fail, undecided, at the point that decides."""
    given = ask("announcement_reached_destination", story(announced_at("gw-lan", verdict, verdict == "reached")))
    assert (given.outcome, given.because) == (expected, f"gw-lan says {verdict}")
    assert [e.point for e in given.evidence] == ([] if expected == "undecided" else ["gw-lan"])


def test_of_two_guests_the_worse_one_counts() -> None:
    """One vNIC that was not announced is enough."""
    both = story(announced_at("gw-lan", "reached"), announced_at("gw-lan", "not_reached", heard=False))
    assert ask("announcement_reached_destination", both).outcome == "fail"
    doubt = story(announced_at("gw-lan", "not_observable", heard=False), announced_at("gw-lan", "reached"))
    assert ask("announcement_reached_destination", doubt).outcome == "undecided"


@pytest.mark.parametrize("rule", ["announcement_reached_destination", "guest_reachable_after", "switchover"])
def test_without_a_known_guest_nothing_is_said_of_one(rule: str) -> None:
    """A stream alone names no guest; an aborted one had none to announce. Both are undecided, with the reason."""
    assert "no announcement" in ask(rule, story()).because
    aborted = story(outcome=Outcome("aborted", "reset", "src-uplink", (9,)))
    assert ask(rule, aborted).outcome == "undecided"
    assert "not completed" in ask(rule, aborted).because


# guest_reachable_after


@pytest.mark.parametrize(("word", "expected"), [("yes", "pass"), ("no", "fail"), ("unknown", "undecided")])
def test_reachable_is_what_the_guests_traffic_says(word: Any, expected: str) -> None:
    """With the two frames that show it."""
    reached = Reachability(word, "so it was", "client", (7, 8))
    given = ask("guest_reachable_after", story(guest_story(reachability=reached)))
    assert (given.outcome, given.evidence[0].frames) == (expected, [7, 8])


def lost_for(seconds: float, asked: int = 40, peer: str = "10.99.0.7") -> Suffered:
    """A peer that went on asking for so long and never got an answer again."""
    gone = suffered(None, ended=False, survived=False, peer=peer, from_ts=10 * S, to_ts=10 * S + int(seconds * S))
    return replace(gone, peer=msgspec.structs.replace(gone.peer, lost=asked))


def reachable(*streams: Suffered) -> Check:
    """What is said of a guest that was reached once, where its peers suffered this?"""
    once = Reachability("yes", "answered", "client", (7, 8))
    return ask("guest_reachable_after", story(guest_story(reachability=once, suffered=streams)))


def test_a_peer_that_asks_in_vain_until_the_end_fails_the_guest_and_is_named() -> None:
    """One exchange shows that the guest was reachable for somebody; the share of those for whom it is so is told."""
    given = reachable(suffered(), lost_for(5))
    assert (given.outcome, given.measured) == ("fail", 0.5)
    assert "1 of its 2 peers never got an answer again: 10.99.0.7" in given.because


def test_a_stream_of_which_nothing_is_known_is_no_answer_to_a_lost_peer() -> None:
    """It had no request in the switchover, or only tells what the guest sends unasked: the peer stays lost."""
    unknown = suffered(None, survived=None, peer="10.99.0.7")
    assert reachable(suffered(), lost_for(5), unknown).outcome == "fail"
    answered = suffered(0.0, peer="10.99.0.7")
    assert reachable(suffered(), lost_for(5), answered).outcome == "pass"
    assert reachable(suffered(), lost_for(5), replace(unknown, answered_after=True)).outcome == "pass"


def test_a_guest_that_was_lost_long_after_the_move_is_not_passed() -> None:
    """It was reachable for 7 s; whether it is for the move that its peer lost it then, nobody knows."""
    gone = replace(suffered(160.0, survived=False, peer="10.99.0.7"), later=resent(0), later_ns=7 * S)
    given = reachable(suffered(), gone)
    assert given.outcome == "undecided"
    assert "1 of its 2 peers had answers until 7.0 s after the switchover only, and none to the end" in given.because
    assert reachable(gone, lost_for(5)).outcome == "fail", "who lost it with the move decides first"


def test_an_answer_that_may_go_another_way_is_not_missed() -> None:
    """Away from the client, where no answer of the guest passed, unless TCP sends again what nobody answered."""
    elsewhere = lost_for(5)
    elsewhere = replace(elsewhere, peer=msgspec.structs.replace(elsewhere.peer, point="gw"))
    assert reachable(suffered(), elsewhere).outcome == "undecided"
    assert reachable(suffered(), replace(elsewhere, outage=resent(3))).outcome == "fail"
    assert reachable(suffered(), replace(elsewhere, view=view("gw", role="client"))).outcome == "fail"
    kept_out = replace(view("gw", role="client"), left_out=("9 frames",))
    assert reachable(suffered(), replace(elsewhere, view=kept_out)).outcome == "undecided"


def resent(times: int) -> Outage:
    """An outage without an end in which TCP sent its segment again so often, where the one before was answered."""
    return Outage(
        -2 * S, 1, -S, 1, 0, 1, 5 * S, 9, None, None, None, None, None, 5 * S, False, 1, times
    )  # fmt: skip


def test_who_was_never_answered_before_either_decides_nothing() -> None:
    """A filter may keep it out at all times; not where another of its streams had answers."""
    answered, first = resent(5), replace(resent(5), last_answer_ts=None, last_answered_ts=None)
    assert reachable(suffered(), replace(lost_for(5), outage=answered)).outcome == "fail"
    stranger = reachable(suffered(), replace(lost_for(5), outage=first))
    assert stranger.outcome == "undecided"
    assert "never got an answer since the move" in stranger.because
    assert reachable(suffered(), replace(lost_for(5), outage=first, earlier=Earlier(1))).outcome == "fail"


def test_who_asks_for_what_a_guest_was_before_it_started_anew_decides_nothing() -> None:
    """It has another address since, or none of its old connections."""
    once = Reachability("yes", "answered", "client", (7, 8))
    told = guest_story(reachability=once, suffered=(suffered(), lost_for(5)))
    began = Mechanism(name="cold_migration", seen=True, worked="yes", because="it began anew")
    told = replace(told, result=msgspec.structs.replace(told.result, mechanisms=[began]))
    assert ask("guest_reachable_after", story(told)).outcome == "undecided"


SIZED = OutagePart(
    part="mtu", ms=5000.0, requests=1, from_point="gw", from_frame=1, from_ts="", to_point="gw", to_ts="",
    because="1,448 bytes were sent 5 times",
)  # fmt: skip


def lost_by_size(peer: str = PEER_IP) -> Suffered:
    """A stream whose segments of full size got no answer any more."""
    lost = lost_for(5, asked=1, peer=peer)
    return replace(lost, peer=msgspec.structs.replace(lost.peer, breakdown=[SIZED]))


def with_start(worked: Any, *streams: Suffered, word: Any = "undecided") -> Check:
    """What is said of a guest that may have been started anew, by what is known of that."""
    once = Reachability("yes", "answered", "client", (7, 8))
    told = guest_story(reachability=once, suffered=streams)
    row = Mechanism(name="cold_migration", seen=True, worked=worked, because="over a port of machines that are off")
    result = msgspec.structs.replace(told.result, mechanisms=[row], sessions=Sessions(word=word))
    return ask("guest_reachable_after", story(replace(told, result=result)))


def test_a_stream_of_a_guest_that_was_started_anew_is_not_lost_for_its_size() -> None:
    """Its connection ended with the guest's old life, whatever the size of its segments."""
    assert with_start("yes", suffered(), lost_by_size()).outcome == "pass"
    elsewhere = with_start("yes", suffered(), lost_by_size("10.99.0.7"))
    assert (elsewhere.outcome, "full size" in elsewhere.because) == ("undecided", False)


@pytest.mark.parametrize("lost", [lost_by_size(), lost_for(5)], ids=["sized", "asked in vain"])
def test_a_start_that_is_not_known_is_told_and_decides_nothing(lost: Suffered) -> None:
    """If it was started anew, it owed that stream no answer; a connection that went on shows that it was not."""
    given = with_start("undecided", suffered(), lost)
    assert given.outcome == "undecided"
    assert "may have been started anew" in given.because
    assert "cold_migration: over a port of machines that are off" in given.because
    went_on = with_start("undecided", suffered(), lost, word="live")
    assert (went_on.outcome, "started anew" in went_on.because) == ("fail", False)


def test_shares_are_of_peers_by_address() -> None:
    """One client may open any number of connections."""
    fine = [suffered(peer="10.99.0.9")] * 6
    given = reachable(*fine, lost_for(5), lost_for(6), suffered())
    assert (given.outcome, given.measured) == ("fail", pytest.approx(2 / 3))
    given = reachable(*fine, lost_by_size(), suffered())
    assert (given.outcome, given.measured) == ("fail", 0.5)
    assert "1 of 2 streams of 1 of its 2 peers (" in given.because
    gone = ask("switchover", story(guest_story(suffered=(*fine, lost_for(5), lost_for(6)))))
    assert gone.because.startswith("1 of its 2 peers (10.99.0.7 by icmp, 10.99.0.7 by icmp) never got an answer again")


def test_where_not_all_lost_streams_were_taken_apart_those_for_their_size_are_a_lower_bound() -> None:
    """What the others were lost for is not known: no share, and the count says "at least"."""
    sized = [lost_by_size(f"10.99.1.{n}") for n in range(64)]
    given = reachable(*sized, suffered(), suffered())
    assert (given.outcome, given.measured) == ("fail", pytest.approx(1 / 65))
    assert "but 64 of its 65 peers" in given.because
    given = reachable(*sized, replace(lost_for(5), is_taken_apart=False), suffered())
    assert (given.outcome, given.measured) == ("fail", None)
    assert "but at least 64 of its 66 peers" in given.because


def test_segments_of_full_size_that_never_pass_again_fail_the_guest() -> None:
    """Small requests of the same peer are answered: that is no service."""
    lost, sized = lost_for(5, asked=1, peer=PEER_IP), lost_by_size()
    given = reachable(suffered(), sized, suffered(peer="10.99.0.7"))
    assert (given.outcome, given.measured) == ("fail", 0.5)
    assert "segments of full size do not pass, smaller ones do" in given.because
    assert reachable(suffered(), lost).outcome == "pass"
    short = lost_for(0.9, asked=1, peer=PEER_IP)
    short = replace(short, peer=msgspec.structs.replace(short.peer, breakdown=[SIZED]))
    assert reachable(suffered(), short).outcome == "pass"


def test_a_guest_that_all_peers_lost_for_good_fails() -> None:
    """One exchange right after the announcement does not help whoever asks in vain from then on."""
    assert reachable(lost_for(5), lost_for(4, peer="10.99.0.8")).outcome == "fail"


def gave_up(seconds: float, peer: str) -> Suffered:
    """A peer that asked for so long without an answer, and then asked no more."""
    gone = lost_for(seconds, peer=peer)
    return replace(gone, peer=msgspec.structs.replace(gone.peer, survived=None))


def test_peers_that_gave_up_without_an_answer_are_not_forgotten() -> None:
    """Whether they would have been answered later nobody knows: that another was is no pass for all."""
    given = reachable(suffered(), gave_up(5, "10.99.0.7"))
    assert (given.outcome, "10.99.0.7" in given.because) == ("undecided", True)
    assert reachable(suffered(), gave_up(0.5, "10.99.0.7")).outcome == "pass"
    assert reachable(suffered(), gave_up(5, PEER_IP)).outcome == "pass"
    assert reachable(gave_up(5, "10.99.0.8")).outcome == "undecided"


def test_who_gave_up_softens_nothing_where_nobody_was_answered() -> None:
    """One more peer without an answer is no reason for doubt."""
    assert reachable(lost_for(5), gave_up(5, "10.99.0.8")).outcome == "fail"
    assert reachable(lost_for(0.9), gave_up(5, "10.99.0.8")).outcome == "undecided"


def test_a_short_outage_is_no_pass_beside_a_peer_that_gave_up() -> None:
    """What it would have waited nobody knows; it is named."""
    short = Switchover(peer_outage_ms=170.0, peer_outage=Bracket(uncertainty_ms=10.0, because="icmp"))
    story_of = story(guest_story(switchover=short, suffered=(suffered(170.0), gave_up(5, "10.99.0.7"))))
    given = ask("switchover", story_of)
    assert (given.outcome, "10.99.0.7" in given.because) == ("undecided", True)
    alone = story(guest_story(switchover=short, suffered=(suffered(170.0),)))
    assert ask("switchover", alone).outcome == "pass"


@pytest.mark.parametrize("lost", [lost_for(0.9), lost_for(5, asked=2)], ids=["short", "few"])
def test_requests_that_the_capture_ends_upon_are_not_lost_for_good(lost: Suffered) -> None:
    """The answer may have come right after its end."""
    assert reachable(lost).outcome == "undecided"


@pytest.mark.parametrize(("word", "verdict"), [("yes", "reached"), ("no", "not_reached")])
def test_a_machine_that_only_time_joins_to_the_stream_decides_nothing(word: Any, verdict: Any) -> None:
    """Whoever announced itself half a minute later may be a stranger, for better and for worse."""
    guest = announced_at("gw-lan", verdict)
    stranger = replace(guest.moved, confidence="low", because="40 s after the stream")
    guest = replace(guest, moved=stranger, reachability=Reachability(word, "so it was", "gw-lan", (7, 8)))
    for rule in ("announcement_reached_destination", "guest_reachable_after"):
        given = ask(rule, story(guest))
        assert given.outcome == "undecided"
        assert "may be another machine" in given.because


# switchover


def away(ms: float | None, uncertainty_ms: float = 0.0, **more: Any) -> GuestStory:
    """A guest whose peer missed it for so long."""
    bracket = Bracket(
        from_point="client", from_frame=5, to_point="client", to_frame=9, uncertainty_ms=uncertainty_ms, because="lost"
    )
    return guest_story(switchover=Switchover(peer_outage_ms=ms, peer_outage=bracket), **more)


@pytest.mark.parametrize(
    ("outage_ms", "interval_ms", "expected"),
    [
        (170.0, 10.0, "pass"),
        (290.0, 10.0, "pass"),
        (300.0, 0.0, "pass"),
        (310.0, 10.0, "undecided"),
        (311.0, 10.0, "fail"),
        (295.0, 10.0, "undecided"),
        (0.0, 1000.0, "undecided"),
        (2000.0, 1000.0, "fail"),
    ],
)
def test_a_limit_between_two_requests_is_not_decided(outage_ms: float, interval_ms: float, expected: str) -> None:
    """Requests every interval leave the outage unknown by as much, both ways: one ping a second proves no 300 ms."""
    given = ask("switchover", story(away(outage_ms, interval_ms)))
    assert (given.outcome, given.measured, given.limit, given.decides) == (expected, outage_ms, 300, True)


def between(low: float, high: float) -> Suffered:
    """A peer whose cut is known by its bounds only."""
    known = suffered(None, peer="10.99.0.7")
    bounds = {"outage_low_ms": low, "outage_high_ms": high}
    return replace(known, at_least_ms=low, peer=msgspec.structs.replace(known.peer, **bounds))


@pytest.mark.parametrize(
    ("low", "high", "outcome"), [(97.0, 301.0, "undecided"), (97.0, 299.0, "pass"), (0.0, 202.0, "pass")]
)
def test_a_limit_within_the_range_of_any_peer_is_not_decided(low: float, high: float, outcome: str) -> None:
    """What a healthy peer met does not bound what another did."""
    given = ask("switchover", story(away(180.0, 10.0, suffered=(suffered(180.0), between(low, high)))))
    assert (given.outcome, given.measured) == (outcome, 180.0)
    assert ("10.99.0.7 by icmp may have been cut off for longer, at most 301 ms" in given.because) is (
        outcome != "pass"
    )


def stopped_after(ms: float) -> Suffered:
    """Pings of a peer that had no answer for so long at least since the move, and then were sent no more."""
    one = suffered(None, ended=False, survived=None, from_ts=0, to_ts=round(ms * MS), because="then none came any more")
    return replace(one, peer=msgspec.structs.replace(one.peer, protocol="icmp"))


@pytest.mark.parametrize(("ms", "outcome"), [(4390.0, "undecided"), (301.0, "undecided"), (299.0, "pass")])
def test_a_stream_that_stopped_without_an_answer_after_more_than_the_limit_is_no_pass(ms: float, outcome: str) -> None:
    """Another stream of the same peer came back in time: that says nothing of this one."""
    given = ask("switchover", story(away(215.0, 20.0, suffered=(suffered(215.0), stopped_after(ms)))))
    assert (given.outcome, given.measured) == (outcome, 215.0)
    assert ("had no answer for at least" in given.because) is (outcome != "pass")


@pytest.mark.parametrize(("later_ms", "outcome"), [(301.0, "undecided"), (299.0, "pass"), (None, "pass")])
def test_a_later_outage_that_the_guests_host_may_have_made_is_no_pass(later_ms: float | None, outcome: str) -> None:
    """Only one of the guest itself says nothing of the network."""
    one = replace(suffered(215.0), later_unsure_ms=later_ms)
    given = ask("switchover", story(away(215.0, 20.0, suffered=(one,))))
    assert (given.outcome, given.measured) == (outcome, 215.0)
    assert ("for 301 ms later, which the guest's host may have made" in given.because) is (outcome != "pass")


@pytest.mark.parametrize(
    ("ms", "lost", "point", "outcome"),
    [(301.0, 3, "gw", "fail"), (299.0, 3, "gw", "pass"), (301.0, 2, "gw", "undecided"), (301.0, 3, "p", "undecided")],
)
def test_a_stream_that_surely_had_no_answer_for_longer_than_the_limit_fails_though_it_stopped(
    ms: float, lost: int, point: str, outcome: str
) -> None:
    """What would have come later makes it no shorter; but at a point that need not show the answers nobody knows."""
    known: dict[str, Any] = dict.fromkeys(PeerStream.__slots__)
    stream = PeerStream(**known | {"requester": "peer", "manner": "echo"})
    one = replace(stopped_after(ms), stream=stream, outage=replace(resent(0), requests_stopped=True))
    one = replace(one, peer=msgspec.structs.replace(one.peer, lost=lost, point=point))
    told = away(215.0, 20.0, suffered=(suffered(215.0), one))
    told = replace(told, reachability=Reachability("yes", "answered", "gw", (7, 8)))
    given = ask("switchover", story(told))
    assert given.outcome == outcome
    if outcome == "fail":
        assert "had no answer for at least 301 ms" in given.because
        assert "peers that were answered again were cut off for 215 ms" in given.because


def test_without_a_limit_the_switchover_is_told_and_not_judged() -> None:
    """The figure stays, as advice."""
    given = ask("switchover", story(away(170.0, 10.0)), NO_LIMITS)
    assert (given.outcome, given.decides, given.measured) == ("undecided", False, 170.0)
    assert "170 ms" in given.because


def test_without_a_peer_the_bracket_is_held_against_the_limit() -> None:
    """It is an upper bound of the stun: within the limit it passes."""
    frames = Bracket(from_point="a", from_frame=3, to_point="b", to_frame=4, uncertainty_ms=1.0, because="frames")
    seen = guest_story(switchover=Switchover(bracket_ms=120.0, bracket=frames))
    given = ask("switchover", story(seen))
    assert (given.outcome, given.measured) == ("pass", 120.0)
    assert [(e.point, e.frames) for e in given.evidence] == [("b", [4])]


def moved_within(ms: float, *streams: Suffered, failed_rows: tuple[Mechanism, ...] = ()) -> Check:
    """What is said of a guest that was gone for so long at most, where no peer's outage is known?"""
    frames = Bracket(from_point="a", from_frame=3, to_point="b", to_frame=4, uncertainty_ms=1.0, because="frames")
    guest = guest_story(switchover=Switchover(bracket_ms=ms, bracket=frames), suffered=streams)
    result = msgspec.structs.replace(guest.result, mechanisms=list(failed_rows))
    return ask("switchover", story(replace(guest, result=result)))


def test_a_short_absence_is_no_short_interruption_where_peers_are_in_view_and_none_tells_what_it_met() -> None:
    """They may have waited for switches and routers long after the guest was back."""
    given = moved_within(120.0, suffered(None, because="no request of it fell into the switchover"))
    assert (given.outcome, given.measured) == ("undecided", 120.0)
    assert f"{PEER_IP} by icmp: no request of it fell into the switchover" in given.because
    assert [(e.point, e.frames) for e in given.evidence] == [("b", [4]), ("client", [5, 6])]
    assert moved_within(120.0).outcome == "pass"


@pytest.mark.parametrize(("worked", "outcome"), [("no", "undecided"), ("yes", "pass"), ("undecided", "pass")])
def test_a_short_absence_is_no_short_interruption_where_a_mechanism_failed(worked: Any, outcome: str) -> None:
    """Whoever depended on it waited for longer than the guest was away."""
    row = Mechanism(name="gateway_arp", seen=True, worked=worked, because="it had no answer for 3.1 s")
    given = moved_within(120.0, failed_rows=(row,))
    assert given.outcome == outcome
    assert ("gateway_arp did not do its part: it had no answer for 3.1 s" in given.because) is (worked == "no")
    told = away(120.0, 10.0, suffered=(suffered(120.0),))
    told = replace(told, result=msgspec.structs.replace(told.result, mechanisms=[row]))
    assert ask("switchover", story(told)).outcome == "pass", "a peer shows what it met"


def test_a_bracket_over_clocks_that_were_not_compared_decides_nothing() -> None:
    """One clock may be 500 ms slow: 180 ms may be 680, and 680 may be 180."""
    for value in (180.0, 680.0):
        frames = Bracket(from_point="a", from_frame=3, to_point="b", to_frame=4, because="were not compared")
        given = ask("switchover", story(guest_story(switchover=Switchover(bracket_ms=value, bracket=frames))))
        assert (given.outcome, given.measured) == ("undecided", value)
        assert "were not compared" in given.because


def test_a_long_bracket_is_an_upper_bound_and_does_not_fail() -> None:
    """A guest that has nothing to say for 20 s was not away for 20 s."""
    frames = Bracket(from_point="a", from_frame=3, to_point="a", to_frame=4, uncertainty_ms=0.0, because="frames")
    given = ask("switchover", story(guest_story(switchover=Switchover(bracket_ms=20_000.0, bracket=frames))))
    assert (given.outcome, given.measured) == ("undecided", 20_000.0)
    assert "upper bound" in given.because


def test_a_peer_that_was_never_answered_again_fails_any_limit() -> None:
    """The outage has no end: it is longer than every limit; without one there is nothing to hold it against."""
    lost = suffered(None, ended=False, survived=False, because="88 requests unanswered until the end")
    guest = away(170.0, 10.0, suffered=(suffered(170.0), lost))
    given = ask("switchover", story(guest))
    assert (given.outcome, given.measured) == ("fail", None)
    assert "1 of 2" in given.because
    assert "88 requests" in given.because
    assert ask("switchover", story(guest), NO_LIMITS).outcome == "undecided"


@pytest.mark.parametrize(("peer", "answered", "is_told"), [("7", True, True), ("7", False, False), ("8", True, False)])
def test_a_service_that_was_served_again_is_told_beside_the_streams_that_were_not(
    peer: str, answered: bool, is_told: bool
) -> None:
    """The client opened its connections anew; what another peer met says nothing about it."""
    lost = suffered(None, ended=False, survived=False, peer="10.99.0.7")
    anew = replace(suffered(None, peer=f"10.99.0.{peer}"), answered_after=answered)
    given = ask("switchover", story(away(170.0, 10.0, suffered=(lost, anew))))
    assert given.outcome == "fail"
    assert ("begun after the switchover, were answered" in given.because) == is_told


def test_a_peer_that_stopped_asking_is_not_one_that_was_lost() -> None:
    """Nobody knows whether it would have been answered."""
    stopped = suffered(None, ended=False, survived=None)
    given = ask("switchover", story(away(None, suffered=(stopped,))))
    assert given.outcome == "undecided"


# advice on the stream


@pytest.mark.parametrize(
    ("share", "at_sender", "expected"),
    [
        (0.001, True, "pass"),
        (0.0011, True, "fail"),
        (0.0, False, "undecided"),
        (0.0011, False, "fail"),
        (None, True, "undecided"),
    ],
)
def test_few_retransmissions_count_only_at_the_sender(share: float | None, at_sender: bool, expected: str) -> None:
    """Elsewhere an original that was lost before the capture point makes its copy look like the first."""
    told = story(figures=figures(loss=Loss(retransmissions=3, retransmitted_share=share)), at_sender=at_sender)
    given = ask("retransmissions", told)
    assert (given.outcome, given.measured, given.decides) == (expected, share, False)


def offering(window: int | None) -> tuple[Any, ...]:
    """One stream whose receiver offered at most this window; None: its scale is not known."""
    receiver = side(packets=1, mss=1460, max_window_bytes=window)
    return (stream(b=receiver),)


@pytest.mark.parametrize(
    ("limit", "zero_windows", "window", "expected"),
    [
        ("receiver_window", 0, 65_535, "fail"),
        ("sender", 3, 65_535, "fail"),
        ("sender", 0, 3_000_000, "pass"),
        ("network", 0, 3_000_000, "pass"),
        ("network", 0, None, "undecided"),
        ("sender", 0, None, "undecided"),
        ("unknown", 0, 3_000_000, "undecided"),
    ],
)
def test_a_window_of_unknown_scale_left_no_room_that_one_could_see(
    limit: Any, zero_windows: int, window: int | None, expected: str
) -> None:
    """Room is only claimed where the window's size is known: without the handshake its scale is not."""
    seen = figures(
        throughput=throughput(limit=limit, limit_because="for a reason"), loss=Loss(zero_windows=zero_windows)
    )
    assert ask("window_limited", story(figures=seen, streams=offering(window))).outcome == expected


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"stuck_segment": 8960, "path": Path(mss=8960)}, "fail"),
        ({"path": Path(mss=1460), "large_segments_acked": True}, "pass"),
        ({"path": Path(mss=1460), "large_segments_acked": False}, "undecided"),
        ({"path": Path(mss=None), "large_segments_acked": True}, "undecided"),
    ],
)
def test_mtu_passes_only_where_large_segments_got_through(known: dict[str, Any], expected: str) -> None:
    """A black hole fails; without the handshake or without a full segment acknowledged nobody knows."""
    assert ask("mtu", story(**known)).outcome == expected


# advice on the guest


@pytest.mark.parametrize(
    ("early_ms", "expected"), [(250.0, "fail"), (-12.0, "pass"), (0.0, "pass"), (None, "undecided")]
)
def test_too_early_is_before_the_guest_stopped(early_ms: float | None, expected: str) -> None:
    """By as many milliseconds as the guest went on at its old place."""
    given = ask("announced_too_early", story(guest_story(early=Early(early_ms, "seen so", "src-guestbr", (4, 5)))))
    assert (given.outcome, given.measured) == (expected, early_ms)
    assert given.evidence[0].frames == [4, 5]


@pytest.mark.parametrize(("found", "expected"), [(True, "fail"), (False, "pass"), (None, "undecided")])
@pytest.mark.parametrize(
    ("rule", "key"),
    [("mac_flap", "second_place"), ("duplicate_address", "duplicate_address"), ("trombone", "trombone")],
)
def test_a_finding_that_applies_fails_and_one_not_examined_is_undecided(
    rule: str, key: str, found: bool | None, expected: str
) -> None:
    """Advice that applies is fail; what was checked and is in order is pass."""
    made = Detour if key == "trombone" else Conflict
    given = ask(rule, story(guest_story(**{key: made(found, "for a reason", "gw-lan", (3,))})))
    assert (given.outcome, given.because, given.decides) == (expected, "for a reason", False)


@pytest.mark.parametrize(("found", "expected"), [(True, "fail"), (False, "pass"), (None, "undecided")])
def test_a_split_connection_is_advice(found: bool | None, expected: str) -> None:
    """Behind a proxy neither loss nor round trip are those of the whole path."""
    assert ask("tcp_split", story(split=Detour(found, "for a reason"))).outcome == expected


SPLIT = Detour(True, "the ends see two connections")
NEAR = Rtt(samples=9, coverage="full", idle_ms=0.1, p5_ms=0.1)


def test_what_holds_up_to_a_proxy_is_no_pass_of_the_whole() -> None:
    """Quick and near as far as it goes; what lies behind it is not in these figures."""
    good = figures(throughput=throughput(bulk_mbps=900.0), rtt=NEAR)
    for rule_id in ("throughput", "rtt"):
        assert ask(rule_id, story(figures=good)).outcome == "pass"
        given = ask(rule_id, story(figures=good, split=SPLIT))
        assert given.outcome == "undecided"
        assert "only up to a proxy: the ends see two connections" in given.because


def test_of_a_split_stream_the_part_on_the_wan_is_held_to_the_limit() -> None:
    """What a proxy took so quickly says nothing of the link; what crossed it does, either way."""
    good, slow = figures(throughput=throughput(bulk_mbps=900.0)), throughput(bulk_mbps=100.0, limit="network")
    for wan, expected in ((figures(throughput=slow), "fail"), (good, "pass")):
        given = ask("throughput", story(figures=good, split=SPLIT, wan_figures=wan, wan_point="dci"))
        assert (given.outcome, given.measured) == (expected, wan.throughput.bulk_mbps)
        assert "on the WAN side of a proxy, at dci" in given.because
    assert ask("throughput", story(figures=good, wan_figures=figures(throughput=slow))).outcome == "pass"


def test_one_part_that_is_too_long_makes_the_whole_too_long() -> None:
    """The longest of the parts fails the limit, or it decides nothing; of one connection it is none."""
    good = figures(rtt=NEAR)
    assert ask("rtt", story(figures=good, split=SPLIT, longest_part_ms=10.1)).outcome == "fail"
    assert ask("rtt", story(figures=good, split=SPLIT, longest_part_ms=10.1)).measured == 10.1
    assert ask("rtt", story(figures=good, split=SPLIT, longest_part_ms=1.0)).outcome == "undecided"
    assert ask("rtt", story(figures=good, longest_part_ms=10.1)).outcome == "pass"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [([10], [10], "pass"), ([], [], "undecided"), ([10], [20], "fail"), ([10], [], "fail"), (None, [10], "undecided")],
)
def test_another_tag_after_the_move_is_the_wrong_vlan(before: Any, after: Any, expected: str) -> None:
    """Tags are compared at one point; untagged both times says nothing: behind an access port all VLANs look alike."""
    guest = guest_story(vlans_before=before, vlans_after=after, vlan_point="gw-lan", vlan_frames=(7, 9))
    told = ask("wrong_vlan", story(guest))
    assert told.outcome == expected
    shown = [(one.point, one.frames) for one in told.evidence]
    assert shown == ([] if expected == "undecided" else [("gw-lan", [7, 9])])


@pytest.mark.parametrize(
    ("tags", "word", "expected"),
    [
        (([10], [30]), "different", "fail"),
        (([10], [10]), "different", "fail"),
        (([10], [30]), "stretched", "pass"),
        (([10], [30]), "equivalent", "undecided"),
        (([10], [30]), "undecided", "undecided"),
        (([10], [10]), "undecided", "undecided"),
        (([], []), "different", "undecided"),
    ],
)
def test_two_tags_at_two_points_are_judged_by_what_the_domains_are(
    tags: tuple[list[int], list[int]], word: Any, expected: str
) -> None:
    """VLAN 10 here and 30 there may be one that is translated on the way, and VLAN 10 on both sides two."""
    domain = Domain(verdict="not_observable", because="", word=word, word_because="by its gateways")
    guest = guest_story(domain=domain, two_tags=TwoTags(tags[0], "old-port", tags[1], "new-port"))
    told = ask("wrong_vlan", story(guest))
    assert told.outcome == expected
    assert not tags[0] or ("old-port" in told.because and "by its gateways" in told.because)
    assert ("which is another domain" in told.because) == (expected == "fail" and tags[0] != tags[1])
    kept = "the guest kept VLAN 10" in told.because and "does not carry it" in told.because
    assert kept == (expected == "fail" and tags[0] == tags[1])


@pytest.mark.parametrize(("after", "expected"), [([10], "undecided"), ([30], "fail")])
def test_one_number_in_two_domains_is_no_wrong_vlan_where_the_guests_address_is_routed(
    after: list[int], expected: str
) -> None:
    """A host route carries the guest into another domain on purpose; another number is another port group."""
    domain = Domain(verdict="not_observable", because="", word="different", word_because="by its gateways")
    route = Mechanism(name="bgp", seen=True, worked="yes", because="AS 65002 advertised it")
    tags = TwoTags([10], "old-port", after, "new-port")
    guest = guest_story(domain=domain, two_tags=tags)
    told = ask("wrong_vlan", story(replace(guest, result=msgspec.structs.replace(guest.result, mechanisms=[route]))))
    assert told.outcome == expected
    assert ("bgp" in told.because) == (expected == "undecided")


@pytest.mark.parametrize(
    ("answer", "after", "expected"),
    [("yes", [10], "undecided"), ("no", [10], "fail"), ("unknown", [10], "fail"), ("yes", [30], "fail")],
)
def test_a_guest_that_is_answered_in_the_other_domain_under_its_old_number_is_in_no_wrong_vlan(
    answer: Any, after: list[int], expected: str
) -> None:
    """The network behind its new port carries its address; another number is another port group all the same."""
    domain = Domain(verdict="not_observable", because="", word="different", word_because="by its gateways")
    reach = Reachability(answer, "at client a request was answered", "client", (4, 5))
    guest = guest_story(domain=domain, two_tags=TwoTags([10], "old-port", after, "new-port"), reachability=reach)
    told = ask("wrong_vlan", story(guest))
    assert told.outcome == expected
    assert ("at client a request was answered" in told.because) == (expected == "undecided")
    assert ("does not carry it" in told.because) == (expected == "fail" and after == [10])
    assert (("client", [4, 5]) in [(one.point, one.frames) for one in told.evidence]) == (expected == "undecided")


def test_an_untagged_port_does_not_hide_that_the_tag_changed_elsewhere() -> None:
    """More points in view leave decided what two of them decide; a VNI is named as one."""
    domain = Domain(verdict="not_observable", because="", word="different", word_because="nobody reaches it")
    tags = TwoTags([77], "vtep-a", [78], "vtep-b", "VNI", (5,), (9,))
    told = ask("wrong_vlan", story(guest_story(domain=domain, two_tags=tags, vlans_before=[], vlans_after=[])))
    assert told.outcome == "fail"
    assert "VNI 77 at vtep-a before and VNI 78 at vtep-b after" in told.because
    assert [(e.point, tuple(e.frames)) for e in told.evidence] == [("vtep-a", (5,)), ("vtep-b", (9,))]


def test_first_hop_redundancy_is_not_examined_and_says_so() -> None:
    """A check that nobody made cannot pass."""
    assert ask("gateway_localised", story(guest_story())).outcome == "undecided"


def test_what_is_wrong_with_a_capture_is_named() -> None:
    """Every fault, and a pass that claims no more than was reported."""
    given = ask("capture_quality", story(capture_faults=("gw: 3 packets dropped", "src: cut_short (frame 9)")))
    assert given.outcome == "fail"
    assert "3 packets" in given.because
    assert "frame 9" in given.because
    assert ask("capture_quality", story()).outcome == "pass"
    assert "reported" in ask("capture_quality", story()).because


def test_evidence_of_a_stream_is_a_filter_and_of_frames_their_numbers() -> None:
    """A filter that a reader can paste; numbers sorted, each once."""
    given = ask("retransmissions", story(figures=figures(loss=Loss(retransmitted_share=0.0, retransmissions=0))))
    assert given.evidence[0].filter == "tcp.port == 8000 && tcp.analysis.retransmission"
    twice = ask("mac_flap", story(guest_story(second_place=Conflict(True, "two places", "src", (9, 3, 9)))))
    assert (twice.evidence[0].frames, twice.evidence[0].filter) == ([3, 9], "frame.number in {3, 9}")


def test_times_of_the_switchover_never_mix_points() -> None:
    """A bracket between two points shows the frame of the point that it names."""
    across = Bracket(from_point="src", from_frame=3, to_point="dst", to_frame=4, uncertainty_ms=0.0, because="frames")
    given = ask("switchover", story(guest_story(switchover=Switchover(bracket_ms=120 * MS / MS, bracket=across))))
    assert [(e.point, e.frames) for e in given.evidence] == [("dst", [4])]


def test_a_view_that_ends_in_mid_stream_says_nothing_of_an_unannounced_guest() -> None:
    """Whoever paused when the capture ended need not be the guest, nor have moved."""
    heard = guest_story(
        domain=Domain(verdict="not_reached", because="not seen"),
        reachability=Reachability("yes", "answered", "gw", (1, 2)),
    )
    cut = Outcome("truncated", "the capture ends while the stream runs", "src-uplink", ())
    for rule in ("announcement_reached_destination", "guest_reachable_after", "switchover"):
        check = ask(rule, story(heard, outcome=cut))
        assert (check.outcome, "while the stream runs" in check.because) == ("undecided", True)
    assert ask("announcement_reached_destination", story(heard)).outcome == "fail"


def still_delivered(seen: bool, frame: int, *rows: Mechanism) -> Check:
    """A guest nobody reached; nine packets for it went to its old place, the last in frame 90."""
    there = PointAnnouncements(seen=seen, frames=[frame] if seen else [])
    told = guest_story(
        reachability=Reachability("no", "requests went unanswered", "gw", (5,)),
        announcements=Announcements(count=1, kinds={}, first_ts=None, schedule=None, by_point={"old": there}),
        switchover=Switchover(stale_frames=9, stale_tail=Bracket(to_point="old", to_frame=90)),
    )
    told = replace(told, result=msgspec.structs.replace(told.result, mechanisms=list(rows)))
    return ask("guest_reachable_after", story(told))


def test_an_unreachable_guest_whose_packets_went_to_its_old_place_is_said_to() -> None:
    """The old place had not heard of the new one: nothing is told of why."""
    check = still_delivered(False, 0)
    assert check.outcome == "fail"
    assert check.because.endswith("9 packets for it still went to old, its old place")


def test_a_place_that_heard_of_the_move_and_delivers_on_keeps_the_mac() -> None:
    """Heard in frame 20, delivered until frame 90; one that heard after the last packet kept nothing."""
    assert (
        "its announcement had passed there (frame 20): something there keeps its MAC"
        in still_delivered(True, 20).because
    )
    assert still_delivered(True, 95).because.endswith("its old place")


@pytest.mark.parametrize(
    ("name", "worked", "blames"), [("otv", "undecided", False), ("otv", "yes", True), ("vrrp", "undecided", True)]
)
def test_what_joins_the_sites_is_not_cleared_by_a_switch_that_may_keep_the_mac(
    name: str, worked: Any, blames: bool
) -> None:
    """The old place may be the gateway's own network, which all that is for the guest passes, wherever it goes."""
    row = Mechanism(name=name, seen=True, worked=worked, because="so it was")
    because = still_delivered(True, 20, row).because
    assert ("something there keeps its MAC" in because) is blames
    assert ("or what joins the sites does not take them on, is not known" in because) is not blames


def failed(name: str, because: str) -> Mechanism:
    """A row that did not do its part."""
    return Mechanism(name=name, seen=True, worked="no", because=because)


@pytest.mark.parametrize(("word", "outcome"), [("yes", "pass"), ("no", "fail"), ("unknown", "undecided")])
def test_every_row_that_failed_is_told_beside_the_guests_reachability(word: Any, outcome: str) -> None:
    """Each in its own words, once; with what the longest outage was spent on."""
    told = guest_story(reachability=Reachability(word, "so it was", "gw", (1, 2)), suffered=(suffered(),))
    rows = [
        failed("ospf", "nobody withdrew it"),
        failed("vrrp", "one master"),
        failed("port_group", "so it was: alone"),
    ]
    spent = OutagePart(
        part="routing", ms=9.0, requests=1, from_point="", from_frame=1, from_ts="", to_point="", to_ts="", because=""
    )
    long = suffered(9.0, peer="10.99.0.7")
    peer = msgspec.structs.replace(long.peer, breakdown=[spent], breakdown_because="outage 9 ms: all of it routing")
    told = replace(told, suffered=(suffered(), replace(long, peer=peer)))
    assert ask("guest_reachable_after", story(told)).because == "so it was"
    told = replace(told, result=msgspec.structs.replace(told.result, mechanisms=rows))
    check = ask("guest_reachable_after", story(told))
    assert check.outcome == outcome
    words = "so it was; ospf: nobody withdrew it; vrrp: one master; 10.99.0.7 by icmp: outage 9 ms: all of it routing"
    assert check.because == words


@pytest.mark.parametrize(("cause", "is_said"), [("closed_way", True), ("relearning", False)])
def test_a_pass_says_that_a_way_let_nothing_through_for_a_time(cause: Any, is_said: bool) -> None:
    """Reached again is not reached all the while; what switches learn is told in the rows of its peers."""
    told = guest_story(reachability=Reachability("yes", "so it was", "gw", (1, 2)), suffered=(suffered(),))
    spent = OutagePart(
        part=cause, ms=9.0, requests=1, from_point="", from_frame=1, from_ts="", to_point="", to_ts="", because=""
    )
    long = suffered(12_000.0, peer="10.99.0.7")
    peer = msgspec.structs.replace(long.peer, breakdown=[spent], breakdown_because="outage 12.00 s: all of it there")
    check = ask("guest_reachable_after", story(replace(told, suffered=(replace(long, peer=peer),))))
    assert check.outcome == "pass"
    assert ("outage 12.00 s: all of it there" in check.because) == is_said


def test_a_guest_whose_streams_were_lost_restarted_only_where_no_row_says_why() -> None:
    """A tunnel without room for large segments is a reason; a guess stands where there is none."""
    once = Reachability("yes", "answered", "gw", (1, 2))
    told = guest_story(reachability=once, suffered=(lost_for(5, peer=PEER_IP), suffered()))
    assert "restarted?" in ask("guest_reachable_after", story(told)).because
    told = replace(told, result=msgspec.structs.replace(told.result, mechanisms=[failed("etherip", "it does not fit")]))
    check = ask("guest_reachable_after", story(told))
    assert (check.outcome, "restarted" in check.because) == ("pass", False)
    assert check.because.endswith("etherip: it does not fit")


def test_a_guest_whose_peers_waited_while_its_mac_flapped_is_not_passed() -> None:
    """They were answered again in the end, by whichever of the two."""
    flaps = Conflict(True, "6 packets of its MAC at the old place", "old", (3,))
    told = guest_story(reachability=Reachability("yes", "answered", "gw", (1, 2)), second_place=flaps)
    assert ask("guest_reachable_after", story(told)).outcome == "pass"
    row = failed("stretched_vlan", f"heard at both, but {flaps.because}")
    told = replace(told, result=msgspec.structs.replace(told.result, mechanisms=[row]))
    check = ask("guest_reachable_after", story(told))
    assert (check.outcome, flaps.because in check.because) == ("undecided", True)
    assert [e.frames for e in check.evidence] == [[1, 2], [3]]


def test_a_guest_that_was_reached_while_its_mac_flaps_and_a_peer_was_lost_is_not_passed() -> None:
    """An exchange proves that it was reached once, not that it stayed so."""
    flaps = Conflict(True, "6 packets of its MAC at the old place", "old", (3,))
    reached = Reachability("yes", "a request was answered", "gw", (1, 2))
    lost = suffered(None, ended=False, survived=False)
    told = story(guest_story(reachability=reached, suffered=(lost, suffered()), second_place=flaps))
    check = ask("guest_reachable_after", told)
    assert check.outcome == "undecided"
    assert "6 packets of its MAC at the old place" in check.because
    well = story(guest_story(reachability=reached, suffered=(suffered(),), second_place=flaps))
    assert ask("guest_reachable_after", well).outcome == "pass"


@pytest.mark.parametrize(
    ("rule", "outcome", "given", "told", "never"),
    [
        ("rtt", "fail", {"rtt": Rtt(samples=9, idle_ms=5.004, p5_ms=5.004, coverage="full")}, "5.004 ms", "5.00 ms"),
        ("rtt_under_load", "fail", {"rtt": Rtt(samples=9, min_ms=1.5, p95_ms=5.004)}, "5.004 ms", "5.00 ms"),
        ("throughput", "fail", {"throughput": throughput(bulk_mbps=621.6, limit="network")}, "621.6 Mbps", "622 Mbps"),
        ("retransmissions", "fail", {"loss": Loss(retransmissions=3, retransmitted_share=0.001000004)},
         "0.1000004 %", "0.100 %"),
    ],
)  # fmt: skip
def test_no_sentence_writes_a_figure_as_its_limit(
    rule: str, outcome: str, given: dict[str, Any], told: str, never: str
) -> None:
    """A limit of 5 is not broken by "5.00"."""
    check = ask(rule, story(figures=figures(**given)))
    assert check.outcome == outcome
    assert told in check.because
    assert never not in check.because


def test_a_switchover_just_over_its_limit_is_not_written_as_the_limit() -> None:
    """300.3 ms, known to 0.1 ms."""
    check = ask("switchover", story(away(300.3, 0.1)))
    assert check.outcome == "fail"
    assert "300.3 ms" in check.because


def test_the_idle_path_has_one_figure() -> None:
    """Where all samples go lower than those that met it, that figure is told by its own name."""
    known: dict[str, Any] = {"samples": 9, "coverage": "full", "idle_ms": 10.196, "coverage_because": "beside it"}
    given = ask("rtt", story(figures=figures(rtt=Rtt(**known, p5_ms=10.125))))
    assert given.measured == 10.125
    assert "10.1 ms on the idle path" not in given.because
    assert "5th percentile of all round trips" in given.because
    assert "the idle path shows 10.2" in given.because
    assert "10.2 ms on the idle path" in ask("rtt", story(figures=figures(rtt=Rtt(**known, p5_ms=10.3)))).because


def test_a_window_that_was_full_for_a_moment_did_not_leave_room_then() -> None:
    """What limited the stream for half a percent of the time is said so here as well."""
    rate = throughput(limit="network", limit_because="loss", limit_shares={"receiver_window": 0.0052})
    told = story(figures=figures(throughput=rate, loss=Loss(zero_windows=0)), streams=offering(3_000_000))
    given = ask("window_limited", told)
    assert (given.outcome, given.because) == ("pass", "the receive window left room, but for 0.52 % of the time")


@pytest.mark.parametrize("known", [{"at_least_ms": 60.0}, {"is_bypassed": True}])
def test_a_peer_of_which_only_a_part_is_known_passes_no_limit(known: dict[str, Any]) -> None:
    """Nor do the guest's own frames for it: it asked, and what it met is not known."""
    frames = Bracket(from_point="a", from_frame=3, to_point="b", to_frame=4, uncertainty_ms=1.0, because="frames")
    part = Bracket(because="cut off for at least 60 ms")
    told = Switchover(bracket_ms=70.0, bracket=frames, peer_outage=part)
    given = ask("switchover", story(guest_story(switchover=told, suffered=(replace(suffered(None), **known),))))
    assert (given.outcome, given.measured, given.because) == ("undecided", None, "cut off for at least 60 ms")
    assert [(e.point, e.frames) for e in given.evidence] == [("client", [5, 6])]
