"""The word for the two domains, and where an announcement died, on real migrations."""

from pathlib import Path

import pytest

from tests.oracle.lab_truth import ROLES, read_truth
from tests.oracle.mechanisms_truth import domain_of, mechanisms, points_of
from tests.oracle.test_lab import LAB, OWN
from vmpcap.migration.results import Guest
from vmpcap.runs.pipeline import analyse
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.verdicts.profile import load_profile

WORDS = {"same": "same", "wan": "stretched", "vxlan": "stretched", "none": "different"}
"""What the lab calls its guest VLAN, in our words."""

BARELY_SHOWN = {"r4_rip_port_follows", "r6s_ospf_stale"}
"""The old bridge fell silent with the move, or no clock of it is known: nothing tells one domain from two alike."""


def labs() -> list[Path]:
    return [p.parent for root in (LAB, OWN) for p in sorted(root.glob("*/truth.json"))]


def guests_of(points: list[tuple[str, str | None, str]]) -> list[Guest]:
    files = tuple(PointFiles(name, role, (path,)) for name, role, path in points)
    report = analyse(Request(points=files, profile=load_profile("vsphere4"))).report
    return [guest for migration in report.migrations for guest in migration.guests]


@pytest.mark.parametrize("folder", labs(), ids=lambda p: f"{p.parent.name}-{p.name}")
def test_the_word_is_the_labs(folder: Path) -> None:
    """One switch, a stretch over the WAN, VXLAN, or a bridge that leads nowhere; and where its RARP died."""
    truth = read_truth(folder)
    points = [(name, ROLES.get(name), str(folder / f"{name}.pcap.zst")) for name in truth.points]
    guests = guests_of(points)
    assert bool(guests) == any(leg.completed for leg in truth.legs)
    for guest in guests:
        assert guest.domain.word == WORDS[truth.raw["configured"]["guest_stretch"]], guest.domain.word_because
        arrived = truth.rarps_at("gw-lan") > 0
        heard = guest.announcements
        assert heard.first_missing_at == ([] if arrived else ["gw-lan"])
        assert arrived or (
            heard.last_seen_at[-1] == "dst-switchport" and not set(heard.last_seen_at) - set(truth.points)
        )


@pytest.mark.parametrize("folder", mechanisms(), ids=lambda p: p.name)
def test_the_word_is_the_topologys(folder: Path) -> None:
    """Exactly, or undecided with the gateway as the reason where the captures show no more."""
    (guest,) = guests_of(points_of(folder))
    if folder.name in BARELY_SHOWN:
        assert guest.domain.word == "undecided"
        assert "the gateway" in guest.domain.word_because
    else:
        assert guest.domain.word == domain_of(folder), guest.domain.word_because
