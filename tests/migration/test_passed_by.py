"""What else passed the place where an announcement died."""

from dataclasses import replace

import numpy as np

from tests.migration.make import GATEWAY, GUEST, GUEST_IP, MS, PEER_IP, S, announced, journal, view
from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.announced.passed_by import what_else_passed, where_it_was_shut, who_passes
from vmpcap.migration.moved import Moved
from vmpcap.terms.addresses import ip_halves

SWITCH = 10 * S
MOVED = Moved(GUEST, (ip_halves(GUEST_IP),), (), "high", "")
OTHER = 0x0050_5600_0001


BEYOND = 0x0050_5600_00BB
EVERYBODY = 0xFFFF_FFFF_FFFF
SENT = (8 * S, *(SWITCH + n * S for n in range(1, 5)))
"""Once before the switchover, four times after it."""


def at(*times: int, mac: int = OTHER, address: str = "10.77.0.20", to: int = EVERYBODY) -> JournalColumns:
    """Frames that this machine sent, by default to all; each of a time is the same frame wherever it is seen."""
    made = journal(*((ts, mac, to, address, PEER_IP) for ts in times))
    return made._replace(ip_id=np.array([ts // MS % 65_521 for ts in times], np.uint32))


def both(*parts: JournalColumns) -> JournalColumns:
    """All of these, by time."""
    joined = JournalColumns(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    return joined.take(np.argsort(joined.ts_ns, kind="stable"))


def said(here: JournalColumns, there: JournalColumns, **more: object) -> str:
    return what_else_passed(MOVED, [view("port", journal=here, **more)], [view("gw", journal=there)], SWITCH)


def test_the_guests_own_packet_beside_a_lost_announcement_leaves_only_the_kind_to_be_stopped() -> None:
    """An echo reply passes 2 s after the switchover, an announcement is lost at 2.5 s: no port or MAC is barred."""
    sent = at(SWITCH + 2 * S, mac=GUEST, address=GUEST_IP)
    here, there = view("port", journal=sent), view("gw", journal=sent)
    told = replace(MOVED, heard=((here, announced(SWITCH + S, SWITCH + 5 * S // 2)),))
    assert what_else_passed(told, [here], [there], SWITCH) == (
        "other frames of the guest passed from +2.0 s on (port frame 1): only frames of this kind were stopped"
    )


def test_what_passes_after_the_last_announcement_does_not_tell_what_stopped_it() -> None:
    """A port that listens and learns first loses everything for seconds; alike frames are matched by their time."""
    sent = at(*(SWITCH + n * 100 * MS for n in range(1, 60)), mac=GUEST, address=GUEST_IP)
    sent = sent._replace(ip_id=np.zeros(sent.rows, np.uint32))
    here, there = view("port", journal=sent), view("gw", journal=sent.take(sent.ts_ns >= SWITCH + 3 * S))
    told = replace(MOVED, heard=((here, announced(SWITCH + 50 * MS, SWITCH + 800 * MS)),))
    words = what_else_passed(told, [here], [there], SWITCH)
    assert words.startswith("other frames of the guest passed from +2.9 s on (port frame 29), after the last")
    assert "cannot be told" in words


def test_clocks_that_nobody_compared_say_nothing_of_what_passed() -> None:
    """Two frames of the same numbers may be others; four that stand equally far apart are the same."""
    sent = at(*SENT)
    later = sent._replace(ts_ns=sent.ts_ns + 3 * S)
    assert "way is open" in what_else_passed(
        MOVED, [view("port", journal=sent)], [view("gw", journal=later, offset=None)], SWITCH
    )
    sent = at(*SENT[:2])
    words = what_else_passed(MOVED, [view("port", journal=sent)], [view("gw", journal=sent, offset=None)], SWITCH)
    assert "cannot be told" in words


def test_a_machine_that_passes_since_then_shows_that_the_way_is_open() -> None:
    """Then it is the guest that is barred. Different frames of one MAC on both sides are no passing one."""
    words = said(at(SWITCH + S), at(SWITCH + S))
    assert words.startswith("frames of 1 other machine (00:50:56:00:00:01) are seen on both sides since then")
    assert "port security" in words
    assert "cannot be told" in said(at(SWITCH + S), at(SWITCH + 3 * S))


def test_a_machine_that_passed_before_and_goes_on_on_one_side_shows_a_port_that_was_shut() -> None:
    """It still sends to all, and nobody hears it any more. Two frames may be lost."""
    words = said(at(*SENT), at(8 * S))
    assert "seen on both sides before, and since then on one only" in words
    assert "err-disable" in words
    assert "cannot be told" in said(at(*SENT[:3]), at(8 * S))


def test_unicast_shows_a_shut_port_only_where_its_receiver_is_beyond() -> None:
    """What was flooded before its receiver was known stays on its own side afterwards, at any open port."""
    sent = at(*SENT, to=BEYOND)
    assert "cannot be told" in said(sent, at(8 * S, to=BEYOND))
    lives = at(9 * S, SWITCH + 2 * S, mac=BEYOND, to=GATEWAY)
    assert "port was shut" in said(sent, both(at(8 * S, to=BEYOND), lives))
    assert "cannot be told" in said(both(sent, lives), at(8 * S, to=BEYOND)), "it lives on this side"


def test_a_machine_that_itself_fell_silent_shows_nothing() -> None:
    """Seen on both sides before, on neither since: it may just have nothing to say."""
    assert "cannot be told" in said(at(8 * S), at(8 * S + MS))
    assert "cannot be told" in said(at(SWITCH + S), at(SWITCH + S, mac=OTHER + 1))


def test_a_point_that_does_not_show_all_frames_says_nothing() -> None:
    """What is missing may have been left out; so may what several points at once missed."""
    assert said(at(*SENT), at(8 * S), journal_complete=False) == ""
    assert said(at(*SENT), at(8 * S), left_out=("icmp",)) == ""
    assert what_else_passed(MOVED, [], [view("gw")], SWITCH) == ""


def test_groups_and_the_guest_are_no_other_machines() -> None:
    """A frame from a group address is nobody's; the guest's frames before it moved say nothing of the others."""
    odd = at(SWITCH + S)
    odd = replace_mac(odd, OTHER | (1 << 40))
    assert "cannot be told" in said(odd, odd)
    before = at(8 * S, mac=GUEST, address=GUEST_IP)
    assert "cannot be told" in said(before, before)


def replace_mac(rows: JournalColumns, mac: int) -> JournalColumns:
    return rows._replace(eth_src=np.full(rows.rows, mac, np.uint64))


def test_one_of_several_points_that_saw_it_last_is_enough() -> None:
    """Which of the two it passed last is not known: what passed either passed that side."""
    near, port = view("br", journal=at(SWITCH + S)), view("port")
    assert "way is open" in what_else_passed(MOVED, [near, port], [view("gw", journal=at(SWITCH + S))], SWITCH)


def test_where_others_pass_no_port_was_shut() -> None:
    """One passed before and does not now, another does: the way is open."""
    passes = at(SWITCH + S, mac=OTHER + 1)
    gone = view("port", journal=at(*SENT))
    assert "port was shut" in where_it_was_shut(MOVED, [gone], [view("gw", journal=at(8 * S))], SWITCH)
    assert (
        where_it_was_shut(
            MOVED,
            [view("port", journal=both(at(*SENT), passes))],
            [view("gw", journal=both(at(8 * S), passes))],
            SWITCH,
        )
        == ""
    )


def test_a_gateway_that_each_side_may_have_for_itself_shows_no_way() -> None:
    """VRRP's MAC is seen on both sides of two networks that nothing joins."""
    virtual = at(SWITCH + S, mac=0x00005E00014D)
    assert "cannot be told" in said(virtual, virtual)
    assert who_passes(MOVED, [view("a", journal=virtual)], [view("b", journal=virtual)], SWITCH) == ""
    plain = at(SWITCH + S)
    assert "1 other machine" in who_passes(MOVED, [view("a", journal=plain)], [view("b", journal=plain)], SWITCH)
