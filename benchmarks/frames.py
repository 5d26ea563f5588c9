"""From events to the records of a pcap file: headers, checksums, payload, cut to the snap length."""

from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt
from events import ARP, ICMP, OFFER, RARP, SACK, STAMPS, TCP, UDP, Rows

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

EPOCH_S: Final = 1_780_000_000
"""When the captures begin: 2026-05-28."""

RECORD: Final = 16
ETHERNET: Final = 14
IPV4: Final = 20
LEAST_FRAME: Final = 60
BUFFER_BYTES: Final = 16_000_000

TCP_HEADER: Final = {STAMPS: 32, SACK: 44, OFFER: 40}
PAGES: Final = 64
PAGE_BYTES: Final = 9000
WINDOW_SCALE: Final = 7

_FIELDS: Final = (
    ("record_s", "<u4", 0), ("record_us", "<u4", 4), ("captured", "<u4", 8), ("wire", "<u4", 12),
    ("dst_mac_high", ">u2", 16), ("dst_mac_low", ">u4", 18), ("src_mac_high", ">u2", 22), ("src_mac_low", ">u4", 24),
    ("ethertype", ">u2", 28),
    ("ip_version", ">u2", 30), ("ip_total", ">u2", 32), ("ip_id", ">u2", 34), ("ip_fragment", ">u2", 36),
    ("ip_ttl_protocol", ">u2", 38), ("ip_sum", ">u2", 40), ("ip_src", ">u4", 42), ("ip_dst", ">u4", 46),
    ("src_port", ">u2", 50), ("dst_port", ">u2", 52),
    ("tcp_seq", ">u4", 54), ("tcp_ack", ">u4", 58), ("tcp_flags", ">u2", 62), ("tcp_window", ">u2", 64),
    ("tcp_sum", ">u2", 66), ("tcp_urgent", ">u2", 68),
    ("option_0", ">u4", 70), ("option_1", ">u4", 74), ("option_2", ">u4", 78), ("option_3", ">u4", 82),
    ("option_4", ">u4", 86), ("option_5", ">u4", 90),
    ("udp_length", ">u2", 54), ("udp_sum", ">u2", 56),
    ("icmp_type", ">u2", 50), ("icmp_sum", ">u2", 52), ("icmp_id", ">u2", 54), ("icmp_seq", ">u2", 56),
    ("arp_hardware", ">u2", 30), ("arp_protocol", ">u2", 32), ("arp_sizes", ">u2", 34), ("arp_operation", ">u2", 36),
    ("arp_sender_high", ">u2", 38), ("arp_sender_low", ">u4", 40), ("arp_sender_ip", ">u4", 44),
    ("arp_target_high", ">u2", 48), ("arp_target_low", ">u4", 50), ("arp_target_ip", ">u4", 54),
)  # fmt: skip
"""Where each field stands in a record, its pcap header included."""

_OPTION_WORDS: Final = ("option_0", "option_1", "option_2", "option_3", "option_4", "option_5")


def _layout(width: int) -> np.dtype[np.void]:
    names, formats, offsets = zip(*_FIELDS, strict=True)
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": width})


def _halves(values: Any) -> Ints:
    """The sum of the two 16-bit words of each 32-bit number."""
    wide: Ints = values.astype(np.int64)
    return (wide >> 16) + (wide & 0xFFFF)


def _checksum(total: Ints) -> Ints:
    """The Internet checksum of words that add up to this (RFC 1071)."""
    folded = (total & 0xFFFF) + (total >> 16)
    folded = (folded & 0xFFFF) + (folded >> 16)
    return (~folded) & 0xFFFF


