"""What Wireshark's TCP analysis says of each packet, through the packets table: over any cut, of any rows."""

from pathlib import Path

import polars as pl
import pytest

import vmpcap
from tests.oracle.test_analysis_tshark import OWN, our_rows

COLUMNS = ("frame", "tcp_stream", "tcp_analysis", "tcp_ack_rtt_us", "tcp_bytes_in_flight", "tcp_initial_rtt_us")
LOSSY = OWN / "lossy" / "src-uplink.pcap.zst"


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_the_table_says_what_the_analysis_says(engine: str) -> None:
    """Frame by frame; the analysis itself is held to tshark elsewhere."""
    found = vmpcap.scan(LOSSY).select(COLUMNS).collect(engine=engine)  # type: ignore[call-overload]
    said = our_rows(LOSSY)
    assert found["tcp_stream"].null_count() == len(found) - len(said)
    for frame, stream, marks, rtt, flight, initial in found.filter(pl.col("tcp_stream").is_not_null()).iter_rows():
        row = said[frame]
        assert (stream, set(marks), flight) == (0, set(row.marks), row.flight_bytes)
        assert initial == (None if row.initial_rtt_ns is None else pytest.approx(row.initial_rtt_ns / 1000))
        assert rtt == (None if row.ack_rtt_ns is None else pytest.approx(row.ack_rtt_ns / 1000))


def test_a_condition_or_a_slice_does_not_change_what_is_said() -> None:
    """The streams are those of the whole capture, whichever rows and columns are asked for."""
    whole = vmpcap.scan(LOSSY).select(COLUMNS).collect()
    resent = pl.col("tcp_analysis").list.contains("retransmission")
    assert vmpcap.scan(LOSSY).filter(resent).select(COLUMNS).collect().equals(whole.filter(resent))
    late = vmpcap.scan(LOSSY).filter(pl.col("frame") > 70_000).select(COLUMNS).head(50).collect()
    assert late.equals(whole.filter(pl.col("frame") > 70_000).head(50))
    assert whole.filter(resent).height == 63


def test_each_point_has_streams_of_its_own(tmp_path: Path) -> None:
    """What one point saw is no repetition of what another saw."""
    twice = vmpcap.scan({"a": LOSSY, "b": LOSSY}).select("point", *COLUMNS).collect()
    a, b = (twice.filter(pl.col("point") == name).drop("point") for name in "ab")
    assert a.equals(b)
