"""The table: every row is walked by some frame, and says what its document says."""

import pytest

from tests.decode.examples import EXAMPLES, RARP, Example
from tests.decode.frames_of import walk_one
from vmpcap.decode.steps import STEPS


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_every_example_is_walked_the_way_it_was_built(example: Example) -> None:
    """The path names the headers in the order in which they were put on."""
    assert walk_one(example.frame, link_type=example.link_type)["path"] == example.path


def test_every_row_has_an_example() -> None:
    """A row that no frame walks is not known to work; one that only chooses is walked by what it chose."""
    walked = {name for example in EXAMPLES for name in example.path.split("/")}
    assert walked == {step.name for step in STEPS if not step.chooses}
    assert {candidate.step for step in STEPS for candidate in step.chooses} <= walked


def test_an_example_is_one_of_the_row_that_it_is_kept_under() -> None:
    """And each row has one of its own."""
    assert all(example.row in example.path.split("/") for example in EXAMPLES)
    assert {example.row for example in EXAMPLES} == {step.name for step in STEPS if not step.chooses}


@pytest.mark.parametrize(
    ("outer", "path", "vni"),
    [
        # RFC 7348 5: flags, reserved, VNI 5001, reserved
        ("08000000 00138900", "eth/ip/udp/vxlan/eth/rarp", 5001),
    ],
)
def test_a_rarp_inside_vxlan_is_found(outer: str, path: str, vni: int) -> None:
    """Literal bytes: Ethernet, IPv4, UDP 4789, VXLAN, then the announcement as a hypervisor sends it."""
    inner = bytes.fromhex(outer) + RARP
    udp = bytes.fromhex("c000 12b5") + (8 + len(inner)).to_bytes(2, "big") + b"\0\0" + inner
    ip = (
        bytes.fromhex("4500")
        + (20 + len(udp)).to_bytes(2, "big")
        + bytes.fromhex("0001 0000 4011 0000 0a000001 0a000002")
    )
    row = walk_one(bytes.fromhex("020000000002 020000000001 0800") + ip + udp)
    assert (row["path"], row["vni"], row["stop"]) == (path, vni, "complete")
    assert (row["eth_src"], row["eth_dst"]) == ("00:50:56:9a:12:34", "ff:ff:ff:ff:ff:ff")
    assert row["ethertype"] == 0x8035
    assert (row["ip_version"], row["src_port"]) == (0, 0)
