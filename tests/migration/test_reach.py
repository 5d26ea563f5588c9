"""Whether the announcement reached the domain, and whether anybody reached the guest."""

from tests.migration.make import GUEST, GUEST_IP, MS, S, announced, arps, asks_and_answers, view
from vmpcap.announcements.kinds import NUMBER_OF
from vmpcap.migration.guests import Moved
from vmpcap.migration.reach import follow_announcements
from vmpcap.migration.reachable import judge_reachability
from vmpcap.migration.views import PointView
from vmpcap.points.clock import Offset
from vmpcap.terms.addresses import ip_halves

SWITCH = 10 * S


def guest(*heard_at: PointView) -> Moved:
    return Moved(GUEST, (ip_halves(GUEST_IP),), tuple((v, v.series[0]) for v in heard_at), "high", "")


def heard(name: str, role: str | None, **more: object) -> PointView:
    return view(name, role, series=(announced(SWITCH, SWITCH + 50 * MS),), **more)


def alive(name: str, role: str | None, **more: object) -> PointView:
    return view(name, role, journal=asks_and_answers(0, 20 * S, 10 * MS), **more)


def test_the_gateways_port_decides() -> None:
    """Heard there is reached."""
    gateway = heard("gw", "gateway")
    told = follow_announcements(guest(gateway), [gateway], SWITCH, qemu=True)
    assert told.domain.verdict == "reached"
    assert told.announcements.by_point["gw"].frames == [200, 201]


def test_heard_at_the_host_but_not_at_a_live_gateway_is_not_reached() -> None:
    """The host sent it; the domain did not get it."""
    host, gateway = heard("br", "domain:destination"), alive("gw", "gateway")
    told = follow_announcements(guest(host), [host, gateway], SWITCH, qemu=True)
    assert told.domain.verdict == "not_reached"
    assert told.announcements.by_point["gw"].seen is False


def test_the_hosts_own_bridge_alone_decides_nothing() -> None:
    """A frame there proves that the host sent it, not that the domain got it."""
    host = heard("br", "domain:destination")
    told = follow_announcements(guest(host), [host], SWITCH, qemu=True)
    assert told.domain.verdict == "not_observable"
    assert "own bridge" in told.domain.because


def test_unicast_that_is_answered_there_proves_the_domain() -> None:
    """Somebody reached the guest at its new place."""
    host = heard("br", "domain:destination", journal=asks_and_answers(SWITCH + 5 * MS, 20 * S, 10 * MS))
    told = follow_announcements(guest(host), [host], SWITCH, qemu=True)
    assert told.domain.verdict == "reached"


def test_silence_proves_nothing_at_points_that_cannot_hear() -> None:
    """A client, a point that dropped packets, one that ends too early, one that saw nothing else."""
    host = heard("br", "domain:destination")
    deaf = [
        alive("client", "client"),
        alive("dropped", "gateway", drops=3),
        alive("short", "gateway", last_ts=SWITCH + 500 * MS),
        alive("late", "gateway", first_ts=SWITCH + 1),
        view("mute", "gateway"),
        alive("raw", "gateway", link_carries_announcements=False),
    ]
    told = follow_announcements(guest(host), [host, *deaf], SWITCH, qemu=True)
    for point in deaf:
        answer = told.announcements.by_point[point.name]
        assert (answer.seen, answer.reached) == (None, "not_observable"), point.name
        assert answer.because
    assert told.domain.verdict == "not_observable"


def test_silence_everywhere_needs_the_time_that_esxi_takes_to_repeat() -> None:
    """Where nobody heard it, 10 s of silence say nothing, a minute does."""
    short, long = alive("gw", "gateway", last_ts=20 * S), alive("gw", "gateway", last_ts=80 * S)
    assert follow_announcements(guest(), [short], SWITCH, qemu=False).domain.verdict == "not_observable"
    assert follow_announcements(guest(), [long], SWITCH, qemu=False).domain.verdict == "not_reached"


def test_no_delay_is_given_across_clocks_that_disagree() -> None:
    """137 ms of offset are not 137 ms of delay."""
    host = heard("br", "domain:destination")
    gateway = view("gw", "gateway", series=(announced(SWITCH + 137 * MS),), offset=Offset(136 * MS, 138 * MS, 5))
    told = follow_announcements(guest(host, gateway), [host, gateway], SWITCH, qemu=True)
    assert told.announcements.by_point["gw"].delay_ms is None
    assert told.announcements.by_point["br"].delay_ms == 0.0


def test_an_answered_request_is_reachability() -> None:
    """One exchange after the switchover is proof, with its two frames."""
    client = view(
        "client", "client", journal=asks_and_answers(0, 20 * S, 10 * MS, (SWITCH - 200 * MS, SWITCH + 50 * MS))
    )
    told = judge_reachability(guest(), [client], SWITCH)
    assert told.answer == "yes"
    assert len(told.frames) == 2


def test_requests_unanswered_to_the_end_are_unreachability() -> None:
    """The client asks on and on."""
    lost = asks_and_answers(0, 20 * S, 10 * MS, (SWITCH - 200 * MS, SWITCH), answers=False)
    told = judge_reachability(guest(), [view("client", "client", journal=lost, last_ts=20 * S)], SWITCH)
    assert told.answer == "no"
    assert "went unanswered" in told.because


def test_two_unanswered_requests_are_not_enough() -> None:
    """Little evidence is no evidence."""
    few = asks_and_answers(0, SWITCH + 20 * MS, 10 * MS, (SWITCH - 200 * MS, SWITCH), answers=False)
    told = judge_reachability(guest(), [view("client", "client", journal=few, last_ts=20 * S)], SWITCH)
    assert told.answer == "unknown"


def test_a_guest_that_only_sends_is_cut_off() -> None:
    """Its own ARP requests repeat, and nothing for it ever arrives."""
    request = NUMBER_OF["arp_request"]
    asking = arps(*((SWITCH + n * S, request, GUEST, GUEST_IP, "10.77.0.1") for n in range(1, 6)))
    bridge = view("br", "domain:destination", arps=asking, last_ts=20 * S)
    told = judge_reachability(guest(bridge) if bridge.series else guest(), [bridge], SWITCH)
    assert told.answer == "no"
    assert told.because.startswith("outbound only")


def test_nothing_in_view_is_unknown() -> None:
    """Want of evidence is never a verdict."""
    assert judge_reachability(guest(), [view("gw", "gateway")], SWITCH).answer == "unknown"


def test_what_the_source_bridge_sees_is_no_proof_of_the_new_place() -> None:
    """A guest that never left also answers there."""
    source = view("src", "domain:source", journal=asks_and_answers(0, 20 * S, 10 * MS))
    assert judge_reachability(guest(), [source], SWITCH).answer == "unknown"
