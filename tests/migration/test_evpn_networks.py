"""EVPN: the guest's MAC in several networks at once, of which one is the guest's."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pytest

from tests.migration.make import GUEST, GUEST_IP, PEER_IP, journal
from tests.migration.test_mechanisms import FINE, LOST, after, case, judged, mac_route, point
from vmpcap.announcements.carriers import CarrierLog, CarrierRows
from vmpcap.announcements.routes.rows import RouteNews
from vmpcap.announcements.routes.sessions import route_of
from vmpcap.decode.steps import STEPS
from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.mechanisms.networks import bridged_overlays
from vmpcap.migration.results import Mechanism
from vmpcap.terms.addresses import ip_halves

OLD, NEW, ROUTER = "10.0.0.1", "10.0.0.2", 0x0200_0000_0E01
OWN, TENANT = 77, 99
_NUMBER: Final = {step.name: n + 1 for n, step in enumerate(STEPS)}
PATH: Final = sum(_NUMBER[name] << (56 - 8 * n) for n, name in enumerate(("eth", "ip", "vxlan", "eth")))


def route(ts: int, vtep: str, vni: int, sequence: int = 0, target: str = "", **known: Any) -> RouteNews:
    """What a VTEP says of the guest's MAC in this network."""
    made = replace(mac_route(ts, vtep, sequence, address=True), origin=f"{vtep}:{vni}", vni=vni, **known)
    return replace(made, targets=(target or f"0002fde8{vni:08x}",))


def gone(ts: int, vtep: str, vni: int) -> RouteNews:
    """It is taken back, with neither target nor number."""
    return replace(route(ts, vtep, vni), action="withdraw", next_hop="", sequence=None, vni=0, targets=())


def carriers(*numbers: int) -> CarrierLog:
    """VXLAN around the guest's frames, in these networks."""
    n = len(numbers)
    words = [np.full(n, one, np.uint64) for one in (ROUTER, GUEST)]
    outer = np.array([[*ip_halves("10.0.0.3"), *ip_halves(NEW)]] * n, np.uint64)
    log = CarrierLog()
    log._chunks.append(
        CarrierRows(
            np.arange(1, n + 1), np.full(n, after(500), np.int64), *words, np.array(numbers, np.int64), outer,
            np.zeros(n, np.uint64), np.zeros(n, np.uint64), np.full(n, PATH, np.uint64), np.zeros(n, np.uint64),
        )
    )  # fmt: skip
    return log


def told(rows: Sequence[RouteNews], *numbers: int, peers: Any = (FINE,)) -> Mechanism:
    """What is said of these routes where the guest's frames are seen in these networks."""
    found = judged("evpn", case(point("wan", "wan", rows, carriers=carriers(*numbers)), peers=peers))
    assert found is not None
    return found


MOVED: Final = [route(0, OLD, OWN), route(after(50), NEW, OWN, 1), gone(after(90), OLD, OWN)]
STAYS: Final = route(0, OLD, TENANT, 9)


def test_the_sequence_of_another_network_counts_for_nothing() -> None:
    """RFC 7432 7.7: mobility is of the MAC within one network; a tenant's copy stays where it is."""
    found = told([*MOVED, STAYS], OWN)
    assert (found.worked, found.latency_ms, "sequence 9" in found.because) == ("yes", pytest.approx(50), False)
    again = [route(after(1000 * n), NEW if n % 2 else OLD, TENANT, 10 + n) for n in range(6)]
    assert told([*MOVED, STAYS, *again], OWN).worked == "yes"
    assert told([*MOVED[:1], route(after(50), NEW, OWN, 1), route(0, OLD, OWN, 9)], OWN).worked == "no"


def test_an_advertisement_in_another_network_is_none_of_the_guest() -> None:
    """Nobody new told of it in its own, and the other one is named."""
    rows = [route(0, OLD, OWN), route(after(50), NEW, TENANT, 1)]
    found = told(rows, OWN)
    assert (found.worked, "VTEP 10.0.0.2 did in VNI 99, another network" in found.because) == ("undecided", True)
    assert told(rows, OWN, peers=[LOST]).worked == "no"


def test_which_network_is_the_guests_is_not_guessed() -> None:
    """Where its frames are not in view, or are in both."""
    for numbers in ((), (OWN, TENANT)):
        found = told([*MOVED, STAYS], *numbers)
        assert (found.worked, "is not in view; in VNI 77 yes" in found.because) == ("undecided", True)


def test_one_target_makes_one_network_of_two_numbers() -> None:
    """RFC 7432 9.2.1: a VTEP chooses its own label; then only who takes the routes over is the same."""
    same = "0002fde80000004d"
    found = told([route(0, OLD, 16, target=same), route(after(50), NEW, 17, 1, target=same), gone(after(90), OLD, 16)])
    assert (found.worked, "withdrew it +90 ms" in found.because) == ("yes", True)
    assert told([route(0, OLD, OWN, target="a"), route(after(50), NEW, OWN, 1, target="b")]).worked == "yes"


