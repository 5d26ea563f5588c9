"""Which VLAN the guest's frames carried before and after."""

from dataclasses import replace

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
    arps,
    asks_and_answers,
    journal,
    view,
)
from vmpcap.announcements.kinds import NUMBER_OF
from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.announced.vlans import TwoTags, find_retagged, tags_apart, tags_kept
from vmpcap.migration.domains.two_domains import name_domains
from vmpcap.migration.moved import Moved
from vmpcap.migration.results import PointAnnouncements
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import BROADCAST_MAC, ip_halves

SWITCH = 5 * S


@pytest.mark.parametrize(("tag", "after"), [(-1, []), (0, []), (7, [7])], ids=["untagged", "priority only", "VLAN 7"])
def test_a_priority_tag_is_no_other_vlan(tag: int, after: list[int]) -> None:
    """IEEE 802.1Q 9.6: identifier 0 says that the frame belongs to no VLAN by its tag."""
    seen = asks_and_answers(0, 10 * S, 10 * MS)
    tags = np.where(seen.ts_ns > SWITCH, tag, -1).astype(np.int32)
    here = view("gw", "gateway", journal=seen._replace(vlan_outer_id=tags))
    moved = Moved(GUEST, (ip_halves(GUEST_IP),), (), "high", "")
    *told, frames = tags_kept(moved, [here], SWITCH)
    assert told == [[], after, "gw"]
    last, first = (int(seen.ts_ns[np.flatnonzero(seen.frame == one)[0]]) for one in frames)
    assert last < SWITCH < first


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [((-1, 20), (-1, 20), ([20], [20])), ((-1, 20), (-1, 30), ([20], [30])), ((-1, 20), (-1, -1), ([], []))],
    ids=["kept", "another", "port without the tag"],
)
def test_copies_with_and_without_a_tag_hold_tag_against_tag(
    was: tuple[int, int], now: tuple[int, int], told: tuple[list[int], list[int]]
) -> None:
    """A mirror shows each frame twice: nearest to the move may stand the one form before and the other after."""
    once = asks_and_answers(0, 10 * S, 10 * MS, (SWITCH - 100 * MS, SWITCH + 100 * MS))
    columns = (np.repeat(column, 2) for column in once)
    seen = JournalColumns(*columns)  # type: ignore[arg-type]
    is_second = np.arange(seen.rows) % 2
    tags = np.where(seen.ts_ns > SWITCH, np.take(now, is_second), np.take(was, is_second)).astype(np.int32)
    seen = seen._replace(ts_ns=seen.ts_ns + is_second * 1000, vlan_outer_id=tags)
    moved = Moved(GUEST, (ip_halves(GUEST_IP),), (), "high", "")
    before, after, _, _ = tags_kept(moved, [view("gw", "gateway", journal=seen)], SWITCH)
    assert (before, after) == told


def test_a_host_that_announces_untagged_a_guest_that_tags_says_nothing_of_its_vlan() -> None:
    """The guest's own frames are in VLAN 20 before and after; its host's RARP is in none, and so is a copy of it."""
    once = asks_and_answers(0, 10 * S, 10 * MS, (SWITCH - 100 * MS, SWITCH + 100 * MS))
    rarp = journal(*((SWITCH + late, GUEST, BROADCAST_MAC, "0.0.0.0", "0.0.0.0") for late in (MS, 2 * MS)))
    rarp = rarp._replace(
        frame=rarp.frame + 199, ethertype=np.full(2, 0x8035, np.uint16), ip_version=np.zeros(2, np.uint8)
    )
    tagged = once._replace(vlan_outer_id=np.full(once.rows, 20, np.int32), frame=once.frame + 1000)
    whole = JournalColumns(*(np.concatenate(two) for two in zip(tagged, rarp, strict=True)))  # type: ignore[arg-type]
    here = view("gw", "gateway", journal=whole.take(np.argsort(whole.ts_ns, kind="stable")))
    moved = Moved(GUEST, (ip_halves(GUEST_IP),), ((here, announced(SWITCH + MS)),), "high", "")
    assert tags_kept(moved, [here], SWITCH)[:2] == ([20], [20])


