"""Who was not answered, when and how long, in captures that show no migration."""

import re
from typing import Any

import numpy as np
import pytest

import vmpcap
from tests.measures.talk import ACK, GUEST, MS, PEER, PSH, RST, SYN, Row, echo, journal_of, pings, segment
from tests.migration.make import S, view
from tests.oracle.test_lab import LAB
from vmpcap.migration.lost_sessions import find_lost_sessions
from vmpcap.migration.unanswered import find_unanswered
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import ip_halves
from vmpcap.terms.units import NO_TIME

OTHER_GUEST = "10.77.0.11"


def talk(lost_ms: tuple[int, int] = (0, 0), port: int = 80, until_ms: int = 20_000) -> list[Row]:
    """A question of the peer every 250 ms in one connection, answered at once, but for those of that time."""
    rows = []
    for n, ms in enumerate(range(0, until_ms, 250)):
        seq, said = 1000 + 100 * n, 1 + 50 * n
        ends = {"dst_port": port}
        rows.append(segment(ms, True, seq, said, 100, ACK | PSH, **ends))
        if not lost_ms[0] <= ms < lost_ms[1]:
            rows.append(segment(ms + 1, False, said, seq + 100, 50, ACK | PSH, src_port=port))
    return rows


def silent(begin_ms: int, end_ms: int, **more: Any) -> list[Row]:
    """A peer that pings every 100 ms and asks in a connection; nobody answers from then until then."""
    gone = range(begin_ms // 100, -(-end_ms // 100))
    return [*pings(200, 100, gone), *talk((begin_ms, end_ms), **more)]


def as_other(rows: list[Row]) -> list[Row]:
    """The same, of another machine."""
    return [{**row, **{end: OTHER_GUEST for end in ("src", "dst") if row[end] == GUEST}} for row in rows]


def at(rows: list[Row], name: str = "client", role: str | None = "client", until: int = 20 * S) -> PointView:
    return view(name, role, journal=journal_of(rows), last_ts=until)


def told(*views: PointView) -> list[tuple[str, float]]:
    """The machines that are told, each with the seconds."""
    found = [re.search(r"^([0-9., ]+?) did not answer for ([0-9.]+) s", one.short) for one in find_unanswered(views)]
    return [(one[1], float(one[2])) for one in found if one is not None]


@pytest.mark.parametrize(("end_ms", "expected"), [(13_000, [(GUEST, 3.0)]), (11_000, [(GUEST, 1.0)]), (10_900, [])])
def test_a_machine_that_said_nothing_for_a_second_though_several_asked_is_told(
    end_ms: int, expected: list[tuple[str, float]]
) -> None:
    """From the first question on until it spoke again."""
    assert told(at(silent(10_000, end_ms))) == expected


def test_the_sentence_says_who_asked_what_and_when() -> None:
    rows = silent(10_000, 13_000)
    (one,) = find_unanswered([at(rows)])
    ordered = sorted(rows, key=lambda row: row["ts_ns"])
    first = next(n for n, row in enumerate(ordered, 1) if row["ts_ns"] == 10_000 * MS)
    assert "1970-01-01 00:00:10.000 UTC" in one.sentence
    assert "asked in 44 packets of 1 peer (icmp, tcp/80; " in one.sentence  # the last two were answered at once
    assert f"frames {first} to " in one.sentence
    assert f"--guest {GUEST}" in one.sentence
    assert "reset" not in one.sentence


def test_what_is_usual_is_not_told() -> None:
    """Nobody asks; one service alone has no answer; it never had answered; it answers another meanwhile."""
    assert told(at([*pings(200, 100), *talk()])) == []
    assert told(at([row for row in [*pings(200, 100), *talk()] if not 10_000 * MS < row["ts_ns"] < 13_000 * MS])) == []
    assert told(at(talk((10_000, 13_000)))) == []
    assert told(at([echo(100 * n, n) for n in range(200)] + talk((0, 20_000)))) == []
    assert told(at([*pings(200, 100), *talk((10_000, 13_000))])) == []


@pytest.mark.parametrize(("last", "is_told"), [(20 * S, True), (12 * S, False)])
def test_a_machine_that_is_never_heard_again_is_told_with_what_is_left_of_the_capture(last: int, is_told: bool) -> None:
    """Where it left for another place, requests soon go there: they need not have come here for long."""
    rows = [row for row in silent(10_000, 20_000) if row["ts_ns"] < 10_600 * MS]
    found = find_unanswered([at(rows, role=None, until=last)])
    assert [re.search("and then was not heard again, 9.5 s to the end", one.sentence) is not None for one in found] == (
        [True] if is_told else []
    )


@pytest.mark.parametrize(("lost", "is_told"), [(4, False), (5, True)])
def test_a_monitor_that_pings_alone_tells_an_outage_by_several_in_a_row(lost: int, is_told: bool) -> None:
    """Four pings may be lost by a policer; a fifth, with not a word of the machine meanwhile, says more."""
    assert told(at(pings(60, 300, range(20, 20 + lost)))) == ([(GUEST, 1.5)] if is_told else [])


def test_connections_that_are_reset_when_it_speaks_again_are_counted() -> None:
    """As a machine does that was started anew."""
    rows = [row for row in silent(10_000, 20_000) if row["ip_protocol"] == 6 and row["ts_ns"] < 13_000 * MS]
    back = [segment(13_000, False, 0, 5100, 0, RST | ACK)]
    (one,) = find_unanswered([at([*rows, *back, *pings(200, 100, range(100, 130))])])
    assert "1 connection that waited was reset" in one.sentence


def test_one_silence_is_told_once_and_machines_that_fell_silent_together_are_one_event() -> None:
    """Two points saw it; the nearer to the peer tells. Two machines at once: it may be the way to them."""
    rows = silent(10_000, 13_000)
    (one,) = find_unanswered([at(rows, "core", None), at(rows, "laptop")])
    assert "(laptop)" in one.short
    (both,) = find_unanswered([at([*rows, *as_other(rows)])])
    assert f"{GUEST}, {OTHER_GUEST} said nothing" in both.sentence or f"{OTHER_GUEST}, {GUEST}" in both.sentence
    assert "it may be the way to all of them" in both.sentence
    assert len(find_unanswered([at([*rows, *as_other(silent(2000, 4000))])])) == 2


def test_a_machine_of_which_the_reason_is_told_is_left_aside() -> None:
    """It was started anew, and the report says so."""
    assert len(find_unanswered([at(silent(10_000, 13_000))])) == 1
    assert find_unanswered([at(silent(10_000, 13_000))], [ip_halves(GUEST)]) == []
    assert find_lost_sessions([dead()], [ip_halves(GUEST)]) == []


def test_packets_without_a_time_tell_nothing() -> None:
    """Who records no times has no silences."""
    rows = [{**row, "ts_ns": NO_TIME} for row in silent(10_000, 13_000)]
    assert (
        find_unanswered([view("client", "client", journal=journal_of(rows), first_ts=NO_TIME, last_ts=NO_TIME)]) == []
    )
    whole = dead()
    whole.journal.ts_ns.flags.writeable = True
    whole.journal.ts_ns[:] = NO_TIME
    assert find_lost_sessions([whole]) == []


# ---- connections that had no answer any more


def dead(tries: int = 8, answered: bool = True, others: bool = True, late: bool = False) -> PointView:
    """A connection whose last question is sent again so often; another in which all is answered, or not."""
    rows = talk(until_ms=5000) if answered else [segment(0, True, 1, 0, 0, SYN)]
    asked = segment(5100, True, 3000, 1001, 100, ACK | PSH)
    again = [{**asked, "ts_ns": int((5100 + 200 * (2**n - 1)) * MS)} for n in range(tries)]
    answer = [segment(40_000, False, 1001, 3100, 0)] if late else []
    beside = talk(port=443, until_ms=50_000) if others else []
    rows = sorted([*rows, *again, *answer, *beside], key=lambda row: row["ts_ns"])
    numbers = np.array([1 if 443 in (row["src_port"], row["dst_port"]) else 0 for row in rows], np.int32)
    side = np.array([row["src"] != PEER for row in rows], np.uint8)
    journal = journal_of(rows)._replace(flow_id=numbers, side=side)
    return view("client", "client", journal=journal, last_ts=60 * S)


def test_a_connection_that_is_answered_no_more_while_others_are_is_told() -> None:
    """As a firewall at the new place makes of it, which never saw it begin."""
    (one,) = find_lost_sessions([dead()])
    assert one.short.startswith(f"1 connection to {GUEST} (tcp/80) had no answer any more from 1970-01-01 00:00:05.100")
    assert "sent 8 times over 25.4 s" in one.sentence


@pytest.mark.parametrize("usual", [{"tries": 5}, {"answered": False}, {"others": False}, {"late": True}])
def test_a_connection_that_was_answered_late_or_never_or_whose_machine_is_gone_is_not(usual: dict[str, Any]) -> None:
    """Nor one that was sent again for a few seconds."""
    assert find_lost_sessions([dead(**usual)]) == []


def with_flows(rows: list[Row]) -> PointView:
    """Rows with a flow for each two ends; the peer's side is 0."""
    rows = sorted(rows, key=lambda row: row["ts_ns"])
    ends = [frozenset({(row["src"], row.get("src_port", 0)), (row["dst"], row.get("dst_port", 0))}) for row in rows]
    numbers = {pair: n for n, pair in enumerate(dict.fromkeys(ends))}
    journal = journal_of(rows)._replace(
        flow_id=np.array([numbers[pair] for pair in ends], np.int32),
        side=np.array([row["src"] == GUEST for row in rows], np.uint8),
    )
    return view("client", "client", journal=journal, last_ts=60 * S)


def died(begin: Row, peer_port: int = 50_000, port: int = 80) -> list[Row]:
    """A connection that began so, was answered and then no more; what was asked last is sent eight times."""
    theirs, own = {"src_port": peer_port, "dst_port": port}, {"src_port": port, "dst_port": peer_port}
    rows = [{**row, **(theirs if row["src"] == PEER else own)} for row in [begin, *talk(until_ms=5000)]]
    asked = segment(5100, True, 3000, 1001, 100, ACK | PSH, **theirs)
    return [*rows, *({**asked, "ts_ns": int((5100 + 200 * (2**n - 1)) * MS)} for n in range(8))]


BY_PEER = segment(-1, True, 999, 0, 0, SYN)
GROUP = [{**segment(ms, False, 0, 0), "dst": "239.255.255.250", "ip_protocol": 17} for ms in range(0, 50_000, 1000)]
VAIN = [segment(ms, False, 7, 0, 0, SYN, src_port=40_000, dst_port=25) for ms in range(0, 50_000, 1000)]
SAME = [segment(ms, False, 7 + ms, 9, 50, ACK | PSH, src_port=22) for ms in range(0, 50_000, 1000)]
BESIDE = talk(port=443, until_ms=50_000)


@pytest.mark.parametrize(
    ("beside", "is_told"),
    [(GROUP, False), (VAIN, False), (SAME, False), (BESIDE, True), (pings(500, 100, range(0)), True)],
    ids=["to a group", "asks in vain", "acknowledges nothing new", "another connection", "echoes"],
)
def test_only_what_answers_somebody_else_is_an_answer_to_others(beside: list[Row], is_told: bool) -> None:
    """What a machine says unasked goes on whoever reaches it."""
    assert bool(find_lost_sessions([with_flows([*died(BY_PEER), *beside])])) == is_told


@pytest.mark.parametrize(
    ("begin", "ports", "is_told"),
    [
        (BY_PEER, (50_000, 80), True),
        (segment(-1, False, 0, 1000, 0, SYN | ACK), (50_000, 60_000), True),
        (segment(-1, False, 0, 0, 0, SYN), (50_000, 80), False),
        (segment(-1, True, 999, 1, 0, SYN | ACK), (50_000, 80), False),
        (segment(-1, True, 999, 1), (50_000, 80), True),
        (segment(-1, True, 999, 1), (443, 30_003), False),
    ],
    ids=["it opened", "was accepted", "opened by the machine", "the peer accepted", "by its ports", "a client's port"],
)
def test_a_connection_that_the_machine_opened_is_no_service_that_is_lost(
    begin: Row, ports: tuple[int, int], is_told: bool
) -> None:
    """Behind one address of a translator many machines are, and one that is closed leaves its connections."""
    assert bool(find_lost_sessions([with_flows([*died(begin, *ports), *BESIDE])])) == is_told


# ---- in the report


@pytest.mark.parametrize(
    ("name", "truth_s"), [("s7q", 1.25), ("x1_guest_panics_after_switchover", 3.24), ("s1", None), ("s12", None)]
)
def test_a_clients_capture_alone_tells_an_outage_of_the_lab(name: str, truth_s: float | None) -> None:
    """As the lab measured it: a switch that nobody told; a guest whose kernel died. Shorter ones are none."""
    capture = LAB / name / "client.pcap.zst"
    if not capture.exists():
        pytest.skip("no such capture here")
    report = vmpcap.report(capture)
    assert report.migrations == []
    head, _, nothing = report.because.rpartition("; ")
    assert nothing.startswith("no migration was recognised in")
    told = re.match(r"10\.77\.0\.10 did not answer for ([0-9.]+) s, from 2026-11-23 [0-9:.]+ UTC on \(client\)$", head)
    assert (told is None) == (truth_s is None) == (head == "")
    if told is not None and truth_s is not None:
        assert float(told[1]) == pytest.approx(truth_s, abs=0.1)
        assert any(f"said nothing for {told[1]} s" in note for note in report.notes)
