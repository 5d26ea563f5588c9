"""Streams that one capture shows before the move and another after it, against a point that shows both sides."""

from collections.abc import Sequence
from pathlib import Path

import pytest

import vmpcap
from tests.captures.altered import merged
from tests.captures.altered import written as write_packets
from tests.lab.playing import played, written
from tests.readers.writers import Packet, read_bytes
from vmpcap.migration.results import Peer

SET_NS = 7_300_000_000
"""How far the new place's clock is from the old one's: what both saw shows it."""


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Packet]]:
    """What passes each host's uplink, which carries the stream and the guest, and what the client saw."""
    files = written(played("stretched_vlan", option="tagged"), tmp_path_factory.mktemp("places"))
    parts = {name: list(read_bytes(Path(path).read_bytes()).packets) for name, path in files.items()}
    old, new = merged(parts["src-uplink"], parts["site-a"]), merged(parts["dst-uplink"], parts["site-b"])
    return {"old": old, "new": [p._replace(ts_ns=(p.ts_ns or 0) + SET_NS) for p in new], "client": parts["client"]}


def peers(folder: Path, **points: Sequence[Packet]) -> dict[tuple[str, str], list[Peer]]:
    """What each of the guest's peers met, by address and protocol."""
    files = {name: write_packets(folder / f"{name}.pcap", list(packets)) for name, packets in points.items()}
    roles = {"old": "domain:source", "new": "domain:destination"}
    named = {name: role for name, role in {**roles, "client": "client"}.items() if name in points}
    (migration,) = vmpcap.report(files, roles=named).document.migrations
    (guest,) = migration.guests
    found: dict[tuple[str, str], list[Peer]] = {}
    for peer in guest.peers:
        found.setdefault((peer.peer, peer.protocol), []).append(peer)
    return found


def test_a_gap_from_the_one_place_to_the_other_holds_what_its_peer_met(
    taken: dict[str, list[Packet]], tmp_path: Path
) -> None:
    """Each stream is one, and its bounds hold the length that the client's own capture tells of it."""
    beside = peers(tmp_path, old=taken["old"], new=taken["new"], client=taken["client"])
    joined = peers(tmp_path, old=taken["old"], new=taken["new"])
    shown = {key: one.outage_ms for key, (one, *_) in beside.items() if one.outage_ms}
    assert len(shown) > 0
    for key, length in shown.items():
        (one,) = joined[key]
        assert one.outage_low_ms is not None
        assert one.outage_high_ms is not None
        assert one.outage_low_ms <= length <= one.outage_high_ms
        assert one.survived
        assert "new" in one.because


def test_a_joined_gap_says_what_it_was_spent_on(taken: dict[str, list[Packet]], tmp_path: Path) -> None:
    """The client's own capture blames the stun for most of what its pings met; both places together say the same."""
    told = {}
    for name, points in (("client", taken), ("joined", {k: v for k, v in taken.items() if k != "client"})):
        every = peers(tmp_path, **points)
        ((ping,),) = [one for (_, protocol), one in every.items() if protocol == "icmp"]
        told[name] = {part.part: part.ms for part in ping.breakdown}
        assert max(told[name], key=lambda part: told[name][part]) == "stun"
        if name == "joined":
            assert ping.breakdown_because.startswith("outage at least")
            assert sum(told[name].values()) <= (ping.outage_high_ms or 0.0)
            assert ping.breakdown[-1].to_frame is None, "its end is the other place's"
    assert told["joined"]["stun"] <= told["client"]["stun"] + 100, "pings come each 100 ms"


def test_a_limit_below_all_that_may_be_fails_though_no_figure_is_known(
    taken: dict[str, list[Packet]], tmp_path: Path
) -> None:
    """Three pings without an answer: a limit below the lower bound is missed for sure, one between is not decided."""
    every = peers(tmp_path, old=taken["old"], new=taken["new"])
    ((ping,),) = [told for (_, protocol), told in every.items() if protocol == "icmp"]
    assert (ping.outage_ms, ping.lost) == (None, 3)
    low, high = ping.outage_low_ms or 0.0, ping.outage_high_ms or 0.0
    for limit, outcome in ((low - 1, "fail"), ((low + high) / 2, "undecided")):
        profile = tmp_path / "mine.toml"
        profile.write_text(f'name = "mine"\ntitle = "mine"\nscope = "link"\nswitchover_ms_max = {limit}\n', "utf-8")
        files = {name: write_packets(tmp_path / f"{name}.pcap", list(taken[name])) for name in ("old", "new")}
        roles = {"old": "domain:source", "new": "domain:destination"}
        (m,) = vmpcap.report(files, roles=roles, profile=str(profile)).document.migrations
        assert next(c.outcome for c in m.checks if c.id == "switchover") == outcome


def test_a_capture_beside_the_client_still_tells_what_the_client_met(
    taken: dict[str, list[Packet]], tmp_path: Path
) -> None:
    """It shows both sides itself: nothing is put together."""
    for told in peers(tmp_path, old=taken["old"], new=taken["new"], client=taken["client"]).values():
        assert {one.point for one in told} == {"client"}


def test_no_gap_is_bounded_by_a_capture_that_began_with_the_guest(
    taken: dict[str, list[Packet]], tmp_path: Path
) -> None:
    """What came to the new place before is not in view: it may have been answered there."""
    started = max(p.ts_ns or 0 for p in taken["new"]) - 2 * 10**9
    late = [p for p in taken["new"] if (p.ts_ns or 0) >= started]
    for told in peers(tmp_path, old=taken["old"], new=late).values():
        assert all(one.outage_high_ms is None for one in told)