def test_the_tag_at_each_of_the_two_places_is_told() -> None:
    """VLAN 10 where it was, 30 where it came to; a point that saw it at the wrong time tells nothing."""

    def place(name: str, role: str, tag: int, begin: int, end: int) -> PointView:
        seen = asks_and_answers(begin, end, 10 * MS)
        return view(name, role, journal=seen._replace(vlan_outer_id=np.full(seen.rows, tag, np.int32)))

    moved = Moved(GUEST, (ip_halves(GUEST_IP),), (), "high", "")
    old = place("old", "domain:source", 10, 0, SWITCH - S)
    new = place("new", "domain:destination", 30, SWITCH + S, 10 * S)
    assert tags_apart(moved, [new, old], SWITCH) == TwoTags([10], "old", [30], "new")
    assert tags_apart(moved, [old], SWITCH) is None
    assert tags_apart(moved, [old, place("new", "domain:destination", 30, 0, SWITCH - S)], SWITCH) is None


def at_both(role: str, column: str, was: int, now: int, until: int = 20 * S) -> list[PointView]:
    """The guest answers at one point until it moves, and at another since, with these tags; behind access ports too."""
    old, new = asks_and_answers(0, SWITCH - S, 10 * MS), asks_and_answers(SWITCH + S, SWITCH + 2 * S, 10 * MS)
    new = new.take(new.eth_src == GUEST)
    found = [
        view("port-a", "domain:source", journal=old),
        view("port-b", "domain:destination", journal=new),
    ]
    for name, rows, tag in (("link-a", old, was), ("link-b", new, now)):
        place = role or ("domain:source" if name == "link-a" else "domain:destination")
        tagged = getattr(rows, column).copy()
        tagged[:] = tag
        found.append(view(name, place, journal=rows._replace(**{column: tagged})))
    lost = asks_and_answers(0, until, 10 * MS, (SWITCH - S, SWITCH), answers=False)
    return [*found, view("client", "client", journal=lost, last_ts=until)]


@pytest.mark.parametrize(
    ("role", "column", "was", "now", "kind"),
    [
        ("", "vlan_outer_id", 77, 78, "VLAN"),
        ("", "vlan_outer_id", 77, 77, None),
        ("", "vlan_outer_id", 77, -1, None),
        ("wan", "vlan_outer_id", 77, 78, None),
        ("wan", "vni", 5077, 5078, "VNI"),
        ("wan", "vni", 5077, 5077, None),
    ],
)
def test_another_vlan_or_vni_since_is_one_fact_with_one_word(
    role: str, column: str, was: int, now: int, kind: str | None
) -> None:
    """
    Untagged ports beside the tagged links take nothing from it; tags on a link between sites are not the guest's.

    Of a VLAN in which nobody else is seen nothing tells whether it is another network, or a translation that broke.
    """
    points = at_both(role, column, was, now)
    moved = Moved(GUEST, (ip_halves(GUEST_IP),), (), "high", "")
    told = find_retagged(moved, points, SWITCH)
    assert (told.tags if told else None) == (TwoTags([was], "link-a", [now], "link-b", kind) if kind else None)  # type: ignore[arg-type]
    unheard = {one.name: PointAnnouncements(seen=None, reached="not_observable", because="") for one in points}
    named = name_domains(moved, points, unheard, SWITCH)
    assert named.word == ("different" if kind == "VNI" else "undecided")
    assert not told or told.words in named.because
    answering = [*points[:4], view("client", "client", journal=asks_and_answers(0, 20 * S, 10 * MS))]
    assert name_domains(moved, answering, unheard, SWITCH).word == "undecided"


