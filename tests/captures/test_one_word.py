"""One word, one figure: among carved packets none is called a switchover of another length than the check's."""

import re

from tests.captures.situations import CAPTURES, report_of
from vmpcap.report.proof_frames import proof_frames

FOLDER = CAPTURES / "rarp_filtered"
LENGTH = re.compile(r"^m1: switchover\b[^:]*?([\d,.]+) ms")


def test_what_peers_felt_and_where_the_guest_moved_have_names_of_their_own() -> None:
    """Its peers were cut off for 1.25 s (the client's own count), and the guest was back long before."""
    words = {proof.words for proof in proof_frames(report_of(FOLDER))}
    assert {found[1] for said in words if (found := LENGTH.match(said))} == {"1,250"}
    assert any("peers were cut off for 1250 ms" in said for said in words)
    ends = {said for said in words if said.startswith("m1: bracket of the switchover ")}
    assert {said.split(" ms ")[1].split()[0] for said in ends} == {"begins", "ends"}
