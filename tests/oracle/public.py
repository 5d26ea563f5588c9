"""The public captures that lie beside a checkout, and what tshark says of each; read, never committed."""

import json
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from vmpcap.runs.requests import PointFiles, Request
from vmpcap.verdicts.profile import DEFAULT, load_profile

PUBLIC = Path(__file__).resolve().parents[3] / "shared" / "captures"

UNKNOWN_LINK_TYPES = {"tcpdump__lt195-802154.pcap", "pypcapng__pcapng-obsolete-packet-block.ntar"}
"""Link types that are not walked: every frame is counted as such, and none has a flow or an announcement."""

NOT_PCAP = {"tcptrace__not-pcap-snoop.snoop": "a snoop file, which tshark reads and a reader of pcap refuses"}


def captures(but_not: Collection[str] = ()) -> list[Any]:
    """Every capture with an oracle but these, or one skipped case where they are not here."""
    paths = sorted((PUBLIC / "oracle").glob("*.json"))
    skip = pytest.mark.skip(reason="the public captures are not beside this checkout")
    names = [path.name.removesuffix(".json") for path in paths]
    return [name for name in names if name not in but_not] or [pytest.param("none", marks=skip)]


def here(name: str) -> Path:
    """This capture, or a skipped test."""
    path = PUBLIC / name
    if not path.exists():
        pytest.skip("the public captures are not beside this checkout")
    return path


@cache
def oracle_of(name: str) -> dict[str, Any]:
    """What tshark says of this capture."""
    here(name)
    found: dict[str, Any] = json.loads((PUBLIC / "oracle" / f"{name}.json").read_text())
    return found


def request_of(name: str) -> Request:
    """A request for this capture alone."""
    return Request(points=(PointFiles("here", None, (str(here(name)),)),), profile=load_profile(DEFAULT))


def nanoseconds(text: str) -> int:
    """1700000000.000000007 as a whole number."""
    whole, _, fraction = text.partition(".")
    return int(whole) * 10**9 + int((fraction + "0" * 9)[:9])