class FrameWriter:
    """Writes events as a classic pcap of microseconds, and counts what it wrote."""

    def __init__(self, file: BinaryIO, flows: Rows, snaplen: int, largest_payload: int, seed: int) -> None:
        self.packets = self.wire_bytes = self.captured_bytes = 0
        self.first_us: int | None = None
        self.last_us: int | None = None
        self._file, self._flows, self._snaplen = file, flows, snaplen
        self._width = RECORD + min(snaplen, ETHERNET + IPV4 + max(TCP_HEADER.values()) + largest_payload)
        self._layout = _layout(self._width)
        self._rows = BUFFER_BYTES // self._width
        pages = np.random.default_rng(seed).integers(0, 256, (PAGES, PAGE_BYTES), dtype=np.uint8)
        pages[PAGES // 2 :, 64:] &= 0x0F  # a guest's memory is not all noise
        self._pages = pages
        words = pages[:, ::2].astype(np.int64) * 256 + pages[:, 1::2]
        self._page_sums = np.concatenate([np.zeros((PAGES, 1), np.int64), np.cumsum(words, axis=1)], axis=1)
        header = np.array([0xA1B2C3D4, 0x00040002, 0, 0, snaplen, 1], "<u4")
        file.write(header.tobytes())

    def write(self, events: Rows) -> None:
        """Append these, which are in the order of their time."""
        for begin in range(0, len(events), self._rows):
            self._write_some(events[begin : begin + self._rows])

    def _write_some(self, events: Rows) -> None:
        flows = self._flows[events["flow"]]
        buffer = np.zeros((len(events), self._width), np.uint8)
        record = np.ndarray(len(events), self._layout, buffer=buffer.data)
        protocol, back = flows["protocol"], events["back"] == 1
        for name, one, other in (("dst", "a", "b"), ("src", "b", "a")):
            address = np.where(back, flows[f"{one}_mac"], flows[f"{other}_mac"])
            record[f"{name}_mac_high"], record[f"{name}_mac_low"] = address >> np.uint64(32), address
        payload = events["payload_bytes"].astype(np.int64)
        page = (events["seq"].astype(np.int64) * 40503 >> 8) % PAGES  # resent bytes are the same bytes
        data_sum = self._page_sums[page, payload // 2] + np.where(
            payload & 1, self._pages[page, np.maximum(payload - 1, 0)].astype(np.int64) * 256, 0
        )
        header = np.full(len(events), 8, np.int64)
        is_tcp = protocol == TCP
        for options, size in TCP_HEADER.items():
            header[is_tcp & (events["options"] == options)] = size
        is_ip = protocol < ARP
        _put_ip(record, is_ip, flows, events, IPV4 + header + payload, self.packets)
        for number, put in ((TCP, _put_tcp), (UDP, _put_udp), (ICMP, _put_icmp)):
            which = protocol == number
            if which.any():
                put(record, which, flows, events, header + payload, data_sum)
        if not is_ip.all():
            _put_arp(record, ~is_ip, flows, events)
        for size in np.unique(header[payload > 0]):
            which = np.flatnonzero((header == size) & (payload > 0))
            begin = RECORD + ETHERNET + IPV4 + int(size)
            length = min(self._width - begin, int(payload[which].max()))
            if length > 0:
                buffer[which, begin : begin + length] = self._pages[page[which], :length]
        wire = np.where(is_ip, np.maximum(ETHERNET + IPV4 + header + payload, LEAST_FRAME), LEAST_FRAME)
        self._finish(buffer, record, np.floor(events["ts_us"]).astype(np.int64), wire)

    def _finish(self, buffer: Bytes, record: Any, ts_us: Ints, wire: Ints) -> None:
        captured = np.minimum(wire, self._snaplen)
        record["record_s"], record["record_us"] = EPOCH_S + ts_us // 1_000_000, ts_us % 1_000_000
        record["captured"], record["wire"] = captured, wire
        kept = np.arange(self._width) < (RECORD + captured)[:, None]
        self._file.write(buffer[kept].data)
        self.packets += len(wire)
        self.wire_bytes += int(wire.sum())
        self.captured_bytes += int(captured.sum())
        if self.first_us is None:
            self.first_us = int(ts_us[0])
        self.last_us = int(ts_us[-1])


def _put_ip(record: Any, which: Bools, flows: Rows, events: Rows, total: Ints, first_id: int) -> None:
    back = events["back"] == 1
    source = np.where(back, flows["b_ip"], flows["a_ip"])
    target = np.where(back, flows["a_ip"], flows["b_ip"])
    counter = first_id + np.arange(len(events))
    ident = np.where(flows["protocol"] == TCP, counter, events["seq"].astype(np.int64)) & 0xFFFF  # as sockets count
    ttl_protocol = (64 << 8) | flows["protocol"].astype(np.int64)
    words = 0x4500 + total + ident + 0x4000 + ttl_protocol + _halves(source) + _halves(target)
    for name, values in (
        ("ethertype", 0x0800), ("ip_version", 0x4500), ("ip_total", total), ("ip_id", ident), ("ip_fragment", 0x4000),
        ("ip_ttl_protocol", ttl_protocol), ("ip_sum", _checksum(words)), ("ip_src", source), ("ip_dst", target),
    ):  # fmt: skip
        record[name] = np.where(which, values, 0)


def _put_ports(record: Any, which: Bools, flows: Rows, events: Rows, length: Ints) -> Ints:
    """Write both ports; returns the sum of the pseudo header's words and of the ports."""
    one, back = flows[which], events["back"][which] == 1
    source, target = np.where(back, one["b_port"], one["a_port"]), np.where(back, one["a_port"], one["b_port"])
    record["src_port"][which], record["dst_port"][which] = source, target
    ports = source.astype(np.int64) + target
    total: Ints = _halves(one["a_ip"]) + _halves(one["b_ip"]) + one["protocol"] + length[which] + ports
    return total


def _put_tcp(record: Any, which: Bools, flows: Rows, events: Rows, length: Ints, data_sum: Ints) -> None:
    total = _put_ports(record, which, flows, events, length) + data_sum[which]
    one = events[which]
    size = np.array([TCP_HEADER[kind] for kind in (STAMPS, SACK, OFFER)], np.int64)[one["options"]]
    flags = (size // 4 << 12) | one["flags"].astype(np.int64)
    offers, sacks = one["options"] == OFFER, one["options"] == SACK
    mss = flows["mss"][which].astype(np.int64)
    words = [
        np.where(offers, 0x02040000 | mss, 0x0101080A),
        np.where(offers, 0x0402080A, one["stamp"]),
        np.where(offers, one["stamp"], one["echo"]),
        np.where(offers, one["echo"], np.where(sacks, 0x0101050A, 0)),
        np.where(offers, 0x01030300 | WINDOW_SCALE, one["sack_left"]),
        np.where(sacks, one["sack_right"], 0),
    ]
    for name, values in (("tcp_seq", one["seq"]), ("tcp_ack", one["ack"]), ("tcp_flags", flags)):
        record[name][which] = values
        total += _halves(values)
    record["tcp_window"][which] = one["window"]
    total += one["window"]
    for name, values in zip(_OPTION_WORDS, words, strict=True):
        record[name][which] = values
        total += _halves(values)
    record["tcp_sum"][which] = _checksum(total)


def _put_udp(record: Any, which: Bools, flows: Rows, events: Rows, length: Ints, data_sum: Ints) -> None:
    total = _put_ports(record, which, flows, events, length) + data_sum[which] + length[which]
    record["udp_length"][which] = length[which]
    record["udp_sum"][which] = _checksum(total)


def _put_icmp(record: Any, which: Bools, flows: Rows, events: Rows, length: Ints, data_sum: Ints) -> None:
    kind = events["flags"][which].astype(np.int64) << 8
    number = events["seq"][which].astype(np.int64) & 0xFFFF
    record["icmp_type"][which], record["icmp_id"][which], record["icmp_seq"][which] = kind, 0x4242, number
    record["icmp_sum"][which] = _checksum(kind + 0x4242 + number + data_sum[which])


def _put_arp(record: Any, which: Bools, flows: Rows, events: Rows) -> None:
    one, operation, back = flows[which], events["flags"][which], events["back"][which] == 1
    is_rarp = one["protocol"] == RARP
    sender = np.where(back, one["b_mac"], one["a_mac"])
    target = np.where(is_rarp, sender, np.where(operation == 2, np.where(back, one["a_mac"], one["b_mac"]), 0))
    sender_ip, target_ip = np.where(back, one["b_ip"], one["a_ip"]), np.where(back, one["a_ip"], one["b_ip"])
    for name, values in (
        ("ethertype", np.where(is_rarp, 0x8035, 0x0806)), ("arp_hardware", 1), ("arp_protocol", 0x0800),
        ("arp_sizes", 0x0604), ("arp_operation", operation), ("arp_sender_high", sender >> 32),
        ("arp_sender_low", sender & 0xFFFFFFFF), ("arp_sender_ip", sender_ip), ("arp_target_high", target >> 32),
        ("arp_target_low", target & 0xFFFFFFFF), ("arp_target_ip", target_ip),
    ):  # fmt: skip
        record[name][which] = values
