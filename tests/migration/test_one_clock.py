"""Times of several points told by one clock."""

import msgspec
import numpy as np
import pytest

from tests.migration.make import (
    GATEWAY,
    GUEST,
    GUEST_IP,
    MS,
    PEER_IP,
    S,
    announced,
    asks_and_answers,
    journal,
    stream,
    view,
)
from vmpcap.migration.one_clock import ns_of, put_on_one_clock
from vmpcap.migration.results import BRACKETS, Bracket, OutagePart, Peer, PointAnnouncements, Switchover
from vmpcap.migration.stories import GuestStory
from vmpcap.migration.story import tell
from vmpcap.points.clock import Offset
from vmpcap.report.interruptions import INTERRUPTIONS
from vmpcap.terms.units import iso_utc


def test_a_time_of_the_report_is_read_back() -> None:
    """To the nanosecond."""
    ts = 1_795_446_705_123_456_789
    assert ns_of(iso_utc(ts) or "") == ts


def test_whatever_is_told_of_a_guest_is_by_the_streams_clock() -> None:
    """The gateway is 137 s ahead, to the millisecond: its times come out as if it were not."""
    told = []
    for ahead in (0, 137 * S):
        offset = Offset(ahead - MS, ahead + MS, 9) if ahead else Offset(-MS, MS, 9)
        talk = asks_and_answers(0, 5 * S, 10 * MS, (830 * MS, 1005 * MS))
        talk = talk._replace(ts_ns=np.asarray(talk.ts_ns) + ahead)
        gateway = view("gw", "gateway", series=(announced(S + ahead),), journal=talk, offset=offset, last_ts=500 * S)
        up = view("src", "source", streams=(stream(),))
        (story,) = tell([up, gateway], (), (), ()).stories
        told.append(story.guests[0].result)
    here, away = told
    assert away.announcements.first_ts == here.announcements.first_ts is not None
    assert away.announcements.by_point["gw"].times == here.announcements.by_point["gw"].times
    assert away.switchover.bracket.from_ts == here.switchover.bracket.from_ts is not None
    assert away.switchover.bracket.to_ts == here.switchover.bracket.to_ts is not None


def test_every_bracket_of_a_switchover_is_by_the_streams_clock() -> None:
    """None is forgotten: the fields are those of the struct itself."""
    up, gateway = (view(n, offset=Offset(s * S, s * S, 1)) for n, s in (("src", 1), ("gw", 2)))
    bracket = Bracket(
        from_point="gw",
        from_ts="2026-01-01T00:00:05.000000000Z",
        to_point="src",
        to_ts="2026-01-01T00:00:05.000000000Z",
    )
    names = [f.name for f in msgspec.structs.fields(Switchover) if f.type is Bracket]
    (story,) = tell(
        [view("src", "source", streams=(stream(),)), view("gw", series=(announced(S),))], (), (), ()
    ).stories
    switchover = Switchover(**dict.fromkeys(names, bracket))
    guest = msgspec.structs.replace(story.guests[0].result, switchover=switchover)
    told = put_on_one_clock(guest, [up, gateway], up).switchover
    for name in names:
        moved = getattr(told, name)
        assert (moved.from_ts, moved.to_ts) == ("2026-01-01T00:00:04.000000000Z", bracket.to_ts), name
    assert tuple(names) == BRACKETS == tuple(INTERRUPTIONS)


def test_a_peers_outage_is_by_the_streams_clock() -> None:
    """Its point is 2 s ahead of the reference, the stream's point one: one second is taken off."""
    part = OutagePart(
        part="stun", ms=160.0, requests=16, from_point="gw", from_frame=3, from_ts="2026-01-01T00:00:05.000000001Z",
        to_point="src", to_frame=9, to_ts="2026-01-01T00:00:04.900000000Z", because="",
    )  # fmt: skip
    peer = Peer(
        peer="10.0.0.9", protocol="icmp", outage_ms=160.0, lost=16, retransmissions=0, survived=True, point="gw",
        breakdown=[part],
        from_ts="2026-01-01T00:00:05.000000001Z", to_ts="2026-01-01T00:00:06.000000000Z",
    )  # fmt: skip
    up, gateway = (view(n, offset=Offset(s * S, s * S, 1)) for n, s in (("src", 1), ("gw", 2)))
    (story,) = tell(
        [view("src", "source", streams=(stream(),)), view("gw", series=(announced(S),))], (), (), ()
    ).stories
    guest = msgspec.structs.replace(story.guests[0].result, peers=[peer])
    (told,) = put_on_one_clock(guest, [up, gateway], up).peers
    assert (told.from_ts, told.to_ts) == ("2026-01-01T00:00:04.000000001Z", "2026-01-01T00:00:05.000000000Z")
    (spent,) = told.breakdown
    assert (spent.from_ts, spent.to_ts) == ("2026-01-01T00:00:04.000000001Z", part.to_ts)


