"""MACs that several routers share: every group of every protocol, both ways."""

import pytest

from vmpcap.terms.router_macs import VIRTUAL_MACS, mac_of_group, virtual_mac

KNOWN = (
    ("vrrp", 255, 0x00005E0001FF),
    ("hsrp1", 10, 0x00000C07AC0A),
    ("hsrp2", 4095, 0x00000C9FFFFF),
    ("hsrp2", 512, 0x00000C9FF200),
    ("glbp", 7, 0x0007B4000700),
    ("nsx", 0, 0x025056564452),
)
"""As the RFCs and Cisco's configuration guides write them."""


@pytest.mark.parametrize(("kind", "group", "mac"), KNOWN)
def test_a_groups_mac_is_the_documented_one(kind: str, group: int, mac: int) -> None:
    """And leads back to its protocol and group."""
    assert mac_of_group(kind, group) == mac
    found = virtual_mac(mac)
    assert found is not None
    assert found[0].kind == kind
    assert (found[1] or 0) == group


@pytest.mark.parametrize("row", VIRTUAL_MACS, ids=lambda row: row.kind)
def test_the_ranges_begin_and_end_where_they_say(row: object) -> None:
    """One before and one behind is another's."""
    assert isinstance(row, type(VIRTUAL_MACS[0]))
    for mac, inside in ((row.first - 1, False), (row.first, True), (row.last, True), (row.last + 1, False)):
        found = virtual_mac(mac)
        assert (found is not None and found[0] is row) is inside
