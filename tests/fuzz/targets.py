"""What is fuzzed, and how it is known to be right: by twins and by what must hold of any capture whatsoever."""

import contextlib
import io
import json
import tempfile
import unicodedata
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from tests.decode.frames_of import row_of, walk_all
from tests.decode.test_walk_twin import assert_same
from tests.readers.stories import words_of_reader, words_of_twin
from tests.readers.writers import read_all
from tests.twins.captures import read_pcap, read_pcapng
from tests.twins.walk import walk
from vmpcap import scan
from vmpcap.announcements.rows import AnnouncementLog
from vmpcap.cli.exits import STATUS, guarded
from vmpcap.cli.group import commands
from vmpcap.decode.arrivals import read_arrivals
from vmpcap.decode.duplicates import CopyFinder
from vmpcap.decode.fragments import WholeWalker
from vmpcap.flows.table import FlowTable
from vmpcap.measures.follow import Follower
from vmpcap.measures.tunnels import TunnelCounter
from vmpcap.readers.records import RecordBatch
from vmpcap.readers.sources import open_capture
from vmpcap.terms.errors import CaptureError, CaptureWarning

PCAP_MAGICS: Final = {bytes.fromhex(magic) for magic in ("d4c3b2a1", "a1b2c3d4", "4d3cb2a1", "a1b23c4d")}
VERSIONS: Final = (b"\x02\0\x04\0", b"\0\x02\0\x04")
PCAPNG_MAGIC: Final = b"\n\r\r\n"
HARMFUL: Final = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
BATCH: Final = 4096
MOST_COMMENTS: Final = 1000
"""The reader keeps no more; the twin keeps all."""
_IN_MEMORY: Final = "/dev/shm" if Path("/dev/shm").is_dir() else None


@contextmanager
def stored(data: bytes) -> Iterator[str]:
    """A file with these bytes; it lies in memory where the system has such a place."""
    with tempfile.NamedTemporaryFile(dir=_IN_MEMORY, suffix=".fuzz") as file:
        file.write(data)
        file.flush()
        yield file.name


def batches(path: str, rows: int = BATCH, **options: Any) -> list[RecordBatch]:
    """The capture's records, each batch with memory of its own; none where it is no capture."""
    try:
        with open_capture(path, batch_records=rows, **options) as capture:
            kept = []
            for batch in capture.batches():
                columns: Any = (column.copy() if isinstance(column, np.ndarray) else column for column in batch)
                kept.append(RecordBatch(*columns))
                for column in kept[-1]:
                    if isinstance(column, np.ndarray):
                        column.flags.writeable = False
            return kept
    except CaptureError:
        return []


def read(data: bytes) -> None:
    """The readers say what their twins say, however small the blocks are that they read."""
    is_pcap = data[:4] in PCAP_MAGICS and data[4:8] in VERSIONS and len(data) >= 24
    is_pcapng = data[:4] == PCAPNG_MAGIC and len(data) >= 28
    told = read_pcap(data) if is_pcap else read_pcapng(data) if is_pcapng else None
    size = len(data)
    with stored(data) as path:
        for block_bytes in (50, 1 << 16):
            try:
                found = read_all(path, block_bytes=block_bytes, batch_records=7, max_bytes=64 << 20)
            except CaptureError:
                assert told is None or (told.stop is not None and told.stop[2] == 0), "refused what the twin reads"
                continue
            assert sum(len(packet.data) for packet in found.packets) <= max(size, 64 << 20)
            if told is not None:
                wanted = words_of_twin(told)
                assert words_of_reader(found) == {**wanted, "comments": told.comments[:MOST_COMMENTS]}


def walked(data: bytes) -> None:
    """The walk says of each frame what its twin says, which knows no table."""
    groups: dict[int, list[tuple[bytes, int]]] = defaultdict(list)
    with stored(data) as path:
        for batch in batches(path):
            raw = batch.buffer.tobytes()
            columns = [column.tolist() for column in (batch.record_at, batch.captured_bytes, batch.wire_bytes)]
            for at, captured, wire, link in zip(*columns, batch.link_type.tolist(), strict=True):
                groups[link].append((raw[at : at + captured], wire))
    for link, pairs in groups.items():
        frames, wires = [frame for frame, _ in pairs[:BATCH]], [wire for _, wire in pairs[:BATCH]]
        columns = walk_all(frames, wires, link)
        for i, (frame, wire) in enumerate(zip(frames, wires, strict=True)):
            row = row_of(columns, i)
            try:
                assert_same(row, walk(frame, wire, link, preferred=str(row["path"])))
            except AssertionError as problem:
                raise AssertionError(f"link {link}, {wire} bytes, {frame.hex()}: {row['path']}: {problem}") from problem


