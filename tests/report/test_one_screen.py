"""The report on one screen: what is of weight stays, the rest is counted, and it is said where to find it."""

import io
import re
from itertools import product

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.report.made import one_line, reports
from tests.report.sample import SAMPLES, at, good, guest, lost_guest, migration, several
from tests.report.test_terminal import ESCAPE, cells, copied
from vmpcap.measures.results import Rtt, RttSpan
from vmpcap.migration.results import Mechanism, OutagePart, Peer
from vmpcap.report.as_terminal import to_terminal
from vmpcap.report.chart import UNICODE, draw
from vmpcap.report.document import Report
from vmpcap.report.look import Look, look_of
from vmpcap.verdicts.findings import Evidence

SCREENS = tuple(product((40, 80, 120), (24, 37, 50)))


def shown(report: Report, width: int = 80, height: int = 50, **look: bool) -> str:
    return to_terminal(report, Look(width, height=height, **look), in_full=False)


def with_guest(**other: object) -> Report:
    return msgspec.structs.replace(good(), migrations=[migration(guests=[guest(**other)])])


def peer(number: int, **other: object) -> Peer:
    return msgspec.structs.replace(Peer(peer=f"10.99.0.{number}", protocol="icmp", survived=True), **other)


LOST_LATER = {"outage_ms": 140.0, "survived": False, "lost_later_ms": 8880.0}
HUNG = {"outage_ms": 180.0, "survived": True, "later_outage_ms": 1200.0}
NEVER = {"outage_ms": None, "survived": False}
RESET = {"outage_ms": 0.0, "survived": False}


@pytest.mark.parametrize("width", [60, 120])
@pytest.mark.parametrize("height", [24, 50])
def test_a_peer_that_was_back_and_lost_later_is_told_as_that(width: int, height: int) -> None:
    """In its own words, not as one that was cut off for 140 ms and no more, nor as one that was never back."""
    told = {"later lost for good": LOST_LATER, "later 1,200 ms": HUNG, "then lost": RESET, "never back": NEVER}
    for words, known in told.items():
        peer = Peer(peer="10.99.0.2", protocol="icmp", **known)  # type: ignore[arg-type]
        text = one_line(shown(with_guest(peers=[peer]), width, height))
        assert [one in text for one in told] == [one == words for one in told], text


def test_of_peers_without_a_row_those_never_back_are_counted_apart_from_those_lost_later() -> None:
    """Three are named in the line, the worst first; of five more two were never answered again."""
    kinds = [*[NEVER] * 5, *[LOST_LATER] * 2, HUNG]
    peers = [Peer(peer=f"10.99.0.{n}", protocol="icmp", **one) for n, one in enumerate(kinds)]  # type: ignore[arg-type]
    text = one_line(shown(with_guest(peers=peers), 120, 24))
    assert "5 further peers cut off (2 of them never back, 2 of them lost later, at most 1,200 ms)" in text


GAVE_UP = {"outage_low_ms": 43_000.0, "lost": 39, "retransmissions": 236}
"""It asked for that long in vain, and then no more: nobody says that it is lost, but it was not answered again."""


@pytest.mark.parametrize(
    ("kinds", "told"),
    [
        ([GAVE_UP] * 5, "2 of them never back"),
        ([NEVER] * 3 + [GAVE_UP] * 3 + [LOST_LATER], "3 of them never back, 1 of them lost later"),
    ],
)
def test_of_peers_without_a_row_no_count_is_less_than_none(kinds: list[dict[str, object]], told: str) -> None:
    """Those that gave up asking are never back, and none of them lost later: the two were told as -2 of them."""
    peers = [Peer(peer=f"10.99.0.{n}", protocol="tcp/443", **one) for n, one in enumerate(kinds)]  # type: ignore[arg-type]
    text = one_line(shown(with_guest(peers=peers), 120, 24))
    assert f"further peers cut off ({told}" in text
    assert "-" not in text[text.index("further peers cut off") :].partition(")")[0]


