"""Kinds of announcements that the new place heard and that did not come to the gateway, where others did."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.migration.make import GATEWAY, GUEST, GUEST_IP, MS, S, announced, arps, view
from vmpcap.announcements.kinds import NUMBER_OF
from vmpcap.announcements.rows import AnnouncementRows
from vmpcap.announcements.series import Series
from vmpcap.migration.announced.early import Early
from vmpcap.migration.announced.reach import follow_announcements
from vmpcap.migration.announced.told import tell_announcements
from vmpcap.migration.moved import Moved
from vmpcap.migration.results import Announcements
from vmpcap.migration.views import PointView
from vmpcap.points.clock import Offset
from vmpcap.points.holes import Hole
from vmpcap.terms.addresses import ip_halves

SWITCH = 10 * S
BOTH = ("rarp_announce", "garp_request")
OTHERS = arps(
    (2 * S, NUMBER_OF["rarp_announce"], 0x005056AA7799, "0.0.0.0", "0.0.0.0"),
    (3 * S, NUMBER_OF["arp_request"], GATEWAY, "10.77.0.1", "10.77.0.99"),
)
"""Another guest's RARP, and ARP of the gateway: frames of both types pass its capture."""


def sent(kinds: Sequence[str], count: int = 4, begin: int = SWITCH) -> Series:
    """So many of each kind, 200 ms apart, kinds in turn."""
    every = [(begin + n * 200 * MS + place * MS, kind) for n in range(count) for place, kind in enumerate(kinds)]
    times, named = tuple(ts for ts, _ in every), tuple(kind for _, kind in every)
    series = announced(*times)
    return replace(series, kinds=tuple((kind, count) for kind in kinds), frame_kinds=named)


def gateway(kinds: Sequence[str], rows: AnnouncementRows = OTHERS, name: str = "gw", **more: object) -> PointView:
    return view(name, "gateway", series=(sent(kinds, begin=SWITCH + 50_000),) if kinds else (), arps=rows, **more)


def host(kinds: Sequence[str] = BOTH, role: str = "domain:destination", **more: object) -> PointView:
    return view("br", role, series=(sent(kinds, **more),))  # type: ignore[arg-type]


def told(*views: PointView) -> Announcements:
    moved = Moved(GUEST, (ip_halves(GUEST_IP),), tuple((v, v.series[0]) for v in views if v.series), "high", "")
    heard = follow_announcements(moved, views, SWITCH, qemu=True)
    return tell_announcements(heard.announcements, moved, views, SWITCH, Early(None, ""), heard.domain.verdict)


def test_gratuitous_arp_that_stays_behind_leaves_caches_out() -> None:
    """The RARPs came, four each were sent: switches learn of the place, ARP caches there do not hear of it."""
    found = told(host(), gateway(["rarp_announce"]))
    assert found.teaches == ["mac_tables"]
    assert found.teaches_because.startswith("RARP only: switches learn the guest's place, ARP caches do not")
    words = "not seen at gw, where 4 rarp_announce came: 4 garp_request that br heard (from frame 201 on)"
    assert found.teaches_because.endswith(words)
    assert found.kinds == {"garp_request": 4, "rarp_announce": 4}, "what was sent"


def test_rarp_that_stays_behind_is_told_and_gratuitous_arp_teaches_both() -> None:
    found = told(host(), gateway(["garp_request"]))
    assert found.teaches == ["mac_tables", "arp_caches"]
    words = "not seen at gw, where 4 garp_request came: 4 rarp_announce that br heard (from frame 200 on)"
    assert found.teaches_because.endswith(words)


ARP_ONLY = arps((3 * S, NUMBER_OF["arp_request"], GATEWAY, "10.77.0.1", "10.77.0.99"))
RARP_ONLY = arps((2 * S, NUMBER_OF["rarp_announce"], 0x005056AA7799, "0.0.0.0", "0.0.0.0"))


@pytest.mark.parametrize(
    ("came", "rows", "lost"),
    [("rarp_announce", RARP_ONLY, "garp_request"), ("garp_request", ARP_ONLY, "rarp_announce")],
)
def test_where_a_filter_may_hide_a_kind_nothing_is_concluded(came: str, rows: AnnouncementRows, lost: str) -> None:
    """Of its type the gateway's capture holds no frame of anybody: that it was not seen is all that is known."""
    found = told(host(), gateway([came], rows=rows))
    assert found.teaches == ["mac_tables", "arp_caches"]
    assert f"4 {lost} that br heard" in found.teaches_because
    assert "a filter of the capture may have hidden" in found.teaches_because


CAME = ["rarp_announce"]


@pytest.mark.parametrize(
    "views",
    [
        [host(), gateway(BOTH)],
        [host(CAME), gateway(CAME)],
        [host(role="domain:source"), gateway(CAME)],
        [host(), gateway(CAME), gateway(BOTH, name="gw2")],
        [host(), gateway(CAME, drops=1)],
        [host(), gateway(CAME, offset=None)],
        [host(), gateway(CAME, last_ts=SWITCH + 950 * MS)],
        [host(), gateway(CAME, holes=(Hole("gw", SWITCH - S, SWITCH + S, 1, 2, "it is blind", True),))],
        [host(), gateway([])],
    ],
    ids=[
        "both came",
        "one was sent",
        "its old place",
        "another gateway heard it",
        "drops",
        "clocks not compared",
        "ends too soon",
        "blind then",
        "nothing came",
    ],
)
def test_where_it_may_have_come_nothing_is_told(views: list[PointView]) -> None:
    """A kind is missing only where others came and it would have been seen."""
    assert "not seen at" not in told(*views).teaches_because


def test_a_clock_that_is_known_to_differ_is_put_on_one() -> None:
    """The gateway's is an hour ahead."""
    hour = 3600 * S
    late = sent(CAME, begin=SWITCH + hour)
    away = view(
        "gw",
        "gateway",
        series=(late,),
        arps=OTHERS,
        offset=Offset(hour - MS, hour + MS, 9),
        first_ts=hour,
        last_ts=2 * hour,
    )
    assert "not seen at gw" in told(host(), away).teaches_because
