"""OTV's IS-IS control: which edge says in an LSP that it has the guest's MAC, when, never, or two at once."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pytest

from tests.migration.make import GUEST, GUEST_IP, PEER_IP, S, journal
from tests.migration.test_mechanisms import FINE, LOST, after, case, judged, point
from vmpcap.announcements.carriers import CarrierLog, CarrierRows
from vmpcap.announcements.control import ControlFrame, ControlLog
from vmpcap.announcements.routes.rows import RouteNews
from vmpcap.decode.steps import STEPS
from vmpcap.migration.results import Mechanism
from vmpcap.terms.addresses import BROADCAST_MAC, ip_halves, mac_text

EDGE_A, EDGE_B, EDGE_GW = 0x0200_0000_0E0A, 0x0200_0000_0E0B, 0x0200_0000_0E0C
ADDRESSES: Final = {EDGE_A: "192.0.2.11", EDGE_B: "192.0.2.12", EDGE_GW: "192.0.2.13"}
ALL_ROUTERS: Final = 0x0180_C200_0014
_NUMBER: Final = {step.name: n + 1 for n, step in enumerate(STEPS)}
PATH: Final = sum(_NUMBER[name] << (56 - 8 * n) for n, name in enumerate(("eth", "ip", "otv", "eth")))


def said(ts: int, edge: int, sequence: int, action: str = "announce", mac: int = GUEST) -> RouteNews:
    """What an LSP of this edge says of the guest's MAC."""
    origin = f"0000.0000.00{edge & 0xFF:02x}.00-00"
    mine: dict[str, Any] = {"mac": mac_text(mac), "vni": 77, "sequence": sequence, "origin": origin}
    return RouteNews(5, ts, "isis", mac_text(edge) or "", action=action, reason="level 1", **mine)  # type: ignore[arg-type]


def frame(ts: int) -> ControlFrame:
    """Some IS-IS packet: there is something to hear."""
    return ControlFrame("isis", 9, ts, EDGE_GW, "", "", 0, 0, 0, -1, 77, 0, 0, b"", False)


def carriers(*ends: tuple[int, int, int, int]) -> CarrierLog:
    """(ns, MAC inside from, to, edge that it came from): to the gateway's edge, or from there."""
    log = CarrierLog()
    columns = list(zip(*ends, strict=True))
    outer = [
        [*ip_halves(ADDRESSES[edge]), *ip_halves(ADDRESSES[EDGE_GW if edge != EDGE_GW else EDGE_A])]
        for *_, edge in ends
    ]
    n = len(ends)
    log._chunks.append(
        CarrierRows(
            np.arange(n) + 1, np.array(columns[0], np.int64), np.array(columns[1], np.uint64),
            np.array(columns[2], np.uint64), np.full(n, 77), np.array(outer, np.uint64),
            np.zeros(n, np.uint64), np.zeros(n, np.uint64),
            np.full(n, PATH, np.uint64), np.zeros(n, np.uint64),
        )
    )  # fmt: skip
    return log


LSPS: Final = (
    (0, EDGE_A, BROADCAST_MAC, EDGE_GW),  # a machine behind another edge that has the MAC of this one
    *((0, edge, ALL_ROUTERS, edge) for edge in ADDRESSES),
)
HAD = said(0, EDGE_A, 3)
HAS = said(after(300), EDGE_B, 7)
TOOK_BACK = said(after(350), EDGE_A, 4, "withdraw")
STILL = said(after(5000), EDGE_A, 4)


def control(*news: RouteNews, peers: Sequence[Any] = (FINE,), heard: int = 60 * S) -> Mechanism | None:
    """What is said where only the edges' control is in view."""
    log = ControlLog(frames=[frame(heard)])
    return judged("otv", case(point("wan", "wan", news, carriers=carriers(*LSPS), control=log), peers=peers))


def test_the_new_edge_says_so_and_the_old_one_takes_it_back() -> None:
    """Each is told by its address outside, which the LSP itself does not name."""
    found = control(HAD, HAS, TOOK_BACK)
    assert found is not None
    assert (found.worked, found.latency_ms) == ("yes", 300)
    assert "192.0.2.12" in found.because
    assert "192.0.2.11 took it back +350 ms" in found.because
    assert control(HAD, HAS, TOOK_BACK, peers=[LOST]).worked == "undecided"  # type: ignore[union-attr]


def test_a_late_word_fails() -> None:
    """Until then the others sent to the old edge."""
    found = control(HAD, said(after(20_000), EDGE_B, 7), TOOK_BACK)
    assert found is not None
    assert (found.worked, found.latency_ms) == ("no", 20_000)


