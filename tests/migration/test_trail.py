"""Where an announcement was last seen and first missing."""

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
from vmpcap.migration.announced.early import Early
from vmpcap.migration.announced.reach import follow_announcements
from vmpcap.migration.announced.told import tell_announcements
from vmpcap.migration.announced.trail import crossing_ns, is_farther
from vmpcap.migration.moved import Moved
from vmpcap.migration.results import Announcements
from vmpcap.migration.views import PointView
from vmpcap.points.clock import Offset
from vmpcap.terms.addresses import ip_halves

SWITCH = 10 * S
UNKNOWN = Early(None, "nobody knows")


def guest(*heard_at: PointView) -> Moved:
    return Moved(GUEST, (ip_halves(GUEST_IP),), tuple((v, v.series[0]) for v in heard_at), "high", "")


def told(moved: Moved, *views: PointView) -> Announcements:
    heard = follow_announcements(moved, views, SWITCH, qemu=True)
    return tell_announcements(heard.announcements, moved, views, SWITCH, UNKNOWN, heard.domain.verdict)


def heard(name: str, late_ns: int = 0, role: str | None = "domain:destination", **more: object) -> PointView:
    """A point that saw both announcements, so much later than they were sent."""
    return view(name, role, series=(announced(SWITCH + late_ns, SWITCH + 50 * MS + late_ns),), **more)


def alive(name: str, role: str | None = "gateway", **more: object) -> PointView:
    others = arps(
        (2 * S, NUMBER_OF["rarp_announce"], 0x005056AA7799, "0.0.0.0", "0.0.0.0"),
        (3 * S, NUMBER_OF["arp_request"], GATEWAY, "10.77.0.1", "10.77.0.99"),
    )
    return view(name, role, **({"journal": asks_and_answers(0, 20 * S, 10 * MS), "arps": others} | more))