def test_two_networks_of_one_distinguisher_are_told_apart_by_their_tag() -> None:
    """RFC 7432 6.3: bundled VLANs share it."""
    rows = [replace(row, origin=f"{row.next_hop or OLD}:1", tag=row.vni or OWN) for row in [*MOVED, STAYS]]
    assert told(rows, OWN).worked == "yes"
    assert route_of(rows[0]) != route_of(replace(rows[0], tag=TENANT))


@pytest.mark.parametrize(
    ("packets", "later_ms", "shift", "wanted"),
    [(20, 2, 0, "yes"), (2, 2, 0, "undecided"), (20, 5000, 0, "undecided"), (20, 2, 1000, "undecided")],
    ids=["handed on", "too few", "much later", "others"],
)
def test_two_numbers_between_which_a_gateway_hands_the_packets_on_are_one_network(
    packets: int, later_ms: float, shift: int, wanted: str
) -> None:
    """RFC 9014: each site has numbers and targets of its own; only the guest's packets, in both, show that."""
    rows = [route(0, OLD, OWN), route(after(50), NEW, TENANT, 1), gone(after(90), OLD, OWN)]

    def crossing(late_ms: float, vni: int, first_id: int) -> JournalColumns:
        times = [after(500 + n * 50 + late_ms) for n in range(packets)]
        made = journal(*((ts, ROUTER, GUEST, PEER_IP, GUEST_IP) for ts in times))
        return made._replace(vni=np.full_like(made.vni, vni), ip_id=made.ip_id + first_id)

    old = point("wan", "wan", rows, carriers=carriers(OWN, TENANT), journal=crossing(0, OWN, 0))
    new = point("edge", None, journal=crossing(later_ms, TENANT, shift))
    found = judged("evpn", case(old, new))
    assert found is not None
    assert (found.worked, found.latency_ms) == (wanted, pytest.approx(50) if wanted == "yes" else None)


UDP: Final = {"ip_protocol": 17, "ip_id": 0, "src_port": 53, "dst_port": 51_000, "payload_bytes": 48}
NAMED: Final = {**UDP, "ip_id": 700}
TCP: Final = {**UDP, "ip_protocol": 6, "tcp_seq": 9_000, "tcp_ack": 5_000}
ECHO: Final = {"ip_protocol": 1, "ip_id": 0, "icmp_type": 8, "icmp_id": 77, "icmp_seq": 5}


@pytest.mark.parametrize(
    ("what", "other", "late_ms", "is_one"),
    [
        (NAMED, {}, (2, 3, 2, 4), True),
        (TCP, {}, (2, 3, 2, 4), True),
        (ECHO, {}, (2, 3, 2, 4), True),
        (UDP, {}, (2, 3, 2, 4), False),
        (UDP, {"dst_port": 40_000}, (700, 700, 700, 700), False),
        (NAMED, {"dst_port": 40_000}, (2, 3, 2, 4), False),
        (NAMED, {"dst_low": 1}, (2, 3, 2, 4), False),
        (NAMED, {"src_high": 1}, (2, 3, 2, 4), False),
        (TCP, {"tcp_ack": 6_000}, (2, 3, 2, 4), False),
        (NAMED, {}, (2, -3, 2, -4), False),
    ],
    ids=[
        "named by IP", "named by TCP", "named by echo", "nameless", "nameless to other ports", "to another port",
        "to another machine", "from another machine", "acknowledges another", "both ways in time",
    ],
)  # fmt: skip
def test_packets_in_two_networks_are_the_same_only_by_all_that_names_them(
    what: dict[str, int], other: dict[str, int], late_ms: tuple[int, ...], is_one: bool
) -> None:
    """Four packets to the guest, 50 ms apart, in both numbers: by a gateway between them, or of two tenants."""

    def seen(vni: int, late: tuple[int, ...], **more: int) -> JournalColumns:
        times = [after(500 + 50 * n + ms) for n, ms in enumerate(late)]
        made = journal(*((ts, ROUTER, GUEST, PEER_IP, GUEST_IP) for ts in times))
        own = {name: np.full_like(getattr(made, name), value) for name, value in {**what, **more, "vni": vni}.items()}
        for name in ("ip_id", "tcp_seq", "icmp_seq", "payload_bytes"):
            column = own.get(name, getattr(made, name) * 0)
            own[name] = np.where(column > 0, column + np.arange(len(late)), 0).astype(column.dtype)
        return made._replace(**own)

    rows = [route(0, OLD, OWN), route(after(50), NEW, TENANT, 1), gone(after(90), OLD, OWN)]
    old = point("wan", "wan", rows, carriers=carriers(OWN, TENANT), journal=seen(OWN, (0, 0, 0, 0)))
    new = point("edge", None, journal=seen(TENANT, late_ms, **other))
    bridged = bridged_overlays(case(old, new), (OWN, TENANT))
    assert bridged == ([frozenset((OWN, TENANT))] if is_one else [])
