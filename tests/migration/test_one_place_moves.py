"""Guests that changed places where their stream is not in view, and roles or one of their places are not either."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from scapy.layers.l2 import ARP, Ether

from tests.migration.moving import BEGIN, GUEST, GUEST_IP, MOVED, Scene, add_announcement
from tests.migration.test_announced_moves import GATEWAYS, INNOCENT, STOPS, add_life, add_noise, moved, other_of, read

CLIENT_AND = {"old": ("old", "far"), "new": ("new", "far")}


def only(scene: Scene, points: Sequence[str]) -> Scene:
    for name in [name for name in scene.seen if name not in points]:
        del scene.seen[name]
    return scene


def there_and_back() -> Scene:
    """The guest goes to its new place and comes back after eight seconds; both domains hear every announcement."""
    scene = Scene()
    add_noise(scene)
    add_life(scene, "old", BEGIN - 3, STOPS)
    add_life(scene, "new", STOPS, MOVED + 0.2, answered=False, first=900)
    add_life(scene, "new", MOVED + 0.2, MOVED + 7.85, first=1_000)
    add_life(scene, "old", MOVED + 7.85, MOVED + 8.2, answered=False, first=1_900)
    add_life(scene, "old", MOVED + 8.2, BEGIN + 20, first=2_000)
    whole = Scene()
    add_announcement(whole, "old", "new")
    for point, seen in whole.seen.items():
        for ts, packet in seen:
            scene.at(point, ts, packet)
            scene.at(point, ts + 8, packet.copy())
    return scene


def isolated() -> Scene:
    """Its new place leads nowhere: it asks for its gateway there in vain, and its client is answered no more."""
    scene = moved(answered=False)
    for n in range(4):
        ask = ARP(op=1, hwsrc=GUEST, psrc=GUEST_IP, pdst="10.77.0.1")
        scene.at("new", MOVED + 0.4 + n, Ether(src=GUEST, dst=GATEWAYS["new"]) / ask)
    scene.seen["new"] = [one for one in scene.seen["new"] if one[1].dst != GUEST]
    return scene


def test_files_without_roles_are_known_by_a_guest_that_changed_places_among_them(tmp_path: Path) -> None:
    """What is said with the roles is said without: the guest's own talk tells them."""
    named, alone = read(moved(), tmp_path / "named"), read(moved(), tmp_path / "alone", roles={})
    (migration,), (told,) = named.migrations, alone.migrations
    assert [g.switchover.peer_outage_ms for g in told.guests] == [g.switchover.peer_outage_ms for g in migration.guests]
    assert {c.id: c.outcome for c in told.checks} == {c.id: c.outcome for c in migration.checks}
    roles = {point["point"]: point["role"] for point in json.loads(alone.to_json())["inputs"]}
    assert roles == {"old": "domain:source", "new": "domain:destination", "far": "client"}


def test_there_and_back_without_roles_is_told_twice(tmp_path: Path) -> None:
    report = read(there_and_back(), tmp_path, roles={})
    assert [m.guests[0].switchover.peer_outage_ms for m in report.migrations] == [pytest.approx(350, abs=210)] * 2


def test_a_guest_that_moved_names_the_roles_though_one_announced_before_it_did_not(tmp_path: Path) -> None:
    """Seen as the other was; but that one was silent for ten seconds, as a machine that starts is."""
    scene = moved()
    began = other_of(INNOCENT["long silence"](), "00:50:56:aa:77:11", "10.77.0.11")
    for point, seen in began.seen.items():
        scene.seen[point] += [(ts - 0.5, packet) for ts, packet in seen]
    (migration,) = read(scene, tmp_path, roles={}).migrations
    assert [guest.mac for guest in migration.guests] == [GUEST]


@pytest.mark.parametrize("name", INNOCENT)
def test_what_only_resembles_a_move_names_no_roles(name: str, tmp_path: Path) -> None:
    report = read(INNOCENT[name](), tmp_path, roles={})
    assert report.migrations == []
    assert {point["role"] for point in json.loads(report.to_json())["inputs"]} == {None}


