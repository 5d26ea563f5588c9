"""A clock that was set while the guest was gone: how long it was gone is told by another clock, or not at all."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

import vmpcap
from tests.captures.altered import RARP, ethertype, packets_of, written
from tests.captures.situations import CAPTURES
from tests.readers.writers import Packet
from vmpcap.migration.one_clock import ns_of
from vmpcap.report.document import Migration

FOLDER = "routed_stretched"
MS = 1_000_000
AT = 820
"""A frame of the client's capture within the outage: its last question before was answered, the next is not yet."""
STRAY = bytes.fromhex("ffffffffffff 020000000099 88b5") + bytes(46)
"""A frame of a protocol that nobody knows, by IEEE's number for trials."""
ROLES = {"src-uplink": "source", "gw-lan": "gateway", "client": "client"}


def stepped(by_ms: int) -> list[Packet]:
    """The client's capture, its clock set by so much while the guest was gone."""
    return [
        packet if number < AT else packet._replace(ts_ns=(packet.ts_ns or 0) + by_ms * 1_000_000)
        for number, packet in enumerate(packets_of(FOLDER, "client"), 1)
    ]


def said(folder: Path, client: Sequence[Packet], *others: str) -> Migration:
    points = {stem: written(folder / f"{stem}.pcap", packets_of(FOLDER, stem)) for stem in others}
    points["client"] = written(folder / "client.pcap", client)
    roles = {name: ROLES[name] for name in points}
    (migration,) = vmpcap.report(points, roles=roles, guests=["10.77.0.10"]).migrations
    return migration


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float | None]:
    """
    What is said where nobody set the clock, by protocol; the client's own account of its pings bears it out.

    That it was the guest that TCP waited for is not in that account: its answers were late, none was lost.
    """
    folder = tmp_path_factory.mktemp("whole")
    (guest,) = said(folder, packets_of(FOLDER, "client"), "src-uplink", "gw-lan").guests
    found = {peer.protocol: peer.outage_ms for peer in guest.peers}
    (lost,) = json.loads((CAPTURES / FOLDER / "truth.json").read_text())["client"]["icmp"]["lost_runs"]
    assert found["icmp"] == pytest.approx(lost["outage_ms"], abs=10.0)
    return found


@pytest.mark.parametrize("by_ms", [80, -80, 2000])
def test_another_clock_tells_how_long_it_was(by_ms: int, whole: dict[str, float | None], tmp_path: Path) -> None:
    """The gateway's, which nobody set: within one interval of the peers that asked."""
    (guest,) = said(tmp_path, stepped(by_ms), "src-uplink", "gw-lan").guests
    assert len(guest.peers) == len(whole) == 2
    for peer in guest.peers:
        assert peer.outage_ms == pytest.approx(whole[peer.protocol], abs=peer.interval_ms or 0)
        assert "the clock at client stepped" in peer.because


@pytest.mark.parametrize("by_ms", [-40, 40])
def test_a_frame_out_of_order_hides_no_outage(by_ms: int, whole: dict[str, float | None], tmp_path: Path) -> None:
    """One packet of somebody else in the outage, stamped early or late: those after it go on as before."""
    packets = packets_of(FOLDER, "client")
    before, after = packets[AT - 2], packets[AT - 1]
    stray = before._replace(ts_ns=(before.ts_ns or 0) + by_ms * 1_000_000, data=STRAY, wire=len(STRAY))
    assert (before.ts_ns or 0) < (after.ts_ns or 0)
    (guest,) = said(tmp_path, [*packets[: AT - 1], stray, *packets[AT - 1 :]], "src-uplink").guests
    assert {peer.protocol: peer.outage_ms for peer in guest.peers} == whole


def test_a_clock_that_went_back_tells_no_outage_by_itself(tmp_path: Path) -> None:
    """The order of its file shows it; no other point is there to say how long it was."""
    migration = said(tmp_path, stepped(-80), "src-uplink")
    (guest,) = migration.guests
    assert [peer.outage_ms for peer in guest.peers] == [None, None]
    assert all("stepped" in peer.because and "at most" not in peer.because for peer in guest.peers)
    assert next(c.outcome for c in migration.checks if c.id == "switchover") != "pass"


