"""The graph of real streams: what it draws as sent again and as late is what the report counts."""

from pathlib import Path

import pytest

from tests.readers.writers import read_all
from tests.runs.made import write
from vmpcap.measures.sequence_graph import MOST_POINTS, SequenceGraph
from vmpcap.report.as_html import to_html
from vmpcap.report.document import Migration
from vmpcap.runs.graph import refuse_unreadable, sequence_graphs
from vmpcap.runs.pipeline import analyse
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.terms.errors import RequestError
from vmpcap.verdicts.profile import load_profile

CAPTURES = Path(__file__).resolve().parents[2] / "captures"
LARGEST = 5_000_000
"""Bytes that a page may have."""


def request_for(*files: Path, **more: object) -> Request:
    points = (PointFiles("src-uplink", "source", tuple(map(str, files))),)
    return Request(points=points, profile=load_profile("vsphere4"), **more)  # type: ignore[arg-type]


def graphs_of(request: Request) -> list[tuple[Migration, SequenceGraph]]:
    analysis = analyse(request)
    graphs = sequence_graphs(analysis, request)
    return [(m, graphs[m.id]) for m in analysis.report.migrations]


@pytest.mark.parametrize("point", ["src-uplink", "dst-uplink"])
@pytest.mark.parametrize(
    "situation", ["lossy", "policer", "software_cap", "there_and_back", "vxlan_stretched", "receiver_window"]
)
def test_what_is_drawn_is_what_is_counted(situation: str, point: str) -> None:
    """Of a stream of one connection: all payload, every segment sent again, every one that was late."""
    path = CAPTURES / situation / f"{point}.pcap.zst"
    if not path.exists():
        pytest.skip("this situation has no such point")
    told = graphs_of(request_for(path))
    assert told
    for migration, graph in told:
        assert migration.connections == 1
        loss = migration.loss
        assert int(graph.again.count.sum()) == loss.retransmissions
        assert int(graph.late.count.sum()) == (loss.lost_before_point or 0) + (loss.reordered or 0)
        assert int(graph.sent.high.max()) == migration.bytes.unique
        assert 0 < graph.points <= MOST_POINTS
        assert graph.sent.at_s[0] == pytest.approx(0, abs=0.2)
        assert migration.duration_s is not None
        assert graph.sent.at_s[-1] <= migration.duration_s + graph.width_s


def test_of_several_connections_the_one_that_carried_most_is_drawn() -> None:
    """multifd: four of them carried memory, one the rest."""
    ((migration, graph),) = graphs_of(request_for(CAPTURES / "multifd" / "src-uplink.pcap.zst"))
    assert migration.connections == 5
    share = int(graph.sent.high.max()) / migration.bytes.unique
    assert 1 / 5 < share < 1 / 2


def test_packets_captured_twice_are_not_sent_again(tmp_path: Path) -> None:
    """Every packet stands twice in the file: the graph is that of the file in which each stands once."""

    packets = list(read_all(CAPTURES / "software_cap" / "src-uplink.pcap.zst").packets)[:20_000]
    once = write(tmp_path / "once.pcap", packets)
    twice = write(tmp_path / "twice.pcap", [packet for packet in packets for _ in range(2)])
    ((_, plain),), ((_, doubled),) = graphs_of(request_for(Path(once))), graphs_of(request_for(Path(twice)))
    for kind in ("sent", "again", "late"):
        assert getattr(plain, kind).count.tolist() == getattr(doubled, kind).count.tolist(), kind
    # a SYN/ACK that stands twice may have been sent twice
    assert 0 <= int(doubled.acked.count.sum()) - int(plain.acked.count.sum()) <= 1


def test_a_page_with_graphs_stays_small_and_says_how_many_segments_there_are() -> None:
    """Two migrations, both with a graph."""
    request = request_for(CAPTURES / "there_and_back" / "src-uplink.pcap.zst")
    analysis = analyse(request)
    page = to_html(analysis.report, sequence_graphs(analysis, request))
    assert len(page.encode()) < LARGEST
    assert page.count('data-kind="sequence"') == 2
    assert "5 segments of bytes seen before, 0 segments into a gap" in page
    assert "0 segments of bytes seen before, 51 segments into a gap" in page
    assert 'data-kind="sequence"' not in to_html(analysis.report)


def test_a_stream_that_cannot_be_read_twice_is_refused_before_it_is_read_once() -> None:
    """Standard input."""
    with pytest.raises(RequestError, match="a second time"):
        refuse_unreadable(Request(points=(PointFiles("a", None, ("-",)),), profile=load_profile("vsphere4")))
