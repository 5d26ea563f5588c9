"""Which VLAN the guest's frames carried before and after."""

import numpy as np
import pytest

from tests.migration.make import GUEST, GUEST_IP, MS, S, asks_and_answers, view
from vmpcap.migration.guests import Moved
from vmpcap.migration.story import _vlans
from vmpcap.migration.views import PointView
from vmpcap.migration.vlans import TwoTags, tags_apart
from vmpcap.terms.addresses import ip_halves

SWITCH = 5 * S


@pytest.mark.parametrize(("tag", "after"), [(-1, []), (0, []), (7, [7])], ids=["untagged", "priority only", "VLAN 7"])
def test_a_priority_tag_is_no_other_vlan(tag: int, after: list[int]) -> None:
    """IEEE 802.1Q 9.6: identifier 0 says that the frame belongs to no VLAN by its tag."""
    seen = asks_and_answers(0, 10 * S, 10 * MS)
    tags = np.where(seen.ts_ns > SWITCH, tag, -1).astype(np.int32)
    here = view("gw", "gateway", journal=seen._replace(vlan_outer_id=tags))
    moved = Moved(GUEST, (ip_halves(GUEST_IP),), (), "high", "")
    *told, frames = _vlans(moved, [here], SWITCH)
    assert told == [[], after, "gw"]
    last, first = (int(seen.ts_ns[np.flatnonzero(seen.frame == one)[0]]) for one in frames)
    assert last < SWITCH < first


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
