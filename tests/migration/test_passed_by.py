"""What else passed the place where an announcement died."""

import numpy as np

from tests.migration.make import GATEWAY, GUEST, GUEST_IP, MS, PEER_IP, S, journal, view
from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.guests import Moved
from vmpcap.migration.passed_by import what_else_passed, where_it_was_shut, who_passes
from vmpcap.terms.addresses import ip_halves

SWITCH = 10 * S
MOVED = Moved(GUEST, (ip_halves(GUEST_IP),), (), "high", "")
OTHER = 0x0050_5600_0001


def at(*times: int, mac: int = OTHER, address: str = "10.77.0.20") -> JournalColumns:
    """Frames that this machine sent to the gateway."""
    return journal(*((ts, mac, GATEWAY, address, PEER_IP) for ts in times))


def said(here: JournalColumns, there: JournalColumns, **more: object) -> str:
    return what_else_passed(MOVED, [view("port", journal=here, **more)], [view("gw", journal=there)], SWITCH)


def test_the_guests_own_packet_on_both_sides_leaves_only_the_kind_to_be_stopped() -> None:
    """An echo reply passes 2 s after the switchover: no port is shut, no MAC is barred."""
    sent = at(SWITCH + 2 * S, mac=GUEST, address=GUEST_IP)
    assert said(sent, sent) == (
        "other frames of the guest passed from +2.0 s on (port frame 1): only frames of this kind were stopped"
    )


def test_a_machine_that_passes_since_then_shows_that_the_way_is_open() -> None:
    """Then it is the guest that is barred."""
    words = said(at(SWITCH + S), at(SWITCH + 3 * S))
    assert words.startswith("frames of 1 other machine (00:50:56:00:00:01) are seen on both sides since then")
    assert "port security" in words


def test_a_machine_that_passed_before_and_goes_on_on_one_side_shows_a_port_that_was_shut() -> None:
    """It still sends, and nobody hears it any more."""
    words = said(at(8 * S, SWITCH + S), at(8 * S + MS))
    assert "seen on both sides before, and since then on one only" in words
    assert "err-disable" in words


def test_a_machine_that_itself_fell_silent_shows_nothing() -> None:
    """Seen on both sides before, on neither since: it may just have nothing to say."""
    assert "cannot be told" in said(at(8 * S), at(8 * S + MS))
    assert "cannot be told" in said(at(SWITCH + S), at(SWITCH + S, mac=OTHER + 1))


def test_a_point_that_does_not_show_all_frames_says_nothing() -> None:
    """What is missing may have been left out; so may what several points at once missed."""
    assert said(at(8 * S, SWITCH + S), at(8 * S), journal_complete=False) == ""
    assert said(at(8 * S, SWITCH + S), at(8 * S), left_out=("icmp",)) == ""
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
    here = journal(
        (8 * S, OTHER, GATEWAY, "10.77.0.20", PEER_IP), (SWITCH + S, OTHER + 1, GATEWAY, "10.77.0.21", PEER_IP)
    )
    gone = view("port", journal=at(8 * S, SWITCH + S))
    assert "port was shut" in where_it_was_shut(MOVED, [gone], [view("gw", journal=at(8 * S))], SWITCH)
    assert where_it_was_shut(MOVED, [view("port", journal=here)], [view("gw", journal=here)], SWITCH) == ""


def test_a_gateway_that_each_side_may_have_for_itself_shows_no_way() -> None:
    """VRRP's MAC is seen on both sides of two networks that nothing joins."""
    virtual = at(SWITCH + S, mac=0x00005E00014D)
    assert "cannot be told" in said(virtual, virtual)
    assert who_passes(MOVED, [view("a", journal=virtual)], [view("b", journal=virtual)], SWITCH) == ""
    plain = at(SWITCH + S)
    assert "1 other machine" in who_passes(MOVED, [view("a", journal=plain)], [view("b", journal=plain)], SWITCH)
