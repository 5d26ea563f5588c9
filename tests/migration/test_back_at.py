"""When the guest's peers were answered again: the wait of one connection for its timer is not theirs."""

from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import msgspec
import numpy as np
import pytest

from tests.migration.make import MS, S, suffered
from tests.migration.test_lapses import stream_of
from tests.migration.test_mechanisms import MOMENT, after, case, judged, news, point
from vmpcap.measures.peer_streams import PeerStream
from vmpcap.migration.suffered import Suffered

PING = suffered(10_400.0, from_ts=MOMENT, to_ts=after(10_400))


def connection(end_ms: int, *sent_ms: int, peer: str = PING.peer.peer) -> Suffered:
    """A connection whose segments of these times were lost, and that was answered again at the end."""
    one = stream_of((0.0, float(end_ms)))
    assert one.outage is not None
    outage = replace(one.outage, last_unanswered_ts=after(end_ms))  # TCP: the segment that is answered was lost before
    asked = np.array([after(ms) for ms in (*sent_ms, end_ms)], np.int64)
    stream = SimpleNamespace(outages=(outage,), requester="peer", manner="connection", asked_ts=asked)
    told = msgspec.structs.replace(one.peer, peer=peer, point=PING.peer.point)
    return replace(one, peer=told, stream=cast(PeerStream, stream), outage=outage)


def test_a_connection_that_waited_for_its_timer_was_not_cut_off_by_the_way() -> None:
    """Its peer's ping was answered 8.5 s before; the route was told to have left its peers alone for so long."""
    peers = [PING, connection(18_900, 300, 900, 9_960)]
    assert case(peers=peers).back_at == case(peers=peers).first_back_at == after(10_400)
    rows = [news(0, origin="10.0.0.2"), news(after(900), origin="10.0.0.3")]
    found = judged("ospf", case(point("wan", "wan", rows), peers=peers))
    assert found is not None
    assert "answered again only +10.4 s" in found.because


@pytest.mark.parametrize(
    "peers",
    [
        [connection(18_900, 300, 900, 9_960)],
        [PING, connection(18_900, 300, 900, 9_960, peer="10.99.0.77")],
        [PING, connection(18_900, 300, 900, 12_000)],
        [PING, suffered(18_900.0, from_ts=MOMENT, to_ts=after(18_900))],
    ],
    ids=["nothing else of that peer", "another peer's way may be another", "lost after that", "no connection"],
)
def test_what_shows_no_free_way_before_takes_nothing_from_the_wait(peers: list[Suffered]) -> None:
    """Another stream of the same peer must have been answered after the last segment that was lost."""
    assert case(peers=peers).back_at == after(18_900)


@pytest.mark.parametrize(
    ("peers", "words"),
    [
        ([PING, connection(18_900, 300, 900, 9_960, peer="10.99.0.77")], "from +10.4 s on, the last +18.9 s"),
        ([PING, connection(18_900, 300, 900, 12_000, peer="10.99.0.77")], "+18.9 s"),
        ([connection(18_900, 300, 900, 9_960)], "+18.9 s"),
        ([PING], "+10.4 s"),
    ],
    ids=["lost nothing after", "lost after that", "alone", "a ping"],
)
def test_who_only_waited_is_told_beside_who_was_answered_first(peers: list[Suffered], words: str) -> None:
    """The way was free by the first answer after which nothing that anybody asked was lost."""
    assert case(peers=peers).back_words == words
    rows = [news(0, origin="10.0.0.2"), news(after(900), origin="10.0.0.3")]
    found = judged("ospf", case(point("wan", "wan", rows), peers=peers))
    assert found is not None
    assert f"answered again only {words}" in found.because


def test_a_connection_that_two_places_show_together_was_lost_until_its_last_try_alone() -> None:
    """That it was answered later proves no loss: its tries are known."""
    one = connection(18_900, 300, 900, 9_960, peer="10.99.0.77")
    told = msgspec.structs.replace(one.peer, outage_ms=None, outage_low_ms=18_900.0)
    both = replace(one, peer=told, outage=None, joined=one.outage)
    assert case(peers=[PING, both]).back_words == "from +10.4 s on, the last +18.9 s"


def test_a_connection_that_was_answered_first_is_told_by_itself() -> None:
    """The ping came back later."""
    assert case(peers=[PING, connection(4_000, 300, 900)]).back_at == after(10_400)
    assert after(10_400) - MOMENT == 10 * S + 400 * MS
