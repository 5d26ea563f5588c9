"""A large stream on a port that vmpcap takes for no migration's, which ended just when a machine was announced."""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from vmpcap.flows.streams import HTTP, nominate, recognise
from vmpcap.measures.connections import Connection
from vmpcap.migration.stream.transfers import LEAST_BULK_BYTES, LEAST_ONE_WAY, Link
from vmpcap.migration.unanswered import Unanswered
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import ip_text, mac_text
from vmpcap.terms.units import NS_PER_S

# The next are choices, none a standard's.
EARLY_NS: Final = NS_PER_S
LATE_NS: Final = 5 * NS_PER_S
"""A guest is announced so shortly before its stream's last data at most, and so soon after it."""
MOST_TOLD: Final = 2


def find_likely_ports(views: Sequence[PointView], left_aside: Collection[int] = ()) -> list[Unanswered]:
    """
    Which streams might be a migration's by when they ended? The largest first, each once.

    Others send as much on such ports: it is a hint what to try, and no more.

    Parameters
    ----------
    left_aside : MACs of machines of which is known what became of them
    """
    found: dict[object, tuple[int, Unanswered]] = {}
    for view in views:
        for link in _large(view):
            near = _announced_at_its_end(view, link, left_aside)
            if near is not None and link.key not in found:
                found[link.key] = (link.data.payload_bytes, _say(view, link, *near))
    return [said for _, said in sorted(found.values(), key=lambda pair: -pair[0])][:MOST_TOLD]


def _large(view: PointView) -> Iterator[Link]:
    """
    The connections here that sent as much one way as a guest's memory, by no port or first bytes a migration's.

    Nor by its port the copy of a machine that is off.
    """
    for one in view.services:
        row = nominate(one.protocol, one.a_port, one.b_port, (one.a_port, one.b_port))
        if row is None or not row.live or any(recognise(side.opening) == HTTP for side in one.sides):
            continue
        link, total = Link(one, _sender(one)), sum(side.payload_bytes for side in one.sides)
        if link.data.payload_bytes >= max(LEAST_BULK_BYTES, LEAST_ONE_WAY * total):
            yield link


def _sender(one: Connection) -> int:
    return int(one.sides[1].payload_bytes > one.sides[0].payload_bytes)


def _announced_at_its_end(view: PointView, link: Link, left_aside: Collection[int]) -> tuple[str, int] | None:
    """Which other machine was announced here when that ended, and how long after its last data? None where none was."""
    last, ends = link.data.last_data_ts, {link.source, link.destination}
    for series in view.series if last is not None else ():
        after = series.first_ts - (last or 0)
        if (
            series.mac not in left_aside
            and -EARLY_NS <= after <= LATE_NS
            and not ends & {ip_text(*ip) for ip in series.ips}
        ):
            return mac_text(series.mac) or "a machine", after
    return None


def _say(view: PointView, link: Link, machine: str, after: int) -> Unanswered:
    """What is told of such a stream?"""
    ports = (link.connection.a_port, link.connection.b_port)
    port = link.port if link.data.syn_ts is not None else min(ports)
    size = f"{link.data.payload_bytes / 1e6:.0f} MB"
    when = f"{abs(after) / NS_PER_S:.1f} s {'before' if after >= 0 else 'after'} {machine} announced itself"
    what = f"{size} went one way from {link.source} to {link.destination} (TCP port {port}) until {when}"
    short = f"{what}: if that was its migration, --port {port} tells it"
    frames = f"frames {link.data.first_data_frame} to {link.data.last_data_frame}"
    return Unanswered(short, f"at {view.name}, {what} ({frames}): if that was its migration, --port {port} tells it")
