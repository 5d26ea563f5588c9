"""Who announced itself beside the migrations: usual, or a storm."""

from dataclasses import replace

from tests.migration.make import GUEST, GUEST_IP, S, announced, stream, view
from vmpcap.migration.guest.announcers import find_announcers
from vmpcap.migration.guest.storms import MOST_PER_MINUTE
from vmpcap.migration.moved import Moved
from vmpcap.migration.story import tell
from vmpcap.terms.addresses import ip_halves

OTHER = 0x0050_5600_0001
ESXI = tuple(n * S for n in (0, 1, 2, 3, 5, 8, 13, 21, 34, 55))


def test_one_event_on_a_schedule_is_usual() -> None:
    """Ten RARPs in 55 s, as ESXi sends them."""
    (one,) = find_announcers([view("p", series=(announced(*ESXI, mac=OTHER, schedule="esxi"),))], [])
    assert (one.mac, one.point, one.kinds, one.events) == ("00:50:56:00:00:01", "p", {"rarp_announce": 10}, 1)
    assert (one.most_in_a_minute, one.storm, one.schedule) == (10, False, "esxi")
    assert one.because == "at most 10 rarp_announce in a minute, 1 event, on ESXi's schedule"
    assert one.first_ts == "1970-01-01T00:00:00.000000000Z"


def test_more_in_a_minute_than_two_events_give_is_a_storm() -> None:
    """One a second for half a minute; the limit itself is none; two minutes of the same number are none."""
    for count, storm in ((MOST_PER_MINUTE, False), (MOST_PER_MINUTE + 1, True)):
        times = tuple(n * S for n in range(count))
        (one,) = find_announcers([view(series=(announced(*times, mac=OTHER, schedule="other"),))], [])
        assert (one.most_in_a_minute, one.storm) == (count, storm)
        assert ("more than any known schedule" in one.because) == storm
    slow = tuple(4 * n * S for n in range(MOST_PER_MINUTE + 1))
    (one,) = find_announcers([view(series=(announced(*slow, mac=OTHER, schedule="other"),))], [])
    assert (one.most_in_a_minute, one.storm) == (15, False)


def test_kinds_are_counted_apart() -> None:
    """The host's RARPs and the guest's own ARPs: two mouths, each with a schedule of its own."""
    rarp = announced(*(n * S for n in range(20)), mac=OTHER)
    garp = announced(*(n * S for n in range(20)), mac=OTHER, kind="garp_request")
    (one,) = find_announcers([view(series=(rarp, garp))], [])
    assert (one.most_in_a_minute, one.storm, one.events) == (20, False, 2)
    assert one.kinds == {"garp_request": 20, "rarp_announce": 20}


def test_the_point_that_saw_most_is_told_and_storms_come_first() -> None:
    """Each machine once."""
    calm, wild = announced(0, S, mac=OTHER), announced(*(n * S for n in range(40)), mac=OTHER + 1)
    found = find_announcers([view("a", series=(calm,)), view("b", series=(calm, wild))], [])
    assert [(one.mac[-2:], one.point) for one in found] == [("02", "b"), ("01", "a")]


def test_the_series_of_a_move_is_the_moves() -> None:
    """What a guest's own migration announced is not told again; another event of the same guest is."""
    series, later = announced(10 * S, 11 * S), announced(300 * S, 301 * S)
    here = view("p", series=(series, later))
    moved = Moved(GUEST, (ip_halves(GUEST_IP),), ((here, series),), "high", "")
    (one,) = find_announcers([here], [moved])
    assert (one.events, one.kinds) == (1, {"rarp_announce": 2})


def test_the_story_tells_of_them() -> None:
    """With and without a migration."""
    others = announced(300 * S, mac=OTHER)
    told = tell([view(streams=(stream(),), series=(announced(S + 5_000_000), others), last_ts=600 * S)], (), (), ())
    assert [one.mac for one in told.announcers] == ["00:50:56:00:00:01"]
    assert len(tell([view(series=(others,))], (), (), ()).announcers) == 1


def test_a_storm_beside_a_migration_is_not_its_guest() -> None:
    """One MAC every second from before the stream's end; the guest's RARPs come after it, farther off."""
    storm = announced(*(S + n * S // 2 - 100_000_000 for n in range(60)), mac=OTHER, schedule="other")
    real = announced(S + 300_000_000, S + 350_000_000)
    told = tell([view(streams=(stream(),), series=(storm, real))], (), (), ())
    (only,) = told.stories
    assert [guest.moved.mac for guest in only.guests] == [GUEST]
    calm = announced(*(S + n * S // 2 - 100_000_000 for n in range(6)), mac=OTHER, schedule="other")
    (only,) = tell([view(streams=(stream(),), series=(calm, real))], (), (), ()).stories
    assert next(guest.moved.mac for guest in only.guests) == OTHER, "nearer, and no storm"


def test_copies_for_many_endpoints_of_an_overlay_are_no_storm() -> None:
    """Ten RARPs of an event, each to eight endpoints within microseconds; a point that sees the frames bare is told."""
    times = tuple(ts + n * 20_000 for ts in ESXI for n in range(8))
    inside = replace(announced(*times, mac=OTHER, schedule="esxi"), vni=5001)
    (one,) = find_announcers([view("underlay", series=(inside,))], [])
    assert (one.kinds, one.most_in_a_minute, one.storm) == ({"rarp_announce": 80}, 10, False)
    bare = announced(*ESXI, mac=OTHER, schedule="esxi")
    (one,) = find_announcers([view("underlay", series=(inside,)), view("gw", series=(bare,))], [])
    assert (one.point, one.kinds) == ("gw", {"rarp_announce": 10})
    again = replace(announced(*(n * S for n in range(40)), mac=OTHER, schedule="other"), vni=5001)
    (one,) = find_announcers([view("underlay", series=(again,))], [])
    assert one.storm


def test_thirty_addresses_taken_over_at_once_are_no_storm() -> None:
    """A gateway that fails over says each of its addresses once; one address said as often is a storm."""
    times = tuple(n * 1_000_000 for n in range(30))
    each = tuple(ip_halves(f"10.77.0.{100 + n}") for n in range(30))
    burst = announced(*times, mac=OTHER, kind="garp_request", schedule=None)
    (one,) = find_announcers([view(series=(replace(burst, claims=each),))], [])
    assert (one.kinds, one.most_in_a_minute, one.storm) == ({"garp_request": 30}, 1, False)
    assert one.because == "at most 1 garp_request in a minute for each of 30 addresses, 1 event"
    (one,) = find_announcers([view(series=(replace(burst, claims=each[:1] * 30),))], [])
    assert (one.most_in_a_minute, one.storm) == (30, True)


def test_a_long_calm_series_may_be_the_guest() -> None:
    """Thirty RARPs in two minutes: the same measure for the guest of a move as for others."""
    calm = announced(*(S + n * 4 * S for n in range(30)), mac=OTHER, schedule="other")
    real = announced(S + 300_000_000, S + 350_000_000)
    (only,) = tell([view(streams=(stream(),), series=(calm, real), last_ts=200 * S)], (), (), ()).stories
    assert next(guest.moved.mac for guest in only.guests) == OTHER
