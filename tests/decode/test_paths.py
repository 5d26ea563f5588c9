"""Paths as text."""

from vmpcap.decode.paths import path_steps, path_text
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
