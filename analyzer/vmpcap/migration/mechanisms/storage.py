"""Storage and logging of the hosts around a move: iSCSI and NFS over VMkernel, Fault Tolerance (domain notes 4.16)."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.flows.streams import HTTP, recognise
from vmpcap.measures.connections import Connection
from vmpcap.migration.mechanisms.case import Case, result, sighted, since, span
from vmpcap.migration.mechanisms.hosts import Spoken, host_at, is_untouched, spoken_at
from vmpcap.migration.moved import on_point, on_reference
from vmpcap.migration.results import Mechanism
from vmpcap.migration.stream.ends import End
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import ip_halves
from vmpcap.terms.host_ports import FAULT_TOLERANCE, STORAGE
from vmpcap.terms.units import NS_PER_MS, NS_PER_S

ENDS: Final[tuple[End, End]] = ("source", "destination")
ISCSI: Final = 3260
WITHIN_NS: Final = 10 * NS_PER_S
"""A guest that runs reads or writes sooner than this; a host's connection to its storage stands ready."""
MUCH_LONGER: Final = 4
LEAST_LONGER_NS: Final = NS_PER_MS
"""A round trip that is so many times another, and this much longer, is that of another way."""
LEAST_SAMPLES: Final = 3
SETTLED_NS: Final = NS_PER_S
LEAST_IO_BYTES: Final = 4096
"""Less than a block is no guest's I/O, but a question whether the other is there."""
COMPARED_NS: Final = 10 * NS_PER_S
"""So long before and after the switchover volumes are compared."""


def judge_ip_storage(case: Case, name: str) -> Mechanism | None:
    """Did the guest's I/O move to the destination host, to the same storage, at the same distance?"""
    ends = _to_one_target(case)
    if ends is None:
        return None
    old, new = ends
    kind = "iSCSI" if new[0].port == ISCSI else "NFS"
    what = f"{kind} of both hosts to {new[0].peer}"
    seen = sighted([_first(old[0]), _first(new[0])])
    first = _first_io(case, new)
    if first is None:
        waited = case.after(min(on_reference(s.view, s.view.last_ts) for s in new))
        if waited <= 0:
            points = " and ".join(sorted({s.view.name for s in new}))
            because = f"{what}: no frame of any kind is in view after the switchover at {points}, beside the new host"
            return result(name, "undecided", because, seen)
        because = f"{what}: no I/O of the destination host in the {span(waited)} after the switchover"
        failed = waited > WITHIN_NS and all(s.view.journal_complete for s in new) and case.cut_off
        return result(name, "no" if failed else "undecided", because, seen)
    latency = case.after(first)
    because = (
        f"{what}: the destination host reads or writes {since(latency)} after the switchover{_volumes(case, old, new)}"
    )
    before, later = _trip_ns(old), _trip_ns(new)
    if before is None or later is None:
        because += "; how far the storage is from each host is not in view"
        return result(name, "undecided", because, seen, latency)
    because += f"; a round trip to it takes {before / NS_PER_MS:.2f} ms from the source host and"
    because += f" {later / NS_PER_MS:.2f} ms from the destination host"
    if later >= MUCH_LONGER * before and later - before >= LEAST_LONGER_NS:
        return result(name, "no", f"{because}: the guest's disk is far away now", seen, latency)
    closed = sum(side.zero_windows for s in new for side in s.connection.sides)
    because += f"; {closed} closed windows" if closed else ""
    return result(name, "undecided" if closed else "yes", because, seen, latency)


def _to_one_target(case: Case) -> tuple[list[Spoken], list[Spoken]] | None:
    """The connections of both hosts to the target that the destination host says most to; None where there is none."""
    if case.move is None:
        return None
    by_target: dict[str, tuple[list[Spoken], list[Spoken]]] = {}
    for number, end in enumerate(ENDS):
        for spoken in _of_host(case, end):
            by_target.setdefault(spoken.peer, ([], []))[number].append(spoken)
    both = [ends for ends in by_target.values() if all(ends)]
    return max(both, key=lambda ends: sum(_payload(s.connection) for s in ends[1]), default=None)