def told_at(doubt: int) -> dict[str, PointAnnouncements]:
    """Announced at the destination, and 1 ms later at the gateway, by a clock known so well."""
    offset = Offset(-doubt, doubt, 9)
    dst = view("dst", "domain:destination", series=(announced(S),), journal=asks_and_answers(0, 5 * S, 10 * MS))
    gateway = view("gw", "gateway", series=(announced(S + MS),), offset=offset, last_ts=500 * S)
    up = view("src", "source", streams=(stream(),))
    (story,) = tell([up, dst, gateway], (), (), ()).stories
    return dict(story.guests[0].result.announcements.by_point)


def test_a_delay_that_its_doubt_drowns_is_none() -> None:
    """A clock known to 200 ms tells no delay of 1 ms, and says so; one known to 2 ms may."""
    badly, well = told_at(200 * MS)["gw"], told_at(2 * MS)["gw"]
    assert (badly.delay_ms, badly.seen) == (None, True)
    assert "how long after the first that was is not known" in badly.because
    assert well.delay_ms == 1.0


def test_where_clocks_tell_no_order_an_announcement_begins_at_the_destination() -> None:
    """Though the gateway's clock, which is known badly, shows it earlier."""
    offset = Offset(-300 * MS, 100 * MS, 9)
    dst = view("dst", "domain:destination", series=(announced(S),), journal=asks_and_answers(0, 5 * S, 10 * MS))
    gateway = view("gw", "gateway", series=(announced(S - 150 * MS),), offset=offset, last_ts=500 * S)
    up = view("src", "source", streams=(stream(),))
    (story,) = tell([up, dst, gateway], (), (), ()).stories
    told = story.guests[0].result.announcements.by_point
    assert (told["dst"].delay_ms, told["gw"].delay_ms) == (0.0, None)


@pytest.mark.parametrize(("length_ms", "is_told"), [(170.0, False), (None, True)])
def test_a_bracket_whose_length_is_known_never_ends_before_it_begins(length_ms: float | None, is_told: bool) -> None:
    """The clock of all times was set back by a second within it; of one that has no length nothing is left out."""
    up, gateway = (view(n, offset=Offset(s * S, s * S, 1)) for n, s in (("src", 1), ("gw", 2)))
    begin, end = "2026-01-01T00:00:05.000000000Z", "2026-01-01T00:00:04.170000000Z"
    bracket = Bracket(from_point="gw", from_ts=begin, to_point="gw", to_ts=end, because="two frames")
    (story,) = tell(
        [view("src", "source", streams=(stream(),)), view("gw", series=(announced(S),))], (), (), ()
    ).stories
    switchover = Switchover(bracket=bracket, bracket_ms=length_ms)
    guest = msgspec.structs.replace(story.guests[0].result, switchover=switchover)
    told = put_on_one_clock(guest, [up, gateway], up).switchover.bracket
    assert told.from_ts == "2026-01-01T00:00:04.000000000Z"
    assert (told.to_ts is not None) is is_told
    assert ("was set back" in told.because) is not is_told


def reached_at(name: str, role: str, hears: bool) -> GuestStory:
    """A guest announced at its new place, and asked at another point whose clock nothing compares."""
    own = journal((2 * S, GUEST, GATEWAY, GUEST_IP, PEER_IP))
    dst = view("dst", "domain:destination", series=(announced(S),), journal=own, offset=None)
    said = (announced(S + 700 * MS),) if hears else ()
    other = view(name, role, series=said, journal=asks_and_answers(0, 5 * S, 10 * MS), offset=None)
    (story,) = tell([view("src", "source", streams=(stream(),)), dst, other], (), (), ()).stories
    return story.guests[0]


def test_a_point_that_heard_the_announcement_needs_no_other_clock_to_show_an_answer() -> None:
    """What was asked there later is of the guest's new place; it was there by then, for how long is not known."""
    told = reached_at("gw", "gateway", hears=True).reachability
    assert (told.answer, told.since) == ("yes", S + 700 * MS)
    assert "0.001 s after its announcement was heard at gw" in told.because


def test_requests_of_an_unknown_time_are_no_want_of_requests() -> None:
    """The client heard no announcement, as none crosses a router: it did ask, before or after."""
    told = reached_at("client", "client", hears=False).reachability
    assert told.answer == "unknown"
    assert "are in view only at client, whose clock nothing compares" in told.because
