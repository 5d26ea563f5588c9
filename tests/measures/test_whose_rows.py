"""Which packets from the guest's address are the guest's, and which a twin's in another network."""

from typing import Any

import numpy as np
import pytest

from tests.measures.talk import GUEST, journal_of, segment
from vmpcap.measures.journal import JournalColumns
from vmpcap.measures.whose import may_be_the_guests
from vmpcap.terms.addresses import ip_halves
from vmpcap.terms.wire import TCP_RST

MAC, ROUTER = 0x5056AA7710, 0x5E00014D
HERE, BEYOND = 1, 2


def seen(ttls: list[int], **last: Any) -> JournalColumns:
    """The guest in its own segment, then packets from its address beyond a router; the last one differs."""
    rows = [segment(n, False, n, 1, ip_ttl=ttl) for n, ttl in enumerate([64, *ttls])]
    rows[-1] |= last
    journal = journal_of(rows)
    macs = np.array([MAC] + [ROUTER] * len(ttls), np.uint64)
    return journal._replace(eth_src=macs, segment_key=np.array([HERE] + [BEYOND] * len(ttls), np.uint64))


def left(journal: JournalColumns) -> list[bool]:
    return may_be_the_guests(journal, [MAC], [ip_halves(GUEST)]).tolist()


@pytest.mark.parametrize("last", [{"tcp_flags": TCP_RST}, {}], ids=["a reset", "a segment"])
def test_one_packet_that_passed_no_router_takes_no_segment_out_of_view(last: dict[str, Any]) -> None:
    """A firewall sends it in the guest's name; all others came over the router."""
    assert left(seen([63] * 9 + [64], **last)) == [True] * 11


def test_a_machine_that_sends_from_there_directly_has_the_same_address_in_another_network() -> None:
    """Whatever came over a router besides."""
    assert left(seen([64] * 6 + [63] * 4)) == [True] + [False] * 10
