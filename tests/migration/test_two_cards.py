"""A host that sends from one MAC and is addressed by another."""

from dataclasses import replace
from typing import Any

import pytest

from tests.migration.make import moves_of, side, stream, view
from vmpcap.migration.stream.two_cards import find_other_senders
from vmpcap.terms.addresses import mac_number

HOST, MANAGEMENT, PEER = 0x005056_6A0011, 0x005056_6A00AA, 0x005056_6B0012


def found(role: str, own: int, addressed: int, first: int | None = None, **more: Any) -> list[str]:
    """What a point beside this host says, whose packets come from `own` and go to `addressed`."""
    made = stream()
    data, back = made.sides
    mine = {"first_eth_src": own if first is None else first, "last_eth_src": own, "last_eth_dst": PEER}
    theirs = {"first_eth_src": PEER, "last_eth_src": PEER, "last_eth_dst": addressed}
    if role == "destination":
        mine, theirs = theirs, mine
    sides = (replace(data, **mine, **more), replace(back, **theirs))
    (move,) = moves_of(view("here", role, streams=(replace(made, sides=sides),)))
    return [symptom.because for symptom in find_other_senders(move)]


@pytest.mark.parametrize(("role", "flooded"), [("source", "acknowledgements"), ("destination", "stream itself")])
def test_what_goes_to_a_mac_that_does_not_send_is_flooded(role: str, flooded: str) -> None:
    """At the destination that is all of the stream."""
    (because,) = found(role, HOST, MANAGEMENT)
    assert "sends from 00:50:56:6a:00:11, but what is for it goes to 00:50:56:6a:00:aa" in because
    assert f"floods the {flooded}" in because


def test_a_host_that_began_with_the_other_card_is_said_to() -> None:
    """The handshake left by the management interface, the data by the migration's."""
    (because,) = found("source", HOST, MANAGEMENT, first=MANAGEMENT)
    assert "after it had begun with that one" in because


def test_one_mac_for_both_is_no_symptom() -> None:
    """The usual host; and one that changed its MAC and is addressed by the new one."""
    assert found("source", HOST, HOST) == []
    assert found("source", HOST, HOST, first=MANAGEMENT) == []


def test_a_shared_gateway_at_the_far_end_of_a_hop_is_no_second_card() -> None:
    """Whoever answers for a virtual MAC sends from its own, too; and a point elsewhere sees routers, not hosts."""
    assert found("source", HOST, mac_number("00:00:0c:9f:f0:0a")) == []
    assert found("wan", HOST, MANAGEMENT) == []


def test_one_direction_alone_says_nothing() -> None:
    """Nobody is addressed."""
    made = stream(b=side())
    (move,) = moves_of(view("here", "source", streams=(made,)))
    assert list(find_other_senders(move)) == []
