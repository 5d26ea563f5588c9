"""What is said of a guest's reachability names every mechanism that failed, and what its outage was spent on."""

from pathlib import Path

import pytest

from tests.captures.situations import facts_of
from tests.captures.test_made_mechanisms import FOLDERS, HOME, told

FAILING = [folder for folder in FOLDERS if folder.name == "failing"]
TOO_LARGE = ("etherip", "fence")


@pytest.mark.parametrize("folder", FAILING, ids=lambda folder: folder.parent.name)
def test_every_row_that_failed_is_named_where_the_guests_reachability_is_told(folder: Path) -> None:
    """By its own sentence, or by what both of them say."""
    failed = {name for name, fact in facts_of(folder)["mechanisms"].items() if fact["worked"] == "no"}
    for migration in told(folder):
        (check,) = (check for check in migration.checks if check.id == "guest_reachable_after")
        for guest in migration.guests:
            for row in guest.mechanisms:
                if row.name in failed and row.worked == "no":
                    shared = check.because.split("; ")[0]
                    assert f"{row.name}: {row.because}" in check.because or shared in row.because


@pytest.mark.parametrize("row", TOO_LARGE)
def test_a_tunnel_without_room_is_no_restart_and_explains_the_outage(row: str) -> None:
    """What waits is what is large: the peer's request that has a large answer, and the guest's own upload."""
    (migration,) = told(HOME / row / "failing")
    (check,) = (check for check in migration.checks if check.id == "guest_reachable_after")
    assert "restarted" not in check.because
    assert "segments of full size got no answer, and smaller ones did" in check.because
    (guest,) = migration.guests
    lost = [peer for peer in guest.peers if peer.survived is False]
    assert len(lost) == 2
    for peer in lost:
        *before, last = peer.breakdown  # one that asked just before the guest was back met nobody first
        assert {part.part for part in before} <= {"stun"}
        assert last.part == "mtu"
        assert "1,448 bytes" in last.because
