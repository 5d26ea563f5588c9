"""A stretched VLAN that is whole and does not work: a MAC at both sites, an announcement that died on its way."""

from typing import Any

import msgspec
import pytest

from tests.migration.make import GUEST, GUEST_IP, MS, NO_ANNOUNCEMENTS, S, announced, suffered
from tests.migration.test_mechanisms import FINE, LOST, MOMENT, after, case, judged, point
from vmpcap.migration.moved import Moved
from vmpcap.migration.packets.conflicts import Conflict
from vmpcap.migration.results import Domain, Mechanism, OutagePart
from vmpcap.migration.suffered import Suffered
from vmpcap.terms.addresses import ip_halves

FLAPS = Conflict(True, "6 packets of the guest's MAC appeared only at a", "a", (41, 42), after(1100))
LATE = suffered(3000.0, from_ts=after(1500), to_ts=after(4500))


def stretched(*peers: Suffered, **known: Any) -> Mechanism:
    """What is said of the VLAN of a guest that was heard at its new place and is answered there."""
    new = point("b", "domain:destination", series=(announced(MOMENT),))
    guest = Moved(GUEST, (ip_halves(GUEST_IP),), ((new, new.series[0]),), "high", "")
    known = {"domain": Domain(verdict="reached", word="stretched", because="heard at both"), **known}
    views = (point("a", "domain:source"), new)
    found = judged("stretched_vlan", case(*views, guest=guest, peers=peers, **known))
    assert found is not None
    return found


@pytest.mark.parametrize(("peers", "wanted"), [((LATE,), "no"), ((LOST,), "no"), ((FINE,), "undecided")])
def test_a_mac_that_flaps_between_the_sites_is_no_working_vlan(peers: tuple[Suffered, ...], wanted: str) -> None:
    """It failed where peers waited while it flapped; an outage that was over by then is not its doing."""
    found = stretched(*peers, second_place=FLAPS)
    assert found.worked == wanted
    assert FLAPS.because in found.because
    assert [(e.point, e.frames) for e in found.evidence if e.point == "a"] == [("a", [41, 42])]


def waited(part: str, ms: float) -> Suffered:
    """A peer whose outage was spent on that."""
    late = suffered(ms, from_ts=MOMENT - 150 * MS, to_ts=MOMENT + 3 * S)
    spent = OutagePart(
        part=part,  # type: ignore[arg-type]
        ms=ms,
        requests=9,
        from_point="client",
        from_frame=1,
        from_ts="",
        to_point="client",
        to_ts="",
        because="made",
    )
    object.__setattr__(late, "peer", msgspec.structs.replace(late.peer, breakdown=[spent]))
    return late


@pytest.mark.parametrize(("part", "wanted"), [("relearning", "no"), ("announcement", "no"), ("stun", "undecided")])
def test_an_announcement_that_died_is_told_with_the_two_points_it_died_between(part: str, wanted: str) -> None:
    """It is to blame where peers waited for switches to learn the guest's place; not for a stun."""
    died = msgspec.structs.replace(
        NO_ANNOUNCEMENTS, last_seen_at=["b"], first_missing_at=["gw"], lost_between_because="it died between b and gw"
    )
    domain = Domain(verdict="not_reached", word="stretched", because="not seen at gw")
    found = stretched(waited(part, 2800.0), domain=domain, announcements=died)
    assert found.worked == wanted
    assert "last at b, and missing first at gw: it died between b and gw" in found.because
    assert ("for 2.8 s switches did not know its new place" in found.because) == (wanted == "no")
