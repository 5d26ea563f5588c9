"""A guest that fell silent for good at its new place, while requests for it arrived there."""

from dataclasses import replace

import numpy as np
import pytest

from tests.migration.make import (
    GATEWAY,
    GUEST,
    GUEST_IP,
    MS,
    PEER_IP,
    S,
    asks_and_answers,
    guest_story,
    journal,
    suffered,
    view,
)
from vmpcap.measures.outages import Outage
from vmpcap.migration.guest.silenced import Silenced, find_silenced
from vmpcap.migration.moved import Moved
from vmpcap.migration.packets.reachable import Reachability
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import ip_halves
from vmpcap.verdicts.reachable_after import is_reachable

SWITCH = 10 * S
DIES = 20 * S
MOVED = Moved(GUEST, (ip_halves(GUEST_IP),), (), "high", "")


def bridge(until: int = 30 * S, dies: int = DIES, **more: object) -> PointView:
    """At its new place the guest is asked ten times a second from 10 to 30 s, and answers for ten seconds."""
    rows = asks_and_answers(SWITCH + MS, until, 100 * MS, (dies, until))
    return view("esxB", "domain:destination", journal=rows, last_ts=until, **more)


def elsewhere(**more: object) -> PointView:
    """Another point that shows the guest a second after its new place showed it last."""
    return view("other", journal=journal((DIES + S, GUEST, GATEWAY, GUEST_IP, PEER_IP)), **more)


def test_a_guest_that_is_asked_at_its_new_place_and_says_no_more_fell_silent_itself() -> None:
    """Its last answer is frame 200, of the request at 19.901 s; a hundred requests come after it."""
    found = find_silenced(MOVED, [view("gw", "gateway"), bridge()], SWITCH)
    assert found is not None
    assert found.because.startswith("100 packets for it that wanted an answer came to esxB after its own last frame")
    assert "(frame 200, 9.9 s after the switchover)" in found.because
    assert (found.point, found.frames) == ("esxB", (200, 201, 300))
    assert found.after_s == 9.902


@pytest.mark.parametrize(
    "views",
    [
        [bridge(dies=40 * S)],
        [bridge(until=DIES)],
        [bridge(until=DIES + 800 * MS)],
        [bridge(dies=SWITCH)],
        [bridge(journal_complete=False)],
        [bridge(), elsewhere()],
        [bridge(), elsewhere(offset=None)],
        [view("esxA", "domain:source", journal=bridge().journal)],
    ],
    ids=[
        "it answers to the end",
        "nobody asks after",
        "asked for less than a second",
        "it never spoke there",
        "frames were left out",
        "it speaks elsewhere later",
        "it speaks elsewhere, and when is not known",
        "its old place",
    ],
)
def test_where_that_is_not_shown_nothing_is_told(views: list[PointView]) -> None:
    """The way may have failed, or the guest moved on."""
    assert find_silenced(MOVED, views, SWITCH) is None


def test_what_answers_the_guest_wants_no_answer() -> None:
    """A hundred echo replies to it after its last word: nobody asked."""
    rows = bridge().journal
    late = rows.ts_ns > DIES
    replies = rows._replace(icmp_type=np.where(late, 0, rows.icmp_type).astype(rows.icmp_type.dtype))
    assert find_silenced(MOVED, [view("esxB", "domain:destination", journal=replies)], SWITCH) is None


@pytest.mark.parametrize("is_shown", [True, False])
def test_the_verdict_says_that_the_guest_fell_silent_where_that_is_shown(is_shown: bool) -> None:
    later = Outage(None, None, None, None, DIES, 201, 29 * S, 300, None, None, None, None, None, 9 * S, False, 90, 0)
    lost = replace(suffered(survived=False), later=later, later_ns=10 * S)
    shown = Silenced("the way to it held, and the guest fell silent", "esxB", (200, 201, 300), 9.9)
    reach = Reachability("yes", "answered", "gw", (1, 2))
    story = guest_story(reachability=reach, suffered=(lost,), silenced=shown if is_shown else None)
    answer = is_reachable(story)
    assert answer.outcome == "undecided"
    assert ("the way to it held" in answer.because) is is_shown
    assert ("whether the move or something later lost it is not known" in answer.because) is not is_shown
    assert any(one.point == "esxB" and one.frames == [200, 201, 300] for one in answer.evidence) is is_shown
    told = "the guest, or its host, fell silent 9.9 s after the switchover, while packets for it still arrived there"
    assert answer.in_short == (f"{told} (esxB)" if is_shown else ""), "the headline names the guest"
