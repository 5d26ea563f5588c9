"""A batch stays as it is while the next one is read, wherever blocks and batches end."""

from pathlib import Path

import pytest

from tests.readers.writers import enhanced, interface, section
from vmpcap.readers.records import RecordBatch
from vmpcap.readers.sources import open_capture

CAPTURES = Path(__file__).resolve().parents[2] / "captures"
FILES = [CAPTURES / "encapsulations" / "gre.pcap", CAPTURES / "clean" / "gw-lan.pcap.zst"]


def content(batch: RecordBatch) -> list[object]:
    packets = [
        batch.buffer[at : at + size].tobytes() for at, size in zip(batch.record_at, batch.captured_bytes, strict=True)
    ]
    return [batch.first_frame, packets, *(column.tolist() for column in batch[2:])]


@pytest.mark.parametrize("records", [1, 7, 4_096])
@pytest.mark.parametrize("block", [64, 1_500, 1 << 20])
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_batch_outlives_the_reading_of_the_next(file: Path, block: int, records: int) -> None:
    """Read one ahead, as they are where there is a second processor."""
    outlives(file, block, records)


@pytest.mark.parametrize("records", [1, 3])
@pytest.mark.parametrize("block", [64, 1_500])
def test_a_batch_of_pcapng_does_too(block: int, records: int, tmp_path: Path) -> None:
    """Its readers fill every column themselves; a link type changes in the middle."""
    blocks = [section("<"), interface("<")]
    blocks += [enhanced("<", n, bytes([n]) * (40 + n), 40 + n) for n in range(20)]
    blocks += [interface("<", 101), *(enhanced("<", n, bytes([n]) * 40, 40, 1) for n in range(20))]
    path = tmp_path / "a.pcapng"
    path.write_bytes(b"".join(blocks))
    outlives(path, block, records)


def outlives(file: Path, block: int, records: int) -> None:
    """Is each batch as it was when the next one is there?"""
    before: tuple[RecordBatch, list[object]] | None = None
    batches = 0
    with open_capture(file, batch_records=records, block_bytes=block) as capture:
        for batch in capture.batches():
            if before is not None:
                assert content(before[0]) == before[1]
            before = batch, content(batch)
            batches += 1
    assert batches > 1 or records == 4_096
