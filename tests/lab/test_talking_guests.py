"""A guest that speaks before anybody asks it, as nearly every one does: its network is judged all the same."""

from pathlib import Path
from typing import Any

import pytest

import vmpcap
from tests.lab.playing import played, written
from vmpcap.report.document import Guest, Mechanism

TALKS: dict[str, Any] = {"guest_talks": True, "option": "tagged", "pace": 30, "tail_s": 14.0}
"""It logs each second; the client asks every few: so a frame of its own comes first."""


def told(folder: Path, scenario: str, but: tuple[str, ...], **more: Any) -> Guest:
    """What is said of this scenario's guest without these points."""
    made = played(scenario, **more)
    files = {name: path for name, path in written(made, folder).items() if name not in but}
    roles = {tap.name: tap.role for tap in made.taps if tap.name not in but}
    (guest,) = vmpcap.report(files, roles=roles).document.migrations[0].guests
    return guest


def row(guest: Guest, name: str = "stretched_vlan") -> Mechanism:
    """The row of this mechanism."""
    (found,) = [m for m in guest.mechanisms if m.name == name]
    return found


def test_a_vlan_works_whatever_told_the_switches_the_way(tmp_path: Path) -> None:
    """The announcement crossed to the old site, in the guest's VLAN: it got there, whatever taught the way."""
    guest = told(tmp_path, "stretched_vlan", ("gateway",), **TALKS)
    assert guest.domain.verdict == "reached"
    assert "the announcement itself came through the network to site-a (frame" in guest.domain.because
    assert row(guest).worked == "yes"
    assert "first seen at site-a" in row(guest).because
    assert row(guest).latency_ms == pytest.approx(0.5, abs=0.2)


def test_a_vlan_whose_new_place_nobody_captured_is_undecided_with_the_reason(tmp_path: Path) -> None:
    """The client was answered: by which way is not in view."""
    guest = told(tmp_path, "stretched_vlan", ("gateway", "site-b"), **TALKS)
    assert row(guest).worked == "undecided"
    assert row(guest).because.endswith("by which way it was reached is not known")


@pytest.mark.parametrize(
    ("scenario", "worked"), [("stretched_vlan_sticky_mac", "no"), ("port_group_other_vlan", "undecided")]
)
def test_a_talking_guest_that_nobody_reaches_makes_no_vlan_work(scenario: str, worked: str, tmp_path: Path) -> None:
    """Its announcement was heard at both sites here, too: port security held its MAC, or it was another VLAN's."""
    guest = told(tmp_path, scenario, ("gateway",), **TALKS)
    assert guest.announcements.by_point["site-a"].seen
    assert guest.domain.verdict != "reached"
    assert row(guest).worked == worked