def test_a_role_that_is_not_to_be_told_and_would_show_a_move_says_why(tmp_path: Path) -> None:
    """One place and a gateway's client: the link by which the guest's packets come there would show the same."""
    report = read(only(moved(), CLIENT_AND["new"]), tmp_path, roles={})
    assert report.migrations == []
    (because,) = [p["role_because"] for p in json.loads(report.to_json())["inputs"] if p["point"] == "new"]
    assert "would show the same" in because


@pytest.mark.parametrize(
    ("scene", "points", "says"),
    [
        (moved, ("new", "far"), "far saw come from elsewhere, and it sends there since"),
        (isolated, ("new", "far"), "far saw come from elsewhere, and it is silent at far since"),
        (lambda: moved(announced=("old", "new")), ("old", "far"), "its packets pass elsewhere since"),
    ],
    ids=["new place", "new place leads nowhere", "old place"],
)
def test_one_of_the_places_beside_a_point_elsewhere_shows_a_move(
    scene: Callable[[], Scene], points: Sequence[str], says: str, tmp_path: Path
) -> None:
    (migration,) = read(only(scene(), points), tmp_path).migrations
    assert [guest.mac for guest in migration.guests] == [GUEST]
    because = {check.id: check.because for check in migration.checks}["completed"]
    assert says in because
    assert "not in view" in because


def test_its_new_place_that_leads_nowhere_fails_without_the_old_one(tmp_path: Path) -> None:
    (migration,) = read(only(isolated(), ("new", "far")), tmp_path).migrations
    assert {c.id: c.outcome for c in migration.checks}["guest_reachable_after"] == "fail"


@pytest.mark.parametrize("place", CLIENT_AND)
def test_there_and_back_is_told_by_one_of_the_places(place: str, tmp_path: Path) -> None:
    """What left one place came back to it: each way is the other's turned round."""
    report = read(only(there_and_back(), CLIENT_AND[place]), tmp_path)
    assert [m.guests[0].switchover.peer_outage_ms for m in report.migrations] == [pytest.approx(350, abs=210)] * 2


def stays_and_is_announced() -> Scene:
    """A port of its host flaps: it is silent, is announced where it was, and goes on there."""
    scene = Scene()
    add_noise(scene)
    add_life(scene, "old", BEGIN - 3, STOPS)
    add_announcement(scene, "old", "new")
    add_life(scene, "old", STOPS, MOVED + 0.2, answered=False, first=900)
    add_life(scene, "old", MOVED + 0.2, BEGIN + 20, first=1_000)
    return scene


@pytest.mark.parametrize("place", CLIENT_AND)
@pytest.mark.parametrize("name", [*INNOCENT, "flaps"])
def test_what_only_resembles_a_move_is_none_by_one_place_either(name: str, place: str, tmp_path: Path) -> None:
    made = {**INNOCENT, "flaps": stays_and_is_announced}[name]()
    if not set(made.seen) >= {"far"}:
        pytest.skip("nobody but the two places is in this scene")
    told = [m for m in read(only(made, CLIENT_AND[place]), tmp_path).migrations if m.known_by == "places"]
    assert told == []


@pytest.mark.parametrize("points", [("new", "far"), ("old", "far"), ("old", "new", "far")])
def test_machines_that_are_announced_together_are_a_host_s_other_uplink_by_one_place_too(
    points: Sequence[str], tmp_path: Path
) -> None:
    """A host announces all its machines where its uplink failed over: a note, and no migration of any."""
    scene = moved(announced=("old", "new"))
    for point, seen in other_of(moved(announced=("old", "new")), "00:50:56:aa:77:11", "10.77.0.11").seen.items():
        scene.seen[point] += seen
    report = read(only(scene, points), tmp_path)
    assert report.migrations == []
    (note,) = [one for one in report.notes if "uplink that failed over" in one]
    assert "00:50:56:aa:77:10, 00:50:56:aa:77:11 were announced at" in note


def test_a_place_that_showed_few_of_the_guest_s_packets_before_tells_of_no_move(tmp_path: Path) -> None:
    """One of a bundle's links: what is missing there after the announcement was missing before."""
    scene = moved(announced=("old", "new"))
    scene.seen["old"] = [one for n, one in enumerate(scene.seen["old"]) if n // 2 % 2]
    assert read(only(scene, ("old", "far")), tmp_path).migrations == []
