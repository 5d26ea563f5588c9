"""Of a guest with a great many peers the worst are listed, and every one counts."""

from dataclasses import replace

import msgspec
import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import Ether

import vmpcap
from tests.measures.talk import PEER, pings
from tests.migration.make import suffered
from tests.migration.moving import (
    BEGIN,
    GUEST,
    GUEST_IP,
    LAN_DESTINATION,
    LAN_SOURCE,
    MOVED,
    STREAM_S,
    Scene,
    add_announcement,
    add_stream,
)
from tests.migration.test_suffering import lost, point, suffered_at
from tests.report.made import one_line
from tests.report.test_pipelines import samples
from vmpcap.migration.listed import MOST_PEERS, count_suffered, pick_listed
from vmpcap.migration.suffered import Suffered
from vmpcap.report.as_terminal import to_terminal
from vmpcap.report.look import Look
from vmpcap.report.schema import report_schema
from vmpcap.runs.answer import Answer

SILENT, ALL = 450, 700


def test_no_stream_is_left_out_of_what_is_judged() -> None:
    """However many addresses ask the guest, whatever is listed of them later."""
    rows = []
    for n in range(520):
        peer = f"10.99.{n // 200}.{n % 200 + 1}"
        for row in pings(20, 100, lost(8, 2)):
            rows.append({**row, **{end: peer for end in ("src", "dst") if row[end] == PEER}})
    assert len(suffered_at(point(rows))) == 520


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Answer:
    """The report on a guest with ALL peers, of which SILENT are never answered again after the move."""
    scene = Scene()
    add_stream(scene, (LAN_SOURCE, LAN_DESTINATION))
    add_announcement(scene, "dst", "gw")
    for n in range(ALL):
        peer, card = f"10.77.{8 + n // 200}.{n % 200 + 1}", f"02:00:00:01:{n // 200:02x}:{n % 200:02x}"
        for k in range(8):
            ts = BEGIN - 2 + k * 1.5 + n * 1e-3
            away = BEGIN + STREAM_S - 0.05 <= ts < MOVED
            ask = Ether(src=card, dst=GUEST) / IP(src=peer, dst=GUEST_IP, id=k) / ICMP(type=8, id=n, seq=k)
            reply = Ether(src=GUEST, dst=card) / IP(src=GUEST_IP, dst=peer, id=k) / ICMP(type=0, id=n, seq=k)
            scene.at("gw", ts, ask)
            if not away and (ts < MOVED or n >= SILENT):
                scene.at("gw", ts + 0.0005, reply)
    files = scene.write(tmp_path_factory.mktemp("crowd"))
    return vmpcap.report({"source": files["src"], "destination": files["dst"], "client": files["gw"]})


def test_the_report_of_a_crowd_lists_the_worst_and_counts_all(crowd: Answer) -> None:
    """The shares are of all peers, as the capture was made; that the first of them are silent proves nothing."""
    (m,) = crowd.migrations
    (guest,) = m.guests
    assert (len(guest.peers), guest.peers_left_out) == (MOST_PEERS, ALL - MOST_PEERS)
    assert guest.peer_counts is not None
    assert (guest.peer_counts.peers, guest.peer_counts.peers_lost) == (ALL, SILENT)
    (check,) = [c for c in m.checks if c.id == "guest_reachable_after"]
    assert check.outcome == "fail"
    assert f"{SILENT} of its {ALL} peers never got an answer again" in check.because
    assert check.measured == pytest.approx(1 - SILENT / ALL)
    assert f"{SILENT} of {ALL} peers were never answered again" in crowd.document.because


def test_every_look_says_how_many_are_not_listed(crowd: Answer) -> None:
    """In words and as a figure; dashboards count all."""
    words = f"{ALL - MOST_PEERS} of {ALL} streams with peers"
    assert any(words in note for note in crowd.notes)
    terminal = one_line(to_terminal(crowd.document, Look(100), True))
    for shown in (terminal, one_line(crowd.to_markdown()), one_line(crowd.to_html())):
        assert words in shown
    assert crowd.frames["switchover"]["peers_left_out"].to_list() == [ALL - MOST_PEERS]
    assert "peers_left_out" in report_schema()["$defs"]["Guest"]["properties"]
    told = {name: value for name, _, value in samples(crowd.to_metrics())}
    assert told["vmpcap_migration_peers_never_back"] == SILENT


def test_an_outage_that_is_known_by_its_bounds_is_not_left_out_before_a_shorter_one() -> None:
    """The list keeps its order; what is kept is the worst, of whichever kind."""
    mild = [suffered(5.0, peer=f"10.99.1.{n}") for n in range(MOST_PEERS)]
    long = suffered(None, peer="10.99.2.1")
    long = replace(long, peer=msgspec.structs.replace(long.peer, outage_low_ms=900.0, outage_high_ms=1_100.0))
    listed = pick_listed([*mild, long])
    assert (len(listed), listed[-1].peer) == (MOST_PEERS, "10.99.2.1")
    gone = suffered(None, ended=False, survived=False, peer="10.99.2.2")
    assert [one.peer for one in pick_listed([*mild, long, gone])][-2:] == ["10.99.2.1", "10.99.2.2"]


def test_who_gave_up_counts_as_lost_and_what_nobody_knows_does_not_speak_for_a_peer() -> None:
    """The counts are those of every look: a peer of which nothing is known but what was lost is lost itself."""
    gone = suffered(survived=False, outage_ms=None)
    unknown = suffered(survived=None, outage_ms=None)
    quit_early = replace(unknown, peer=msgspec.structs.replace(unknown.peer, outage_low_ms=3600.0, lost=19))
    again = replace(unknown, answered_after=True)

    def counted(*streams: Suffered) -> tuple[int, int, int, int]:
        counts = count_suffered(streams)
        return counts.streams, counts.peers_lost, counts.streams_lost, counts.streams_of_lost

    assert counted(quit_early) == (1, 1, 1, 1)
    assert counted(gone, quit_early, unknown, unknown) == (4, 1, 2, 2)
    assert counted(gone, again, unknown) == (3, 1, 1, 2)
    assert counted(gone, suffered()) == (2, 1, 1, 2)
    assert counted(suffered(), unknown) == (2, 0, 0, 0)
