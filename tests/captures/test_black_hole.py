"""A path that swallows large packets: what the WAN emulator dropped is lost there, and it is told first."""

import csv

import msgspec

from tests.captures.situations import CAPTURES, report_of
from tests.report.test_questions import answers
from vmpcap.report.document import Migration
from vmpcap.report.headline import headline
from vmpcap.report.root_causes import root_cause

FOLDER = CAPTURES / "jumbo_black_hole"
SWALLOWED = "segments of 8,948 bytes never got through while smaller ones did (an MTU black hole)"


def stuck() -> Migration:
    (found,) = report_of(FOLDER).migrations
    return found


def test_every_frame_that_the_wan_swallowed_is_lost_between_the_points() -> None:
    """The destination's capture shows nothing behind the last small segment, and they are lost all the same."""
    with (FOLDER / "wan-drops.csv").open(newline="") as file:
        dropped = [row for row in csv.DictReader(file) if row["reason"] == "mtu_blackhole"]
    (way,) = (s for s in stuck().segments if s.direction == "to_destination")
    assert (way.lost, way.outside) == (len(dropped), 0)
    assert len(way.frames) == len(dropped)


def test_the_cause_is_told_first_and_its_effects_are_not() -> None:
    """That the link was slow, and that its kind of way failed, is the same fact once more."""
    said = headline([stuck()], [])
    assert said == f"{SWALLOWED}; the migration did not complete"


def test_what_stopped_it_is_told_where_is_asked_why_it_stopped() -> None:
    """Before what the sender saw of it."""
    told = [text for text, _ in answers(stuck(), report_of(FOLDER))[10]]
    assert told[0] == SWALLOWED
    assert [text.split()[0] for text in told[1:]] == ["mtu", "completed"]


def test_large_packets_that_were_dropped_for_a_while_explain_nothing_else() -> None:
    """Only what held for most of the time does."""
    fast = msgspec.structs.replace(stuck().throughput, limit_shares={"mtu_black_hole": 0.4, "network_loss": 0.6})
    assert root_cause(msgspec.structs.replace(stuck(), throughput=fast)) is None
