"""Sizes as people write them."""

import re
from typing import Final

from vmpcap.terms.errors import RequestError

UNLIMITED: Final = "unlimited"
NO_LIMIT: Final = 1 << 62
"""More than any disk has."""
_SIZE: Final = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)\s*([KMGT]?)(?:i?B)?", re.IGNORECASE | re.ASCII)
_POWERS: Final = ("", "K", "M", "G", "T")


def size_bytes(text: str, option: str) -> int:
    """
    How many bytes are meant? K, M, G and T are powers of 1024.

    Raises RequestError where it is no size.

    >>> size_bytes("1.5GiB", "--max-unpacked")
    1610612736
    """
    if text.strip().lower() == UNLIMITED:
        return NO_LIMIT
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise RequestError(f"{option} {text!r}: needed a size (500M, 16G, a number of bytes) or `{UNLIMITED}`")
    return min(int(float(found[1]) * 1024 ** _POWERS.index(found[2].upper())), NO_LIMIT)
