"""Whom else a guest lost makes no answer better: whatever its peers met, one more that is lost fails as much."""

import random
from dataclasses import replace

import msgspec
import pytest

from tests.migration.make import S, suffered
from tests.verdicts.test_rules import gave_up, lost_by_size, lost_for, reachable, resent
from vmpcap.migration.suffered import Part, Suffered

WORSE = ("pass", "undecided", "fail")


def partly(peer: str, is_sure: bool = True) -> Suffered:
    """A peer that lost 80 of 100 requests since the move."""
    return replace(suffered(peer=peer), part=Part(80, 100, 0, 100, "80 of 100 had no answer", is_sure))


def later(peer: str) -> Suffered:
    """A peer that was lost seven seconds after the move."""
    return replace(suffered(160.0, survived=False, peer=peer), later=resent(0), later_ns=7 * S)


def connection(peer: str) -> Suffered:
    """A connection of before that a firewall ended in the guest's name."""
    one = replace(suffered(None, survived=False, peer=peer), ended_by_another=True)
    return replace(one, peer=msgspec.structs.replace(one.peer, protocol="tcp/80"))


def opened(peer: str) -> Suffered:
    """A service to which five connections were opened in vain, after others that had answers."""
    return replace(lost_for(5, peer=peer), opened=5, had_answers=True)


LOST = (
    lambda peer: lost_for(5, peer=peer),
    lambda peer: lost_for(0.9, peer=peer),
    lambda peer: gave_up(5, peer),
    lost_by_size,
    partly,
    lambda peer: partly(peer, is_sure=False),
    later,
    connection,
    opened,
)


@pytest.mark.parametrize("seed", range(200))
def test_another_lost_peer_never_makes_the_answer_better(seed: int) -> None:
    """Of any that are answered, lost, partly lost, or gone for their size."""
    rng = random.Random(seed)
    kinds = (lambda peer: suffered(160.0, peer=peer), *LOST)
    streams = [rng.choice(kinds)(f"10.99.0.{10 + n}") for n in range(rng.randint(1, 4))]
    more = rng.choice(LOST)("10.99.0.99")
    alone, beside = reachable(*streams), reachable(*streams, more)
    assert WORSE.index(beside.outcome) >= WORSE.index(alone.outcome), (alone.because, beside.because)


def test_most_requests_of_one_peer_are_lost_beside_another_that_gave_up() -> None:
    """Both are told."""
    given = reachable(partly("10.99.0.8"), gave_up(5, "10.99.0.7"), suffered())
    assert given.outcome == "fail"
    assert "1 of its 3 peers never got an answer again: 10.99.0.7" in given.because
    assert "10.99.0.8 by icmp: 80 of 100 had no answer" in given.because


def test_who_lost_the_guest_later_softens_nothing_for_connections_that_all_died() -> None:
    """A firewall ended both; one more peer lost it seven seconds later."""
    dead = connection("10.99.0.7"), connection("10.99.0.8")
    assert reachable(suffered(), *dead).outcome == "fail"
    assert reachable(suffered(), *dead, later("10.99.0.9")).outcome == "fail"
