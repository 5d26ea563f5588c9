"""Each of the twenty questions has an answer on the page, and want of evidence is one."""

import re
from pathlib import Path

import msgspec
import pytest

from tests.report.sample import SAMPLES, changed, good, lost_guest, migration
from vmpcap.migration.results import Mechanism, OutagePart, Peer
from vmpcap.migration.session_results import Sessions
from vmpcap.report.as_html import to_html
from vmpcap.report.blocks import Fact
from vmpcap.report.document import Migration, Report
from vmpcap.report.questions import QUESTIONS, about_questions
from vmpcap.verdicts.findings import Check

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "questions.md"


def answers(m: Migration, report: Report) -> dict[int, list[tuple[str, str]]]:
    """What is said and why, by the number of the question."""
    found: dict[int, list[tuple[str, str]]] = {}
    for block in about_questions(m, report):
        assert isinstance(block, Fact)
        if block.label:
            found[int(block.label.split(".")[0])] = []
        found[max(found)].append((block.text, block.because))
    return found


def test_they_are_the_twenty_of_the_docs() -> None:
    """In the same order."""
    rows = re.findall(r"^\| (\d+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [q.words.split(".")[0] for q in QUESTIONS] == rows == [str(n) for n in range(1, 21)]


@pytest.mark.parametrize("name", SAMPLES)
def test_each_has_an_answer(name: str) -> None:
    """For every migration, whatever is known of it; and the page has all of them."""
    report = SAMPLES[name]()
    for m in report.migrations:
        found = answers(m, report)
        assert list(found) == list(range(1, 21))
        assert all(text for told in found.values() for text, _ in told)
    page = to_html(report)
    assert page.count("What is asked after an incident") == len(report.migrations)
    assert page.count('<details class="asked" open="open">') == (len(report.migrations) == 1)


def test_what_was_lost_is_told_with_its_place_and_what_arrived_without() -> None:
    """The fifth: who dropped it."""
    (lost,) = lost_guest().migrations
    (guest,) = lost.guests
    heard = msgspec.structs.replace(guest.announcements, last_seen_at=["br-b"], first_missing_at=["gw-lan"])
    gone = msgspec.structs.replace(lost, guests=[msgspec.structs.replace(guest, announcements=heard)])
    assert answers(gone, lost_guest())[5][0][0] == "between br-b and gw-lan"
    (fine,) = good().migrations
    assert answers(fine, good())[5] == [("nobody: it arrived", "")]


def test_no_evidence_is_no_answer_of_yes_or_no() -> None:
    """Without a guest, without connections, without anything that speaks of routes."""
    bare = answers(migration(guests=[]), msgspec.structs.replace(good(), other_announcements=1))
    assert all(bare[n][0][0].startswith("not in view") for n in (3, 4, 5, 6, 13, 19))
    (guest,) = good().migrations[0].guests
    unseen = migration(guests=[msgspec.structs.replace(guest, sessions=Sessions(), mechanisms=[])])
    assert answers(unseen, good())[19][0][0] == "not in view"
    assert answers(unseen, good())[18][0][0].startswith("no routing protocol")


def test_that_nobody_was_announced_where_announcements_are_heard_is_an_answer() -> None:
    """A cancelled migration has no guest that moved: points in the guests' domains heard none."""
    report = msgspec.structs.replace(good(), other_announcements=0)
    beside = [msgspec.structs.replace(report.inputs[0], point="br-b", role="domain:destination")]
    heard = answers(migration(guests=[]), msgspec.structs.replace(report, inputs=beside))[3]
    assert heard == [("no: nobody was announced at br-b", "which guest it carried is not known")]
    others = msgspec.structs.replace(report, inputs=beside, other_announcements=2)
    assert answers(migration(guests=[]), others)[3][0][0].startswith("not in view")


def test_of_several_guests_each_is_told_by_its_name() -> None:
    """And of many the first, with how many more there are."""
    (guest,) = good().migrations[0].guests
    many = [msgspec.structs.replace(guest, mac=f"02:00:00:00:00:{n:02x}") for n in range(5)]
    told = [text for text, _ in answers(migration(guests=many), good())[5]]
    assert told == [f"02:00:00:00:00:{n:02x}: nobody: it arrived" for n in range(3)] + [
        "and 2 further guests, told of below"
    ]


def test_a_failed_check_of_reachability_answers_what_stops_it() -> None:
    """The thirteenth: frames of the guest come out, and nothing comes in."""
    failed = next(c for c in lost_guest().migrations[0].checks if c.id == "guest_reachable_after")
    stuck = migration(checks=changed(good().migrations[0].checks, guest_reachable_after=failed))
    assert (f"guest_reachable_after {failed.outcome}", failed.because) in answers(stuck, good())[13]


def with_guest(**changes: object) -> Migration:
    """The good migration, of whose guest this is known besides."""
    (m,) = good().migrations
    return msgspec.structs.replace(m, guests=[msgspec.structs.replace(m.guests[0], **changes)])


def test_full_size_on_the_guests_own_way_is_told_beside_the_streams() -> None:
    """The stream's way may have room for it while the guest's has not."""
    part = OutagePart(
        part="mtu", ms=6000.0, requests=4, from_point="site-b", from_frame=11, from_ts="", to_point="site-b", to_ts="",
        because="a segment of 1,448 bytes was sent 5 times",
    )  # fmt: skip
    peer = Peer(peer="10.99.0.2", protocol="tcp/5432", point="client", breakdown=[part])
    told = answers(with_guest(peers=[peer]), good())[11]
    assert told[0][0].startswith("the stream: mtu")
    assert told[1] == ("the guest's own way: 10.99.0.2 by tcp/5432 has no room for full size", part.because)
    assert len(answers(with_guest(peers=[]), good())[11]) == 1


@pytest.mark.parametrize("name", ["etherip", "fence", "hcx", "mpls"])
def test_a_tunnel_that_carries_the_guest_is_an_overlay(name: str) -> None:
    """It is asked whether it followed, though it speaks no protocol of its own."""
    row = Mechanism(name=name, seen=True, worked="no", because="it does not fit")
    assert answers(with_guest(mechanisms=[row]), good())[18] == [(f"{name}: no", "it does not fit")]


def test_a_port_that_passes_nothing_is_told_where_the_announcement_shows_nothing() -> None:
    """Not that it is not in view, with what is in view below."""
    row = Mechanism(name="port_group", seen=True, worked="no", because="nothing passes any more")
    (m,) = good().migrations
    unheard = msgspec.structs.replace(m.guests[0].domain, verdict="not_observable")
    mute = with_guest(mechanisms=[row], domain=unheard)
    failed = Check(id="guest_reachable_after", outcome="fail", decides=True, because="255 requests went unanswered")
    mute = msgspec.structs.replace(mute, checks=[failed])
    assert [because for _, because in answers(mute, good())[5]] == ["nothing passes any more"]
    assert answers(mute, good())[13] == [("guest_reachable_after fail", "255 requests went unanswered")]
    nothing = with_guest(mechanisms=[], domain=unheard)
    assert answers(nothing, good())[5][0][0].startswith("not in view")
    assert answers(nothing, good())[13] == [("not in view", "")]


@pytest.mark.parametrize(
    ("last", "words"),
    [
        (["dst"], "between dst and gw"),
        (["dst", "dst-port"], "after dst and dst-port, before gw"),
        ([], "before gw"),
    ],
)
def test_an_announcement_was_lost_behind_every_point_that_saw_it(last: list[str], words: str) -> None:
    """It was seen at each of them: "dst or dst-port" would say that one of them missed it."""
    (one,) = lost_guest().migrations
    (guest,) = one.guests
    heard = msgspec.structs.replace(guest.announcements, last_seen_at=last, first_missing_at=["gw"])
    moved = msgspec.structs.replace(one, guests=[msgspec.structs.replace(guest, announcements=heard)])
    assert answers(moved, lost_guest())[5][0][0] == words


@pytest.mark.parametrize(("is_at_most", "said"), [(True, "bgp: yes, at most +121 ms"), (False, "bgp: yes, +120 ms")])
def test_a_route_that_was_there_before_it_was_seen_came_at_most_so_late(is_at_most: bool, said: str) -> None:
    """Its first advertisement in view was not the first."""
    row = Mechanism(
        name="bgp", seen=True, worked="yes", latency_ms=120.4, latency_is_at_most=is_at_most, because="advertised"
    )
    assert answers(with_guest(mechanisms=[row]), good())[18] == [(f"{said} after the switchover", "advertised")]