@pytest.mark.parametrize(("peers", "worked"), [((FINE,), "undecided"), ((LOST,), "no")])
def test_no_word_from_another_edge_or_two_at_once_fail_where_peers_are_lost(peers: Any, worked: str) -> None:
    """Else the guest may be behind the same edge still, or nobody was told yet."""
    never = control(HAD, STILL, peers=peers)
    both = control(HAD, HAS, STILL, peers=peers)
    assert never is not None
    assert both is not None
    assert (never.worked, both.worked) == (worked, worked)
    assert "no edge but 192.0.2.11" in never.because
    assert "both at once" in both.because


def test_what_nobody_could_have_heard_fails_nothing() -> None:
    """No IS-IS after the move in view; an old copy of an LSP; another's MAC; a first word without one before."""
    assert control(HAD, peers=[LOST], heard=0).worked == "undecided"  # type: ignore[union-attr]
    old_copy = said(after(400), EDGE_A, 3)
    assert control(HAD, HAS, TOOK_BACK, old_copy).worked == "yes"  # type: ignore[union-attr]
    assert control(said(0, EDGE_A, 3, mac=EDGE_GW)) is None
    assert control(HAS).worked == "undecided"  # type: ignore[union-attr]


GATEWAY: Final = 0x0200_0000_7701


def data(*news: RouteNews, stale: bool) -> Mechanism:
    """What is said where the guest's frames are in view too; stale: those for it go to the old edge on."""
    rows = journal(*((after(2000 + n * 100), GATEWAY, GUEST, PEER_IP, GUEST_IP) for n in range(30)))
    rows = rows._replace(vni=np.full_like(rows.vni, 77))
    log = carriers(
        *LSPS, (0, GUEST, GATEWAY, EDGE_A), (after(10), GUEST, GATEWAY, EDGE_B), (0, GATEWAY, GUEST, EDGE_GW)
    )
    if not stale:
        (chunk,) = log._chunks
        chunk.outer[-1, 2:] = ip_halves(ADDRESSES[EDGE_B])
        chunk.ts_ns[-1] = after(400)
    heard = ControlLog(frames=[frame(60 * S)])
    view = point("wan", "wan", news, journal=rows, carriers=log, control=heard)
    found = judged("otv", case(view, peers=[LOST] if stale else [FINE]))
    assert found is not None
    return found


def test_beside_the_guests_frames_the_control_says_why() -> None:
    """The data decide; who never said so, or says so still, is the reason."""
    found = data(HAD, STILL, stale=True)
    assert (found.worked, "no edge but 192.0.2.11" in found.because) == ("no", True)
    found = data(HAD, HAS, STILL, stale=True)
    assert (found.worked, "both at once" in found.because) == ("no", True)
    found = data(HAD, HAS, TOOK_BACK, stale=False)
    assert (found.worked, "192.0.2.12 said in an LSP" in found.because) == ("yes", True)
    assert data(HAD, HAS, STILL, stale=False).worked == "undecided"
    found = data(STILL, stale=True)
    assert "no edge but 192.0.2.11" in found.because  # it was behind that one, whoever heard its first LSP
    assert "LSP" not in data(stale=True).because


def guests(*rows: tuple[int, int, int, int], heard: Sequence[int], peers: Sequence[Any] = (LOST,)) -> Mechanism:
    """What is said where only frames of the guest itself are carried; IS-IS is heard at these times."""
    log = ControlLog(frames=[replace(frame(ts), eth_src=EDGE_B) for ts in heard])
    view = point("wan", "wan", [HAD], carriers=carriers(*LSPS, *rows), control=log, last_ts=60 * S)
    found = judged("otv", case(view, peers=peers))
    assert found is not None
    return found


BEHIND_B: Final = ((0, GUEST, BROADCAST_MAC, EDGE_A), (after(10), GUEST, BROADCAST_MAC, EDGE_B))


@pytest.mark.parametrize("heard", [(1,), (60 * S,)], ids=["its LSPs before", "any since"])
def test_an_edge_that_carries_the_guest_and_never_says_so_is_the_reason(heard: Sequence[int]) -> None:
    """Its RARP crosses behind the new edge, whose LSPs pass this point, and none has the guest's MAC."""
    found = guests(*BEHIND_B, heard=heard)
    assert (found.worked, "no edge but 192.0.2.11 said" in found.because) == ("no", True)


def test_no_word_is_missing_behind_the_same_edge_or_where_no_word_passes() -> None:
    """A guest that moved within its site needs none; a point that no LSP passes tells nothing; nor does a lost view."""
    here = ((0, GUEST, BROADCAST_MAC, EDGE_A), (after(10), GUEST, GATEWAY, EDGE_A))
    assert guests(*here, heard=(60 * S,)).worked == "undecided"
    assert guests(*BEHIND_B, heard=()).worked == "undecided"
    assert guests(*BEHIND_B, heard=(60 * S,), peers=[FINE]).worked == "undecided"