def _volumes(case: Case, old: Sequence[Spoken], new: Sequence[Spoken]) -> str:
    """What both hosts read and wrote shortly before and after, in words; empty where not every frame is in view."""
    words = []
    for host, spoken in (("source", old), ("destination", new)):
        rows = [(one.view, _data_rows(one)) for one in spoken]
        if any(found is None for _, found in rows):
            return ""
        before = later = 0
        for view, found in rows:
            when, j = on_point(view, case.moment), view.journal
            ts, size = j.ts_ns[found], j.payload_bytes[found]
            before += int(size[(ts < when) & (ts >= when - COMPARED_NS)].sum())
            later += int(size[(ts >= when) & (ts < when + COMPARED_NS)].sum())
        words.append(f"the {host} host {before:,} and {later:,}")
    return f" (payload bytes in 10 s before and after: {', '.join(words)})"


def _of_host(case: Case, end: End) -> Iterator[Spoken]:
    """
    Connections of the host at this end to storage.

    What a machine that is no guest says at the point beside the host's NIC is the host's; elsewhere its address or
    card must be known.
    """
    host, rival = host_at(case, end), host_at(case, ENDS[1 - ENDS.index(end)])
    for view in case.views:
        for spoken in spoken_at(case, view, STORAGE):
            if spoken.port in STORAGE and (host.is_at(spoken) or (view.role == end and not rival.is_at(spoken))):
                yield spoken


def _payload(connection: Connection) -> int:
    return sum(side.payload_bytes for side in connection.sides)


def _first(spoken: Spoken) -> tuple[PointView, int]:
    return spoken.view, spoken.connection.first_frame


def _first_io(case: Case, spoken: Sequence[Spoken]) -> int | None:
    """When, on the reference clock, did these connections first carry a block since the switchover?"""
    times = []
    for one in spoken:
        when, rows = on_point(one.view, case.moment), _data_rows(one)
        if rows is None:
            starts = [s.first_data_ts for s in one.connection.sides if s.payload_bytes >= LEAST_IO_BYTES]
            times += [on_reference(one.view, ts) for ts in starts if ts is not None and ts >= when]
            continue
        rows = rows[one.view.journal.ts_ns[rows] >= when]
        if one.view.journal.payload_bytes[rows].sum() >= LEAST_IO_BYTES:
            times.append(on_reference(one.view, int(one.view.journal.ts_ns[rows[0]])))
    return min(times, default=None)


def _data_rows(one: Spoken) -> npt.NDArray[np.intp] | None:
    """Journal rows of a connection with payload, int[n]; None where the journal is not whole."""
    if not one.view.journal_complete:
        return None
    j, c = one.view.journal, one.connection
    carried = (j.payload_bytes > 0) & (j.ip_protocol == c.protocol)
    ends = ((c.a_ip, c.a_port), (c.b_ip, c.b_port))
    found = np.zeros(len(carried), np.bool_)
    for (source, source_port), (target, target_port) in (ends, ends[::-1]):
        (high, low), (far_high, far_low) = ip_halves(source), ip_halves(target)
        way = carried & (j.src_port == source_port) & (j.dst_port == target_port)
        way &= (j.src_high == np.uint64(high)) & (j.src_low == np.uint64(low))
        found |= way & (j.dst_high == np.uint64(far_high)) & (j.dst_low == np.uint64(far_low))
    return np.flatnonzero(found)


def _trip_ns(spoken: Sequence[Spoken]) -> int | None:
    """The shortest whole round trip that these connections show: a handshake, or both halves of data to its ACK."""
    trips = []
    for one in spoken:
        if one.connection.handshake_ns is not None:
            trips.append(one.connection.handshake_ns)
        halves = [side.rtt for side in one.connection.sides]
        if all(h.samples >= LEAST_SAMPLES and h.p5_ns is not None for h in halves):
            trips.append(sum(h.p5_ns or 0 for h in halves))
    return min(trips, default=None)


