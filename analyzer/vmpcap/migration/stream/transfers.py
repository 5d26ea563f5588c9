"""Which connections are a migration's stream, in which direction it went, and which belong together."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from vmpcap.flows.streams import EPHEMERAL_FROM, HTTP, Stream, nominate, nominate_by_bytes, recognise
from vmpcap.measures.connections import Connection, Side
from vmpcap.terms.units import NS_PER_S

LEAST_BULK_BYTES: Final = 4_000_000
"""A guest's memory is more than this; a port's other users seldom send as much one way."""

LEAST_ONE_WAY: Final = 0.9
"""Share of the payload that goes the stream's way (domain notes 1.1)."""

TOGETHER_NS: Final = 2 * NS_PER_S
"""Connections of one migration start within this of each other."""

SCANNED: Final = 16
"""No host moves guests to so many others at once (eight migrations at most, domain notes 2); who asks more scans."""
LEAST_AGAIN: Final = 3
"""Sent again so often without an answer, a segment did not merely get lost."""
OPTION_BYTES: Final = 40
"""A segment may be smaller than the MSS by as much as TCP's options take (RFC 9293 3.1)."""

MADE_BY: Final = {"qemu": "qemu", "multifd": "qemu", "xen": "xen", "vmotion": "vmware"}
"""Which hypervisor opens its stream with this magic. TLS may be anybody's."""


Named = tuple[tuple[str, int], tuple[str, int]]
"""A connection's source and destination, each with its port."""


@dataclass(frozen=True, slots=True)
class Link:
    """One connection of a transfer, seen from the side that sent the guest's memory."""

    connection: Connection
    data_side: int
    known_as: "Named | None" = None
    """Where its addresses are translated on the way: how the same connection is called at the other points."""
    is_relayed: bool = False
    """Whether that name is of another connection, which relays join to this one."""

    @property
    def data(self) -> Side:
        return self.connection.sides[self.data_side]

    @property
    def back(self) -> Side:
        return self.connection.sides[1 - self.data_side]

    @property
    def source(self) -> str:
        return self.connection.a_ip if self.data_side == 0 else self.connection.b_ip

    @property
    def destination(self) -> str:
        return self.connection.b_ip if self.data_side == 0 else self.connection.a_ip

    @property
    def port(self) -> int:
        """The destination's port: it is the destination that listens."""
        return self.connection.b_port if self.data_side == 0 else self.connection.a_port

    @property
    def key(self) -> tuple[object, ...]:
        """The same connection at another point has the same key, also where addresses are translated on the way."""
        return tuple(sorted(self.named))

    @property
    def own(self) -> "Named":
        """Source and destination with their ports, as this point shows them."""
        c = self.connection
        a, b = (c.a_ip, c.a_port), (c.b_ip, c.b_port)
        return (a, b) if self.data_side == 0 else (b, a)

    @property
    def named(self) -> "Named":
        """The same under the name that it has at all points."""
        return self.own if self.known_as is None else self.known_as


@dataclass(frozen=True, slots=True)
class Transfer:
    """The stream of one migration as one point saw it."""

    stream: Stream
    magic: str | None
    links: tuple[Link, ...]
    confirmed_by: str
    moved_at: int | None = None
    """When its guest was announced, where no stream is in view: it has no connections then."""
    also: tuple[Link, ...] = ()
    """The same connections as this point shows them once more, behind somebody who translates addresses."""

    @property
    def hypervisor(self) -> str:
        """What the stream's first bytes say; else what its port suggests."""
        return MADE_BY.get(self.magic or "", self.stream.hypervisor)

    @property
    def source(self) -> str:
        """Empty where no stream is in view."""
        return self.links[0].source if self.links else ""

    @property
    def destination(self) -> str:
        """Empty where no stream is in view."""
        return self.links[0].destination if self.links else ""

    @property
    def start_ts(self) -> int:
        if self.moved_at is not None:
            return self.moved_at
        return min(link.connection.first_ts for link in self.links)

    @property
    def end_ts(self) -> int:
        if self.moved_at is not None:
            return self.moved_at
        return max(link.connection.last_ts for link in self.links)

    @property
    def first_data_ts(self) -> int | None:
        return min((t for link in self.links if (t := link.data.first_data_ts) is not None), default=None)

    @property
    def last_data_ts(self) -> int | None:
        return max((t for link in self.links if (t := link.data.last_data_ts) is not None), default=None)

    @property
    def payload_bytes(self) -> int:
        return sum(link.data.payload_bytes for link in self.links)

    @property
    def established(self) -> bool:
        """Did any of its connections carry data?"""
        return self.payload_bytes > 0


