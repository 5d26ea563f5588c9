"""What the readers of control frames say, beside tshark: every field of every frame of real daemons."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.oracle.mechanisms import MECHANISMS, captures_of, scenarios
from tests.oracle.public import PUBLIC, here
from tests.tshark import needs_tshark, tshark_fields
from vmpcap.announcements.control import ControlFrame, ControlLog
from vmpcap.announcements.routes.readers import read_news
from vmpcap.announcements.routes.rows import GatewayHello, RouteNews
from vmpcap.decode.fragments import WholeWalker
from vmpcap.readers.limits import DEFAULT_BATCH_RECORDS
from vmpcap.readers.sources import open_capture
from vmpcap.reference.tshark import Values

Said = dict[str, list[str]]


@cache
def log_of(path: Path) -> ControlLog:
    """The control frames of one capture."""
    log, walker = ControlLog(), WholeWalker(DEFAULT_BATCH_RECORDS, ())
    with open_capture(str(path), batch_records=DEFAULT_BATCH_RECORDS, max_bytes=None) as capture:
        for batch in capture.batches():
            log.collect(*walker.walk(batch))
    return log


def alone(frame: ControlFrame) -> list[RouteNews | GatewayHello]:
    """What this frame says by itself, copies of what was known before too."""
    news = read_news(ControlLog(frames=[frame]))
    assert not news.unread
    return [*news.routes, *news.hellos]


def routes(rows: Sequence[RouteNews | GatewayHello], *actions: str) -> list[RouteNews]:
    """Those about routes that do one of these things."""
    return [row for row in rows if isinstance(row, RouteNews) and row.action in (actions or (row.action,))]


def hellos(rows: Sequence[RouteNews | GatewayHello]) -> list[GatewayHello]:
    """Those about gateways."""
    return [row for row in rows if isinstance(row, GatewayHello)]


def hosts(rows: Sequence[RouteNews]) -> list[str]:
    """Their addresses without the length."""
    return [row.prefix.split("/")[0] for row in rows if row.prefix]


@dataclass(frozen=True)
class Comparison:
    """Fields of tshark, and the same out of what we say; values are compared as sorted lists."""

    name: str
    protocol: str
    where: str
    fields: tuple[str, ...]
    ours: Callable[[ControlFrame, list[RouteNews | GatewayHello]], tuple[list[str], ...]]


def rip(_: ControlFrame, rows: list[RouteNews | GatewayHello]) -> tuple[list[str], ...]:
    """Address and metric of each entry."""
    found = routes(rows)
    return hosts(found), [str(r.metric) for r in found]


def ospf_stubs(_: ControlFrame, rows: list[RouteNews | GatewayHello]) -> tuple[list[str], ...]:
    """Stub prefixes of router LSAs."""
    return (hosts([r for r in routes(rows) if r.reason == "router"]),)


def ospf_external(_: ControlFrame, rows: list[RouteNews | GatewayHello]) -> tuple[list[str], ...]:
    """Routers, numbers and metrics of external LSAs."""
    found = [r for r in routes(rows) if r.reason == "external"]
    return hosts(found), [r.origin for r in found], [f"0x{r.sequence:08x}" for r in found]


def eigrp(_: ControlFrame, rows: list[RouteNews | GatewayHello]) -> tuple[list[str], ...]:
    """Destination and delay of each route."""
    found = routes(rows)
    return hosts(found), [r.prefix.split("/")[1] for r in found], [str(r.metric) for r in found]


def bgp(_: ControlFrame, rows: list[RouteNews | GatewayHello]) -> tuple[list[str], ...]:
    """Prefixes announced and withdrawn."""
    found = [r for r in routes(rows) if r.protocol == "bgp"]
    return hosts(routes(found, "announce")), hosts(routes(found, "withdraw"))


def evpn(_: ControlFrame, rows: list[RouteNews | GatewayHello]) -> tuple[list[str], ...]:
    """MAC, address, distinguisher and mobility of each MAC route."""
    found = [r for r in routes(rows) if r.protocol == "evpn" and r.mac]
    return [r.mac for r in found], hosts(found), [str(r.sequence) for r in found if r.sequence is not None]


def isis(_: ControlFrame, rows: list[RouteNews | GatewayHello]) -> tuple[list[str], ...]:
    """Prefix and metric of each TLV 135."""
    found = [r for r in routes(rows) if "." in r.prefix]
    return hosts(found), [r.prefix.split("/")[1] for r in found], [str(r.metric) for r in found]


def vrrp(_: ControlFrame, rows: list[RouteNews | GatewayHello]) -> tuple[list[str], ...]:
    """Group, priority and addresses."""
    found = hellos(rows)
    return [str(h.group) for h in found], [str(h.priority) for h in found], [ip for h in found for ip in h.virtual_ips]


def hsrp(_: ControlFrame, rows: list[RouteNews | GatewayHello]) -> tuple[list[str], ...]:
    """Group, priority and address."""
    return vrrp(_, rows)


def lisp(_: ControlFrame, rows: list[RouteNews | GatewayHello]) -> tuple[list[str], ...]:
    """IPv4 identifiers asked for."""
    return ([host for host in hosts(routes(rows)) if ":" not in host],)


COMPARISONS = (
    Comparison("rip", "rip", "rip.command == 2", ("rip.ip", "rip.metric"), rip),
    Comparison(
        "ospf_stubs",
        "ospf",
        "ospf.msg == 4 && ospf.lsa.router.linktype == 3",
        ("ospf.lsa.router.linkid", "ospf.lsa.router.linktype"),
        ospf_stubs,
    ),
    Comparison(
        "ospf_external",
        "ospf",
        "ospf.msg == 4 && ospf.lsa.asext && ospf.lsa.age < 3600",
        ("ospf.lsa.id", "ospf.advrouter", "ospf.lsa.seqnum"),
        ospf_external,
    ),
    Comparison(
        "eigrp",
        "eigrp",
        "eigrp.ipv4.destination",
        ("eigrp.ipv4.destination", "eigrp.ipv4.prefixlen", "eigrp.old_metric.delay"),
        eigrp,
    ),
    Comparison("bgp", "bgp", "bgp.type == 2", ("bgp.nlri_prefix", "bgp.withdrawn_prefix"), bgp),
    Comparison(
        "evpn",
        "bgp",
        "bgp.evpn.nlri.rt == 2",
        ("bgp.evpn.nlri.mac_addr", "bgp.evpn.nlri.ip.addr", "bgp.ext_com_evpn.mmac.seq"),
        evpn,
    ),
    Comparison(
        "isis",
        "isis",
        "isis.lsp.ext_ip_reachability.ipv4_prefix",
        (
            "isis.lsp.ext_ip_reachability.ipv4_prefix",
            "isis.lsp.ext_ip_reachability.prefix_length",
            "isis.lsp.ext_ip_reachability.metric",
        ),
        isis,
    ),
    Comparison("vrrp", "vrrp", "vrrp", ("vrrp.virt_rtr_id", "vrrp.prio", "vrrp.ip_addr"), vrrp),
    Comparison("hsrp", "hsrp", "hsrp.opcode == 0", ("hsrp.group", "hsrp.priority", "hsrp.virt_ip"), hsrp),
    Comparison("lisp", "lisp", "lisp.type == 1", ("lisp.mreq.record.prefix.ipv4",), lisp),
)


def tshark_says(path: Path, comparison: Comparison) -> dict[int, tuple[list[str], ...]]:
    """By frame, the values of the fields."""
    rows = tshark_fields(path, ("frame.number", *comparison.fields), ("-Y", comparison.where))
    if comparison.name == "ospf_stubs":
        return {int(row["frame.number"][0]): (_stubs(row),) for row in rows}
    return {int(row["frame.number"][0]): tuple(sorted(row[name]) for name in comparison.fields) for row in rows}


def _stubs(row: Values) -> list[str]:
    """Ids of links of type 3; those of other types name routers."""
    pairs = zip(row["ospf.lsa.router.linkid"], row["ospf.lsa.router.linktype"], strict=True)
    return sorted(link for link, kind in pairs if kind == "3")


def differences(path: Path, comparison: Comparison) -> Iterator[tuple[int, object, object]]:
    """The frames of which we and tshark say different things."""
    theirs = tshark_says(path, comparison)
    mine = {frame.frame: frame for frame in log_of(path).of(comparison.protocol)}
    for number, values in theirs.items():
        assert number in mine, f"frame {number} of {path} was not kept"
        ours = tuple(sorted(column) for column in comparison.ours(mine[number], alone(mine[number])))
        if ours != values:
            yield number, ours, values


@needs_tshark
@pytest.mark.parametrize("comparison", COMPARISONS, ids=lambda c: c.name)
@pytest.mark.parametrize("scenario", scenarios())
def test_every_control_frame_says_what_tshark_reads(scenario: str, comparison: Comparison) -> None:
    """At every point of every scenario."""
    for path in captures_of(scenario):
        if any(frame.protocol == comparison.protocol for frame in log_of(path).frames):
            assert list(differences(path, comparison)) == [], path


MET = {"rip", "ospf_stubs", "ospf_external", "eigrp", "bgp", "evpn", "isis", "vrrp"}


@needs_tshark
@pytest.mark.skipif(not MECHANISMS.exists(), reason="the captures of mechanisms are not beside this checkout")
def test_the_scenarios_meet_the_comparisons() -> None:
    """A comparison that never compares would always agree."""
    paths = [path for name in sorted(p.name for p in MECHANISMS.iterdir() if p.is_dir()) for path in captures_of(name)]
    for comparison in COMPARISONS:
        if comparison.name not in MET:
            continue
        compared = 0
        for path in paths:
            if any(frame.protocol == comparison.protocol for frame in log_of(path).frames):
                compared += len(tshark_says(path, comparison))
            if compared >= 4:
                break
        assert compared >= 4, comparison.name


PUBLIC_ONES = (
    ("tcpdump__hsrp-failover.pcap", "hsrp", 30),
    ("tcpdump__erspan2.pcap", "hsrp", 8),
    ("pcapplusplus__lisp-data-ipv6.pcap", "lisp", 10),
)


@needs_tshark
@pytest.mark.skipif(not PUBLIC.exists(), reason="the public captures are not beside this checkout")
@pytest.mark.parametrize(("name", "protocol", "least"), PUBLIC_ONES)
def test_public_captures_say_what_tshark_reads(name: str, protocol: str, least: int) -> None:
    """HSRP and LISP of real routers."""
    comparison = next(c for c in COMPARISONS if c.name == protocol)
    path = here(name)
    assert len(tshark_says(path, comparison)) >= least
    assert list(differences(path, comparison)) == []
