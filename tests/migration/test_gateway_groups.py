"""Virtual gateways: which groups are the guest's, and who is active in turn rather than at once."""

from typing import Any

import pytest

from tests.migration.make import GATEWAY, GUEST, GUEST_IP, PEER_IP, arps, journal, suffered
from tests.migration.test_mechanisms import ANSWER, FINE, after, asking, case, judged, point, resolved
from vmpcap.announcements.kinds import NUMBER_OF
from vmpcap.announcements.routes.rows import GatewayHello
from vmpcap.migration.mechanisms.at_rest import tell_at_rest
from vmpcap.migration.mechanisms.case import Case
from vmpcap.migration.moved import Moved
from vmpcap.terms.addresses import ip_halves

VMAC = 0x0000_5E00_0108
OTHER_NETWORK = "10.88.0.1"
OWN_NETWORK = "10.77.0.254"
ASK = NUMBER_OF["arp_request"]


def hello(ts: int, sender: str, address: str = OWN_NETWORK, **more: Any) -> GatewayHello:
    """A master's advertisement of group 8."""
    known: dict[str, Any] = {"state": "active", "hello_ms": 1000, "virtual_ips": (address,), **more}
    return GatewayHello(3, ts, "vrrp", 3, sender, VMAC, 0, 8, priority=100, **known)


def everywhere(*said: GatewayHello, to: int = GATEWAY, **known: Any) -> Case:
    """These hellos are heard in the domain at both sites; the guest sends to this MAC."""
    seen = journal((after(5), GUEST, to, GUEST_IP, PEER_IP))
    return case(*(point(role, f"domain:{role}", said, journal=seen, **known) for role in ("source", "destination")))


def of_one(address: str) -> list[GatewayHello]:
    """One master, all the time."""
    return [hello(after(n * 1000), "10.77.0.2", address) for n in range(9)]


def test_a_group_of_another_network_is_not_the_guests() -> None:
    """Heard in its segment, but it sends to another gateway and never asks for that address."""
    assert judged("vrrp", everywhere(*of_one(OTHER_NETWORK))) is None


@pytest.mark.parametrize("how", ["sends to its MAC", "asks for it", "sends to what answers for it"])
def test_a_group_that_the_guest_uses_is_the_guests_in_whichever_network(how: str) -> None:
    """Networks may be wider than they look."""
    rows = {
        "asks for it": [(after(1), ASK, GUEST, GUEST_IP, OTHER_NETWORK)],
        "sends to what answers for it": [(after(1), ANSWER, GATEWAY, OTHER_NETWORK, GUEST_IP)],
    }.get(how, [])
    to = VMAC if how == "sends to its MAC" else GATEWAY
    found = judged("vrrp", everywhere(*of_one(OTHER_NETWORK), to=to, arps=arps(*rows)))
    assert found is not None
    assert found.worked == "no"


def test_a_group_of_the_guests_network_is_not_its_own_where_it_uses_another_gateway() -> None:
    """What it sends to has an address of its own, or is another group's; where nothing says so it may be this one."""
    router = arps((after(1), ANSWER, GATEWAY, "10.77.0.1", GUEST_IP))
    assert judged("vrrp", everywhere(*of_one(OWN_NETWORK), arps=router)) is None
    assert judged("vrrp", everywhere(*of_one(OWN_NETWORK), to=VMAC + 1)) is None
    assert judged("vrrp", everywhere(*of_one(OWN_NETWORK))) is not None


def test_no_router_is_named_where_none_is_heard_in_the_domain() -> None:
    """Hellos at the gateway alone say nothing of either site."""
    seen = journal((after(5), GUEST, GATEWAY, GUEST_IP, PEER_IP))
    sites = [point(role, f"domain:{role}", journal=seen) for role in ("source", "destination")]
    found = judged("vrrp", case(*sites, point("gw", "gateway", of_one(OWN_NETWORK), journal=seen)))
    assert found is not None
    assert found.worked == "undecided"
    assert "10.77.0.2 active; no hello of an active router is in view in the guest's domain" in found.because


def at_rest(*said: GatewayHello) -> str:
    """What is told of these where no switchover is in view."""
    (found,) = tell_at_rest([point("here", None, sorted(said, key=lambda h: h.ts_ns))])
    return found.because


def test_at_rest_each_address_family_has_its_own_gateway() -> None:
    """One number, two virtual routers."""
    six = [hello(after(n * 1000 + 200), "fe80::9", "fe80::1") for n in range(9)]
    told = at_rest(*of_one(OWN_NETWORK), *six)
    assert "group 8 (10.77.0.254): 10.77.0.2 active; group 8 (fe80::1): fe80::9 active" in told


