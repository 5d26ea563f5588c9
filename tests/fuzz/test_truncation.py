"""Captures that end after every byte, and public ones that were made to hurt: through every target and the command."""

from pathlib import Path

import pytest

from tests.fuzz.seeds import as_pcapng, short_migration
from tests.fuzz.targets import TARGETS
from tests.readers.writers import pcap

SHARED = Path(__file__).resolve().parents[3] / "shared" / "captures"
HURTING = sorted(p for p in SHARED.glob("*") if any(w in p.name for w in ("fuzz", "absurd", "cut-", "invalid", "bad")))
FEW = 4
SMALL = {
    "pcap": pcap("<", short_migration()[:FEW], "ns"),
    "pcap of the other byte order": pcap(">", short_migration()[:FEW]),
    "pcapng": as_pcapng(short_migration()[:FEW], 1, "<"),
    "pcapng of the other byte order": as_pcapng(short_migration()[:FEW], 1, ">"),
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("kind", SMALL)
def test_a_capture_may_end_after_any_byte(kind: str, target: str) -> None:
    """A few packets of a migration; the report is asked for each third length, all else for each."""
    data = SMALL[kind]
    for size in range(0, len(data) + 1, 3 if target == "report" else 1):
        TARGETS[target](data[:size])


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("path", HURTING, ids=lambda path: path.name)
def test_public_captures_that_were_made_to_hurt(path: Path, target: str) -> None:
    """Those of ../shared/captures, where it is there."""
    TARGETS[target](path.read_bytes())
