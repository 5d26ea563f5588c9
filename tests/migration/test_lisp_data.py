"""LISP: to which locator do packets for the guest go since it registered at its new site?"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import pytest

from tests.migration.make import GUEST, GUEST_IP, PEER_IP, journal, suffered
from tests.migration.test_mechanisms import FINE, LOST, MOMENT, after, case, judged, lisp, point
from vmpcap.announcements.carriers import CarrierLog, CarrierRows
from vmpcap.announcements.routes.rows import RouteNews
from vmpcap.decode.steps import STEPS
from vmpcap.migration.results import Mechanism
from vmpcap.migration.suffered import Suffered
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import ip_halves

ROUTER, CORE, INSTANCE = 0x0200_0000_0E01, 0x0200_0000_0E02, 7
OLD, NEW = "1.1.1.1", "2.2.2.2"
_NUMBER: Final = {step.name: n + 1 for n, step in enumerate(STEPS)}
PATH: Final = sum(_NUMBER[name] << (56 - 8 * n) for n, name in enumerate(("eth", "ip", "lisp", "ip")))


def sent(
    to: str,
    peers: list[Suffered],
    carriers: str = "lisp",
    beside: Sequence[PointView] = (),
    instance: int = INSTANCE,
    packets: int = 40,
    registered_in: int | None = None,
    then: tuple[int, str] | None = None,
    more: Sequence[RouteNews] = (),
) -> Mechanism:
    """
    So many packets for the guest, ten a second, carried to this locator from a second after the move on.

    From the nth on they are carried to another; more may be said of it.
    """
    rows = journal(*((after(1000 + n * 100), ROUTER, CORE, PEER_IP, GUEST_IP) for n in range(packets)))
    rows = rows._replace(vni=np.full_like(rows.vni, instance))
    at, ends = [0, *([then[0]] if then else [])], [to, *([then[1]] if then else [])]
    outer = np.array([[*ip_halves("192.0.2.10"), *ip_halves(end)] for end in ends], np.uint64)
    words = [np.full(len(at), one, np.uint64) for one in (ROUTER, CORE)]
    path = PATH if carriers == "lisp" else PATH - (_NUMBER["lisp"] << 40) + (_NUMBER["vxlan"] << 40)
    known = CarrierRows(
        rows.frame[at], rows.ts_ns[at], *words, rows.vni[at].astype(np.int64), outer,
        rows.src_low[at], rows.dst_low[at],
        np.full(len(at), path, np.uint64), np.zeros(len(at), np.uint64),
    )  # fmt: skip
    log = CarrierLog()
    log._chunks.append(known)  # as the walk would have kept it
    said = [lisp(0, OLD), lisp(after(300), NEW), lisp(after(310), NEW, "notify"), *more]
    said = [replace(row, vni=registered_in) for row in said]
    found = judged("lisp", case(point("wan", "wan", said, journal=rows, carriers=log), *beside, peers=peers))
    assert found is not None
    return found


def test_packets_that_still_go_to_the_old_locator_fail_it_where_peers_are_lost() -> None:
    """Those of the first second after the registration may have been on their way."""
    found = sent(OLD, [LOST])
    assert found.worked == "no"
    assert "36 of 36 packets for it at wan still went to 1.1.1.1" in found.because
    bare = sent(OLD, [LOST], instance=-1)
    assert (bare.worked, "36 of 36 packets for it at wan still went to 1.1.1.1" in bare.because) == ("no", True)


@pytest.mark.parametrize(("to", "carriers"), [(NEW, "lisp"), (OLD, "vxlan")], ids=["new locator", "another overlay"])
def test_packets_to_the_new_locator_or_of_another_overlay_do_not(to: str, carriers: str) -> None:
    """Then the lost peers have another cause."""
    found = sent(to, [LOST], carriers)
    assert (found.worked, "still went to" in found.because) == ("undecided", False)
    assert ("went there from +1.0 s on, 700 ms after that" in found.because) == (to == NEW)


TENANT: Final = 99


def two_tenants(
    peers: Sequence[Suffered], told_of: Sequence[tuple[int, str]], shown: bool = True, tenants_peer: str = PEER_IP
) -> Mechanism:
    """The guest's instance, where it moved, beside another tenant's, where a machine has its address; what is said."""
    here = [lisp(0, OLD), lisp(after(300), NEW), lisp(after(310), NEW, "notify")]
    here += [lisp(after(1500 + 1000 * n), NEW) for n in range(4)]
    there = [lisp(after(ms), locator) for ms, locator in told_of]
    said = [*(replace(t, vni=INSTANCE) for t in here), *(replace(t, vni=TENANT) for t in there)]
    times = [after(1000 + n * 100) for n in range(40)]
    peer_of = (PEER_IP, tenants_peer)
    wan = journal(*((ts, ROUTER, CORE, peer_of[n % 2], GUEST_IP) for n, ts in enumerate(times)))
    wan = wan._replace(vni=np.array([INSTANCE, TENANT] * 20, np.int64))
    site = journal(*((ts, CORE, GUEST, PEER_IP, GUEST_IP) for ts in times[::2]))
    ids = wan.ip_id[::2] if tenants_peer == PEER_IP else wan.ip_id[::2] + 1000
    site = site._replace(ip_id=ids, vni=np.full_like(site.vni, -1))
    ends = [[*ip_halves("192.0.2.10"), *ip_halves(to)] for to in (NEW, OLD)]
    log = CarrierLog()
    log._chunks.append(
        CarrierRows(
            wan.frame[:2], wan.ts_ns[:2], wan.eth_src[:2], wan.eth_dst[:2], wan.vni[:2], np.array(ends, np.uint64),
            wan.src_low[:2], wan.dst_low[:2], np.full(2, PATH, np.uint64), np.zeros(2, np.uint64),
        )
    )  # fmt: skip
    beside = [point("siteB", "domain:destination", journal=site)] if shown else []
    found = judged("lisp", case(point("wan", "wan", said, journal=wan, carriers=log), *beside, peers=peers))
    assert found is not None
    return found


STAYS: Final = [(-900, OLD), *((1000 * n, OLD) for n in range(1, 6))]


def test_another_tenants_registrations_of_the_same_address_are_not_the_guests() -> None:
    """Whose is whose is told by the packets that a point at the new site shows without their instance."""
    found = two_tenants([FINE], STAYS)
    assert (found.worked, found.latency_ms, "alternate" in found.because) == ("yes", 300.0, False)
    assert "still went to" not in two_tenants([LOST], STAYS).because


def test_where_no_packet_is_seen_both_ways_its_sender_tells_the_instance() -> None:
    """A translator or a cut of the packet may hide that it is the same."""
    assert two_tenants([FINE], STAYS, tenants_peer="10.98.0.9").worked == "yes"


def test_which_instance_is_the_guests_is_not_guessed() -> None:
    """Without such a point it is only told what each of them says."""
    found = two_tenants([FINE], STAYS, shown=False)
    assert found.worked == "undecided"
    assert "which network is the guest's is not in view" in found.because
    assert "alternate" not in found.because


def test_data_that_goes_on_to_the_old_locator_alone_is_a_failure_of_lisp_itself() -> None:
    """Peers that are answered all the same owe it to another way; within the first seconds that may yet change."""
    found = sent(OLD, [FINE], packets=70)
    assert (found.worked, "66 of 66" in found.because, "none to 2.2.2.2" in found.because) == ("no", True, True)
    assert sent(OLD, [FINE]).worked == "undecided"
    assert sent(NEW, [FINE], packets=70).worked == "yes"


@pytest.mark.parametrize(
    ("registered_in", "instance", "is_followed"),
    [(INSTANCE, INSTANCE, True), (INSTANCE, TENANT, False), (INSTANCE, -1, True), (None, INSTANCE, True)],
    ids=["the same", "another", "none in the data", "none in the registration"],
)
def test_data_of_another_instance_is_no_word_of_the_guests(
    registered_in: int | None, instance: int, is_followed: bool
) -> None:
    """One number beside none may be a matter of configuration; two numbers are two networks."""
    found = sent(OLD, [LOST], instance=instance, registered_in=registered_in)
    assert ("still went to" in found.because) == is_followed


@pytest.mark.parametrize(
    ("back_ms", "wanted", "words"),
    [(4_100, "no", "cut off meanwhile"), (200, "yes", "no peer waited for that")],
    ids=["peers waited", "the old site passed them on"],
)
def test_a_map_cache_that_is_told_late_is_a_failure_where_peers_waited(back_ms: int, wanted: str, words: str) -> None:
    """Its packets went to the old locator for 4 s, and it was a pass from the registration on."""
    found = sent(OLD, [suffered(back_ms + 100.0, from_ts=MOMENT, to_ts=after(back_ms))], packets=60, then=(30, NEW))
    assert (found.worked, words in found.because) == (wanted, True), found.because
    assert "went on to 1.1.1.1 until +3.9 s" in found.because
    assert found.latency_ms == (4_000.0 if wanted == "no" else 300.0)
    quick = sent(OLD, [FINE], packets=60, then=(2, NEW))
    assert (quick.worked, "went on to" in quick.because) == ("yes", False)


def test_packets_that_follow_a_registration_of_the_old_site_were_told() -> None:
    """The old site took the guest back: what is sent there since keeps to what is registered."""
    back = [lisp(after(4_000), OLD), lisp(after(4_010), OLD, "notify")]
    found = sent(NEW, [LOST], packets=60, then=(30, OLD), more=back)
    assert (found.worked, "was not told" in found.because) == ("no", False)
    assert "1.1.1.1 registered it again +4.0 s, and no other locator after that" in found.because
    assert sent(NEW, [FINE], packets=60, then=(30, OLD), more=back).worked == "undecided"
    kept = sent(NEW, [LOST], packets=60, more=[*back, lisp(after(4_500), NEW)])
    assert (kept.worked, "registered it again" in kept.because) == ("undecided", False)
