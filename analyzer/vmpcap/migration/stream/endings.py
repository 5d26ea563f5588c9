"""How a stream ended, and what its last bytes and packets say about the migration."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from vmpcap.measures.connections import Side
from vmpcap.migration.stream.moves import Sighting
from vmpcap.migration.stream.transfers import Link, Transfer
from vmpcap.terms.units import NO_TIME, NS_PER_MS, NS_PER_S, count_of

Ending = Literal["completed", "aborted", "unfinished", "wordless", "truncated", "orderly", "unknown"]
"""
unfinished: fell silent although the hypervisor closes its stream at the end, or closed without the last words that it
sends; alone, that is an abort. wordless: closed, and its last words may stand further back in a super-segment, or be
the text that is there; alone, that is unknown.
"""

QEMU_SHUT_OK: Final = bytes.fromhex("0001000400000000")
"""The destination's last word on QEMU's return path: message 1 (shut), four bytes, value 0 (migration/savevm)."""

QEMU_SHUT_HEAD: Final = QEMU_SHUT_OK[:4]

QEMU_HEADER: Final = 8
"""Bytes of QEMU's magic and version; a first section follows in the same write."""

STALL_NS: Final = 3 * NS_PER_S
"""No byte acknowledged for this long while data was resent: the stream had stopped."""

JSON: Final = re.compile(rb'"[:,}\]]|[\[{ ,:]"|^"|"$')
"""A quote where JSON has one: sixteen bytes of QEMU's device description always hold one, prose seldom does."""

USUAL_MSS: Final = 1460
"""What a segment holds at most where no SYN said it: Ethernet's 1,500 bytes."""

CLOSED_AT_THE_END: Final = ("qemu", "multifd")
"""Streams whose hypervisor is known to close its connections when it is done."""

LATE_NS: Final = 500 * NS_PER_MS
"""A sender in mid-stream does not pause for so long, with all of its data acknowledged."""

CUT_NS: Final = 500 * NS_PER_MS
"""A capture that ends this soon after the stream's last packet may have been stopped before the stream was."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the stream alone says of its end."""

    ending: Ending
    because: str
    frames: tuple[int, ...] = ()


def _never_established(sighting: Sighting) -> Verdict | None:
    transfer = sighting.transfer
    if transfer.established:
        return None
    syns = tuple(f for link in transfer.links if (f := link.data.syn_frame) is not None)
    refused = next((link for link in transfer.links if link.back.rst_frame is not None), None)
    where = f"{transfer.destination} port {transfer.links[0].port}"
    if refused is not None and refused.back.rst_frame is not None:
        frames = (*syns, refused.back.rst_frame)
        return Verdict(
            "aborted", f"{where} answered the connection attempt with a reset: nothing listens there", frames
        )
    if any(link.back.syn_ts is not None for link in transfer.links):
        return Verdict("unknown", f"the connection to {where} was opened but carried no data, as a probe does", syns)
    tried = f"{count_of(len(syns), 'connection attempt')} to {where} went unanswered{_tried(transfer)}"
    return Verdict("aborted", tried, syns)


def _tried(transfer: Transfer) -> str:
    """How often and for how long was it asked, where more than once? A SYN is sent again until the host gives up."""
    sent = sum(link.data.packets for link in transfer.links)
    if sent <= len(transfer.links) or NO_TIME in (transfer.start_ts, transfer.end_ts):
        return ""
    return f": {sent} SYNs in {(transfer.end_ts - transfer.start_ts) / NS_PER_S:.1f} s"


def _ended_by_qemu(sighting: Sighting) -> Verdict | None:
    """QEMU says at the end of its stream whether it came to its end; readable unless encrypted or cut too short."""
    transfer = sighting.transfer
    if transfer.magic != "qemu":
        return None
    main = _main_channel(transfer)
    shut = main.back.closing
    if shut.startswith(QEMU_SHUT_HEAD) and len(shut) >= len(QEMU_SHUT_OK):
        frames = _frames(main.back.last_data_frame)
        if shut.startswith(QEMU_SHUT_OK):
            return Verdict("completed", "the destination closed QEMU's return path with success", frames)
        return Verdict("aborted", "the destination closed QEMU's return path with an error", frames)
    if main.data.fin_ts is None or len(main.data.closing) < len(QEMU_SHUT_OK):
        return None
    frames = _frames(main.data.last_data_frame)
    if _is_description(main.data.closing):
        return Verdict("completed", "the stream ends with the device description that QEMU sends last", frames)
    because = "the stream was closed, and its last segment does not begin in the device description QEMU ends with"
    if not _goes_on_as_qemu(main):
        because += "; but it opens with QEMU's magic alone, as QEMU does not: its last words may be others too"
        return Verdict("wordless", because, frames)
    if _is_text(main.data.closing) or main.data.max_payload_bytes > (main.back.mss or main.data.mss or USUAL_MSS):
        return Verdict("wordless", because, frames)
    return Verdict("unfinished", because, frames)


