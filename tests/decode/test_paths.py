"""Paths as text."""

import pytest

from vmpcap.decode.paths import path_steps, path_text, written_ids
from vmpcap.decode.steps import STEPS

NUMBER = {step.name: number for number, step in enumerate(STEPS, start=1)}


def packed(*names: str) -> tuple[int, int]:
    whole = int.from_bytes(bytes(NUMBER[name] for name in names).ljust(16, b"\0"), "big")
    return whole >> 64, whole & (2**64 - 1)


def test_the_first_step_stands_first() -> None:
    """Eight steps in each half."""
    names = ("eth", "vlan", "ip", "udp", "vxlan", "eth", "vlan", "vlan", "ip", "gre", "ip", "tcp")
    assert path_steps(*packed(*names)) == names
    assert path_text(*packed("eth", "vlan", "ip", "udp", "vxlan", "eth", "rarp")) == "eth/vlan/ip/udp/vxlan/eth/rarp"


def test_no_step_is_an_empty_path() -> None:
    """A frame of an unknown link type."""
    assert path_text(0, 0) == ""


@pytest.mark.parametrize(
    ("names", "ids", "text"),
    [
        (("eth", "vlan", "ip", "udp", "vxlan", "eth", "rarp"), [10, 5001],
         "eth/vlan:10/ip/udp/vxlan:5001/eth/rarp"),
        (("eth", "vlan", "vlan", "arp"), [0, 4095], "eth/vlan:0/vlan:4095/arp"),
        (("eth", "ip", "udp", "lisp", "ip", "tcp"), [-1], "eth/ip/udp/lisp/ip/tcp"),
        (("eth", "vlan", "ip", "udp", "lisp", "ip"), [7, -1], "eth/vlan:7/ip/udp/lisp/ip"),
        (("eth", "ip", "udp", "otv", "eth"), [3, 9], "eth/ip/udp/otv:3:9/eth"),
        (("eth", "vlan", "mpls", "pw", "eth", "vlan"), [1, 2], "eth/vlan:1/mpls:2/pw/eth/vlan"),
        (("eth", "ip", "tcp"), [], "eth/ip/tcp"),
    ],
)  # fmt: skip
def test_ids_stand_behind_the_headers_that_gave_them(names: tuple[str, ...], ids: list[int], text: str) -> None:
    """In their order; nothing where a header has none (-1), or where the walk ended before it gave one."""
    assert path_text(*packed(*names), ids) == text


def test_what_changes_with_every_packet_is_no_part_of_a_path() -> None:
    """The session of ERSPAN III is, its hardware clock is not: all packets of a mirror have one path."""
    path = packed("eth", "ip", "gre", "erspan3", "eth", "vlan", "arp")
    flags = written_ids(*path)
    ids = [5] * len(flags)
    clock = len(flags) - 2
    assert [place for place, is_written in enumerate(flags) if not is_written] == [clock]
    texts = {path_text(*path, [*ids[:clock], stamp, *ids[clock + 1 :]]) for stamp in (1, 2)}
    assert len(texts) == 1
    assert texts.pop().endswith("/erspan3:5/eth/vlan:5/arp")