@pytest.mark.parametrize("by_ms", [30, -30, 100])
def test_a_switchover_bears_the_truth_where_the_clock_between_both_places_was_set(by_ms: int, tmp_path: Path) -> None:
    """The client's packets are at the old place before and at the new one after. All captures are of one true clock."""
    roles = {"src-uplink": "source", "src-guestbr": "domain:source", "dst-guestbr": "domain:destination"}
    points = {stem: written(tmp_path / f"{stem}.pcap", packets_of(FOLDER, stem)) for stem in roles}
    points["client"] = written(tmp_path / "client.pcap", stepped(by_ms))
    report = vmpcap.report(points, roles={**roles, "client": "client"}, guests=["10.77.0.10"])
    (guest,) = report.migrations[0].guests
    assert guest.switchover is not None
    found = guest.switchover.bracket
    ends = (found.from_point, found.from_frame), (found.to_point, found.to_frame)
    begin, end = (packets_of(FOLDER, point or "")[(frame or 0) - 1].ts_ns or 0 for point, frame in ends)
    assert guest.switchover.bracket_ms == pytest.approx((end - begin) / 1e6, abs=found.uncertainty_ms or 0)


def paused(stem: str, begin: int, for_ns: int, folder: str = FOLDER) -> list[Packet]:
    """A point that was stopped with its clock for so long: its next frame follows at once."""
    left = [packet for packet in packets_of(folder, stem) if not begin < (packet.ts_ns or 0) < begin + for_ns]
    return [p if (p.ts_ns or 0) <= begin else p._replace(ts_ns=(p.ts_ns or 0) - for_ns) for p in left]


@pytest.mark.parametrize("stem", ["gw-lan", "client"])
def test_a_point_that_was_stopped_as_the_guest_moved_accuses_nobody(stem: str, tmp_path: Path) -> None:
    """
    By the point between the two places the guest ran at both; the announcements at both say that its clock is wrong.

    In truth it fell silent before it was announced, once: what is not known is not called a failure.
    """
    roles = {"src-uplink": "source", "src-guestbr": "domain:source", "dst-guestbr": "domain:destination"}
    points = {name: written(tmp_path / f"{name}.pcap", packets_of(FOLDER, name)) for name in roles}
    came = packets_of(FOLDER, "dst-guestbr")[0].ts_ns or 0
    points[stem] = written(tmp_path / f"{stem}.pcap", paused(stem, came - 20_000_000, 420_000_000))
    report = vmpcap.report(points, roles={**roles, stem: ROLES[stem]}, guests=["10.77.0.10"])
    outcomes = {check.id: check.outcome for check in report.migrations[0].checks}
    assert "fail" not in {outcomes["mac_flap"], outcomes["announced_too_early"]}
    (guest,) = report.migrations[0].guests
    assert not any(peer.outage_ms is not None and peer.point == stem for peer in guest.peers)


def test_the_new_place_alone_does_not_say_that_nobody_was_cut_off(tmp_path: Path) -> None:
    """
    The gateway was stopped with its clock as the guest moved: at its new place all that came was answered at once.

    What died on its way there, or at the old place, does not show there. In truth it was 170 ms.
    """
    roles = {"src-uplink": "source", "dst-uplink": "destination", "dst-guestbr": "domain:destination"}
    roles |= {"dst-switchport": "domain:destination", "src-guestbr": "domain:source"}
    points = {name: written(tmp_path / f"{name}.pcap", packets_of("clean", name)) for name in roles}
    came = packets_of("clean", "dst-guestbr")[0].ts_ns or 0
    points["gw-lan"] = written(tmp_path / "gw-lan.pcap", paused("gw-lan", came - 20_000_000, 420_000_000, "clean"))
    report = vmpcap.report(points, roles={**roles, "gw-lan": "gateway"})
    (guest,) = report.migrations[0].guests
    (lost,) = json.loads((CAPTURES / "clean" / "truth.json").read_text())["client"]["icmp"]["lost_runs"]
    for peer in guest.peers:
        assert peer.outage_ms is None
        assert peer.outage_low_ms is None or peer.outage_low_ms <= lost["outage_ms"]
        assert peer.outage_high_ms is None or peer.outage_high_ms >= lost["outage_ms"]
    assert "no peer was cut off" not in report.to_text()


