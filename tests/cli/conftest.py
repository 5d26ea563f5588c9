"""What the tests of the command share."""

from pathlib import Path

import pytest

from tests.cli.calls import RARPS


@pytest.fixture
def rarps(tmp_path: Path) -> Path:
    """A file with three announcements."""
    path = tmp_path / "gw-lan.pcap"
    path.write_bytes(RARPS)
    return path
