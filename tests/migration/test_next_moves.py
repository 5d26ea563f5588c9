"""A guest that is moved again: what comes before or after a move is no sign of that one."""

from dataclasses import replace

import numpy as np

from tests.migration.make import GATEWAY, GUEST, GUEST_IP, MS, PEER_IP, S, announced, journal, moves_of, stream, view
from tests.migration.test_evpn_networks import PATH
from tests.migration.test_lapses import routes, waited
from tests.migration.test_mechanisms import FINE, after, case, judged, mac_route, point
from tests.migration.test_scenes import HOSTS
from vmpcap.announcements.carriers import CarrierLog, CarrierRows
from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.domains.role_doubts import find_role_doubts
from vmpcap.migration.guest.guests import find_guests
from vmpcap.migration.guest.scenes import as_seen
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import ip_halves

OLD, NEW, PEERS = "10.0.0.1", "10.0.0.2", "10.0.0.3"


def test_a_claim_of_the_move_before_is_no_lapse_of_this_one() -> None:
    """The guest was here, left and came back: that the other VTEP claimed it meanwhile is how it left."""
    rows = [
        mac_route(after(-20_000), "2:1", 0, True),
        mac_route(after(-3_300), "1:1", 1, True),
        replace(mac_route(after(-3_200), "2:1", address=True), action="withdraw"),
        mac_route(after(51), "2:1", 2, True),
        replace(mac_route(after(152), "1:1", address=True), action="withdraw"),
    ]
    asked = [waited(-150, 120)]
    found = routes(*rows, peers=asked, name="evpn")
    assert (found.worked, "claimed it again" in found.because) == ("yes", False)
    later = mac_route(after(3_000), "1:1", 3, True)
    again = [replace(later, ts_ns=after(5_000), action="withdraw"), mac_route(after(5_000), "2:1", 4, True)]
    found = routes(*rows, later, *again, peers=[waited(3_010, 5_010)], name="evpn")
    assert (found.worked, "1:1 claimed it again with sequence 3 +3.0 s" in found.because) == ("no", True)


def turning(*ends: tuple[int, str, str]) -> PointView:
    """A link where frames of the guest, and for it, change their endpoints: when (ms), where it is, where they go."""
    rows = []
    for ms, here, there in ends:
        rows.append((ms, GUEST, GATEWAY, here, PEERS))
        rows.append((ms + 1, GATEWAY, GUEST, PEERS, there))
    n = len(rows)
    ips = {GUEST: (GUEST_IP, PEER_IP), GATEWAY: (PEER_IP, GUEST_IP)}
    seen = journal(*((after(ms), src, dst, *ips[src]) for ms, src, dst, _, _ in rows))
    seen = seen._replace(vni=np.full(n, 77, seen.vni.dtype))
    outer = np.array([[*ip_halves(source), *ip_halves(target)] for *_, source, target in rows], np.uint64)
    log = CarrierLog()
    empty = np.zeros(n, np.uint64)
    log._chunks.append(
        CarrierRows(
            seen.frame, seen.ts_ns, seen.eth_src, seen.eth_dst, np.full(n, 77), outer, empty, empty,
            np.full(n, PATH, np.uint64), empty,
        )
    )  # fmt: skip
    return point("wan", "wan", journal=seen, carriers=log, last_ts=after(20_000))


def test_frames_that_follow_the_guests_next_move_are_no_failure_of_this_one() -> None:
    """It goes back after four seconds, and so do they: this move's look ends there."""
    link = turning((-5_000, OLD, OLD), (100, NEW, NEW), (3_000, NEW, NEW), (5_000, OLD, OLD), (9_000, OLD, OLD))
    cut = as_seen(link, "wan", after(4_000))
    assert int(cut.carriers.rows().ts_ns.max()) <= after(4_000)
    cut.found.update(link.found)
    found = judged("vxlan", case(cut, peers=[FINE]))
    assert found is not None
    assert (found.worked, f"(before: {OLD})" in found.because) == ("yes", True)


def test_frames_that_stay_at_the_old_endpoint_until_the_next_move_did_not_follow() -> None:
    """As before: nothing for the guest came to its new endpoint."""
    link = turning((-5_000, OLD, OLD), (100, NEW, OLD), (3_000, NEW, OLD), (5_000, OLD, OLD))
    cut = as_seen(link, "wan", after(4_000))
    cut.found.update(link.found)
    found = judged("vxlan", case(cut, peers=[FINE]))
    assert found is not None
    assert found.worked == "no"


def bare(*rows: tuple[int, int, int, str, str]) -> JournalColumns:
    """Frames in no overlay."""
    made = journal(*rows)
    return made._replace(vni=np.full(len(rows), -1, made.vni.dtype))


def talk(begin: int, end: int) -> list[tuple[int, int, int, str, str]]:
    """A peer asks, the guest answers, ten times a second; ms."""
    asked = [(ms * MS, GATEWAY, GUEST, PEER_IP, GUEST_IP) for ms in range(begin, end, 100)]
    answers = [(ms * MS + MS, GUEST, GATEWAY, GUEST_IP, PEER_IP) for ms in range(begin, end, 100)]
    return sorted([*asked, *answers])


def doubted(at_new: list[tuple[int, int, int, str, str]]) -> list[str]:
    """Which points are doubted: there, back, there and back; these frames at the new place."""
    streams = [
        stream(10 * S * n, a_port=50_000 + n, a_ip=HOSTS[way[0]], b_ip=HOSTS[way[1]])
        for n, way in enumerate((("a_ip", "b_ip"), ("b_ip", "a_ip")) * 2)
    ]
    series = tuple(announced(n * 10 * S + S + 5 * MS, n * 10 * S + S + 55 * MS) for n in range(4))
    at_old = [*talk(-3000, 900), *talk(11_200, 20_900), *talk(31_200, 40_000)]
    known = {"last_ts": 40 * S, "first_ts": -3 * S}
    return doubts_of(
        view("up", "source", streams=tuple(streams), **known),
        view("a", "domain:source", series=series, journal=bare(*at_old), **known),
        view("b", "domain:destination", series=series, journal=bare(*at_new), **known),
    )


def doubts_of(*views: PointView) -> list[str]:
    """The points whose roles the packets contradict."""
    moves = moves_of(*views)
    return sorted(doubt.point for doubt in find_role_doubts(moves, find_guests(moves, views)[0], views))


def test_a_guest_that_talks_elsewhere_after_its_next_move_did_come_here() -> None:
    """The second time nobody reached it at the new place: that it talks after it went back says nothing of that."""
    assert doubted(talk(1_200, 10_900)) == []


def test_an_old_place_named_the_new_one_is_doubted_as_before() -> None:
    """It talked here before it moved, and after that only at the other place."""
    series = (announced(S + 5 * MS),)
    known = {"last_ts": 40 * S, "first_ts": -3 * S}
    one = doubts_of(
        view("up", "source", streams=(stream(0, a_ip=HOSTS["a_ip"], b_ip=HOSTS["b_ip"]),), **known),
        view("a", "domain:destination", journal=bare(*talk(-3000, 900)), **known),
        view("b", "domain:source", series=series, journal=bare(*talk(1_200, 9_000)), **known),
    )
    assert one == ["a", "b"]
