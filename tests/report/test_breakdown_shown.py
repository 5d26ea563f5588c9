"""An outage in its parts, on the terminal, in Markdown and in JSON."""

import json
import re
from pathlib import Path

import msgspec

from tests.report.sample import good, guest, migration
from vmpcap.migration.results import Bracket, Peer
from vmpcap.report.about_guest import IN_IPV6, PARTS
from vmpcap.report.as_json import to_json
from vmpcap.report.as_markdown import to_markdown
from vmpcap.report.as_terminal import to_terminal
from vmpcap.report.chart import LIMITS
from vmpcap.report.document import Report
from vmpcap.report.look import Look

HOW_TO = Path(__file__).resolve().parents[2] / "docs" / "how-to"


def advised(page: str, above: str) -> set[str]:
    """For which words does the table under this heading say what to do?"""
    table = (HOW_TO / page).read_text(encoding="utf-8").split(f"\n| {above} | do |\n")[1].split("\n\n")[0]
    return {row.split(" | ")[0].strip("| ") for row in table.splitlines()[1:]}


def test_the_docs_say_what_to_do_about_each_part_of_an_outage_and_each_limit() -> None:
    """Whoever looks up the word that the report says finds it."""
    assert advised("long-outage.md", "most of it is") == {*PARTS.values(), *IN_IPV6.values()}
    network = {"network_loss", "network_queueing", "network_plateau"}
    apart = {name.replace("_", " ") for name in LIMITS if name not in network}
    assert network < set(LIMITS)
    assert advised("bandwidth-and-rtt.md", "limited by") == apart | {"network loss, queueing, plateau"}


def shown(report: Report) -> str:
    """What a wide terminal shows, in one line."""
    return re.sub(r"\s+", " ", to_terminal(report, Look(200)))


def with_peers(*peers: Peer) -> Report:
    return msgspec.structs.replace(good(), migrations=[migration(guests=[guest(peers=list(peers))])])


def test_what_a_gateway_does_by_neighbour_discovery_is_not_called_arp() -> None:
    """The part is one cause, with the words of the peer's address family."""
    (migrated,) = good().migrations
    known = next(p for p in migrated.guests[0].peers if p.breakdown)
    part = msgspec.structs.replace(known.breakdown[0], part="gateway_arp")
    for address, words in (("2001:db8:99::2", "gateway's ND"), ("10.99.0.2", "gateway's ARP")):
        peer = msgspec.structs.replace(known, peer=address, breakdown=[part])
        assert f"{address} icmp {words}" in shown(with_peers(peer))


def test_each_part_has_its_length_its_frames_and_what_shows_it() -> None:
    """With its doubt where that is known, and the peer's sentence that names the longest."""
    text = shown(good())
    assert "outage 170 ms: 166 ms of it while no host ran the guest" in text
    assert "10.99.0.2 icmp stun 166 ms ± 10 ms 16 1544 to 1579 its last frame before: src-guestbr" in text
    assert re.search(r"10\.99\.0\.2 icmp unexplained 3\.90 ms 1 from 1579 no point shows", text)
    assert "outage of" in to_markdown(good())
    assert "| stun |" in to_markdown(good())


def test_without_parts_there_is_no_table_of_them() -> None:
    """A peer that lost nothing has none."""
    report = with_peers(Peer(peer="10.99.0.2", protocol="icmp", outage_ms=0.0))
    assert "outage of" not in shown(report)


def test_many_outages_are_shown_up_to_a_number_and_all_are_in_the_json() -> None:
    """The worst come first; 12 peers, 8 in the table."""
    (part, _) = good().migrations[0].guests[0].peers[0].breakdown
    peers = [Peer(peer=f"10.99.1.{n}", protocol="icmp", outage_ms=170.2, breakdown=[part]) for n in range(12)]
    report = with_peers(*peers)
    assert len(re.findall(r"10\.99\.1\.\d+ icmp stun", shown(report))) == 8
    told = json.loads(to_json(report))["migrations"][0]["guests"][0]["peers"]
    assert [p["breakdown"][0]["part"] for p in told] == ["stun"] * 12


def test_a_stale_tail_is_a_figure_of_the_interruption() -> None:
    """Until when the old place still got the guest's unicast; without a figure the reason stands there."""
    known = good().migrations[0].guests[0].switchover
    told = msgspec.structs.replace(
        known, stale_tail_ms=105.4, stale_tail=Bracket(because="the last of 11 unicast frames")
    )
    report = msgspec.structs.replace(good(), migrations=[migration(guests=[guest(switchover=told)])])
    assert "stale tail 105 ms; the last of 11 unicast frames" in shown(report)
