"""A way that worked late is no pass where its peers waited."""

import pytest

from tests.migration.make import suffered
from tests.migration.test_mechanisms import FINE, MOMENT, after, case, point
from tests.migration.test_otv_control import EDGE_A, EDGE_B, said
from vmpcap.migration.mechanisms.case import result
from vmpcap.migration.mechanisms.in_time import WITHIN_NS, say_if_late
from vmpcap.migration.mechanisms.otv_control import say_what_control_said
from vmpcap.terms.units import NS_PER_MS

WAITED = suffered(7_100.0, from_ts=MOMENT - 100 * NS_PER_MS, to_ts=after(7_000))


@pytest.mark.parametrize("name", [*WITHIN_NS, "stretched_vlan"])
def test_a_way_that_worked_late_is_no_pass_where_peers_waited(name: str) -> None:
    """7 s; not where nobody had asked, nor where something else has a limit of its own."""
    late = result(name, "yes", "it works", latency_ns=7_000 * NS_PER_MS)
    told = say_if_late(case(point("wan", "wan"), peers=[WAITED]), late)
    limited = name in WITHIN_NS
    assert (told.worked, "later than 5.0 s" in told.because) == ("undecided" if limited else "yes", limited)
    assert say_if_late(case(point("wan", "wan"), peers=[FINE]), late) == late
    assert say_if_late(case(point("wan", "wan"), peers=[]), late) == late
    soon = result(name, "yes", "it works", latency_ns=300 * NS_PER_MS)
    assert say_if_late(case(point("wan", "wan"), peers=[WAITED]), soon) == soon


@pytest.mark.parametrize(
    ("told_ms", "back_ms", "wanted"), [(6_900, 7_000, "no"), (300, 7_000, "yes"), (6_900, 200, "yes")]
)
def test_an_edge_that_told_late_failed_where_peers_waited_for_that(told_ms: int, back_ms: int, wanted: str) -> None:
    """Beside the guest's frames as well as where its LSPs alone are in view."""
    news = [said(0, EDGE_A, 3), said(after(80), EDGE_A, 4, "withdraw"), said(after(told_ms), EDGE_B, 7)]
    peer = suffered(back_ms + 100.0, from_ts=MOMENT - 100 * NS_PER_MS, to_ts=after(back_ms))
    carried = result("otv", "yes", "frames went there", latency_ns=back_ms * NS_PER_MS)
    told = say_what_control_said(case(point("wan", "wan", news), peers=[peer]), carried)
    assert (told.worked, "late, and its peers were cut off until then" in told.because) == (wanted, wanted == "no")
