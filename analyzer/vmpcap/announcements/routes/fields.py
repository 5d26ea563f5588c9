"""Reading fields that are there: what lies beyond the bytes is an error, never a zero."""

import ipaddress
import struct
from collections.abc import Iterator
from typing import Any


class Short(ValueError):
    """The bytes end before the field does, or a length leads nowhere."""


def part(data: bytes, at: int, size: int) -> bytes:
    """
    Which are these bytes?

    Raises
    ------
    Short
        They are not all there.
    """
    if at < 0 or size < 0 or at + size > len(data):
        raise Short(f"{size} bytes at {at} of {len(data)}")
    return data[at : at + size]


def fields(layout: struct.Struct, data: bytes, at: int) -> tuple[Any, ...]:
    """
    Which numbers and bytes stand here?

    Raises
    ------
    Short
        They are not all there.
    """
    return layout.unpack(part(data, at, layout.size))


def ipv4(data: bytes, at: int) -> str:
    """Which IPv4 address stands here?"""
    return str(ipaddress.IPv4Address(part(data, at, 4)))


def ipv6(data: bytes, at: int) -> str:
    """Which IPv6 address stands here?"""
    return str(ipaddress.IPv6Address(part(data, at, 16)))


def ip(data: bytes) -> str:
    """Which address are these 4 or 16 bytes? Empty where they are neither."""
    return str(ipaddress.ip_address(data)) if len(data) in (4, 16) else ""


def mac(data: bytes, at: int) -> str:
    """Which MAC stands here?"""
    return ":".join(f"{byte:02x}" for byte in part(data, at, 6))


def packed_prefix(data: bytes, at: int, length: int, size: int = 4) -> tuple[str, int]:
    """
    Which prefix of so many bits stands here in as few bytes as hold it, and where does it end?

    Raises
    ------
    Short
        It is longer than its address family allows, or not all there.
    """
    if length > size * 8:
        raise Short(f"a prefix of {length} bits")
    count = (length + 7) // 8
    address = part(data, at, count) + bytes(size - count)
    return f"{ipaddress.ip_address(address)}/{length}", at + count


def masked(address: bytes, mask: bytes) -> str:
    """
    Which prefix do an IPv4 address and a mask make?

    Raises
    ------
    Short
        The mask has holes.
    """
    bits = int.from_bytes(mask, "big")
    length = bits.bit_count()
    if bits != (0xFFFF_FFFF << (32 - length)) & 0xFFFF_FFFF:
        raise Short("a mask with holes")
    return f"{ipaddress.IPv4Address(address)}/{length}"


def tlvs(
    data: bytes, at: int, type_bytes: int, length_bytes: int, length_has_head: bool
) -> Iterator[tuple[int, bytes]]:
    """
    Which types and values follow each other here?

    Raises
    ------
    Short
        A length leads beyond the bytes, or nowhere.
    """
    head = type_bytes + length_bytes
    while at + head <= len(data):
        kind = int.from_bytes(data[at : at + type_bytes], "big")
        length = int.from_bytes(data[at + type_bytes : at + head], "big") - (head if length_has_head else 0)
        yield kind, part(data, at + head, length)
        at += head + length
