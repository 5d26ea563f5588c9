"""There, back and there again: whose roles are turned, and where each move's look ends."""

from tests.announcements.made import Row, make_rows
from tests.migration.make import GUEST, MS, S, announced, asks_and_answers, moves_of, stream, view
from vmpcap.migration.guest.guests import find_guests
from vmpcap.migration.guest.scenes import Scene, set_scenes
from vmpcap.migration.views import PointView
from vmpcap.points.clock import Offset

HOSTS = {"a_ip": "10.10.1.11", "b_ip": "10.10.1.12"}
BACK = {"a_ip": "10.10.1.12", "b_ip": "10.10.1.11", "a_port": 51_000}
ROLES = {
    "src-uplink": "source",
    "dst-uplink": "destination",
    "src-guestbr": "domain:source",
    "dst-guestbr": "domain:destination",
    "gw-lan": "gateway",
}


def scenes_of(*views: PointView) -> list[Scene]:
    moves = moves_of(*views)
    return set_scenes(moves, find_guests(moves, views)[0], views)


def there_back_there() -> list[PointView]:
    """Three moves of one guest, ten seconds apart, seen at five points."""
    streams = (
        stream(0, **HOSTS),  # type: ignore[arg-type]
        stream(10 * S, **BACK),  # type: ignore[arg-type]
        stream(20 * S, a_port=52_000, **HOSTS),  # type: ignore[arg-type]
    )
    series = tuple(announced(n * 10 * S + S + 5 * MS, n * 10 * S + S + 55 * MS) for n in range(3))
    return [
        view(
            name, role, last_ts=40 * S,
            streams=streams if "uplink" in name else (),
            series=() if "uplink" in name else series,
            journal=asks_and_answers(0, 40 * S, 100 * MS),
        )
        for name, role in ROLES.items()
    ]  # fmt: skip


def roles(scene: Scene) -> dict[str, str | None]:
    return {v.name: v.role for v in scene.views}


def test_on_the_way_back_the_roles_are_turned() -> None:
    """The destination's points are the source's; the gateway stays where it is. The third move is as the first."""
    there, back, again = scenes_of(*there_back_there())
    assert roles(there) == ROLES
    assert roles(back) == {
        "src-uplink": "destination",
        "dst-uplink": "source",
        "src-guestbr": "domain:destination",
        "dst-guestbr": "domain:source",
        "gw-lan": "gateway",
    }
    assert roles(again) == ROLES


def test_the_way_back_is_measured_at_its_own_source() -> None:
    """The best witness of the second move is the host that sends then."""
    there, back, again = scenes_of(*there_back_there())
    assert [s.move.best.view.name for s in (there, back, again)] == ["src-uplink", "dst-uplink", "src-uplink"]
    assert [s.move.best.view.role for s in (there, back, again)] == ["source"] * 3


def test_a_move_does_not_see_the_frames_of_the_next() -> None:
    """Each look ends where the guest's next move begins; the last one goes on to the end."""
    for scene, end in zip(scenes_of(*there_back_there()), (10 * S, 20 * S, 40 * S), strict=True):
        for seen in scene.views:
            assert seen.last_ts == end
            assert int(seen.journal.ts_ns.max()) <= end
            assert int(seen.journal.ts_ns.max()) >= end - 200 * MS


def test_each_move_keeps_its_own_announcements() -> None:
    """Two frames each, in the point's own view."""
    for number, scene in enumerate(scenes_of(*there_back_there())):
        (guest,) = scene.guests
        assert {s.times for _, s in guest.heard} == {(number * 10 * S + S + 5 * MS, number * 10 * S + S + 55 * MS)}
        for seen_at, _ in guest.heard:
            assert seen_at in scene.views


def test_bodies_of_arp_end_with_the_look_too() -> None:
    """What the guest claims after its next move is of that move."""
    points = there_back_there()
    bodies = make_rows([Row(n * S, "garp_request", ip="10.77.0.10") for n in range(40)])
    points[4] = view("gw-lan", "gateway", series=points[4].series, arps=bodies, last_ts=40 * S)
    there, _, again = scenes_of(*points)
    assert [int(v.arps.ts_ns.max()) for s in (there, again) for v in s.views if v.name == "gw-lan"] == [10 * S, 39 * S]


def test_the_end_of_a_look_is_put_on_each_points_clock() -> None:
    """A point whose clock is 100 s ahead is followed until its own 110 s."""
    points = there_back_there()
    ahead = Offset(100 * S - MS, 100 * S + MS, 9)
    rows = asks_and_answers(100 * S, 140 * S, 100 * MS)
    points[4] = view("gw-lan", "gateway", journal=rows, first_ts=100 * S, last_ts=140 * S, offset=ahead)
    there, *_ = scenes_of(*points)
    (seen,) = [v for v in there.views if v.name == "gw-lan"]
    assert seen.last_ts == 110 * S
    assert int(seen.journal.ts_ns.max()) <= 110 * S


def test_the_move_of_another_guest_does_not_end_the_look() -> None:
    """Two guests, one after the other, the same way: each is followed to the end, and no role is turned."""
    second = stream(10 * S, a_port=51_000)
    other = announced(11 * S + 5 * MS, mac=GUEST + 1)
    both = view("gw", "gateway", series=(announced(S + 5 * MS), other), last_ts=40 * S)
    first, later = scenes_of(view("up", "source", streams=(stream(), second), last_ts=40 * S), both)
    assert {v.last_ts for v in first.views} == {v.last_ts for v in later.views} == {40 * S}
    assert roles(later) == {"up": "source", "gw": "gateway"}


def test_a_look_that_was_ended_is_no_cut_file() -> None:
    """The capture is truncated at its end, which belongs to the last move alone."""
    points = there_back_there()
    cut = view("cut", "wan", journal=asks_and_answers(0, 40 * S, 100 * MS), last_ts=40 * S, truncated=True)
    scenes = scenes_of(*points, cut)
    assert [v.truncated for s in scenes for v in s.views if v.name == "cut"] == [False, False, True]


def test_a_nic_stays_with_its_host_when_the_guest_moves_on() -> None:
    """On to a third host: the first destination's NIC is the source's then, the first source's is no end at all."""
    onward = stream(10 * S, a_ip="10.10.1.12", b_ip="10.10.1.13", a_port=51_000)
    both = {"streams": (stream(), onward), "series": (announced(S), announced(11 * S)), "last_ts": 40 * S}
    first, second = scenes_of(view("a", "source", **both), view("b", "destination", **both))
    assert roles(first) == {"a": "source", "b": "destination"}
    assert roles(second) == {"a": None, "b": "source"}


def test_a_host_that_is_emptied_is_the_source_of_every_move() -> None:
    """Guests leave for two hosts: the NIC of the one is no end of the other's migration."""
    other = stream(10 * S, b_ip="10.10.1.13", a_port=51_000)
    source = view("src", "source", streams=(stream(), other), last_ts=40 * S)
    targets = [view("to-12", "destination", streams=(stream(),)), view("to-13", "destination", streams=(other,))]
    first, second = scenes_of(source, *targets)
    assert roles(first) == {"src": "source", "to-12": "destination", "to-13": None}
    assert roles(second) == {"src": "source", "to-12": None, "to-13": "destination"}