@pytest.mark.parametrize(
    ("own", "others", "words"),
    [
        (range(5), range(9, 14), "10.77.0.2 then 10.77.0.3 active"),
        (range(9), range(9), "10.77.0.2 and 10.77.0.3 active"),
        ((*range(5), *range(20, 25)), range(9, 19), "10.77.0.2 then 10.77.0.3 then 10.77.0.2 again active"),
        (range(9), (4,), "10.77.0.2 and 10.77.0.3 active"),
    ],
)
def test_at_rest_masters_in_turn_are_not_masters_at_once(own: Any, others: Any, words: str) -> None:
    """Hellos between those of another that still lived are of two at once."""
    first = [hello(after(n * 1000), "10.77.0.2") for n in own]
    second = [hello(after(n * 1000 + 300), "10.77.0.3") for n in others]
    assert words in at_rest(*first, *second)


def test_a_gateway_that_was_there_before_the_guest_was_not_first_heard_after_it() -> None:
    """Its next hello says when hellos come, and nothing of how long the guest was without."""
    own = [hello(after(n * 3000 - 500), "10.77.0.3") for n in range(-2, 4)]
    old = [hello(after(n * 3000 - 400), "10.77.0.2") for n in range(-2, 4)]
    seen = journal((after(5), GUEST, VMAC, GUEST_IP, PEER_IP))
    for said, words in (
        (own, "active there before the guest came, and heard again +2.5 s"),
        (own[3:], "first heard there +2.5 s"),
    ):
        end = after(9_000)
        sites = [point("source", "domain:source", old, journal=seen, last_ts=end)]
        found = judged(
            "vrrp", case(*sites, point("destination", "domain:destination", said, journal=seen, last_ts=end))
        )
        assert found is not None
        assert words in found.because


SECONDS = range(12)
RESIGNED = [hello(after(3100), "10.77.0.2", is_leaving=True)]


def turns(until: int, begin: int, said: list[GatewayHello]) -> Case:
    """The one is master until this second, the other from that second on."""
    first = [hello(after(n * 1000), "10.77.0.2") for n in SECONDS if n <= until]
    second = [hello(after(n * 1000 + 300), "10.77.0.3") for n in SECONDS if n >= begin]
    return everywhere(*sorted([*first, *said, *second], key=lambda h: h.ts_ns))


@pytest.mark.parametrize(
    ("until", "begin", "said", "is_at_once"),
    [
        (3, 4, RESIGNED, False),
        (3, 6, [], False),
        (3, 3, [], False),
        (3, 1, RESIGNED, False),
        (3, 1, [], False),
        (11, 0, [], True),
        (9, 4, [], True),
    ],
)
def test_masters_in_turn_are_not_two_at_once(
    until: int, begin: int, said: list[GatewayHello], is_at_once: bool
) -> None:
    """One that resigned, or fell silent while the other went on, gave way; hellos by turns are two masters."""
    found = judged("vrrp", turns(until, begin, said))
    assert found is not None
    assert ("are active in one domain" in found.because) == is_at_once
    assert ("10.77.0.2 was active before and gave way: 10.77.0.3 since" in found.because) != is_at_once


def test_a_router_that_became_standby_gave_way() -> None:
    """HSRP says its state; whoever takes over again afterwards is active."""
    own = [hello(after(n * 1000), "10.77.0.2") for n in SECONDS if n < 4 or n > 8]
    other = [hello(after(n * 1000), "10.77.0.3") for n in SECONDS if 4 <= n <= 8]
    waiting = [hello(after(9500), "10.77.0.3", state="standby")]
    found = judged("vrrp", everywhere(*sorted([*own, *other, *waiting], key=lambda h: h.ts_ns)))
    assert found is not None
    assert "one router, 10.77.0.2, is active for both sites" in found.because


def in_both_families(peer: str) -> Case:
    """The guest answered the ARP request for it at once; this peer of it never got an answer again."""
    rows = [*asking(after(10)), (after(11), ANSWER, GUEST, GUEST_IP, "10.77.0.1")]
    guest = Moved(GUEST, (ip_halves(GUEST_IP), ip_halves("fd00::10")), (), "high", "")
    lost = suffered(None, ended=False, survived=False, peer=peer)
    return case(resolved(*rows, answers_to=GATEWAY), guest=guest, peers=[FINE, lost])


@pytest.mark.parametrize(("peer", "worked"), [("fd00:99::2", "yes"), ("10.99.0.9", "undecided")])
def test_arp_is_judged_by_peers_of_its_own_family(peer: str, worked: str) -> None:
    """A peer of IPv6 is reached by neighbour discovery: its trouble says nothing of ARP."""
    found = judged("gateway_arp", in_both_families(peer))
    assert found is not None
    assert found.worked == worked