def test_who_gave_up_is_told_from_who_was_lost() -> None:
    """`survived` is null there and false here: the column said no of both."""
    text = shown(with_guest(peers=[peer(1, **NEVER), peer(2, **{"survived": None, **GAVE_UP})]), width=100)
    assert re.search(r"10\.99\.0\.1 .* no\b", text)
    assert re.search(r"10\.99\.0\.2 .* gave up\b", text)
    assert not re.search(r"10\.99\.0\.2 .* no\b", text)


@pytest.mark.parametrize("height", [24, 30, 37, 50])
def test_a_migration_that_went_well_fits_the_screen_with_its_prompt(height: int) -> None:
    """Nothing has scrolled away; and the screen is used: a tall one shows the picture with its phases."""
    text = shown(good(), height=height)
    assert text.count("\n") < height
    assert ("phases" in text) == (height == 50)
    assert text.split()[0] == "PASS"
    assert "--full" in text.splitlines()[-1]


def test_peers_without_a_gap_are_one_line_and_the_others_have_a_row_each() -> None:
    """Two were cut off, seven were not: nobody reads seven rows of nothing."""
    part = OutagePart(
        part="stun", ms=180.0, requests=18, from_point="a", from_frame=810, from_ts=at(1.0), to_point="a",
        to_ts=at(1.18), because="no host ran it",
    )  # fmt: skip
    hurt = [peer(1, outage_ms=215.0, lost=11), peer(2, outage_ms=180.0, lost=18, breakdown=[part])]
    fine = [peer(n, outage_ms=0.0, lost=0) for n in range(3, 10)]
    text = shown(with_guest(peers=[*fine, *hurt]), width=100)
    assert "and 7 peers without a gap" in text
    assert re.search(r"10\.99\.0\.1 +icmp +215 ms +11", text)
    assert re.search(r"10\.99\.0\.2 +icmp +180 ms +18 +yes +stun 180 ms", text)
    assert not [n for n in range(3, 10) if f"10.99.0.{n}" in text]
    assert text.index("10.99.0.1  icmp") < text.index("10.99.0.2  icmp"), "the longest first"


def test_a_gap_that_is_not_known_is_no_gap_of_nothing() -> None:
    """Unknown is never 0."""
    text = shown(with_guest(peers=[peer(1), peer(2), peer(3, outage_ms=0.0)]))
    assert "1 peer without a gap, 2 peers whose gap is not known" in one_line(text)


def test_streams_of_unknown_gap_are_counted_by_their_peers_apart_from_those_that_are_bounded() -> None:
    """A thousand short connections are those of a few peers; of a stream with an upper bound that is said."""
    bounded = msgspec.structs.replace(peer(3, survived=True), outage_low_ms=0.0, outage_high_ms=1006.0)
    text = one_line(shown(with_guest(peers=[peer(1), peer(1), peer(1), peer(2), bounded])))
    assert "1 stream whose gap is at most 1,006 ms, 4 streams of 2 peers whose gap is not known" in text


def test_streams_of_one_peer_are_no_peers() -> None:
    """A client opens any number of connections; the longest that is known comes first, with a figure or without."""
    least = msgspec.structs.replace(peer(1, lost=13, survived=True), protocol="tcp/443", outage_low_ms=2400.0)
    text = one_line(shown(with_guest(peers=[peer(1), peer(1, outage_ms=0.0), peer(1, outage_ms=215.0, lost=3), least])))
    assert "1 stream without a gap, 1 stream whose gap is not known" in text
    assert text.index("at least 2,400 ms") < text.index("215 ms 3")