@dataclass(frozen=True, slots=True)
class Refused:
    """A connection on a migration port that is no migration, and how we know."""

    connection: Connection
    because: str
    stalled: str = ""
    """How it came to nothing as a stream does whose way has no room for it, for a headline; empty where it did not."""


@dataclass(frozen=True, slots=True)
class _Judged:
    link: Link
    stream: Stream
    magic: str | None
    confirmed_by: str
    stalled: str = ""


def find_transfers(
    connections: Sequence[Connection], extra_ports: Sequence[int] = (), believed: Collection[object] = ()
) -> tuple[list[Transfer], list[Refused]]:
    """
    Which of these nominated connections are migrations, grouped as they belong together?

    A port only nominates. Confirmed is what opens with a hypervisor's magic, or sends bulk one way; small connections
    of the same hosts at the same time join what is confirmed. What remains is refused with a reason, except attempts on
    a migration port that carried no data at all: they are transfers that never were.

    Parameters
    ----------
    believed : keys of calls that are stuck at a host's own migration NIC, as `stalled_calls` has them
    """
    confirmed: list[_Judged] = []
    waiting: list[_Judged] = []
    refused: list[Refused] = []
    for connection in sorted(connections, key=lambda c: c.first_ts):
        stream = nominate(connection.protocol, connection.a_port, connection.b_port, tuple(extra_ports))
        if stream is None:
            stream = nominate_by_bytes(
                connection.a_port, connection.b_port, [recognise(side.opening) for side in connection.sides]
            )
        if stream is None:
            continue
        _judge(connection, stream, tuple(extra_ports), confirmed, waiting, refused, believed)
    groups = _group(confirmed)
    for small in waiting:
        home = next((g for g in groups if _belongs(small, g)), None)
        if home is not None:
            home.append(small)
        elif _is_attempt(small.link, tuple(extra_ports)) and not _is_beside(small, confirmed, extra_ports):
            attempts = next((g for g in groups if _is_retry(small, g)), None)
            if attempts is None:
                groups.append([small])
            else:
                attempts.append(small)
        else:
            refused.append(Refused(small.link.connection, small.confirmed_by, small.stalled))
    groups, scanned = _without_scans(groups)
    refused += scanned
    transfers = [_as_transfer(group) for group in groups]
    return sorted(transfers, key=lambda t: t.start_ts), refused


def stalled_calls(connections: Sequence[Connection], extra_ports: Sequence[int] = ()) -> set[tuple[object, ...]]:
    """
    Which calls of a migration port are stuck at their first full segment? Their keys.

    At a host's migration NIC that is a migration that comes to nothing. Ports that systems hand out to anybody prove
    nothing there either: RPC calls go to them.
    """
    found = set()
    for connection in connections:
        stream = nominate(connection.protocol, connection.a_port, connection.b_port, tuple(extra_ports))
        magics = [recognise(side.opening) for side in connection.sides]
        if stream is None or stream.first_port >= EPHEMERAL_FROM or HTTP in magics:
            continue
        link = Link(connection, _data_side(connection, magics))
        if _one_way(link) >= LEAST_ONE_WAY and _stuck_at_its_start(link, tuple(extra_ports)):
            found.add(link.key)
    return found


def _one_way(link: Link) -> float:
    """Which share of the payload went the stream's way?"""
    total = sum(side.payload_bytes for side in link.connection.sides)
    return link.data.payload_bytes / total if total else 0.0


