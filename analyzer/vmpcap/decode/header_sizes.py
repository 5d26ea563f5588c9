"""How long a header is, by one of its bytes: words of the steps table."""

from vmpcap.decode.words import (
    GRE_ROUTE,
    LABEL_STACK,
    LITTLE_COUNT,
    NFLOG_FIELDS,
    NFQUEUE_FIELDS,
    PPP_HEADER,
    REJECTED,
    TZSP_TAGS,
    Length,
)


def fixed(length: int) -> Length:
    """Always this long."""
    return Length(at=0, by_byte=(length,) * 256, needs=length)


def words(
    at: int, mask: int = 0xFF, base: int = 0, unit: int = 4, shift: int = 0, least: int = 0, version: int | None = None
) -> Length:
    """
    `base` bytes plus `unit` for each count in the masked and shifted byte at `at`.

    `version`: what the bits outside the mask must be; `least`: the shortest legal header.
    """

    def length(byte: int) -> int:
        total = base + ((byte & mask) >> shift) * unit
        wrong_version = version is not None and byte & ~mask & 0xFF != version
        return REJECTED if wrong_version or total < least else total

    return Length(at, tuple(length(byte) for byte in range(256)), needs=max(base, least, at + 1))


def flagged(at: int, base: int, adds: dict[int, int], never: int = 0) -> Length:
    """`base` bytes plus those that each set flag of the byte at `at` adds; `never`: flags that must be clear."""

    def length(byte: int) -> int:
        return REJECTED if byte & never else base + sum(add for bit, add in adds.items() if byte & bit)

    return Length(at, tuple(length(byte) for byte in range(256)), needs=base)


def fixed_if(length: int, at: int, mask: int, value: int) -> Length:
    """Always this long; the masked byte at `at` must be `value`."""
    by_byte = tuple(length if byte & mask == value else REJECTED for byte in range(256))
    return Length(at, by_byte, needs=max(length, at + 1))


def one_of(at: int, lengths: dict[int, int], other: int = REJECTED) -> Length:
    """As long as the byte at `at` says by this list; `other` where it is not in it."""
    known = [length for length in (*lengths.values(), other) if length != REJECTED]
    return Length(at, tuple(lengths.get(byte, other) for byte in range(256)), needs=max(min(known), at + 1))


def no_header() -> Length:
    """Nothing: the row only chooses among others."""
    return Length(at=0, by_byte=(0,) * 256, needs=1)


def little_count(at: int, least: int) -> Length:
    """As many bytes as the 16 bits at `at` say, low byte first; `least`: the shortest legal header."""
    return Length(at, by_byte=(LITTLE_COUNT,) * 256, needs=least)


def ppp_header() -> Length:
    """Address and control, unless they are compressed, and a protocol, unless its first byte is (RFC 1661 6.5, 6.6)."""
    return Length(at=0, by_byte=(PPP_HEADER,) * 256, needs=1)


def ppp_protocol_behind(base: int) -> Length:
    """`base` bytes, then a protocol of PPP: one byte where the first is odd, else two (RFC 1661 2)."""
    return Length(base, tuple(base + (1 if byte & 1 else 2) for byte in range(256)), needs=base + 1)


def gre_route() -> Length:
    """Checksum and offset, what the flags say, and entries up to the empty one (RFC 1701)."""
    return Length(at=0, by_byte=(GRE_ROUTE,) * 256, needs=12)


def tzsp_tags() -> Length:
    """Four bytes and tagged fields, where a packet follows at all: type 0 or 1."""
    return Length(at=1, by_byte=(TZSP_TAGS, TZSP_TAGS) + (REJECTED,) * 254, needs=5)


def nflog_fields() -> Length:
    """Type-length-value fields up to the value of the one that holds the packet."""
    return Length(at=0, by_byte=(NFLOG_FIELDS,) * 256, needs=8)


def nfqueue_fields() -> Length:
    """The same, of a message that hands a packet to a queue."""
    return Length(at=0, by_byte=(NFQUEUE_FIELDS,) * 256, needs=8)


def label_stack() -> Length:
    """Entries of four bytes up to and including the one with the bottom bit (RFC 3032 2.1)."""
    return Length(at=0, by_byte=(LABEL_STACK,) * 256, needs=4)
