"""Connections that were in use at the move and died: no pass where all did, no failure for a reason of one's own."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from tests.measures.talk import ACK, Row, pings, segment
from tests.migration.make import GUEST, GUEST_IP, S, announced, guest_story, story, suffered
from tests.migration.test_suffering import point, suffered_at
from vmpcap.migration.moved import Moved
from vmpcap.migration.packets.reachable import Reachability
from vmpcap.migration.results import Mechanism, OutagePart
from vmpcap.migration.session_results import Sessions
from vmpcap.migration.suffered import Suffered
from vmpcap.terms.addresses import ip_halves
from vmpcap.verdicts.findings import Check
from vmpcap.verdicts.profile import Profile
from vmpcap.verdicts.rules import RULES, answer

PROFILE = Profile(
    name="mine", title="mine", throughput_mbps_min=None, rtt_ms_max=None, switchover_ms_max=None, scope="link",
    applies_to="",
)  # fmt: skip
VAIN = (840, 1040, 1440, 2240, 3840, 7040)
"""When the last segment is sent, and sent again, ms: the guest is announced at 1 s, and answers others from then on."""
GONE_ON = (840, 1040)


def connection(port: int, *tries: float, answered: float | None = None, idle: float = 0) -> list[Row]:
    """Ten bytes every 20 ms until 800 ms, acknowledged; then the same at these times, answered at most at the end."""
    more, back = {"src_port": port}, {"dst_port": port}
    rows = []
    for n in range(41):
        at = n * 20 - idle
        rows += [segment(at, True, 1000 + n, 1, 1, **more), segment(at + 1, False, 1, 1001 + n, flags=ACK, **back)]
    rows += [segment(at, True, 1041, 1, 1, **more) for at in tries]
    if answered is not None:
        rows.append(segment(answered, False, 1, 1042, flags=ACK, **back))
        rows += [
            segment(answered + 9, True, 1042, 1, 1, **more),
            segment(answered + 10, False, 1, 1043, flags=ACK, **back),
        ]
    return rows


def told(
    *connections: list[Row],
    word: Any = "undecided",
    mechanisms: tuple[Mechanism, ...] = (),
    spent: tuple[OutagePart, ...] = (),
) -> Check:
    """What is said of a guest whose client had these connections, and pings that the move cost 160 ms?"""
    rows = [row for one in connections for row in one] + pings(1200, 10, range(84, 100))
    shift = -min(0, *(row["ts_ns"] for row in rows))
    rows = [{**row, "ts_ns": row["ts_ns"] + shift} for row in rows]
    at = point(rows, last_ts=shift + 40 * S)
    moved = Moved(GUEST, (ip_halves(GUEST_IP),), ((at, announced(shift + S)),), "high", "")
    every = tuple(suffered_at(at, moment=shift + S, last_before=shift + 840_000_000))
    if spent:
        every = tuple(replace(s, peer=msgspec.structs.replace(s.peer, breakdown=list(spent))) for s in every)
    return judged(moved, every, word, mechanisms)


def judged(moved: Moved, every: tuple[Suffered, ...], word: Any = "undecided", mechanisms: Any = ()) -> Check:
    """What does the rule say of a guest that answered somebody since?"""
    known = guest_story(reachability=Reachability("yes", "answered", "client", (7, 8)), suffered=every, moved=moved)
    result = msgspec.structs.replace(known.result, sessions=Sessions(word=word), mechanisms=list(mechanisms))
    (rule,) = [r for r in RULES if r.id == "guest_reachable_after"]
    return answer(rule, story(replace(known, result=result)), PROFILE)


def test_where_all_connections_died_while_others_are_answered_the_guest_is_not_passed() -> None:
    """A firewall that forgot them: pings are answered all the time, and each of both is sent five times in vain."""
    given = told(connection(50_000, *VAIN), connection(50_001, *VAIN))
    assert given.outcome == "fail"
    assert "2 of 2 TCP connections that were in use when it moved and of which this is known died" in given.because
    assert given.in_short == "all 2 TCP connections in use when the guest moved whose fate is known died"
    new = connection(50_009, idle=-5000)
    assert told(connection(50_000, *VAIN), connection(50_001, *VAIN), new).in_short.endswith(
        "died, while later ones are answered"
    )
    assert given.evidence[-1].frames, "the frames of the first of them"


def test_one_alone_that_died_is_told_and_decides_nothing() -> None:
    """It may have a reason of its own; yet nothing shows that a connection went on."""
    given = told(connection(50_000, *VAIN))
    assert given.outcome == "undecided"
    assert given.in_short.startswith("the one TCP connection in use when the guest moved whose fate is known died")


def part(kind: Any, ms: float) -> OutagePart:
    """So long was spent on this."""
    return OutagePart(
        part=kind, ms=ms, requests=3, from_point="client", from_frame=1, from_ts="", to_point="client", to_ts="",
        because="",
    )  # fmt: skip


@pytest.mark.parametrize(("kind", "outcome"), [("guest", "pass"), ("unexplained", "undecided")])
def test_one_alone_that_reached_a_guest_which_did_not_answer_is_no_networks_loss(kind: Any, outcome: str) -> None:
    """Its kernel went down and came up again: others are answered since, and what it had before is forgotten."""
    spent = (part("stun", 160), part(kind, 6000))
    assert told(connection(50_000, *VAIN), spent=spent).outcome == outcome
    assert told(connection(50_000, *VAIN), connection(50_001, *VAIN), spent=spent).outcome == "fail"


@pytest.mark.parametrize(
    ("others", "outcome"),
    [((50_001,), "pass"), ((50_001, 50_002), "pass")],
    ids=["as many", "more"],
)
def test_one_that_died_beside_others_that_went_on_is_one_closed_connection(
    others: tuple[int, ...], outcome: str
) -> None:
    """The others are answered at 1.05 s."""
    alive = [connection(port, *GONE_ON, answered=1050) for port in others]
    assert told(connection(50_000, *VAIN), *alive).outcome == outcome


def test_where_most_died_a_single_one_that_went_on_is_no_pass() -> None:
    """Three in vain, one answered: not all, so nothing failed for sure."""
    dead = [connection(port, *VAIN) for port in (50_000, 50_001, 50_002)]
    given = told(*dead, connection(50_003, *GONE_ON, answered=1050))
    assert (given.outcome, given.in_short.startswith("3 of 4 TCP connections")) == ("undecided", True)


def test_what_rested_for_long_may_have_been_forgotten_for_that() -> None:
    """The last answer is of a minute before the first segment in vain."""
    assert told(connection(50_000, *VAIN, idle=60_000), connection(50_001, *VAIN, idle=60_000)).outcome == "pass"
    assert told(connection(50_000, *VAIN, idle=20_000), connection(50_001, *VAIN, idle=20_000)).outcome == "fail"


def test_who_had_no_patience_while_the_guest_was_away_decides_nothing() -> None:
    """Sent four times until 1.04 s, the guest is announced at 1 s: nothing was asked of it once it was back."""
    tries = (30, 230, 640, 1040)
    short = [[row for row in connection(port, *tries, idle=800) if row["ts_ns"] < 2 * S] for port in (50_000, 50_001)]
    assert told(*short).outcome == "undecided"


def test_a_guest_that_was_started_anew_owes_its_old_connections_nothing() -> None:
    """Known: passed as before. Not known: undecided, with the reason."""
    dead = (connection(50_000, *VAIN), connection(50_001, *VAIN))
    row = Mechanism(name="ha", seen=True, worked="yes", because="it began anew")
    assert told(*dead, mechanisms=(row,)).outcome == "pass"
    given = told(*dead, mechanisms=(msgspec.structs.replace(row, worked="undecided"),))
    assert (given.outcome, "started anew" in given.because) == ("undecided", True)


def test_connections_that_another_ended_in_the_guests_name_died_too() -> None:
    """A firewall that resets what it does not know."""
    moved = Moved(GUEST, (ip_halves(GUEST_IP),), (), "high", "")
    one = suffered(None, survived=False, because="the reset in frame 9 ended the connection: it is not the guest's")
    one = replace(one, ended_by_another=True, peer=msgspec.structs.replace(one.peer, protocol="tcp/80"))
    assert judged(moved, (suffered(), one, one)).outcome == "fail"
    assert judged(moved, (suffered(), replace(one, ended_by_another=False))).outcome == "pass"