def _reset(sighting: Sighting) -> Verdict | None:
    transfer = sighting.transfer
    main = _main_channel(transfer)
    for link in transfer.links:
        if not link.data.payload_bytes and link is not main:
            continue  # a control connection or a probe: the memory went elsewhere
        for side, who in ((link.back, link.destination), (link.data, link.source)):
            if side.rst_frame is None:
                continue
            if link.data.fin_ts is not None and link.data.acked_bytes >= link.data.unique_bytes:
                continue  # everything had arrived and the sender had closed: the reset only tidied up
            return Verdict("aborted", f"{who} reset the connection {_when_reset(link, side)}", (side.rst_frame,))
    return None


def _when_reset(link: Link, side: Side) -> str:
    """Between which data was it reset: of what was sent, or after all that was sent had arrived?"""
    sent = link.data
    is_all = 0 < sent.unique_bytes <= sent.acked_bytes
    late = None if sent.last_data_ts is None or side.rst_ts is None else side.rst_ts - sent.last_data_ts
    if not is_all or late is None or late < LATE_NS:
        return "in mid-stream"
    after = f"{late / NS_PER_S:.1f} s after the last data"
    return f"{after}, all of which had been acknowledged, and before it was closed"


def _stalled(sighting: Sighting) -> Verdict | None:
    """Did the sender resend and resend, with nothing acknowledged, until the end of the view?"""
    for link in sighting.transfer.links:
        series = link.data.series
        if series is None or not link.data.retransmissions or link.data.fin_ts is not None:
            continue
        if not link.back.packets:
            continue  # acknowledgements go another way: that none is in view says nothing
        last_ack = max((i for i, size in enumerate(series.acked_bytes) if size), default=0)
        last_resent = max((i for i, size in enumerate(series.resent_bytes) if size), default=-1)
        silent = (last_resent - last_ack) * series.width_ns
        if silent >= STALL_NS:
            return Verdict(
                "aborted",
                f"nothing was acknowledged in the stream's last {silent / NS_PER_S:.1f} s although data was resent",
                _frames(link.data.last_data_frame),
            )
    return None


def _orderly(sighting: Sighting) -> Verdict | None:
    links = [link for link in sighting.transfer.links if link.data.payload_bytes]
    if not links or any(link.data.fin_ts is None for link in links):
        return None
    frames = tuple(f for link in links if (f := link.data.fin_frame) is not None)
    if any(link.data.acked_bytes < link.data.unique_bytes for link in links if link.back.packets):
        return Verdict("unknown", "the sender closed the stream before all of it was acknowledged", frames)
    return Verdict("orderly", "the sender closed the stream and all of it was acknowledged", frames)


def _cut(sighting: Sighting) -> Verdict | None:
    view, transfer = sighting.view, sighting.transfer
    if NO_TIME in (view.last_ts, transfer.end_ts):
        return Verdict("unknown", "the capture gives no times: nobody can say whether it went on after the stream")
    if view.truncated:
        cut = "the reading was stopped" if view.stopped else "the capture file is cut"
        return Verdict("truncated", f"{cut} while the stream runs")
    if view.last_ts - transfer.end_ts <= CUT_NS:
        return Verdict("truncated", "the capture ends while the stream runs")
    silent = (view.last_ts - transfer.end_ts) / NS_PER_S
    if silent < STALL_NS / NS_PER_S:
        return None
    because = f"the stream fell silent without being closed, {silent:.1f} s before the capture's end"
    links = [link for link in transfer.links if link.data.payload_bytes and link.back.packets]
    if not links and transfer.magic not in CLOSED_AT_THE_END:
        return Verdict("unknown", f"{because}; acknowledgements are not in view")
    acked = bool(links) and all(link.data.acked_bytes >= link.data.unique_bytes for link in links)
    if acked and transfer.magic not in CLOSED_AT_THE_END:
        return Verdict("unknown", f"{because}, with all of it acknowledged")
    return Verdict("unfinished", because)


ENDINGS: Final[tuple[Callable[[Sighting], Verdict | None], ...]] = (
    _never_established,
    _ended_by_qemu,
    _reset,
    _stalled,
    _orderly,
    _cut,
)
"""What is asked about a stream's end, in this order; the first answer stands."""


def read_ending(sighting: Sighting) -> Verdict:
    """How did this point see the stream end?"""
    for question in ENDINGS:
        answer = question(sighting)
        if answer is not None:
            return answer
    return Verdict("unknown", "the stream's last packets are neither a close nor a reset")


def _main_channel(transfer: Transfer) -> Link:
    """QEMU's main channel opens with its magic; the others only carry pages."""
    return next((link for link in transfer.links if link.data.opening.startswith(b"QEVM")), transfer.links[0])


def _goes_on_as_qemu(main: Link) -> bool:
    """
    Is the first segment more than a header, as QEMU writes it?

    Where it shows no more than the header though the capture keeps more of a segment, it held no more.
    """
    return len(main.data.opening) > QEMU_HEADER or len(main.data.closing) <= QEMU_HEADER


def _is_description(closing: bytes) -> bool:
    """Are these bytes from QEMU's device description, which is JSON? A guest's page of JSON looks the same."""
    return _is_text(closing) and JSON.search(closing) is not None


def _is_text(closing: bytes) -> bool:
    return all(32 <= byte < 127 for byte in closing)


def _frames(*numbers: int | None) -> tuple[int, ...]:
    return tuple(n for n in numbers if n is not None)