def held_up(stem: str, begin: int, end: int) -> list[Packet]:
    """A capture that stood still from the one time to the other: it stamps what came meanwhile as it goes on."""
    packets, count = [], 0
    for packet in packets_of(FOLDER, stem):
        if begin < (packet.ts_ns or 0) < end:
            packets.append(packet._replace(ts_ns=end + 2_000 * count))
            count += 1
        else:
            packets.append(packet._replace(ts_ns=max(packet.ts_ns or 0, end + 2_000 * count)) if count else packet)
    return packets


def moved_beside(stem: str, before_ms: int, after_ms: int, folder: Path) -> Migration:
    """All guest points, one of which was held up from so long before the guest was announced to so long after it."""
    roles = {"src-uplink": "source", "src-guestbr": "domain:source", "dst-guestbr": "domain:destination"}
    roles |= {"gw-lan": "gateway", "client": "client"}
    points = {name: written(folder / f"{name}.pcap", packets_of(FOLDER, name)) for name in roles}
    came = packets_of(FOLDER, "dst-guestbr")[0].ts_ns or 0
    held = held_up(stem, came - before_ms * 1_000_000, came + after_ms * 1_000_000)
    points[stem] = written(folder / f"{stem}.pcap", held)
    (migration,) = vmpcap.report(points, roles=roles, guests=["10.77.0.10"]).migrations
    return migration


@pytest.mark.parametrize(("stem", "before_ms", "after_ms"), [("src-guestbr", 320, 200), ("client", 20, 300)])
def test_a_capture_that_was_held_up_accuses_nobody(stem: str, before_ms: int, after_ms: int, tmp_path: Path) -> None:
    """The guest ran at one place only, and its peers were cut off for as long as they are told without that point."""
    migration = moved_beside(stem, before_ms, after_ms, tmp_path)
    outcomes = {check.id: check.outcome for check in migration.checks}
    assert "fail" not in {outcomes["mac_flap"], outcomes["announced_too_early"]}
    (lost,) = json.loads((CAPTURES / FOLDER / "truth.json").read_text())["client"]["icmp"]["lost_runs"]
    (guest,) = migration.guests
    told = next(peer for peer in guest.peers if peer.protocol == "icmp")
    assert told.outage_ms is None or told.outage_ms == pytest.approx(lost["outage_ms"], abs=10.0)
    assert told.outage_ms is not None or f"the capture at {stem} was held up" in told.because


@pytest.mark.parametrize("by_ms", [1500, 300, -300])
def test_a_guest_that_comes_back_left_no_other_behind_where_its_host_s_clock_was_set(
    by_ms: int, tmp_path: Path
) -> None:
    """
    The source host's clock was set 1.5 s before the first of two moves: nothing compares the stream's clocks with those
    that see the guest. What the guest sends where it came back to is the second move's, and no second place.
    """
    situation = "there_and_back"
    roles = {"src-uplink": "source", "dst-uplink": "destination", "gw-lan": "gateway", "client": "client"}
    roles |= {"src-guestbr": "domain:source", "dst-guestbr": "domain:destination"}
    at = (packets_of(situation, "dst-guestbr")[0].ts_ns or 0) - 1_500_000_000
    points = {}
    for stem in roles:
        packets = packets_of(situation, stem)
        if stem.startswith("src"):
            packets = [p._replace(ts_ns=(p.ts_ns or 0) + by_ms * MS * ((p.ts_ns or 0) >= at)) for p in packets]
        points[stem] = written(tmp_path / f"{stem}.pcap", packets)
    report = vmpcap.report(points, roles=roles)
    assert len(report.migrations) == 2
    came_back = packets_of(situation, "gw-lan")
    for migration in report.migrations:
        (guest,) = migration.guests
        assert next(check.outcome for check in migration.checks if check.id == "mac_flap") != "fail"
        assert guest.switchover is not None
        tail = guest.switchover.stale_tail_ms
        assert tail is None or tail <= 500
        found = guest.switchover.bracket
        if found.from_point == "gw-lan" and found.from_frame is not None:
            own = came_back[found.from_frame - 1].ts_ns or 0
            assert found.from_ts is not None
            assert abs(ns_of(found.from_ts) - own) <= 2 * MS


