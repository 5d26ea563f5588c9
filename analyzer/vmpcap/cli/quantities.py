"""Rates, times and amounts as people write them on a command line."""

import re
from typing import Final

from vmpcap.terms.errors import RequestError

_NUMBER: Final = re.compile(r"(\d{1,12}(?:\.\d{1,9})?|\.\d{1,9})\s*([A-Za-z/]*)", re.ASCII)

PREFIXES: Final = {"k": 1e-3, "m": 1.0, "g": 1e3, "t": 1e6}
"""Of rates: how many Mbps one has."""
BITS: Final = ("bps", "bit/s", "bit")
"""How bits a second are written; with a capital B they would be bytes, eight times as much."""

UNITS: Final = {
    "rate": {
        "": 1.0,
        **dict.fromkeys(BITS, 1e-6),
        **{prefix + bits: mbps for prefix, mbps in PREFIXES.items() for bits in ("", *BITS)},
    },
    "time": {"": 1.0, "us": 1e-3, "ms": 1.0, "s": 1e3},
    "amount": {"": 1.0, "b": 1.0, "kb": 1e3, "mb": 1e6, "gb": 1e9, "kib": 1024.0, "mib": 1024.0**2, "gib": 1024.0**3},
}
"""What a unit makes of a number: Mbps of a rate, ms of a time, bytes of an amount. None is Mbps, ms, bytes."""

NEEDED: Final = {
    "rate": "a rate such as 622Mbps or 10Gbps",
    "time": "a time such as 5ms or 0.5s",
    "amount": "an amount such as 60MB or 512KiB",
}


def in_units(text: str, kind: str) -> float | None:
    """
    How many Mbps, ms or bytes are meant? None where it is no such thing, or a rate in bytes.

    >>> in_units("1 Gbit/s", "rate"), in_units("100MBps", "rate"), in_units(".5s", "time")
    (1000.0, None, 500.0)
    """
    found = _NUMBER.fullmatch(text.strip())
    if found is None or (kind == "rate" and "B" in found[2]):
        return None
    factor = UNITS[kind].get(found[2].lower())
    return None if factor is None else float(found[1]) * factor


def quantity(text: str, kind: str, option: str, least: float, most: float) -> float:
    """
    What is meant: Mbps, ms or bytes?

    Raises RequestError where it is no such thing, or outside the bounds.

    >>> quantity("2.5Gbps", "rate", "--rate", 0, 1e6), quantity("5 ms", "time", "--rtt", 0, 1e4)
    (2500.0, 5.0)
    """
    value = in_units(text, kind)
    if value is None:
        raise RequestError(f"{option} {text!r}: needed {NEEDED[kind]}")
    if not least <= value <= most:
        unit = {"rate": "Mbps", "time": "ms", "amount": "bytes"}[kind]
        raise RequestError(f"{option} {text!r}: needed something from {least:g} to {most:g} {unit}")
    return value