def echoes(answer_ns: int, first: int = SWITCH + S) -> JournalColumns:
    """Ten echo requests to the guest and its replies, each answered after so long."""
    asked = asks_and_answers(first, first + S, 100 * MS)
    numbers = [n // 2 for n in range(asked.rows)]
    is_reply = [n % 2 for n in range(asked.rows)]
    times = asked.ts_ns.copy()
    times[1::2] = times[::2] + answer_ns
    kinds, sequence = asked.icmp_type.copy(), asked.icmp_seq.copy()
    kinds[:] = [0 if reply else 8 for reply in is_reply]
    sequence[:] = numbers
    return asked._replace(ts_ns=times, icmp_type=kinds, icmp_seq=sequence)


def test_what_the_gateway_missed_was_lost_after_the_host() -> None:
    """Seen on the host's bridge, not at a live gateway."""
    host = heard("br")
    story = told(guest(host), host, alive("gw"))
    assert (story.last_seen_at, story.first_missing_at) == (["br"], ["gw"])
    assert "between br and gw" in story.lost_between_because


@pytest.mark.parametrize(("role", "last"), [(None, ["br"]), ("domain:source", [])])
def test_what_was_seen_at_a_place_that_is_not_named_is_said(role: str | None, last: list[str]) -> None:
    """A host's trunk without a role heard it and the gateway did not; the domain that it left is no such step."""
    host = heard("br", role=role)
    story = told(guest(host), host, alive("gw"))
    assert (story.last_seen_at, story.first_missing_at) == (last, ["gw"])
    assert ("whether on the way to there is not known" in story.lost_between_because) is (role is None)
    assert ("nowhere on the way" in story.lost_between_because) is (role is not None)


def test_nothing_was_lost_where_it_arrived() -> None:
    """The gateway heard it; that some other point did not is no loss."""
    host, gateway = heard("br"), heard("gw", MS, "gateway")
    story = told(guest(host, gateway), host, gateway, alive("bypassed", "wan"))
    assert (story.last_seen_at, story.first_missing_at, story.lost_between_because) == ([], [], "")


def test_a_point_that_could_not_see_it_does_not_miss_it() -> None:
    """Dropped packets at the gateway: nobody knows where it was lost, or whether."""
    host = heard("br")
    story = told(guest(host), host, alive("gw", drops=2))
    assert (story.last_seen_at, story.first_missing_at) == ([], [])


def test_the_domain_that_the_guest_left_is_no_step_of_the_way() -> None:
    """Two equivalent domains are not joined: the old one never hears of the new place."""
    host = heard("br")
    assert told(guest(host), host, alive("old", "domain:source")).first_missing_at == []


@pytest.mark.parametrize("swapped", [False, True])
def test_exchanges_with_the_guest_tell_the_order_whatever_the_clocks_say(swapped: bool) -> None:
    """Whoever sees the guest's answers sooner stands nearer; the port's clock is 5 s off and bounded by nothing."""
    near, far = echoes(1 * MS), echoes(2 * MS)
    far = far._replace(ts_ns=far.ts_ns + 5 * S)
    bridge = heard("br", journal=near if not swapped else far, offset=None)
    port = heard("port", journal=far if not swapped else near, offset=None)
    story = told(guest(bridge, port), bridge, port, alive("gw"))
    assert story.last_seen_at == (["br"] if swapped else ["port"])


def test_the_times_tell_the_order_where_the_clocks_bear_it() -> None:
    """8 microseconds apart: told within 3, not within 10."""
    for doubt, last in ((3_000, ["port"]), (10_000, ["br", "port"])):
        bridge = heard("br", offset=Offset(0, 0, 0))
        port = heard("port", 8_000, offset=Offset(-doubt, doubt, 9))
        story = told(guest(bridge, port), bridge, port, alive("gw"))
        assert story.last_seen_at == last
        assert ("not known" in story.lost_between_because) == (len(last) > 1)


def test_clocks_that_nothing_bounds_tell_no_order() -> None:
    """One after the other by their own times, and that is all there is."""
    bridge, port = heard("br"), heard("port", 8_000, offset=None)
    assert crossing_ns(bridge, port, guest(bridge, port)) is None
    assert not is_farther(port, bridge, guest(bridge, port), SWITCH)
    assert told(guest(bridge, port), bridge, port, alive("gw")).last_seen_at == ["br", "port"]


def test_the_delay_of_a_copy_is_bounded_by_both_clocks() -> None:
    """100 microseconds apart on clocks that may stand 5 and 7 apart from the reference's."""
    one = heard("one", offset=Offset(-5_000, 5_000, 9))
    other = heard("other", 100_000, offset=Offset(-7_000, 7_000, 9))
    assert crossing_ns(one, other, guest(one, other)) == (88_000, 112_000)


def test_a_site_link_that_carries_the_guest_but_not_its_announcement_is_where_it_is_missing() -> None:
    """The guest's own frames passed there: the announcement was dropped before, not behind."""
    host, link, gateway = heard("br"), alive("dci", "wan"), alive("gw")
    story = told(guest(host), host, link, gateway)
    assert story.first_missing_at == ["dci"]
    assert (story.by_point["dci"].seen, story.by_point["dci"].reached) == (False, "not_observable")


def part_of(view: PointView, answer_ns: int) -> PointView:
    """The same point, which shows exchanges with the guest that took so long there."""
    before = asks_and_answers(0, SWITCH - S, 10 * MS)
    after = echoes(answer_ns)
    joined = JournalColumns(*(np.concatenate(pair) for pair in zip(before, after, strict=True)))
    return replace(view, journal=joined)


@pytest.mark.parametrize("took", [2 * MS, 4 * MS], ids=["between", "beyond the gateway"])
def test_a_point_of_unknown_place_between_them_tells_nearer_where_it_died(took: int) -> None:
    """Its exchanges stand between theirs: it is a step, be it the last that saw it or the first that missed."""
    host, gateway = part_of(heard("br"), MS), part_of(alive("gw"), 3 * MS)
    missed = part_of(alive("dci", None), took)
    story = told(guest(host), host, missed, gateway)
    assert (story.last_seen_at, story.first_missing_at) == (["br"], ["dci" if took < 3 * MS else "gw"])
    saw = part_of(heard("dci", 0, None), took)
    story = told(guest(host, saw), host, saw, gateway)
    assert (story.last_seen_at, story.first_missing_at) == (["dci" if took < 3 * MS else "br"], ["gw"])


@pytest.mark.parametrize("took", [2 * MS, 4 * MS], ids=["between", "beyond the gateway"])
def test_a_point_between_them_that_may_have_missed_it_is_named(took: int) -> None:
    """It holds ARP and no RARP of anybody: a filter may have hidden the announcement, or it died before."""
    host, gateway = part_of(heard("br"), MS), part_of(alive("gw"), 3 * MS)
    only_arp = arps((3 * S, NUMBER_OF["arp_request"], GATEWAY, "10.77.0.1", "10.77.0.99"))
    mute = part_of(alive("dci", None, arps=only_arp), took)
    story = told(guest(host), host, mute, gateway)
    assert story.by_point["dci"].seen is None
    assert (story.last_seen_at, story.first_missing_at) == (["br"], ["gw"])
    assert ("dci between them shows none of it either" in story.lost_between_because) == (took < 3 * MS)


def test_an_announcement_in_another_vlan_is_told_as_such() -> None:
    """The guest was in VLAN 100 at the gateway, its announcement comes in 200."""
    before = asks_and_answers(0, SWITCH - S, 100 * MS)
    before = before._replace(vlan_outer_id=before.vlan_outer_id * 0 + 100)
    tagged = replace(announced(SWITCH, SWITCH + 50 * MS), vlan_outer_id=200)
    host, gateway = heard("br"), view("gw", "gateway", series=(tagged,), journal=before)
    story = told(guest(host, gateway), host, gateway)
    assert story.by_point["gw"].wrong == "vlan"
    assert (story.last_seen_at, story.first_missing_at) == (["br"], ["gw"])
    assert "another VLAN at gw" in story.lost_between_because


def test_nothing_is_lost_that_nobody_saw() -> None:
    """Without any sighting there may have been no announcement."""
    assert told(guest(), alive("gw")).first_missing_at == []


def test_an_overlay_in_which_the_guest_was_not_is_the_wrong_one() -> None:
    """VNI 77 before, 78 now."""
    before = asks_and_answers(0, SWITCH - S, 100 * MS)
    before = before._replace(vni=before.vni * 0 + 77)
    gateway = view("gw", "gateway", series=(replace(announced(SWITCH), vni=78),), journal=before)
    assert told(guest(gateway), gateway).by_point["gw"].wrong == "vni"


# what it teaches


@pytest.mark.parametrize(
    ("kinds", "teaches"),
    [
        (["rarp_announce"], ["mac_tables"]),
        (["garp_request"], ["mac_tables", "arp_caches"]),
        (["unsolicited_na"], ["mac_tables", "neighbour_caches"]),
        (["rarp_announce", "garp_reply"], ["mac_tables", "arp_caches"]),
    ],
)
def test_each_kind_brings_its_tables_up_to_date(kinds: list[str], teaches: list[str]) -> None:
    """Switches learn from all of them; caches only from what names an address."""
    one = replace(announced(SWITCH), kinds=tuple((kind, 1) for kind in kinds))
    gateway = view("gw", "gateway", series=(one,))
    story = told(guest(gateway), gateway)
    assert story.teaches == teaches
    assert ("harmless" in story.teaches_because) == (teaches == ["mac_tables"])


def test_rarp_alone_leaves_caches_wrong_where_the_mac_is_new() -> None:
    """The guest's address belonged to another MAC before the move."""
    from tests.migration.make import arps
    from vmpcap.announcements.kinds import NUMBER_OF

    old = arps((SWITCH - S, NUMBER_OF["arp_reply"], 0x005056AA0001, GUEST_IP, "10.77.0.1"))
    gateway = heard("gw", role="gateway", arps=old)
    because = told(guest(gateway), gateway).teaches_because
    assert "00:50:56:aa:00:01" in because
    assert "harmless" not in because


@pytest.mark.parametrize("goes_on", [False, True], ids=["it came back with another", "another machine's"])
def test_a_mac_that_only_sent_packets_before_is_known_to_caches_too(goes_on: bool) -> None:
    """RARP alone was called harmless beside it. One that goes on sending is another machine with the address."""
    old = 0x005056AA0001
    rows = [(SWITCH - n * S, old, GATEWAY, GUEST_IP, PEER_IP) for n in (4, 3, 2)]
    rows += [(SWITCH + n * S, old if goes_on else GUEST, GATEWAY, GUEST_IP, PEER_IP) for n in (2, 3)]
    gateway = heard("gw", role="gateway", journal=journal(*sorted(rows)))
    because = told(guest(gateway), gateway).teaches_because
    assert (
        "they still hold another MAC for the guest's address: 00:50:56:aa:00:01 (at gw, frame 3)" in because
    ) != goes_on
    assert ("harmless" in because) == goes_on


def test_a_router_that_answers_for_the_guest_is_no_former_mac() -> None:
    """It claims its own address too."""
    from tests.migration.make import GATEWAY, arps
    from vmpcap.announcements.kinds import NUMBER_OF

    reply = NUMBER_OF["arp_reply"]
    proxy = arps(
        (SWITCH - 2 * S, reply, GATEWAY, "10.77.0.1", "10.77.0.9"), (SWITCH - S, reply, GATEWAY, GUEST_IP, "10.77.0.9")
    )
    gateway = heard("gw", role="gateway", arps=proxy)
    assert "harmless" in told(guest(gateway), gateway).teaches_because


def test_how_early_it_came_is_data_and_words() -> None:
    """As the advice says it."""
    gateway = heard("gw", role="gateway")
    heard_there = follow_announcements(guest(gateway), [gateway], SWITCH, qemu=True).announcements
    early = Early(12.5, "the guest still sent at its old place")
    story = tell_announcements(heard_there, guest(gateway), [gateway], SWITCH, early, "reached")
    assert (story.early_ms, story.early_because) == (12.5, "the guest still sent at its old place")


# what silence means


def test_silence_of_one_direction_says_nothing() -> None:
    """Only frames to the guest are in the capture: announcements come from the other side."""
    host = heard("br")
    to_it = journal(*((n * 10 * MS, 0x02000000AA01, GUEST, "10.99.0.2", GUEST_IP) for n in range(2000)))
    one_way = follow_announcements(guest(host), [host, alive("gw", journal=to_it)], SWITCH, qemu=True)
    answer = one_way.announcements.by_point["gw"]
    assert (answer.seen, answer.reached) == (None, "not_observable")
    assert "one direction" in answer.because


def test_announcements_at_another_time_on_a_clock_without_bounds_may_be_these() -> None:
    """The gateway's clock is a minute off and nobody can tell: it heard them."""
    host = heard("br")
    gateway = alive("gw", offset=None, series=(announced(SWITCH + 60 * S),))
    answer = follow_announcements(guest(host), [host, gateway], SWITCH, qemu=True).announcements.by_point["gw"]
    assert (answer.seen, answer.reached) == (None, "not_observable")
    assert "clock" in answer.because
