"""Which VLAN the guest's frames carried before and after."""

import numpy as np
import pytest

from tests.migration.make import GUEST, GUEST_IP, MS, S, asks_and_answers, view
from vmpcap.migration.guests import Moved
from vmpcap.migration.story import _vlans
from vmpcap.terms.addresses import ip_halves

SWITCH = 5 * S


@pytest.mark.parametrize(("tag", "after"), [(-1, []), (0, []), (7, [7])], ids=["untagged", "priority only", "VLAN 7"])
def test_a_priority_tag_is_no_other_vlan(tag: int, after: list[int]) -> None:
    """IEEE 802.1Q 9.6: identifier 0 says that the frame belongs to no VLAN by its tag."""
    seen = asks_and_answers(0, 10 * S, 10 * MS)
    tags = np.where(seen.ts_ns > SWITCH, tag, -1).astype(np.int32)
    here = view("gw", "gateway", journal=seen._replace(vlan_outer_id=tags))
    moved = Moved(GUEST, (ip_halves(GUEST_IP),), (), "high", "")
    assert _vlans(moved, [here], SWITCH) == ([], after, "gw")
