"""Translators between equivalent domains, and service addresses at two sites."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.mixtures import equivalents
from tests.mixtures.landscape import GUEST, Landscape, told


def test_traffic_that_goes_on_through_the_other_translator(tmp_path: Path) -> None:
    """Known by packets that passed outside under another address, and by the gateway's two MACs."""
    found = told(equivalents.goes_on().report(tmp_path))["nat"]
    assert found.worked == "yes"
    for word in ("198.51.100.10 at client", "02:00:00:aa:00:01 at a", "02:00:00:bb:00:01 at b", "goes on"):
        assert word in found.because
    assert {one.point for one in found.evidence} >= {"a", "b", "client"}


def test_a_guest_that_still_sends_to_the_old_gateway(tmp_path: Path) -> None:
    found = told(equivalents.stale_gateway().report(tmp_path))["nat"]
    assert found.worked == "no"
    assert (
        "to 02:00:00:aa:00:01, its gateway's MAC at the old site, until +3.9 s: its ARP entry was stale"
        in found.because
    )
    assert "then it sent to 02:00:00:bb:00:01" in found.because


def test_a_translator_without_state_resets_what_stood(tmp_path: Path) -> None:
    found = told(equivalents.no_state().report(tmp_path))["nat"]
    assert found.worked == "no"
    assert "1 connection of before got a reset with TTL 63" in found.because


def test_a_translator_that_finds_nobody_says_so(tmp_path: Path) -> None:
    found = told(equivalents.unreachable().report(tmp_path))["nat"]
    assert found.worked == "no"
    assert "203.0.113.1 says that 198.51.100.10 is unreachable (ICMP 3/1)" in found.because


def reachable(scene: Landscape, folder: Path) -> tuple[str, str]:
    """What is said of its being reached, and why."""
    (migration,) = scene.report(folder).migrations
    (check,) = [one for one in migration.checks if one.id == "guest_reachable_after"]
    return check.outcome, check.because


def test_who_asks_for_its_other_address_in_vain_shows_that_it_is_not_reached(tmp_path: Path) -> None:
    """Its own address is asked by nobody beyond a translator: the check was open, and the command ended well."""
    outcome, because = reachable(equivalents.unreachable(), tmp_path)
    assert outcome == "fail"
    assert (
        "requests to the guest, which is 198.51.100.10 there, went unanswered until the end of the capture" in because
    )


@pytest.mark.parametrize("to_guest", [True, False], ids=["another stream goes on", "another machine's"])
def test_one_stream_in_vain_proves_nothing_beside_one_that_goes_on(to_guest: bool, tmp_path: Path) -> None:
    """Nor one that never came to the guest: behind one address there may be many machines."""
    assert reachable(equivalents.in_vain(to_guest), tmp_path)[0] != "fail"


def test_a_translator_whose_other_side_is_not_in_view_is_not_taken_for_lost(tmp_path: Path) -> None:
    """Of the new site announcements are kept alone, and the client is answered as before."""
    assert reachable(equivalents.announced_only(equivalents.goes_on()), tmp_path)[0] != "fail"


def test_two_domains_that_touch_are_told_but_hurt_only_where_somebody_is_hurt(tmp_path: Path) -> None:
    found = told(equivalents.domains_touch().report(tmp_path))["nat"]
    assert found.worked == "undecided"
    assert "the two domains touch: at b both gateways claim 10.77.0.1" in found.because


def test_a_proxy_shows_by_what_is_not_seen_between_the_sites(tmp_path: Path) -> None:
    found = told(equivalents.behind_a_proxy().report(tmp_path))["nat"]
    assert found.worked == "yes"
    assert "the guest's address is never seen at client" in found.because


def test_routers_that_only_route_are_no_translators(tmp_path: Path) -> None:
    """The same, but outside the guest has its own address: two gateways of one address are no sign."""
    assert "nat" not in told(equivalents.goes_on(public=GUEST).report(tmp_path))


def test_a_point_off_the_path_hides_nobody(tmp_path: Path) -> None:
    """The client shows the guest's own address, routed: that it is not seen elsewhere is no translator's doing."""
    assert "nat" not in told(equivalents.off_the_path().report(tmp_path))


ANYCAST: dict[str, tuple[Callable[[], Landscape], str | None, str]] = {
    "kept": (equivalents.each_keeps_to_one, "yes", "TTL 61 in one connection and with TTL 58 in another"),
    "shared": (equivalents.shared_by_packet, "no", "one of them has no state"),
    "two ways": (equivalents.two_ways_to_one, "undecided", "two ways to one machine look the same"),
    "moved": (equivalents.moved_once, None, ""),
    "in turn": (equivalents.in_turn, "yes", "TTL 61 in one connection and with TTL 62 in the next, to and fro"),
    "flapped once": (equivalents.flapped_once, None, ""),
    "moved between short ones": (equivalents.moved_between_short_ones, None, ""),
}


@pytest.mark.parametrize("name", ANYCAST)
def test_one_service_address_at_two_sites(name: str, tmp_path: Path) -> None:
    """A connection that stays with one site is well; segments from one and resets from the other are not."""
    made, worked, word = ANYCAST[name]
    found = told(made().report(tmp_path)).get("anycast")
    assert (found.worked if found is not None else None) == worked
    assert word in (found.because if found is not None else "")


def test_every_connection_that_the_other_place_reset_is_counted(tmp_path: Path) -> None:
    """The last one from each place, too, behind which nothing goes on."""
    found = told(equivalents.reset_by_the_other(10).report(tmp_path))["anycast"]
    assert found.worked == "no"
    assert "at client 10 connections to 10.77.0.10 got segments from one place and resets from another" in found.because


def test_of_many_connections_the_largest_are_looked_at_and_the_others_counted(tmp_path: Path) -> None:
    """Seventy short ones from lower ports hide none of the six that show two places; 64 are looked at."""
    found = told(equivalents.short_ones_first().report(tmp_path)).get("anycast")
    assert found is not None
    assert "TTL 61 in one connection and with TTL 58 in another" in found.because
    assert "each of 64 connections kept to one; 12 smaller or earlier ones were not looked at" in found.because