def _without_scans(groups: list[list[_Judged]]) -> tuple[list[list[_Judged]], list[Refused]]:
    """These migrations without what one machine called at many hosts, none of which took any data: it looked around."""
    called: dict[str, set[str]] = {}
    for group in groups:
        if not any(j.link.data.payload_bytes for j in group):
            called.setdefault(group[0].link.source, set()).add(group[0].link.destination)
    kept, refused = [], []
    for group in groups:
        source = group[0].link.source
        count = len(called.get(source, ()))
        if count < SCANNED or any(j.link.data.payload_bytes for j in group):
            kept.append(group)
            continue
        because = f"{source} called this port at {count} hosts, none of which took any data: a scan"
        refused += [Refused(judged.link.connection, because) for judged in group]
    return kept, refused


def _is_attempt(link: Link, extra_ports: tuple[int, ...]) -> bool:
    """Did somebody call a migration port, and nothing was said? Whoever only answers from there made no attempt."""
    c = link.connection
    calls = nominate(c.protocol, EPHEMERAL_FROM, link.port, extra_ports) is not None
    return calls and link.data.syn_ts is not None and not any(side.payload_bytes for side in c.sides)


def _is_beside(small: _Judged, confirmed: Sequence[_Judged], extra_ports: Sequence[int]) -> bool:
    """Does an empty connection of other hosts stand beside real migrations, as a health check of the port does?"""
    return (
        bool(confirmed)
        and small.link.port not in extra_ports
        and not any(_same_hosts(small.link, j.link) for j in confirmed)
    )


def _judge(
    connection: Connection,
    stream: Stream,
    extra_ports: tuple[int, ...],
    confirmed: list[_Judged],
    waiting: list[_Judged],
    refused: list[Refused],
    believed: Collection[object] = (),
) -> None:
    magics = [recognise(side.opening) for side in connection.sides]
    if HTTP in magics:
        refused.append(Refused(connection, "its first bytes are HTTP"))
        return
    unseen = next((s for s in connection.sides if not s.packets and s.acked_bytes >= LEAST_BULK_BYTES), None)
    if unseen is not None:
        because = (
            f"only the acknowledgements of {unseen.acked_bytes / 1e6:.0f} MB are in view, not what they acknowledge"
        )
        refused.append(Refused(connection, because))
        return
    data_side = _data_side(connection, magics)
    link = Link(connection, data_side)
    total = sum(side.payload_bytes for side in connection.sides)
    share = _one_way(link)
    magic = magics[data_side]
    if magic is not None and magic != "tls":
        confirmed.append(_Judged(link, stream, magic, f"it opens with the magic of {magic}"))
    elif link.data.payload_bytes >= LEAST_BULK_BYTES and share >= LEAST_ONE_WAY:
        because = f"{link.data.payload_bytes / 1e6:.0f} MB went one way ({share:.1%} of its payload)"
        confirmed.append(_Judged(link, stream, magic, because))
    elif share >= LEAST_ONE_WAY and _stuck_at_its_start(link, extra_ports):
        because = f"a full segment was sent {link.data.retransmissions + 1} times to the port and never acknowledged"
        if stream.is_own or link.port in extra_ports or link.key in believed:
            confirmed.append(_Judged(link, stream, magic, because))
        else:
            other = (
                f"others use port {link.port} as well, so it need be no migration (--port {link.port} takes it for one)"
            )
            waiting.append(_Judged(link, stream, magic, f"{because}; {other}", _say_stalled(link)))
    elif link.key in believed and link.data.payload_bytes:
        because = "where a host's own card shows it, a full segment was sent to the port and never acknowledged"
        confirmed.append(_Judged(link, stream, magic, because))
    else:
        because = (
            f"it carried {total} payload bytes, {share:.0%} of them one way; "
            f"a migration sends more than {LEAST_BULK_BYTES // 1_000_000} MB, {LEAST_ONE_WAY:.0%} of it one way"
        )
        waiting.append(_Judged(link, stream, magic, because))


def _say_stalled(link: Link) -> str:
    """How such a call came to nothing, in a sentence."""
    times = f"sent {link.data.retransmissions + 1} times"
    where = f"a call of {link.source} to {link.destination} port {link.port}, where migrations go, stalled at its start"
    return f"{where}: its first full segment was {times} and never acknowledged, as where the MTU has no room for it"


