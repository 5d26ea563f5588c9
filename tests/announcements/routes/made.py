"""Control frames from bytes, for tests that need no capture."""

from collections.abc import Iterator, Sequence

from tests.decode.frames_of import WALKER, batch_of
from vmpcap.announcements.control import ControlFrame, ControlLog


def control(
    payload: str | bytes,
    protocol: str = "rip",
    ports: tuple[int, int] = (520, 520),
    source: str = "192.0.2.1",
    seq: int = 0,
    is_cut: bool = False,
    frame: int = 1,
) -> ControlFrame:
    """One control frame with this payload."""
    data = bytes.fromhex(payload) if isinstance(payload, str) else payload
    addresses = (0x0200_0000_0001, source, "192.0.2.2")
    return ControlFrame(protocol, frame, frame, *addresses, *ports, 0, -1, -1, 1, seq, data, is_cut)


def log_of(
    frames: Sequence[bytes], log: ControlLog | None = None, wire_bytes: Sequence[int] | None = None
) -> ControlLog:
    """What a capture point keeps of these Ethernet frames."""
    log = ControlLog() if log is None else log
    batch = batch_of(frames, wire_bytes)
    log.collect(batch, WALKER.walk(batch))
    return log


def prefixes(rows: Iterator[object]) -> list[tuple[str, str]]:
    """What is said of which prefix?"""
    return [(row.action, row.prefix) for row in rows]  # type: ignore[attr-defined]