@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_of_many_peers_those_never_answered_come_first_and_all_are_counted(width: int, height: int) -> None:
    """Forty of them do not fit; what does not is counted with its worst."""
    never = [peer(n, survived=False, lost=100) for n in range(1, 13)]
    late = [peer(n, outage_ms=float(n)) for n in range(13, 41)]
    text = one_line(shown(with_guest(peers=[*late, *never]), width, height))
    listed = len(re.findall(r"10\.99\.0\.\d+ icmp never back", text))
    counted = re.search(r"(\d+) further peers cut off \((\d+) of them never back, at most 40 ms\)", text)
    assert counted
    assert listed >= 3
    assert int(counted[1]) == 40 - listed
    assert int(counted[2]) == 12 - listed


@settings(max_examples=30, deadline=None)
@given(report=reports(), screen=st.sampled_from(SCREENS))
def test_however_small_the_screen_is_no_deciding_reason_is_lost(report: Report, screen: tuple[int, int]) -> None:
    """Every deciding check with its answer; of those that did not pass the whole reason."""
    text = one_line(shown(report, *screen))
    for check in (c for c in report.migrations[0].checks if c.decides):
        assert re.search(rf"\b{check.outcome} +{check.id}\b", text)
        if check.outcome != "pass":
            assert check.because in text


@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_the_lost_guest_is_lost_on_every_screen(width: int, height: int) -> None:
    """Verdict, where the announcement died, who never got an answer, which mechanism failed and why."""
    failed = Mechanism(name="port_group", seen=True, worked="no", because="its port group leads to another network")
    whole = lost_guest()
    moved = whole.migrations[0]
    heard = msgspec.structs.replace(
        moved.guests[0].announcements, last_seen_at=["dst-guestbr"], first_missing_at=["gw-lan", "client"]
    )
    one = msgspec.structs.replace(moved.guests[0], mechanisms=[failed], announcements=heard)
    report = msgspec.structs.replace(whole, migrations=[msgspec.structs.replace(moved, guests=[one])])
    text = one_line(shown(report, width, height))
    assert text.startswith("FAIL")
    assert "last seen: dst-guestbr; first missing: gw-lan, client" in text
    assert "never back" in text
    assert "port_group; its port group leads to another network" in text


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("name", SAMPLES)
def test_no_line_is_wider_than_the_screen_except_filters(name: str, width: int) -> None:
    """As of the report in full; in ASCII alone, too."""
    report = SAMPLES[name]()
    for ascii_only, height in product((False, True), (24, 50)):
        text = shown(report, width, height, ascii_only=ascii_only)
        assert {line.strip() for line in text.splitlines() if cells(line) > width} <= copied(report)
        assert text.isascii() or not ascii_only


@pytest.mark.parametrize("name", SAMPLES)
def test_colour_changes_no_word(name: str) -> None:
    """Nothing is said by colour alone."""
    without = "\n".join(line.rstrip() for line in ESCAPE.sub("", shown(SAMPLES[name](), colour=True)).split("\n"))
    assert without == shown(SAMPLES[name]())


def test_of_many_migrations_each_that_did_not_pass_is_told_with_its_reasons() -> None:
    """Those that passed have their line in the summary."""
    bad = lost_guest().migrations[0]
    fine = good().migrations[0]
    moved = [msgspec.structs.replace(fine, id=f"m{n}") for n in range(1, 6)]
    moved += [msgspec.structs.replace(bad, id=f"m{n}") for n in range(6, 16)]
    text = shown(msgspec.structs.replace(several(), migrations=moved, verdict="fail"))
    told = re.findall(r"^── (m\d+) ", text, re.MULTILINE)
    assert told == [f"m{n}" for n in range(6, 6 + len(told))]
    assert told, "at least the worst, and no more than fit"
    assert text.count("\n") < 50
    assert f"m14, m15: {10 - len(told)} migrations not passed" in one_line(text)
    reasons = [c.because for c in bad.checks if c.decides and c.outcome != "pass"]
    assert reasons
    for because in reasons:
        assert one_line(text).count(because) >= len(told)


