"""Translators between two points of a real stream: one migration, the losses of the emulator, other names said."""

import csv
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.captures.altered import merged, packets_of, written
from tests.captures.situations import CAPTURES, file_of
from tests.captures.translating import DESTINATION, SOURCE, numbered, openings, source_port, translated
from tests.points_taken_away import read, report_of
from tests.readers.writers import Packet
from vmpcap.report.document import Report

FOLDER = "routed_stretched"
OUTSIDE, OTHER = "198.51.100.7", "198.51.100.8"


def dropped() -> int:
    """Frames of the stream that the emulator let go on their way to the destination, by its own list."""
    rows = csv.DictReader((CAPTURES / FOLDER / "wan-drops.csv").read_text().splitlines())
    return sum(row["chan"] == "mig" and row["dir"] == "ab" for row in rows)


def there() -> list[Packet]:
    """What the destination's NIC shows, as it is."""
    return packets_of(FOLDER, "dst-uplink")


def said(folder: Path, beyond: Sequence[Packet]) -> Report:
    """What the source's NIC and this capture of the destination's say together."""
    here = str(file_of(CAPTURES / FOLDER, "src-uplink"))
    path = written(folder / "beyond.pcap", beyond)
    return report_of(read([("wan-a", "source", here), ("wan-b", "destination", path)]))


TRANSLATORS: dict[str, tuple[dict[str, str], dict[int, int] | None, bool]] = {
    "of the source": ({SOURCE: OUTSIDE}, None, False),
    "of both hosts": ({SOURCE: OUTSIDE, DESTINATION: OTHER}, None, False),
    "of the source's port too": ({SOURCE: OUTSIDE}, {source_port(there()): 1024}, False),
    "that numbers packets anew": ({SOURCE: OUTSIDE}, None, True),
}


@pytest.mark.parametrize("kind", TRANSLATORS)
def test_a_stream_through_a_translator_is_one_migration(kind: str, tmp_path: Path) -> None:
    """With the emulator's losses, and delays and losses as they are without the translator."""
    addresses, ports, renumbered = TRANSLATORS[kind]
    plain = said(tmp_path, there())
    report = said(tmp_path, translated(there(), addresses, ports, renumbered))
    (migration,) = report.migrations
    onward, back = migration.segments
    assert onward.lost == dropped() > 0
    assert back.lost == 0
    without = plain.migrations[0].segments
    assert [(s.from_point, s.lost_of, s.missed) for s in migration.segments] == [
        (s.from_point, s.lost_of, s.missed) for s in without
    ]
    if not renumbered:
        assert [s.delay_min_ms for s in migration.segments] == [s.delay_min_ms for s in without]
        assert [s.matched for s in migration.segments] == [s.matched for s in without]
    names = [f"{SOURCE} is {OUTSIDE} at wan-b"]
    names += [f"{DESTINATION} is {OTHER} at wan-b"] if DESTINATION in addresses else []
    assert [name.words for name in migration.other_names] == names
    assert (migration.source, migration.destination) == (SOURCE, DESTINATION)


def test_a_late_start_behind_a_translator_is_still_the_same_stream(tmp_path: Path) -> None:
    """No handshake there: the packets themselves are the same."""
    packets = translated(there(), {SOURCE: OUTSIDE})
    (migration,) = said(tmp_path, packets[len(packets) // 3 :]).migrations
    assert [name.other_address for name in migration.other_names] == [OUTSIDE]


def test_both_sides_of_the_translator_in_one_capture_are_one_stream(tmp_path: Path) -> None:
    """A gateway that records both of its ports shows each segment under two names."""
    both = merged(there(), translated(there(), {SOURCE: OUTSIDE}))
    (migration,) = said(tmp_path, both).migrations
    assert migration.segments[0].lost == dropped()
    assert [name.words for name in migration.other_names] == [f"{SOURCE} is {OUTSIDE} at wan-b"]


def test_a_proxy_has_numbers_of_its_own_and_stays_another_stream(tmp_path: Path) -> None:
    """Other addresses and other initial numbers: who joins the two cannot be told from two migrations."""
    report = said(tmp_path, numbered(translated(there(), {SOURCE: OUTSIDE}), 12_345, 777))
    assert {m.source for m in report.migrations} == {SOURCE, OUTSIDE}
    assert not any(m.segments or m.other_names for m in report.migrations)


@pytest.mark.parametrize("renumbered", [False, True])
def test_another_migration_with_the_same_initial_numbers_stays_another(renumbered: bool, tmp_path: Path) -> None:
    """By chance both sides began alike; what followed is another guest's memory. That they may be one is said."""
    other = packets_of("lossy", "dst-uplink")
    begin = openings(packets_of(FOLDER, "src-uplink"))
    own = openings(other)
    alike = numbered(other, begin[0] - own[0], begin[1] - own[1])
    assert openings(alike) == begin
    report = said(tmp_path, translated(alike, {SOURCE: OUTSIDE}, renumbered=renumbered))
    assert len(report.migrations) == 2
    assert not any(m.segments or m.other_names for m in report.migrations)
    assert any("may be one stream whose addresses are translated" in note for note in report.notes)


@pytest.mark.parametrize("late_ns", [20_000_000, 2_400_000_000, 60_000_000_000])
def test_a_second_stream_that_both_points_show_later_is_another(late_ns: int, tmp_path: Path) -> None:
    """Its numbers and lengths are the same to the last, but one point sees it later in both directions."""
    plain = packets_of(FOLDER, "src-uplink"), there()
    second = [
        [p._replace(ts_ns=p.ts_ns + late_ns) for p in translated(one, {SOURCE: OUTSIDE, DESTINATION: OTHER})]
        for one in plain
    ]
    ends = [
        written(tmp_path / f"{name}.pcap", merged(one, again))
        for name, one, again in zip("ab", plain, second, strict=True)
    ]
    report = report_of(read([("wan-a", "source", ends[0]), ("wan-b", "destination", ends[1])]))
    assert {m.source for m in report.migrations} == {SOURCE, OUTSIDE}
    assert not any(m.other_names for m in report.migrations)
