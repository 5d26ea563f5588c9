"""A way on which all died that the guest sent from its new place, for a time: no switch is to blame, nor a gateway."""

from dataclasses import replace

import pytest

from tests.measures.talk import Row, datagram
from tests.migration.make import GATEWAY, GUEST, GUEST_IP, MS, PEER_IP, S, announced, arps, view
from tests.migration.test_breakdown import BACK, COUNT, point, seen, told
from tests.migration.test_mechanisms import case, judged
from vmpcap.announcements.kinds import NUMBER_OF
from vmpcap.migration.announced.reach import follow_announcements
from vmpcap.migration.causes.breakdown import break_down
from vmpcap.migration.guest.silences import last_sign_before, silences
from vmpcap.migration.moved import Moved
from vmpcap.migration.packets.closed_ways import ClosedWay, find_closed_way
from vmpcap.migration.peers.closed_to import with_what_died
from vmpcap.migration.peers.suffering import what_peers_suffered
from vmpcap.migration.results import Peer
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import ip_halves

OPEN = 3000
"""When the port begins to forward, ms: it was back at 1000."""
STATIC = 0x02000000AA09
"""A machine beside the guest at its new place."""


def speech(begin: int, end: int, late: float = 0.0, to: int = GATEWAY) -> list[Row]:
    """What the guest sends by itself, every 100 ms."""
    ends = {"eth_src": GUEST, "eth_dst": to, "ip_ttl": 64}
    return [datagram(ms + 5 + late, False, ms, service=514, port=514, **ends) for ms in range(begin, end, 100)]


