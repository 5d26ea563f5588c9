"""Routers that die in silence: when they were last heard, and how long their neighbours keep what they told."""

import struct
from dataclasses import replace

import pytest

from tests.migration.make import suffered
from tests.migration.test_mechanisms import FINE, GONE, LOST, NEW, OLD, after, case, judged, news, point
from vmpcap.announcements.control import ControlFrame, ControlLog
from vmpcap.announcements.routes.holds import hold_seconds, router_of_frame
from vmpcap.migration.results import Mechanism

NOTHING = ControlFrame("", 0, 0, 0x0200_0000_0001, "192.0.2.1", "", 0, 0, 0, -1, -1, 1, 0, b"", False)


def ospf_hello(router: str = "0a000002", dead: int = 40) -> bytes:
    """RFC 2328 A.3.2: version 2, type 1, 44 bytes, router id, area 0; mask, hello 10 s, options, priority, dead."""
    head = bytes.fromhex(f"0201002c{router}000000000000000000000000000000000000ffffff000a0201"[:72])
    return head[:24] + bytes.fromhex("ffffff00000a0201") + struct.pack(">I", dead) + bytes(8)


HELLOS = {
    "ospf": (ospf_hello(), 40, "10.0.0.2"),
    # opcode 5 behind version 2; parameters: type 1, 12 bytes, K1 = K3 = 1, hold 15 s
    "eigrp": (bytes.fromhex("0205" + "00" * 18 + "0001000c0100010000000" + "00f"), 15, "192.0.2.1"),
    # hello of level 1 on a LAN: 0x0f; circuit type 1, system 0000.0000.0002, holding time 30 s
    "isis": (bytes.fromhex("831b01000f010000" + "01" + "000000000002" + "001e" + "0000400000000000000201"), 30,
             "0000.0000.0002"),
    # OPEN: version 4, AS 65001, hold 9 s
    "bgp": (b"\xff" * 16 + bytes.fromhex("001d01" + "04fde9" + "0009" + "c0000201" + "00"), 9, "192.0.2.1"),
}  # fmt: skip


@pytest.mark.parametrize("name", HELLOS)
def test_each_protocol_tells_its_hold_time_and_who_speaks(name: str) -> None:
    """And a message cut anywhere tells none."""
    payload, hold, router = HELLOS[name]
    frame = replace(NOTHING, protocol=name, payload=payload)
    assert (hold_seconds(frame), router_of_frame(frame)) == (hold, router)
    for size in range(len(payload)):
        hold_seconds(replace(frame, payload=payload[:size]))
        router_of_frame(replace(frame, payload=payload[:size]))
    assert hold_seconds(replace(frame, payload=b"")) is None


def hellos(*times: int, name: str = "ospf", source: str = "192.0.2.1") -> ControlLog:
    """Hellos of the old router at these times."""
    known = {"protocol": name, "source": source, "payload": HELLOS[name][0]}
    return ControlLog(frames=[replace(NOTHING, ts_ns=ts, frame=n + 31, **known) for n, ts in enumerate(times)])


def told(log: ControlLog, withdrawn: bool = False, last_ts: int = after(60_000)) -> Mechanism:
    """What is said of OSPF where peers get no answer."""
    rows = [OLD, NEW, *([replace(GONE, ts_ns=after(38_000))] if withdrawn else [])]
    found = judged("ospf", case(point("wan", "wan", rows, control=log, last_ts=last_ts), peers=[LOST]))
    assert found is not None
    return found


BEFORE = [after(-10_000 * n) for n in (4, 3, 2, 1)]


def test_an_old_router_that_fell_silent_is_said_to_hold_others_until_its_dead_interval_ends() -> None:
    """Its last hello came before the move; it withdrew nothing itself."""
    found = told(hellos(*BEFORE))
    assert "router 10.0.0.2 was last heard -10.0 s (frame 34 at wan) and took nothing back" in found.because
    assert "until the dead interval of 40 s that it told ends" in found.because
    gone = told(hellos(*BEFORE), withdrawn=True)
    assert "it went 48.0 s after that" in gone.because


def test_a_router_that_speaks_on_or_a_short_view_is_no_silence() -> None:
    """Ten seconds without a hello every ten seconds tell nothing."""
    on = hellos(*BEFORE, *(after(10_000 * n) for n in range(6)))
    assert "was last heard" not in told(on).because
    assert "was last heard" not in told(hellos(*BEFORE), last_ts=after(5_000)).because
    assert "was last heard" not in told(hellos(*BEFORE[:2])).because


def test_a_session_of_few_keepalives_is_silent_for_long_by_its_hold_time() -> None:
    """Updates within a second, and then nothing for 50 s: of a hold time of 180 s no keepalive is due yet."""
    rows = [
        news(0, protocol="bgp", sender="192.0.2.1", origin="AS 65001"),
        news(after(60), protocol="bgp", sender="192.0.2.2", origin="AS 65002"),
    ]
    for payload, is_silent in ((HELLOS["bgp"][0], True), (b"", False)):
        log = hellos(*(after(-1_000 + 100 * n) for n in range(5)), name="bgp")
        log.frames = [replace(frame, payload=payload) for frame in log.frames]
        found = judged("bgp", case(point("wan", "wan", rows, control=log, last_ts=after(50_000)), peers=[LOST]))
        assert found is not None
        assert ("was last heard" in found.because) is is_silent


def test_who_takes_its_route_back_itself_did_not_die_in_silence() -> None:
    """A session that the neighbour ends is no word of the router; one that it ends itself is."""
    log = hellos(*BEFORE, after(-500), name="bgp")
    for frame, is_silent in ((35, False), (99, True)):
        rows = [
            news(0, protocol="bgp", sender="192.0.2.1", origin="AS 65001"),
            news(after(9_000), "withdraw", protocol="bgp", sender="192.0.2.1", frame=frame, reason="session closed"),
            news(after(60), protocol="bgp", sender="192.0.2.2", origin="AS 65002"),
        ]
        rows.sort(key=lambda row: row.ts_ns)
        found = judged("bgp", case(point("wan", "wan", rows, control=log, last_ts=after(60_000)), peers=[LOST]))
        assert found is not None
        assert ("AS 65001 was last heard -500 ms" in found.because) is is_silent
        assert ("hold time of 9 s" in found.because) is is_silent


@pytest.mark.parametrize(("lost", "wanted"), [(5_100, "undecided"), (30_000, "yes"), (None, "yes")])
def test_a_new_router_that_fell_silent_is_named_where_peers_were_lost_with_it(lost: int | None, wanted: str) -> None:
    """Its last hello came at +5 s, and it took nothing back: it was told as working without a word of that."""
    hello = ospf_hello("0a000003")
    log = hellos(*(after(n) for n in (-25_000, -15_000, -5_000, 5_000)))
    log.frames = [replace(frame, payload=hello, source="192.0.2.2") for frame in log.frames]
    peer = FINE if lost is None else suffered(900.0, ended=False, survived=None, from_ts=after(lost))
    rows = [OLD, NEW, replace(GONE, ts_ns=after(100))]
    found = judged("ospf", case(point("wan", "wan", rows, control=log, last_ts=after(60_000)), peers=[peer]))
    assert found is not None
    assert (found.worked, "router 10.0.0.3 was last heard +5.0 s" in found.because) == (wanted, wanted != "yes")