STRANGER = 0x0050_5600_0007


def beside(points: list[PointView], *frames: tuple[int, int, dict[str, int]], **tags: int) -> list[PointView]:
    """The same points, with frames of a stranger at both tagged links: when, the later by how much, what they carry."""
    found = []
    for point in points:
        extra = [(ts + (late if point.name == "link-b" else 0), known) for ts, late, known in frames]
        if point.name in tags and extra:
            rows = journal(*((ts, STRANGER, 0x0050_5600_0008, "10.77.0.7", "10.77.0.8") for ts, _ in extra))
            rows.frame[:] += 10_000
            rows.vlan_outer_id[:] = tags[point.name]
            rows.ip_id[:] = 0
            for place, (_, known) in enumerate(extra):
                for name, value in known.items():
                    getattr(rows, name)[place] = value
            both = [np.concatenate(pair) for pair in zip(point.journal, rows, strict=True)]
            joined = JournalColumns(*both)
            point = replace(point, journal=joined.take(np.argsort(joined.ts_ns, kind="stable")))  # noqa: PLW2901
        found.append(point)
    return found


NUMBERED = tuple((SWITCH + n * S, MS, {"ip_id": 500 + n}) for n in (2, 3, 4))


@pytest.mark.parametrize(
    ("frames", "word"),
    [
        (NUMBERED, "stretched"),
        (NUMBERED[:1], "different"),
        (tuple((ts, late, {}) for ts, late, _ in NUMBERED), "different"),
        (tuple((ts, late, {**known, "eth_src": 0x0000_5E00_014D}) for ts, late, known in NUMBERED), "different"),
        (tuple((ts, S // 2, known) for ts, _, known in NUMBERED), "different"),
    ],
    ids=["same packets", "one of them", "no number of their own", "a virtual router's", "at other times"],
)
def test_a_vlan_that_is_translated_on_the_way_is_no_other_network(
    frames: tuple[tuple[int, int, dict[str, int]], ...], word: str
) -> None:
    """Others pass from 77 to 78: whatever keeps the guest's peers from it, its domain is the same."""
    points = beside(at_both("", "vlan_outer_id", 77, 78), *frames, **{"link-a": 77, "link-b": 78})
    moved = Moved(GUEST, (ip_halves(GUEST_IP),), (), "high", "")
    unheard = {one.name: PointAnnouncements(seen=None, reached="not_observable", because="") for one in points}
    named = name_domains(moved, points, unheard, SWITCH)
    assert named.word == word
    assert ("translated on the way" in named.because) is (word == "stretched")
    told = find_retagged(moved, points, SWITCH)
    assert told is not None
    assert told.may_be_astray is (word == "different")


def test_a_vlan_that_others_use_and_that_nobody_reaches_the_guest_in_is_another_network() -> None:
    """A stranger is seen in it after the move; before it, or in the old one alone, it tells nothing."""
    moved = Moved(GUEST, (ip_halves(GUEST_IP),), (), "high", "")
    for frames, tags, word in (
        (NUMBERED[:1], {"link-b": 78}, "different"),
        (NUMBERED[:1], {"link-a": 77}, "undecided"),
        (((SWITCH - 2 * S, 0, {"ip_id": 500}),), {"link-b": 78}, "undecided"),
    ):
        points = beside(at_both("", "vlan_outer_id", 77, 78), *frames, **tags)
        unheard = {one.name: PointAnnouncements(seen=None, reached="not_observable", because="") for one in points}
        named = name_domains(moved, points, unheard, SWITCH)
        assert named.word == word
        assert ("nobody else's frames are in view with VLAN 78" in named.because) is (word == "undecided")


@pytest.mark.parametrize(("kind", "sender", "word"), [
    ("arp_request", "10.77.0.7", "stretched"), ("arp_probe", "0.0.0.0", "different"),
])  # fmt: skip
def test_arp_of_others_in_both_vlans_shows_that_the_one_leads_to_the_other(kind: str, sender: str, word: str) -> None:
    """With its sender's address; a probe names none, and may be another machine's."""
    points = at_both("", "vlan_outer_id", 77, 78)
    for place, tag in ((2, 77), (3, 78)):
        asks = arps(*((SWITCH + n * S, NUMBER_OF[kind], STRANGER, sender, "10.77.0.8") for n in (2, 3)))
        asks.vlan_outer[:] = tag
        points[place] = replace(points[place], arps=asks)
    unheard = {one.name: PointAnnouncements(seen=None, reached="not_observable", because="") for one in points}
    moved = Moved(GUEST, (ip_halves(GUEST_IP),), (), "high", "")
    assert name_domains(moved, points, unheard, SWITCH).word == word


def test_a_guest_that_its_peers_reach_in_the_other_vlan_is_in_no_other_network() -> None:
    """Their requests come to it with the new tag, and it does not answer: a guest that stopped, say."""
    points = at_both("", "vlan_outer_id", 77, 78)
    asked = asks_and_answers(SWITCH + S, SWITCH + 2 * S, 10 * MS)
    asked.vlan_outer_id[:] = 78
    points[3] = replace(points[3], journal=asked)
    unheard = {one.name: PointAnnouncements(seen=None, reached="not_observable", because="") for one in points}
    moved = Moved(GUEST, (ip_halves(GUEST_IP),), (), "high", "")
    assert name_domains(moved, points, unheard, SWITCH).word == "undecided"
    told = find_retagged(moved, points, SWITCH)
    assert told is not None
    assert "come to it in VLAN 78 at link-b" in told.asked_there


def on_trunk(to_old: int, to_new: int = 0, was: int = 77, now: int = 78) -> list[PointView]:
    """One link between the sites: the guest's frames from both, and those for it that still come in each VLAN."""
    own = [(SWITCH - 4 * S + n * S, GUEST, BROADCAST_MAC, GUEST_IP, "10.77.0.255") for n in range(3)]
    since = [(SWITCH + n * S, GUEST, BROADCAST_MAC, GUEST_IP, "10.77.0.255") for n in range(1, 4)]
    asked = [(SWITCH + n * 200 * MS + 1, GATEWAY, GUEST, PEER_IP, GUEST_IP) for n in range(1, to_old + to_new + 1)]
    rows = sorted([*own, *since, *asked])
    tags = dict.fromkeys((*since, *asked[to_old:]), now)
    made = journal(*rows)
    made.vlan_outer_id[:] = [tags.get(row, was) for row in rows]
    lost = asks_and_answers(0, 20 * S, 10 * MS, (SWITCH - S, SWITCH), answers=False)
    return [view("trunk", "wan", journal=made), view("client", "client", journal=lost, last_ts=20 * S)]


@pytest.mark.parametrize(
    ("points", "word"),
    [
        (on_trunk(9), "different"),
        (on_trunk(2), "undecided"),
        (on_trunk(9, to_new=1), "undecided"),
        (on_trunk(9, now=77), "undecided"),
    ],
    ids=["left behind", "strays", "asked in both", "kept"],
)
def test_on_one_trunk_the_network_that_the_guest_left_goes_on_with_its_old_number(
    points: list[PointView], word: str
) -> None:
    """What is for it still passes there in VLAN 77, and its own frames in 78: one link has one number for a network."""
    moved = Moved(GUEST, (ip_halves(GUEST_IP),), (), "high", "")
    told = find_retagged(moved, points, SWITCH)
    assert (told is not None) is (word == "different")
    unheard = {one.name: PointAnnouncements(seen=None, reached="not_observable", because="") for one in points}
    named = name_domains(moved, points, unheard, SWITCH)
    assert named.word == word
    assert ("9 frames for it still pass trunk in VLAN 77" in named.because) is (word == "different")