@pytest.mark.parametrize("by_ms", [0, -300, 2000])
def test_what_was_sent_again_is_told_though_the_sender_s_clock_was_set(by_ms: int, tmp_path: Path) -> None:
    """Rates are measured at the destination then, which shows nothing of what was lost before."""
    roles = {"src-uplink": "source", "dst-uplink": "destination"}
    points = {stem: packets_of("lossy", stem) for stem in roles}
    at = points["src-uplink"][len(points["src-uplink"]) // 2].ts_ns or 0
    points["src-uplink"] = [
        p._replace(ts_ns=(p.ts_ns or 0) + by_ms * MS * ((p.ts_ns or 0) >= at)) for p in points["src-uplink"]
    ]
    files = {stem: written(tmp_path / f"{stem}.pcap", packets) for stem, packets in points.items()}
    (migration,) = vmpcap.report(files, roles=roles).migrations
    assert migration.point == ("src-uplink" if by_ms == 0 else "dst-uplink")
    told = next(check for check in migration.checks if check.id == "retransmissions")
    drops = (CAPTURES / "lossy" / "wan-drops.csv").read_text().splitlines()[1:]
    count = sum(",ab," in line and ",mig," in line for line in drops)
    assert told.outcome == "fail"
    assert f"{count} segments carried bytes seen before" in told.because


def at_the_gateway(folder: Path, after: int, by_ms: int) -> dict[str, tuple[float | None, str]]:
    """What the gateway's port alone tells of each protocol, its clock set by so much after that frame."""
    packets = [
        packet if number <= after else packet._replace(ts_ns=(packet.ts_ns or 0) + by_ms * MS)
        for number, packet in enumerate(packets_of(FOLDER, "gw-lan"), 1)
    ]
    points = {"gw-lan": written(folder / "gw-lan.pcap", packets)}
    (migration,) = vmpcap.report(points, roles={"gw-lan": "gateway"}, guests=["10.77.0.10"]).migrations
    (guest,) = migration.guests
    return {peer.protocol: (peer.outage_ms, peer.because) for peer in guest.peers}


@pytest.mark.parametrize("by_ms", [-80, -400, -1500])
def test_a_gateway_whose_clock_went_back_in_the_outage_tells_no_other_outage(by_ms: int, tmp_path: Path) -> None:
    """By more than the outage: its begin and end change places, and a pause of a second before was told for it."""
    found = at_the_gateway(tmp_path, AT, by_ms)
    assert set(found) == {"icmp", "tcp/7007"}
    for outage_ms, because in found.values():
        assert outage_ms is None
        assert "the clock at gw-lan stepped" in because


@pytest.mark.parametrize("by_ms", [-80, -400])
def test_a_gateway_whose_clock_went_back_long_after_tells_the_outage(by_ms: int, tmp_path: Path) -> None:
    """Two hundred frames later the guest had long been back."""
    whole, found = at_the_gateway(tmp_path, 0, 0), at_the_gateway(tmp_path, AT + 200, by_ms)
    assert set(found) == set(whole) == {"icmp", "tcp/7007"}
    for name, (outage_ms, _) in whole.items():
        assert outage_ms is not None
        assert found[name][0] == pytest.approx(outage_ms, abs=1.0)


def set_back_after(
    number: int, by_ms: int, folder: Path, *others: str, guests: Sequence[str] = ("10.77.0.10",)
) -> Migration:
    """What the gateway's port tells, whose clock went back after this frame, beside others that lack the stream."""
    packets = packets_of(FOLDER, "gw-lan")
    then = [p._replace(ts_ns=(p.ts_ns or 0) - by_ms * MS) for p in packets[number:]]
    points = {"gw-lan": written(folder / "gw-lan.pcap", [*packets[:number], *then])}
    points |= {name: written(folder / f"{name}.pcap", packets_of(FOLDER, name)) for name in others}
    roles = {"gw-lan": "gateway", "dst-guestbr": "domain:destination"}
    (migration,) = vmpcap.report(points, roles={name: roles[name] for name in points}, guests=guests).migrations
    return migration


@pytest.mark.parametrize(
    ("number", "by_ms", "others"),
    [
        (806, 60, ()),
        (806, 200, ()),
        (830, 120, ()),
        (846, 200, ()),
        (900, 1000, ()),
        (837, 5000, ()),
        (806, 1000, ("dst-guestbr",)),
    ],
)
def test_the_longest_silence_is_told_by_a_clock_that_went_on(
    number: int, by_ms: int, others: tuple[str, ...], tmp_path: Path
) -> None:
    """
    By one that went back, around frames 808 to 842, it looks shorter than a pause of 101 ms before, of five questions.

    The guest is announced in that silence and in no other. How long it was nothing tells.
    """
    (guest,) = set_back_after(number, by_ms, tmp_path, *others).guests
    assert guest.announcements.count == (1 if number == 837 else 5)  # the others are of before by that clock
    assert {peer.protocol for peer in guest.peers} == {"icmp", "tcp/7007"}
    for peer in guest.peers:
        assert (peer.outage_ms, peer.lost) == (None, None)
        assert "the clock at gw-lan" in peer.because
    assert guest.switchover.peer_outage_ms is None


@pytest.mark.parametrize(("number", "by_ms"), [(440, 200), (700, 20), (1400, 200)])
@pytest.mark.parametrize("guests", [("10.77.0.10",), ()], ids=["named", "announced"])
def test_a_clock_that_went_back_at_another_time_hides_no_silence(
    number: int, by_ms: int, guests: tuple[str, ...], whole: dict[str, float | None], tmp_path: Path
) -> None:
    """One of them went back in that pause of before."""
    migration = set_back_after(number, by_ms, tmp_path, guests=guests)
    assert migration.known_by == "silence"
    for peer in migration.guests[0].peers:
        assert peer.outage_ms == pytest.approx(whole[peer.protocol], abs=peer.interval_ms or 0)


def test_a_silence_in_which_the_clock_went_back_was_at_least_so_long(tmp_path: Path) -> None:
    """186 ms, less the 9 ms between two frames in which the clock went back."""
    migration = set_back_after(830, 120, tmp_path)
    assert migration.known_by == "silence"
    assert "silent there for at least 177 ms" in migration.guests[0].confidence_because
    assert "silent there for 186 ms" in set_back_after(440, 120, tmp_path).guests[0].confidence_because


@pytest.mark.parametrize(("number", "by_ms"), [(806, 200), (830, 120), (440, 120)])
def test_of_a_named_guest_that_nobody_announced_the_longest_silence_is_told(
    number: int, by_ms: int, whole: dict[str, float | None], tmp_path: Path
) -> None:
    """The same without its host's RARPs; where the clock went back in the pause of before, all is known."""
    packets = packets_of(FOLDER, "gw-lan")
    then = [p if n <= number else p._replace(ts_ns=(p.ts_ns or 0) - by_ms * MS) for n, p in enumerate(packets, 1)]
    points = {"gw-lan": written(tmp_path / "gw-lan.pcap", [p for p in then if ethertype(p) != RARP])}
    (migration,) = vmpcap.report(points, roles={"gw-lan": "gateway"}, guests=["10.77.0.10"]).migrations
    assert migration.known_by == "name"
    (guest,) = migration.guests
    assert "from frame 810 on" in guest.confidence_because or "from frame 809 on" in guest.confidence_because
    assert ("at least" in guest.confidence_because) is (number == 830)
    for peer in guest.peers:
        known = whole[peer.protocol] if number == 440 else None
        assert peer.outage_ms == (None if known is None else pytest.approx(known, abs=peer.interval_ms or 0))