def test_a_place_is_only_named_with_something_to_look_at_there() -> None:
    """A point alone, without frames or a filter, is no place to look."""
    moved = lost_guest().migrations[0]
    bare = [msgspec.structs.replace(c, evidence=[Evidence(point="br-x")]) for c in moved.checks if c.decides]
    text = shown(msgspec.structs.replace(lost_guest(), migrations=[msgspec.structs.replace(moved, checks=bare)]))
    assert "Where to look" in shown(lost_guest())
    assert "Where to look" not in text
    assert "br-x" not in text


def test_round_trips_stand_under_the_goodput_on_its_axis() -> None:
    """The first half of the stream has a median of 1 ms, the second of 8 ms, and then nothing was measured."""
    spans = [
        RttSpan(start_ts=at(a), end_ts=at(b), least_ms=None, median_ms=ms, most_ms=ms, flight_bytes=None)
        for a, b, ms in ((0.0, 0.5, 1.0), (0.5, 1.0, 8.0), (1.0, 2.0, None))
    ]
    moved = migration(start_ts=at(0.0), duration_s=2.0, rtt=Rtt(samples=9, over_time=spans), guests=[])
    lines = {line.kind: line for line in draw(moved, None, 90, UNICODE)}
    line = lines["rtt"]
    assert line.label == "RTT 8 ms"
    assert set(line.text) == {"▁", "█", " "}
    low, high = line.text.count("▁"), line.text.count("█")
    assert abs(low - high) <= 1
    assert line.text == "▁" * low + "█" * high + " " * (len(line.text) - low - high)
    assert len(line.text) == pytest.approx(4 * low, abs=4)
    assert not [line for line in draw(migration(rtt=Rtt(samples=0)), None, 90, UNICODE) if line.kind == "rtt"]


@pytest.mark.parametrize(("lines", "height"), [("24", 24), ("10", 24), ("33", 33), ("200", 50), ("", 50)])
def test_lines_sets_the_height_between_24_and_50(monkeypatch: pytest.MonkeyPatch, lines: str, height: int) -> None:
    """A pipe has no height: what fits a tall screen is shown."""
    monkeypatch.setenv("LINES", lines)
    assert look_of(io.StringIO()).height == height


@pytest.mark.parametrize(
    ("said", "width"), [("0", 80), ("40", 40), ("60", 60), ("80", 80), ("120", 120), ("9", 40), ("x", 80)]
)
def test_a_width_of_nothing_is_one_that_nobody_knows(monkeypatch: pytest.MonkeyPatch, said: str, width: int) -> None:
    """Terminals without a size say 0 columns: eighty are taken then."""
    monkeypatch.setenv("COLUMNS", said)
    assert look_of(io.StringIO()).width == width


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("height", [24, 50])
def test_the_verdict_is_never_cut(width: int, height: int) -> None:
    """However narrow: it is what the reader came for."""
    because = (
        "it cannot be told whether the link is fast enough, nor whether the announcement arrived; " * 4 + "the end"
    )
    text = shown(msgspec.structs.replace(good(), because=because, verdict="undecided"), width, height)
    assert one_line(text).startswith(f"UNDECIDED {because}")
    assert max(map(cells, text.splitlines()[:4])) <= width


@pytest.mark.parametrize(("width", "height"), [(80, 24), (80, 50), (120, 37)])
@pytest.mark.parametrize("count", [30, 100, 400])
def test_very_many_migrations_are_one_screen_with_the_worst_first(count: int, width: int, height: int) -> None:
    """Every third failed, the last one with them: what does not fit is a line."""
    fine, _, cancelled = several().migrations
    made = [
        msgspec.structs.replace(cancelled if n % 3 == 2 or n == count - 1 else fine, id=f"m{n + 1}")
        for n in range(count)
    ]
    text = shown(msgspec.structs.replace(several(), migrations=made), width, height)
    assert text.count("\n") < height
    listed = re.findall(r"^ (fail|pass) +(m\d+) ", text, re.MULTILINE)
    assert listed[0] == ("fail", "m3")
    assert {word for word, _ in listed} == {"fail"}
    assert f"and {count - len(listed)} further migrations: " in text
