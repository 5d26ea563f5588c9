"""Which of a guest's services had answered whom: a peer, a protocol and the guest's port, or all echoes of a peer."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.sightings import GuestFrames
from vmpcap.terms.wire import ECHOES

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
U16 = npt.NDArray[np.uint16]
Bools = npt.NDArray[np.bool_]

Service = tuple[int, int, int, int, bool]
"""The peer's address by its halves, the protocol, the guest's port, and whether it is an echo: then all of them."""

ASKS, ANSWERS = ({protocol: kinds[n] for protocol, *kinds in ECHOES} for n in (0, 1))

LATEST: Final = 3
"""An answer no older than so many requests of before says that a service was answered to the last."""


def services_asked(j: JournalColumns, rows: I64) -> list[Service]:
    """Of which services are these frames to the guest?"""
    return _services(j, rows, j.src_high, j.src_low, j.dst_port, ASKS)


def services_answering(j: JournalColumns, rows: I64) -> list[Service]:
    """Of which services are these frames of the guest?"""
    return _services(j, rows, j.dst_high, j.dst_low, j.src_port, ANSWERS)


def _services(
    j: JournalColumns, rows: I64, peer_high: U64, peer_low: U64, guest_port: U16, of_echoes: Mapping[int, int]
) -> list[Service]:
    is_echo = np.zeros(len(rows), np.bool_)
    for protocol, kind in of_echoes.items():
        is_echo |= (j.ip_protocol[rows] == protocol) & (j.icmp_type[rows] == kind)
    columns = (peer_high, peer_low, j.ip_protocol, guest_port)
    return list(zip(*(column[rows].tolist() for column in columns), is_echo.tolist(), strict=True))


def was_answered_before(j: JournalColumns, frames: GuestFrames, asked: I64, when: int) -> Bools:
    """
    Of which of these requests had the service been answered here before the switchover?

    Each run of ping has its own identifier: all echoes that a peer asks are one. Without that, silence is what a
    one-way sender (syslog, NetFlow) always meets, or the answers take a way that does not pass here.
    """
    answered = set(services_answering(j, frames.sent_ip[j.ts_ns[frames.sent_ip] <= when]))
    answered &= set(services_asked(j, frames.asked[j.ts_ns[frames.asked] <= when]))
    return np.array([service in answered for service in services_asked(j, asked)], np.bool_)


def answered_to_the_last(j: JournalColumns, frames: GuestFrames, when: int) -> set[Service]:
    """
    Which services were asked here before that time, and answered as long as the guest said anything?

    An answer may be to the last request or to one of those just before: more are not under way at once.
    """
    sent = frames.sent_ip[j.ts_ns[frames.sent_ip] <= when]
    if not len(sent):
        return set()
    asked = frames.asked[j.ts_ns[frames.asked] <= j.ts_ns[sent[-1]]]
    last = dict(zip(services_answering(j, sent), j.ts_ns[sent].tolist(), strict=True))
    questions: dict[Service, list[int]] = {}
    for service, ts in zip(services_asked(j, asked), j.ts_ns[asked].tolist(), strict=True):
        questions.setdefault(service, []).append(ts)
    return {service for service, times in questions.items() if last.get(service, -1) >= times[-LATEST:][0]}
