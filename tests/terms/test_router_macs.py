"""MACs that gateways share: each protocol's own range."""

from itertools import combinations

import pytest

from vmpcap.terms.addresses import mac_number
from vmpcap.terms.router_macs import VIRTUAL_MACS, maker_of, virtual_mac


@pytest.mark.parametrize(
    ("mac", "kind", "group"),
    [
        ("00:00:0c:07:ac:0a", "hsrp1", 10),
        ("00:00:0c:9f:f1:23", "hsrp2", 0x123),
        ("00:05:73:a0:00:07", "hsrp6", 7),
        ("00:00:5e:00:01:33", "vrrp", 51),
        ("00:00:5e:00:02:33", "vrrp6", 51),
        ("00:07:b4:00:05:02", "glbp", 5),
        ("02:50:56:56:44:52", "nsx", None),
    ],
)
def test_a_virtual_mac_names_its_protocol_and_group(mac: str, kind: str, group: int | None) -> None:
    """As the protocols' documents give them."""
    found = virtual_mac(mac_number(mac))
    assert found is not None
    assert (found[0].kind, found[1]) == (kind, group)


@pytest.mark.parametrize("mac", ["00:00:0c:07:ad:00", "00:00:5e:00:03:01", "00:50:56:aa:77:10", "00:00:0c:9f:e0:01"])
def test_other_macs_are_no_gateway_protocols(mac: str) -> None:
    """Also those of the same makers."""
    assert virtual_mac(mac_number(mac)) is None


def test_no_mac_is_claimed_twice() -> None:
    """A shared range would be whichever row comes first."""
    for one, other in combinations(VIRTUAL_MACS, 2):
        assert one.last < other.first or other.last < one.first


def test_makers_are_a_hint_by_three_bytes() -> None:
    """Empty where the table does not say."""
    assert maker_of(mac_number("00:50:56:aa:77:10")) == "VMware"
    assert maker_of(mac_number("92:93:29:db:10:62")) == ""
