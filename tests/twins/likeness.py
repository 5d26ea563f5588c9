"""How much do bytes look like a header? In bits: one for each halving of the chance that noise looks the same."""

from dataclasses import dataclass
from math import log2

WALKED_PROTOCOLS = {0, 1, 4, 6, 17, 41, 43, 44, 47, 50, 51, 58, 59, 60, 97, 115, 135, 137, 139, 140}
WALKED_TYPES = {
    *(0x8100, 0x88A8, 0x9100, 0x9200, 0x8847, 0x8848, 0x8864, 0x88E7, 0x88DE, 0x894F, 0x8903, 0x22F3),
    *(0x8926, 0x893F, 0x8909, 0x6558),
}

TAG_BYTES = {0x8100: 4, 0x88A8: 4, 0x9100: 4, 0x9200: 4, 0x8926: 6, 0x893F: 8, 0x8909: 8}
"""Types with another type at their end."""


@dataclass(frozen=True)
class Likeness:
    """Bits of evidence; none where it cannot be, or where nothing speaks for it."""

    bits: float


NOT_AT_ALL = Likeness(0)


def _length(claimed: int, left: int | None) -> float:
    """A length that leads exactly to the end is one of 65,536; one that leads less far is one of those that do."""
    if left is None:
        return log2(0x10000 / 9000)
    if claimed == left:
        return 12
    return max(0.0, log2(0x10000 / max(left, 1))) if claimed < left else 0  # no packet is longer than a length can say


def as_ipv4(here: bytes, left: int | None) -> Likeness:
    """An IPv4 header: RFC 791 3.1."""
    words = here[0] & 15 if here else 0
    if len(here) < 20 or here[0] >> 4 != 4 or words < 5:
        return NOT_AT_ALL
    total = int.from_bytes(here[2:4], "big")
    if 0 < total < 4 * words:
        return NOT_AT_ALL
    bits = 4.0
    if total:
        bits += _length(total, left)
    if here[9] in WALKED_PROTOCOLS:
        bits += log2(256 / len(WALKED_PROTOCOLS))
    header = here[: 4 * words]
    if len(header) == 4 * words:
        folded = sum(int.from_bytes(header[n : n + 2], "big") for n in range(0, len(header), 2))
        if folded and folded % 0xFFFF == 0:
            bits += 16
    return Likeness(bits)


def as_ipv6(here: bytes, left: int | None) -> Likeness:
    """An IPv6 header: RFC 8200 3."""
    if len(here) < 40 or here[0] >> 4 != 6:
        return NOT_AT_ALL
    bits = 4 + _length(40 + int.from_bytes(here[4:6], "big"), left)
    return Likeness(bits + (log2(256 / len(WALKED_PROTOCOLS)) if here[6] in WALKED_PROTOCOLS else 0))


def as_ethernet(here: bytes, left: int | None) -> Likeness:
    """An Ethernet header from a single sender, around something that looks like what its type says."""
    if len(here) < 14 or here[6] & 1:
        return NOT_AT_ALL
    kind, inside, bits = int.from_bytes(here[12:14], "big"), 14, 0.0
    for _ in range(4):
        if kind in TAG_BYTES and len(here) >= inside + TAG_BYTES[kind]:
            inside += TAG_BYTES[kind]
            kind = int.from_bytes(here[inside - 2 : inside], "big")
            bits += 16
    body = here[inside:]
    rest = None if left is None else left - inside
    if kind <= 1500:
        if rest is None or not 3 <= kind <= rest:
            return NOT_AT_ALL
        if kind == rest:
            return Likeness(bits + 16)
        return Likeness(bits + log2(0x10000 / rest)) if rest <= 46 else NOT_AT_ALL
    if kind in (0x0806, 0x8035):
        if len(body) < 6:
            return Likeness(bits + 16)
        return Likeness(bits + 64) if body[:6] == bytes.fromhex("000108000604") else NOT_AT_ALL
    if kind in (0x0800, 0x86DD):
        if len(body) < (20 if kind == 0x0800 else 40):
            return Likeness(bits + 16)
        found = as_ipv4(body, rest) if kind == 0x0800 else as_ipv6(body, rest)
        return Likeness(bits + 16 + found.bits) if found.bits else NOT_AT_ALL
    return Likeness(bits + log2(0x10000 / len(WALKED_TYPES))) if kind in WALKED_TYPES else NOT_AT_ALL