def judge_ft(case: Case, name: str) -> Mechanism | None:
    """Does Fault Tolerance go on logging after the switchover?"""
    if case.move is None:
        return None
    found = list(_logging(case))
    if not found:
        return None
    numbers = {p for s in found for p in (s.connection.a_port, s.connection.b_port)} & set(FAULT_TOLERANCE)
    what = f"Fault Tolerance logging (port {', '.join(map(str, sorted(numbers)))}) of {found[0].address}"
    what += f" with {found[0].peer}"
    seen = sighted([_first(found[0])])
    carried = _first_logged(case, found)
    before = [s for s in found if on_reference(s.view, s.connection.first_ts) < case.moment]
    if not before:
        return result(name, "undecided", f"{what} began after the switchover: none before it is in view", seen)
    ends = [on_reference(s.view, last) for s in found if (last := _last_data(s)) is not None]
    until = case.after(max(ends, default=case.moment))
    if until > SETTLED_NS:
        if carried is None:
            return result(name, "yes", f"{what} goes on until {since(until)}, the last of it in view", seen)
        ts, view, frame = carried
        because = f"{what} goes on from {since(case.after(ts))} until {since(until)}, the last of it in view"
        return result(name, "yes", because, [*seen, *sighted([(view, frame)])], case.after(ts))
    waited = case.after(min(on_reference(s.view, s.view.last_ts) for s in found))
    when = "after" if until >= 0 else "before"
    because = f"{what} carried its last data {span(abs(until))} {when} the switchover, and the captures "
    because += f"go on for {span(waited)}" if waited > 0 else "end before it"
    hosts = [host_at(case, end) for end in ENDS]
    known = {id(s.connection) for s in before if any(host.is_at(s) for host in hosts)}
    are_hosts = all(id(s.connection) in known for s in before)  # either end of it is one of the hosts
    sure = waited > WITHIN_NS and are_hosts
    if not are_hosts:
        because += "; whether these addresses are of the two hosts of the migration is not known"
    return result(name, "no" if sure else "undecided", because, seen)


def _first_logged(case: Case, found: Sequence[Spoken]) -> tuple[int, PointView, int] | None:
    """
    The first data of these connections since the switchover: when, on the reference clock, at which point, which frame?

    Where the journal is not whole, the last data in view must do: they went on by then.
    """
    times: list[tuple[int, PointView, int]] = []
    for one in found:
        view, rows = one.view, _data_rows(one)
        if rows is None:
            last = [(s.last_data_ts, s.last_data_frame) for s in one.connection.sides]
            at = [(ts, frame) for ts, frame in last if ts is not None and frame is not None]
        else:
            rows = rows[view.journal.ts_ns[rows] >= on_point(view, case.moment)]
            at = [(int(view.journal.ts_ns[row]), int(view.journal.frame[row])) for row in rows[:1]]
        times += [(on_reference(view, ts), view, frame) for ts, frame in at]
    return min((one for one in times if one[0] >= case.moment), key=lambda one: one[0], default=None)


def _last_data(spoken: Spoken) -> int | None:
    return max((s.last_data_ts for s in spoken.connection.sides if s.last_data_ts is not None), default=None)


def _logging(case: Case) -> Iterator[Spoken]:
    """Connections on the ports of FT that no guest has and that are no HTTP: other programs use these ports too."""
    hosts = [host_at(case, end) for end in ENDS]
    nics = {s.view.name for s in case.move.sightings if s.view.role in ENDS} if case.move is not None else set()
    nics |= {view.name for view in case.views if view.role in ENDS}
    for view in case.views:
        for spoken in spoken_at(case, view, FAULT_TOLERANCE):
            if any(recognise(side.opening) == HTTP for side in spoken.connection.sides):
                continue
            if _payload(spoken.connection) < LEAST_IO_BYTES or not is_untouched(spoken.own):
                continue
            if any(host.is_at(spoken) for host in hosts) or view.name in nics:
                yield spoken
