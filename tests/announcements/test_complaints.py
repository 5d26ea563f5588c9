"""ICMP errors and resets of streams, from literal bytes."""

import struct

import numpy as np
import pytest

from vmpcap.announcements.complaints import Complaint, ComplaintLog
from vmpcap.decode.fragments import WholeWalker
from vmpcap.readers.sources import open_capture
from vmpcap.terms.wire import LINKTYPE_ETHERNET

ETHERNET = bytes.fromhex("005056000001 001b21000001 0800")
OUTER = bytes.fromhex("4500 0038 0001 0000 4001 0000 0a0a0101 0a0a010b")
INNER = bytes.fromhex("4500 05dc 0002 4000 4006 0000 0a0a010b 0a0a020c c350 1f40 00000007")


def log_of(tmp_path, *frames: bytes, streams: bool = True) -> ComplaintLog:  # type: ignore[no-untyped-def]
    """What a point keeps of these Ethernet frames."""
    path = tmp_path / "one.pcap"
    records = [struct.pack("<IIII", 1, n, len(f), len(f)) + f for n, f in enumerate(frames)]
    path.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, LINKTYPE_ETHERNET) + b"".join(records))
    log, walker = ComplaintLog(), WholeWalker(64)
    with open_capture(str(path), batch_records=64) as capture:
        for batch in capture.batches():
            whole, walked = walker.walk(batch)
            log.collect(whole, walked, None, np.full(len(walked.ts_ns), streams))
    return log


def icmp(head: str, quoted: bytes = INNER) -> bytes:
    return ETHERNET + OUTER + bytes.fromhex(head) + quoted


def test_too_big_says_which_packet_and_what_would_pass(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """Type 3, code 4: the next hop's MTU is in the second half of the second word (RFC 1191 section 4)."""
    (error,) = log_of(tmp_path, icmp("0304 0000 0000 0578")).errors
    assert error == Complaint(
        1, 1_000_000_000, 0x001B21000001, "10.10.1.1", 4, 3, 4, 1400, "", "10.10.1.11", "10.10.2.12", 6, 50000, 8000
    )


def test_a_redirect_names_the_better_router(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """Type 5: its address is the second word (RFC 792)."""
    (error,) = log_of(tmp_path, icmp("0501 0000 0a0a0102")).errors
    assert (error.kind, error.code, error.gateway, error.mtu) == (5, 1, "10.10.1.2", 0)


@pytest.mark.parametrize("code", [0, 1, 13])
def test_unreachables_keep_their_code(tmp_path, code: int) -> None:  # type: ignore[no-untyped-def]
    """Network, host, filter; no MTU in any of them."""
    (error,) = log_of(tmp_path, icmp(f"03{code:02x} 0000 0000 0578")).errors
    assert (error.code, error.mtu, error.gateway) == (code, 0, "")


def test_echoes_and_cut_quotations_are_no_complaints(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """Of a quotation shorter than an IP header nothing is known."""
    assert log_of(tmp_path, icmp("0800 0000 0001 0001"), icmp("0301 0000 0000 0000", INNER[:19])).errors == []
    (error,) = log_of(tmp_path, icmp("0301 0000 0000 0000", INNER[:20])).errors
    assert (error.source_port, error.target_port) == (0, 0)


def test_packet_too_big_of_ipv6(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """ICMPv6 type 2: the MTU is the whole second word (RFC 4443 section 3.2)."""
    a, b, router = (bytes.fromhex(f"fd0000000000000000000000000000{n}") for n in ("0b", "0c", "01"))
    quoted = bytes.fromhex("60000000 0014 06 40") + a + b + bytes.fromhex("c350 1f40 00000007")
    body = bytes.fromhex("0200 0000 00000514") + quoted
    frame = ETHERNET[:12] + bytes.fromhex("86dd 60000000") + struct.pack(">HBB", len(body), 58, 64) + router + a + body
    (error,) = log_of(tmp_path, frame).errors
    assert (error.version, error.kind, error.mtu, error.sender) == (6, 2, 1300, "fd00::1")
    assert (error.source, error.target, error.source_port, error.target_port) == ("fd00::b", "fd00::c", 50000, 8000)


def test_resets_are_kept_of_streams_only(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """With their TTL, which says who sent them."""
    head = bytes.fromhex("4500 0028 0002 4000 f006 0000 0a0a020c 0a0a010b")
    frame = ETHERNET + head + bytes.fromhex("1f40 c350 00000007 00000000 5004 0000 0000 0000")
    (reset,) = log_of(tmp_path, frame).resets
    assert (reset.source, reset.source_port, reset.target_port, reset.ttl) == ("10.10.2.12", 8000, 50000, 240)
    assert log_of(tmp_path, frame, streams=False).resets == []