def _stuck_at_its_start(link: Link, extra_ports: tuple[int, ...]) -> bool:
    """
    Did somebody call the port, say something small or nothing, and then get no answer to any full segment, however
    often sent?

    So ends a migration whose way has no room for its segments. It comes to nothing like the volume of one. So ends any
    other call on such a way, too: Windows hands out 49152 and up to RPC services, and on 8000 whoever likes listens.
    """
    side, c = link.data, link.connection
    calls = nominate(c.protocol, EPHEMERAL_FROM, link.port, extra_ports) is not None
    if not calls or side.syn_ts is None or not link.back.mss or side.retransmissions < LEAST_AGAIN:
        return False
    is_full_sized = side.max_payload_bytes >= link.back.mss - OPTION_BYTES
    return is_full_sized and side.acked_bytes < min(side.max_payload_bytes, side.unique_bytes)


def _data_side(connection: Connection, magics: Sequence[str | None]) -> int:
    """Who sent the memory: who opened with a magic, else who sent more, else who asked for the connection."""
    a, b = connection.sides
    if (magics[0] is None) != (magics[1] is None):
        return 0 if magics[0] is not None else 1
    if a.payload_bytes != b.payload_bytes:
        return 0 if a.payload_bytes > b.payload_bytes else 1
    return 1 if a.syn_ts is None and b.syn_ts is not None else 0


def _same_hosts(one: Link, other: Link) -> bool:
    return {one.source, one.destination} == {other.source, other.destination}


def _overlap(one: Connection, first_ts: int, last_ts: int) -> bool:
    return one.first_ts <= last_ts and first_ts <= one.last_ts


def _group(confirmed: list[_Judged]) -> list[list[_Judged]]:
    """
    Which confirmed connections are one migration?

    Same hosts, same direction, same time. Each of QEMU's main channels opens with its magic, so each is a migration of
    its own, to which the multifd channels that started beside it belong. Other streams start within TOGETHER_NS.
    """
    groups: list[list[_Judged]] = []
    mains = [j for j in confirmed if j.magic == "qemu"]
    for main in mains:
        groups.append([main])
    for judged in confirmed:
        if judged.magic == "qemu":
            continue
        homes = [
            g
            for g in groups
            if _same_hosts(judged.link, g[0].link)
            and judged.link.source == g[0].link.source
            and _overlap(judged.link.connection, g[0].link.connection.first_ts, _group_end(g))
            and abs(judged.link.connection.first_ts - g[0].link.connection.first_ts) <= TOGETHER_NS
        ]
        if homes:
            start = judged.link.connection.first_ts
            min(homes, key=lambda g: abs(g[0].link.connection.first_ts - start)).append(judged)
        else:
            groups.append([judged])
    return groups


def _group_end(group: list[_Judged]) -> int:
    return max(j.link.connection.last_ts for j in group)


def _belongs(small: _Judged, group: list[_Judged]) -> bool:
    """A small connection joins the migration of the same hosts that it overlaps with and that uses the same port."""
    c = small.link.connection
    begin = min(j.link.connection.first_ts for j in group)
    ports = {j.link.port for j in group}
    return (
        any(j.link.data.payload_bytes for j in group)
        and _same_hosts(small.link, group[0].link)
        and bool({c.a_port, c.b_port} & ports)
        and _overlap(c, begin - TOGETHER_NS, _group_end(group))
    )


def _is_retry(small: _Judged, group: list[_Judged]) -> bool:
    return (
        not any(j.link.data.payload_bytes for j in group)
        and _same_hosts(small.link, group[0].link)
        and small.link.connection.first_ts - _group_end(group) <= 60 * NS_PER_S
    )


def _as_transfer(group: list[_Judged]) -> Transfer:
    ordered = sorted(group, key=lambda j: -j.link.data.payload_bytes)
    reference = ordered[0].link
    links = []
    for judged in ordered:
        link = judged.link
        if link.source != reference.source:  # a control connection in which the other side said more
            link = Link(link.connection, 1 - link.data_side)
        links.append(link)
    magic = next((j.magic for j in ordered if j.magic == "qemu"), ordered[0].magic)
    return Transfer(ordered[0].stream, magic, tuple(links), ordered[0].confirmed_by)