def new(*rows: Row, came_from: int = OPEN) -> PointView:
    """The guest speaks here from its return on; its requests come from that time on."""
    numbers = range(came_from // 10, COUNT)
    own = speech(BACK, COUNT * 10)
    return point("new", "domain:destination", [*seen(numbers, numbers), *own, *rows], BACK, BACK + 1000, BACK + 3000)


def gateway(opens: int = OPEN, *rows: Row) -> PointView:
    """All requests pass here; what the guest says comes through until it left, and since that time."""
    answered = [*range(84), *range(opens // 10, COUNT)]
    own = [*speech(0, 840, 0.2), *speech(opens, COUNT * 10, 0.2)]
    return point("gw", "gateway", [*seen(range(COUNT), answered, 0.0), *own, *rows])


def guest(*views: PointView) -> Moved:
    heard = tuple((one, one.series[0]) for one in views if one.series)
    return Moved(GUEST, (ip_halves(GUEST_IP),), heard, "high", "")


def found(*views: PointView) -> ClosedWay | None:
    return find_closed_way(guest(*views), views, BACK * MS)


def broken_down(*views: PointView) -> Peer:
    """What its peer's outage was spent on."""
    moved, quiet = guest(*views), silences(guest(*views), views, BACK * MS)
    suffered = what_peers_suffered(moved, views, BACK * MS, last_sign_before(quiet))
    every = break_down(suffered, moved, views, quiet, closed=find_closed_way(moved, views, BACK * MS))
    (peer,) = [one.peer for one in every if one.peer.protocol == "icmp"]
    return peer


def test_what_the_guest_sent_and_what_was_for_it_died_between_two_points() -> None:
    """20 frames of its own and an announcement or two, and 200 requests, in the 2 s until the port forwards."""
    closed = found(new(), gateway())
    assert closed is not None
    assert (closed.where, closed.length) == ("between new and gw", "2.0 s")
    assert (closed.sent, closed.announced) == (22, 2)
    assert closed.opened is not None
    assert 195 <= closed.missed <= 200
    assert "was the first to come through" in closed.words


def test_its_peers_outage_is_told_by_that_segment() -> None:
    """And not as switches that had not learnt: none could."""
    peer = broken_down(new(), gateway())
    parts = {part.part: part for part in peer.breakdown}
    assert set(parts) == {"stun", "closed_way"}
    assert parts["closed_way"].ms == pytest.approx(2000, abs=20)
    assert "between new and gw" in peer.breakdown_because


def test_a_call_that_runs_both_ways_is_told_by_what_died_of_it() -> None:
    """RTP asks for nothing: 50 packets a second each way, none of which came through for 2 s."""
    call = {"port": 20_000, "service": 16_384, "ip_ttl": 64}

    def voice(begin: int, end: int, to_guest: bool, late: float) -> list[Row]:
        macs = (GATEWAY, GUEST) if to_guest else (GUEST, GATEWAY)
        ends = {"eth_src": macs[0], "eth_dst": macs[1]}
        return [datagram(at + late, to_guest, at + to_guest, **call, **ends) for at in range(begin, end, 20)]

    last = COUNT * 10
    here = new(*voice(BACK, last, False, 3), *voice(OPEN, last, True, 7.2))
    heard = [*voice(0, 840, False, 3.2), *voice(OPEN, last, False, 3.2), *voice(0, last, True, 7)]
    views = (here, gateway(OPEN, *heard))
    moved, quiet = guest(*views), silences(guest(*views), views, BACK * MS)
    suffered = what_peers_suffered(moved, views, BACK * MS, last_sign_before(quiet))
    told_of = with_what_died(suffered, moved, find_closed_way(moved, views, BACK * MS))
    (peer,) = [one.peer for one in told_of if "while all that the guest sent" in one.peer.because]
    assert peer.protocol.startswith("udp/")
    assert peer.outage_low_ms == pytest.approx(2000, abs=40)
    assert peer.outage_high_ms == pytest.approx(2180, abs=40)


def test_switches_had_not_learnt_where_what_the_guest_said_came_through() -> None:
    """Its announcement was stopped, and requests for it went astray; all else that it sent passed."""
    passing = gateway(OPEN, *speech(BACK, OPEN, 0.2))
    assert found(new(), passing) is None
    assert {part.part for part in broken_down(new(), passing).breakdown} == {"stun", "relearning"}


def test_a_filter_of_announcements_closes_no_way() -> None:
    """A guest that says nothing of its own until it is asked: its RARPs never come through, before or since."""
    numbers = range(OPEN // 10, COUNT)
    quiet = point("new", "domain:destination", seen(numbers, numbers), *range(BACK, OPEN, 400))
    assert found(quiet, gateway()) is None
    assert "closed_way" not in {part.part for part in told(quiet, gateway()).breakdown}


def test_a_way_that_brings_the_guest_something_is_not_closed() -> None:
    """Requests came to it all the while: its answers alone were lost."""
    assert found(new(came_from=BACK), gateway()) is None


def test_what_stays_beside_the_guest_does_not_count() -> None:
    """It talks with a machine on its own side, whose frames need not pass the gateway."""
    numbers = range(OPEN // 10, COUNT)
    rows = [*seen(numbers, numbers), *speech(BACK, OPEN, to=STATIC), *speech(OPEN, COUNT * 10)]
    assert found(point("new", "domain:destination", rows, BACK), gateway()) is None


@pytest.mark.parametrize("more", [{"drops": 3}, {"left_out": 5}, {"journal_complete": False}])
def test_a_capture_that_may_lack_frames_shows_no_closed_way(more: dict[str, int]) -> None:
    """They may have passed unseen."""
    assert found(new(), replace(gateway(), **more)) is None


def test_a_way_that_never_opens_is_told_to_the_end_unless_something_of_it_is_heard_beyond() -> None:
    """The router's own MAC has packets for it, and it sends to it; one frame of it there and it is no such way."""
    closed = found(new(came_from=COUNT * 10), gateway(COUNT * 10))
    assert closed is not None
    assert closed.opened is None
    assert "until the end" in closed.words
    assert found(new(came_from=COUNT * 10), gateway(COUNT * 10, *speech(2000, 2100, 0.2))) is None


def test_a_port_group_behind_which_all_dies_leads_nowhere_and_no_gateway_is_blamed() -> None:
    """The gateway asks in vain: nobody could answer it."""
    asks = [(ms * MS, NUMBER_OF["arp_request"], GATEWAY, PEER_IP, GUEST_IP) for ms in (1500, 2500, 3500, 4200)]
    never, gw = new(came_from=COUNT * 10), replace(gateway(COUNT * 10), arps=arps(*asks))
    one = case(never, gw, moment=BACK * MS, guest=guest(never))
    unknown = replace(one, reachability=replace(one.reachability, answer="no"))
    rows = {name: judged(name, unknown) for name in ("port_group", "gateway_arp")}
    assert {name: row.worked for name, row in rows.items() if row is not None} == {
        "port_group": "no",
        "gateway_arp": "undecided",
    }


@pytest.mark.parametrize(("opens", "worked"), [(OPEN, {"yes", "undecided"}), (BACK, {"no"})])
def test_a_gateway_is_not_blamed_for_a_question_that_nobody_could_answer(opens: int, worked: set[str]) -> None:
    """It asked while the way was closed, and was answered when it asked again; else it waited for 2.7 s."""
    answer, ask = NUMBER_OF["arp_reply"], NUMBER_OF["arp_request"]
    asks = [(ms * MS, ask, GATEWAY, PEER_IP, GUEST_IP) for ms in (1500, 4200)]
    told_it = [(4201 * MS, answer, GUEST, GUEST_IP, PEER_IP)]
    there, gw = new(came_from=opens), replace(gateway(opens), arps=arps(*asks, *told_it))
    row = judged("gateway_arp", case(there, gw, moment=BACK * MS, guest=guest(there)))
    assert row is not None
    assert row.worked in worked


def test_an_announcement_that_came_late_travelled_no_longer_than_the_one_that_came() -> None:
    """Five of a series died and three passed, 12 s after the first: that is when they were sent."""
    sent = announced(*(ms * MS for ms in (1000, 2000, 3000, 5000, 8000, 13_000, 21_000, 34_000)), schedule="esxi")
    came = announced(*(ms * MS + MS // 5 for ms in (13_000, 21_000, 34_000)), schedule="esxi")
    views = [view("new", "domain:destination", series=(sent,)), view("gw", "gateway", series=(came,))]
    heard = follow_announcements(guest(*views), views, 1000 * MS, False).announcements.by_point["gw"]
    assert heard.delay_ms == pytest.approx(0.2)
    assert "12.0 s after the first at new: 5 announcements" in heard.because


@pytest.mark.parametrize("late_ms", [0.2, 700.0])
def test_an_announcement_that_came_soon_is_the_first(late_ms: float) -> None:
    """However long it was under way, up to a second."""
    sent = announced(S, 2 * S, 4 * S)
    came = announced(*(int(ts + late_ms * MS) for ts in (S, 2 * S, 4 * S)))
    views = [view("new", "domain:destination", series=(sent,)), view("gw", "gateway", series=(came,))]
    heard = follow_announcements(guest(*views), views, S, True).announcements.by_point["gw"]
    assert heard.delay_ms == pytest.approx(late_ms)
    assert "before did not come" not in heard.because
