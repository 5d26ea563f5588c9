"""LISP: to which locator do packets for the guest go since it registered at its new site?"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pytest

from tests.migration.make import GUEST_IP, PEER_IP, journal
from tests.migration.test_mechanisms import FINE, LOST, after, case, judged, lisp, point
from vmpcap.announcements.carriers import CarrierLog, CarrierRows
from vmpcap.decode.steps import STEPS
from vmpcap.migration.results import Mechanism
from vmpcap.migration.suffered import Suffered
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import ip_halves

ROUTER, CORE, INSTANCE = 0x0200_0000_0E01, 0x0200_0000_0E02, 7
OLD, NEW = "1.1.1.1", "2.2.2.2"
_NUMBER: Final = {step.name: n + 1 for n, step in enumerate(STEPS)}
PATH: Final = sum(_NUMBER[name] << (56 - 8 * n) for n, name in enumerate(("eth", "ip", "lisp", "ip")))


def sent(
    to: str,
    peers: list[Suffered],
    carriers: str = "lisp",
    beside: Sequence[PointView] = (),
    instance: int = INSTANCE,
) -> Mechanism:
    """Forty packets for the guest, carried to this locator from a second after the move on."""
    rows = journal(*((after(1000 + n * 100), ROUTER, CORE, PEER_IP, GUEST_IP) for n in range(40)))
    rows = rows._replace(vni=np.full_like(rows.vni, instance))
    outer = np.array([[*ip_halves("192.0.2.10"), *ip_halves(to)]], np.uint64)
    words = [np.array([one], np.uint64) for one in (ROUTER, CORE)]
    path = PATH if carriers == "lisp" else PATH - (_NUMBER["lisp"] << 40) + (_NUMBER["vxlan"] << 40)
    known = CarrierRows(
        rows.frame[:1], rows.ts_ns[:1], *words, rows.vni[:1].astype(np.int64), outer,
        rows.src_low[:1], rows.dst_low[:1],
        np.array([path], np.uint64), np.zeros(1, np.uint64),
    )  # fmt: skip
    log = CarrierLog()
    log._chunks.append(known)  # as the walk would have kept it
    said = [lisp(0, OLD), lisp(after(300), NEW), lisp(after(310), NEW, "notify")]
    found = judged("lisp", case(point("wan", "wan", said, journal=rows, carriers=log), *beside, peers=peers))
    assert found is not None
    return found


def test_packets_that_still_go_to_the_old_locator_fail_it_where_peers_are_lost() -> None:
    """Those of the first second after the registration may have been on their way."""
    found = sent(OLD, [LOST])
    assert found.worked == "no"
    assert "36 of 36 packets for it at wan still went to 1.1.1.1" in found.because
    assert sent(OLD, [FINE]).worked == "yes"
    bare = sent(OLD, [LOST], instance=-1)
    assert (bare.worked, "36 of 36 packets for it at wan still went to 1.1.1.1" in bare.because) == ("no", True)


@pytest.mark.parametrize(("to", "carriers"), [(NEW, "lisp"), (OLD, "vxlan")], ids=["new locator", "another overlay"])
def test_packets_to_the_new_locator_or_of_another_overlay_do_not(to: str, carriers: str) -> None:
    """Then the lost peers have another cause."""
    found = sent(to, [LOST], carriers)
    assert (found.worked, "still went to" in found.because) == ("undecided", False)
    assert ("went there from +1.0 s on, 700 ms after that" in found.because) == (to == NEW)
