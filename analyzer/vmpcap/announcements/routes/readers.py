"""Which reader reads which control frame, and what all of them say at one point."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from vmpcap.announcements.control import ControlFrame, ControlLog
from vmpcap.announcements.routes.bgp import BgpStreams, read_bgp
from vmpcap.announcements.routes.eigrp import EigrpNeighbours, read_eigrp
from vmpcap.announcements.routes.fields import Short
from vmpcap.announcements.routes.glbp import read_glbp
from vmpcap.announcements.routes.hsrp import read_hsrp
from vmpcap.announcements.routes.isis import read_isis
from vmpcap.announcements.routes.lisp import read_lisp
from vmpcap.announcements.routes.ospf import read_ospf
from vmpcap.announcements.routes.rip import read_rip
from vmpcap.announcements.routes.rows import GatewayHello, RouteNews
from vmpcap.announcements.routes.statements import Statements
from vmpcap.announcements.routes.vrrp import read_vrrp

NEWS_BUDGET = 200_000
"""Pieces of route news kept per capture point."""


@dataclass(slots=True)
class News:
    """What the control frames of one point say, in capture order."""

    routes: list[RouteNews] = field(default_factory=list)
    hellos: list[GatewayHello] = field(default_factory=list)
    unread: dict[str, int] = field(default_factory=dict)
    """Frames of each protocol that contradict themselves or were cut: what they say is not all told."""


def read_news(log: ControlLog) -> News:
    """What do these control frames say? What contradicts itself is counted, never guessed at."""
    news = News()
    streams, neighbours, statements = BgpStreams(), EigrpNeighbours(), {"ospf": Statements(), "isis": Statements()}
    readers: dict[str, Callable[[ControlFrame], Iterator[RouteNews | GatewayHello]]] = {
        "rip": read_rip,
        "ospf": lambda frame: read_ospf(frame, statements["ospf"]),
        "eigrp": lambda frame: read_eigrp(frame, neighbours),
        "bgp": lambda frame: read_bgp(frame, streams),
        "isis": lambda frame: read_isis(frame, statements["isis"]),
        "vrrp": read_vrrp,
        "hsrp": read_hsrp,
        "glbp": read_glbp,
        "lisp": read_lisp,
    }
    for frame in log.frames:
        try:
            for row in readers[frame.protocol](frame):
                if isinstance(row, GatewayHello):
                    news.hellos.append(row)
                elif len(news.routes) < NEWS_BUDGET:
                    news.routes.append(row)
                else:
                    news.unread[frame.protocol] = news.unread.get(frame.protocol, 0) + 1
                    break
        except Short:
            news.unread[frame.protocol] = news.unread.get(frame.protocol, 0) + 1
    return news
