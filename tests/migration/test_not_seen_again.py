"""Peers that asked up to the move and of which nothing comes to the guest's new place."""

from collections.abc import Sequence

import pytest

from tests.measures.talk import ACK, FIN, GUEST, PSH, RST, Row, journal_of, pings, segment
from tests.migration.make import S, guest_story, suffered, view
from tests.migration.test_sent_in_vain import of
from vmpcap.migration.moved import Moved
from vmpcap.migration.packets.not_seen_again import find_unseen
from vmpcap.migration.packets.reachable import judge_reachability
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import NO_MAC, ip_halves
from vmpcap.verdicts.reachable_after import is_reachable

MOVED = Moved(NO_MAC, (ip_halves(GUEST),), (), "high", "")
SWITCH = 20 * S
END_MS = 60_000
GONE = tuple(f"10.8.2.{n}" for n in (20, 21, 22))
STAY = ("10.8.1.20", "10.8.1.21")


def asks(whose: str, times: Sequence[int], end: int | None = None) -> list[Row]:
    """Fifty bytes of this peer at these times, ms, each acknowledged; the last segment has that flag."""
    rows = []
    for n, ms in enumerate(times):
        rows.append(segment(ms, True, 100 + 50 * n, 1, 50, ACK | PSH))
        rows.append(segment(ms + 1, False, 1, 150 + 50 * n))
    if end is not None:
        rows.append(segment(times[-1] + 5, True, 100 + 50 * len(times), 1, 0, ACK | end))
    return of(whose, rows)


BEFORE = range(0, 20_000, 700)
ALL = range(0, END_MS, 700)


def places(
    peers: Sequence[list[Row]], until_ms: int = END_MS, role: str = "domain:destination", **more: object
) -> list[PointView]:
    """The guest's old place up to the move, and its new one from then on."""
    rows = [row for theirs in peers for row in theirs]
    parts = [[row for row in rows if (row["ts_ns"] <= SWITCH) is is_old] for is_old in (True, False)]
    old = view("esxA", "domain:source", journal=journal_of(parts[0]), last_ts=until_ms * 1_000_000)
    return [old, view("esxB", role, journal=journal_of(parts[1]), last_ts=until_ms * 1_000_000, **more)]


STAYING = [asks(whose, ALL) for whose in STAY]
GOING = [asks(whose, BEFORE) for whose in GONE]


def test_peers_of_one_network_that_asked_up_to_the_move_and_do_not_come_any_more_are_told() -> None:
    """Three ask every 700 ms and leave their connections open; nothing of them in 40 s, while two others ask on."""
    there = places([*STAYING, *GOING])
    found = find_unseen(MOVED, there, SWITCH)
    assert found is not None
    assert "3 of its 5 peers, all in 10.8.2.0/24, asked it up to the move" in found.because
    assert "not seen again in the 40.0 s after it, at esxB" in found.because
    reach = judge_reachability(MOVED, there, SWITCH)
    assert (reach.answer, reach.unseen) == ("yes", found)
    answer = is_reachable(guest_story(moved=MOVED, reachability=reach, suffered=(suffered(),)))
    assert answer.outcome == "undecided"
    assert "answered 0.301 s after the switchover, but 3 of its 5 peers" in answer.because
    lost = suffered(None, ended=False, survived=None)
    assert is_reachable(guest_story(moved=MOVED, reachability=reach, suffered=(lost,))).outcome == "undecided"


def test_a_network_is_named_only_where_all_of_them_and_no_others_are_in_it() -> None:
    """One of those who ask on is of the same /24."""
    found = find_unseen(MOVED, places([*STAYING, asks("10.8.2.9", ALL), *GOING]), SWITCH)
    assert found is not None
    assert "3 of its 6 peers asked it" in found.because


SOME = [[*asks(whose, BEFORE), *asks(whose, [END_MS - 9000])] for whose in GONE]


@pytest.mark.parametrize(
    "there",
    [
        places([*STAYING, *GOING[:2]]),
        places([*STAYING, *(asks(whose, BEFORE, FIN) for whose in GONE)]),
        places([*STAYING, *(asks(whose, BEFORE, RST) for whose in GONE)]),
        places([*STAYING, *(asks(whose, range(0, 15_000, 700)) for whose in GONE)]),
        places([*STAYING, *(asks(whose, [0, 400, 9000, 9400, 17_000, 19_500]) for whose in GONE)]),
        places([*STAYING, *SOME]),
        places([*STAYING, *GOING], until_ms=29_000),
        places([*STAYING, *(asks(whose, range(0, 20_000, 1900)) for whose in GONE)], until_ms=38_000),
        places(GOING),
        places([*STAYING, *GOING], role="gateway"),
        places([*STAYING, *GOING], journal_complete=False),
        places([*STAYING, *GOING], left_out=("ip.addr == 10.8.1.0/24",)),
        places([*STAYING, *GOING], drops=7),
        places([*STAYING, *GOING], goes_on=True),
        places([*STAYING, *([*pings(20, 1000)][:2] for _ in GONE)]),
    ],
    ids=[
        "two may have stopped by chance",
        "they closed their connections",
        "they reset their connections",
        "they had stopped before",
        "they ask seldom, in no beat",
        "they asked once more",
        "the view ends soon",
        "few of their pauses fit into it",
        "nobody asks on",
        "not its new place",
        "frames were left out",
        "a filter left something out",
        "the capture dropped packets",
        "the guest moved again",
        "another peer asked once",
    ],
)
def test_whoever_may_have_stopped_by_itself_or_out_of_view_is_not_told(there: list[PointView]) -> None:
    """A peer that merely asks no more, or ended by itself, says nothing of the guest."""
    assert find_unseen(MOVED, there, SWITCH) is None
    assert judge_reachability(MOVED, there, SWITCH).unseen is None


def test_what_servers_answered_is_no_question_of_theirs() -> None:
    """The guest asked three servers every 700 ms, and stopped when it moved."""
    served = [of(whose, [{**row, **_swapped(row)} for row in asks("10.99.0.2", BEFORE)]) for whose in GONE]
    assert find_unseen(MOVED, places([*STAYING, *served]), SWITCH) is None


def _swapped(row: Row) -> Row:
    """The peer's port is the service, 80, and the guest's the one that was taken to ask it."""
    return {"src_port": row["dst_port"], "dst_port": row["src_port"]}
