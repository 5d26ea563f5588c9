"""What people ask after an incident is answered in the report itself: terminal, Markdown and page."""

import msgspec
import pytest

from tests.report.sample import good, guest, migration, no_migration
from vmpcap.migration.announcer_results import Announcer
from vmpcap.migration.path_results import Symptom
from vmpcap.migration.results import Mechanism
from vmpcap.migration.session_results import Sessions
from vmpcap.report.as_html import to_html
from vmpcap.report.as_markdown import to_markdown
from vmpcap.report.as_parquet import report_frames
from vmpcap.report.as_terminal import to_terminal
from vmpcap.report.document import Report
from vmpcap.report.look import Look

KEPT = Sessions(
    kept=2,
    denied=1,
    word="live",
    because="2 connections went on",
    from_point="a",
    from_frame=7,
    to_point="b",
    to_frame=9,
)
STORM = Announcer(
    mac="00:50:56:00:00:01", point="p", kinds={"rarp_announce": 90}, events=9, most_in_a_minute=60, storm=True,
    because="at most 60 rarp_announce in a minute",
)  # fmt: skip


def plain(text: str) -> str:
    return " ".join(text.replace("\\", "").replace("&nbsp;", " ").split())


def screen(report: Report) -> str:
    return to_terminal(report, Look(100, height=50), in_full=False)


def with_sessions(found: Sessions) -> Report:
    report = good()
    (migration,) = report.migrations
    guest = msgspec.structs.replace(migration.guests[0], sessions=found)
    return msgspec.structs.replace(report, migrations=[msgspec.structs.replace(migration, guests=[guest])])


@pytest.mark.parametrize("write", [to_terminal, to_markdown, to_html])
def test_what_became_of_connections_is_told(write: object) -> None:
    """Live or not, how many went on, and the frames that show it."""
    shown = plain(write(with_sessions(KEPT)))  # type: ignore[operator]
    assert "live, 2 went on, 1 denied" in shown
    assert "a frame 7, then b frame 9" in shown


def test_on_one_screen_connections_are_told_where_they_say_something() -> None:
    """Undecided is for --full."""
    assert "2 connections went on" in plain(screen(with_sessions(KEPT)))
    nothing = Sessions(because="no TCP connection of the guest is in view")
    assert "no TCP connection of the guest" not in screen(with_sessions(nothing))


@pytest.mark.parametrize("write", [to_terminal, to_markdown, to_html])
def test_a_storm_is_told_with_and_without_a_migration(write: object) -> None:
    """Who, where, how many, and what gives as many."""
    for report in (good(), no_migration()):
        shown = plain(write(msgspec.structs.replace(report, announcers=[STORM])))  # type: ignore[operator]
        assert "00:50:56:00:00:01" in shown
        assert "90 rarp" in shown
        assert "a loop, a link that comes and goes" in shown


def test_on_one_screen_a_symptom_of_the_way_is_told() -> None:
    """Flooding beside the verdict; what is often meant so waits for --full."""
    report = good()
    (migration,) = report.migrations
    odd = [
        Symptom(name="addressed_by_another_mac", because="a switch floods the stream"),
        Symptom(name="next_hop_shared", because="one next hop for both"),
    ]
    path = msgspec.structs.replace(migration.path, symptoms=odd)
    report = msgspec.structs.replace(report, migrations=[msgspec.structs.replace(migration, path=path)])
    shown = plain(screen(report))
    assert "addressed by another mac; a switch floods the stream" in shown
    assert "one next hop for both" not in shown


def test_the_frames_have_connections_and_announcers() -> None:
    """One row a guest, one row a machine."""
    report = msgspec.structs.replace(with_sessions(KEPT), announcers=[STORM])
    frames = report_frames(report)
    row = frames["sessions"].row(0, named=True)
    assert (row["kept"], row["denied"], row["word"], row["to_frame"]) == (2, 1, "live", 9)
    machine = frames["announcers"].row(0, named=True)
    assert (machine["mac"], machine["most_in_a_minute"], machine["storm"]) == ("00:50:56:00:00:01", 60, True)


@pytest.mark.parametrize("height", [24, 30, 50])
def test_a_capture_without_a_migration_fits_the_screen_however_many_announced_themselves(height: int) -> None:
    """In a table where there is room, else in a line; a storm is never left out."""
    many = [STORM, *(msgspec.structs.replace(STORM, mac=f"00:50:56:00:01:{n:02x}", storm=False) for n in range(20))]
    report = msgspec.structs.replace(no_migration(), announcers=many)
    text = to_terminal(report, Look(80, height=height), in_full=False)
    assert len(text.splitlines()) < height
    told = "21 machines announced themselves, 1 of them a storm" if height == 24 else "00:50:56:00:00:01"
    assert told in text
    assert "storm" in text


def with_latency(latency_ms: float, *, is_at_most: bool) -> Report:
    row = Mechanism(
        name="bgp", seen=True, worked="yes", latency_ms=latency_ms, latency_is_at_most=is_at_most, because="advertised"
    )
    one = migration(guests=[msgspec.structs.replace(guest(), mechanisms=[row])])
    return msgspec.structs.replace(good(), migrations=[one])


def test_a_time_that_is_a_bound_is_told_as_one_in_every_look() -> None:
    """The first advertisement in view was not the first: it came by then, and perhaps sooner."""
    for look in (lambda report: to_terminal(report, Look(160)), to_markdown, to_html):
        assert "at most +121 ms" in plain(look(with_latency(120.4, is_at_most=True)))
        assert "at most +" not in plain(look(with_latency(120.4, is_at_most=False)))
        assert "+120 ms" in plain(look(with_latency(120.4, is_at_most=False)))