def followed(data: bytes) -> None:
    """Parts, copies, flows, announcements and tunnels are the same wherever the batches are cut, and none is lost."""
    with stored(data) as path:
        whole, few = batches(path), batches(path, rows=3)
    if not whole:
        return
    seen = [_follow(some) for some in (whole, few)]
    assert seen[0] == seen[1]


def _follow(some: list[RecordBatch]) -> dict[str, object]:
    """Everything that one pass over these batches leaves behind."""
    table = FlowTable(budget=1000)
    follower, copies, tunnels = Follower(table), CopyFinder(), TunnelCounter()
    walker, log = WholeWalker(BATCH), AnnouncementLog("here")
    rows = 0
    fates = 0
    for batch in some:
        rows += len(batch.ts_ns)
        parts, frames = walker.walk(batch)
        tunnels.absorb(frames)
        log.collect(batch.first_frame, frames, read_arrivals(parts, frames))
        flow_id, side = table.name(frames, batch.first_frame)
        fates += int((flow_id >= 0).sum())
        follower.absorb(parts, frames, flow_id, side, copies.mark(parts, frames))
    sides = follower.sides
    counted = int(sides["packets"].sum() + follower.rare["duplicates"].sum())
    assert fates == counted, "frames of flows that no flow counts"
    assert fates + table.later_fragments + table.without_flow + table.not_followed == rows
    return {
        "rows": rows,
        "counts": (table.count, table.later_fragments, table.without_flow, table.ports_reused, walker.incomplete),
        "announced": log.table(everything=True).rows(),
        "connections": [_plain(one) for one in follower.connections()],
        "tunnels": tunnels.tunnels(),
    }


def _plain(connection: Any) -> str:
    """All of a connection as text: arrays print their values."""
    with np.printoptions(threshold=10**6):
        return repr(connection)


def packets(data: bytes) -> None:
    """The rows are as many as the reader's packets, whatever is asked for, and the same where less is asked for."""
    with stored(data) as path, warnings.catch_warnings():
        warnings.simplefilter("ignore", CaptureWarning)
        try:
            rows = scan(path)
        except CaptureError:
            return
        every = rows.collect()
        assert len(every) == sum(len(batch.ts_ns) for batch in batches(path))
        few = ["frame", "encapsulation", "ip_src", "dst_port"]
        assert every.select(few).equals(rows.select(few).collect())
        is_arp = pl.col("arp_op").is_not_null()
        assert every.filter(is_arp).select("frame").equals(rows.filter(is_arp).select("frame").collect())


def call(*arguments: str) -> tuple[int, str, str]:
    """The command in this process: status, stdout, stderr."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = guarded(commands, list(arguments))
    out.seek(0)
    return status, out.read(), err.getvalue()


def report(data: bytes) -> None:
    """A report or a sentence, never a fault of ours; what it counts adds up; no look holds what moves a cursor."""
    with stored(data) as path:
        status, out, err = call("report", path, "--format", "json", "-q")
        assert status in (STATUS["fine"], STATUS["failed"], STATUS["not_readable"]), err
        if status == STATUS["not_readable"]:
            assert err.startswith("vmpcap: ")
            assert not out
            return
        told = json.loads(out)
        assert sum(given["packets"] for given in told["inputs"]) == sum(len(b.ts_ns) for b in batches(path))
        for look in ("terminal", "markdown"):
            again, shown, err = call("report", path, "--format", look, "-q")
            assert again == status, err
            assert not {c for c in shown if c != "\n" and unicodedata.category(c) in HARMFUL}
        for rows in ("flows", "announcements"):
            again, out, err = call(rows, path, "--format", "ndjson", "-q")
            assert again == STATUS["fine"], err
            for line in out.splitlines():
                json.loads(line)


TARGETS: Final[dict[str, Callable[[bytes], None]]] = {
    "read": read,
    "walk": walked,
    "follow": followed,
    "packets": packets,
    "report": report,
}
