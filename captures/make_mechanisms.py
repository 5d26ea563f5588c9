"""
Make mechanisms/<row>/working and failing: small captures of simulated moves, with what a person expects beside them.

    python captures/make_mechanisms.py               all of them, the same bytes each time
    python captures/make_mechanisms.py rip vxlan     of these rows
    python captures/make_mechanisms.py --list        which scenario each is, and what it leaves out

Each is a scenario of `vmpcap synth` with a short stream and a client that asks seldom. What is expected comes from what
the simulated machines know themselves and from what a person wrote into CASES, never from a report.
"""

import argparse
import json
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from vmpcap.lab.scenarios import Scenario, named
from vmpcap.lab.synth import Made, play, write

HERE: Final = Path(__file__).resolve().parent / "mechanisms"

SMALL: Final = {"stream_bytes": 300_000, "snaplen": 74, "stun_ms": 300.0, "tail_s": 5.0, "pace": 4}
"""What all of them have unless they say otherwise: a short stream whose frames keep no more than a SYN's options."""

STALE: Final = {"tail_s": 12.0}
"""An old route may stand for a while beside the new one: what is lost with it is asked for 5 s after that came."""

EARLY_MS: Final = 20.0
LATE_MS: Final = 60.0
"""A point sees news a little before or after the machine that knows of it; what counts from an announcement, too."""


@dataclass(frozen=True, slots=True)
class Case:
    """One folder."""

    row: str
    side: str
    """working or failing"""
    scenario: str
    names: tuple[str, ...] = ()
    """What a reader must be told to act on it: addresses, numbers, times as the network has them."""
    but: tuple[str, ...] = ("dst-uplink", "dci")
    """Points that are not carried here, so that a clone stays small."""
    changes: dict[str, Any] = field(default_factory=dict)
    """Figures of the scenario other than SMALL."""
    others: dict[str, str] = field(default_factory=dict)
    """Other rows that a person sees in it, and whether they worked."""
    checks: dict[str, str] = field(default_factory=dict)
    """Checks other than reachability, and their outcomes."""
    reached: bool = False
    """Whether the guest is reached though a peer never gets an answer: what is lost is lost for its size."""
    peers: bool = True
    """Whether the client's packets show the guest's own address, so that a report can follow it as a peer."""
    judged: bool = True
    """Whether the row itself must be told; a port group that leads to its peers is not."""

    @property
    def name(self) -> str:
        """Its folder, from mechanisms/."""
        return f"{self.row}/{self.side}"


MOVE: Final = ("dst-uplink",)
UNDERLAYS: Final = ("dst-uplink", "underlay-a")
EDGES: Final = ("dst-uplink", "underlay-a", "underlay-gw")
BOTH: Final = ("dci", "gateway", "client")
ENDS: Final = ("dci", "gateway", "client", "dst-uplink")
"""Of the guest's own network two points are enough where the row is the stream's."""
RESTART: Final = {"tail_s": 6.0}
PLAIN: Final = ("dst-uplink", "dci", "gateway")
STUCK: Final = {"gives_up_s": 8.0, "tail_s": 1.0}
LISP: Final = ("dst-uplink", "core-a")

# fmt: off
CASES: Final = (
    Case("same_subnet_vmotion", "working", "same_subnet", (), BOTH),
    Case("same_subnet_vmotion", "failing", "same_subnet_black_hole", ("1,460 bytes",), BOTH, STUCK,
         checks={"mtu": "fail"}),
    Case("routed_vmotion", "working", "routed", (), BOTH),
    Case("routed_vmotion", "failing", "routed_black_hole", ("10.10.1.1", "1,400 bytes"), BOTH, STUCK,
         checks={"mtu": "fail"}),
    Case("static_route", "working", "static_route", ("02:00:00:00:10:01", "02:00:00:00:20:01"), BOTH),
    Case("static_route", "failing", "static_route_one_way", ("02:00:00:00:10:01", "02:00:00:00:20:02"), BOTH),
    Case("separate_vlan", "working", "separate_vlan", ("VLAN 20", "VLAN 10"), BOTH),
    Case("separate_vlan", "failing", "separate_vlan_routed", ("VLAN 20", "02:00:00:00:10:01"), BOTH),
    Case("wan_optimizer", "working", "wan_optimizer", ("2.00 to 1",), BOTH),
    Case("wan_optimizer", "failing", "wan_optimizer_black_hole", ("behind", "1,460 bytes"), BOTH, STUCK),
    Case("mpls", "working", "mpls", ("MPLS",), ENDS),
    Case("mpls", "failing", "mpls_no_room", ("MPLS", "1,460 bytes"), ENDS, STUCK,
         {"routed_vmotion": "undecided"}, {"mtu": "fail"}),
    Case("hcx", "working", "hcx", ("198.51.100.201", "198.51.100.202"), ENDS),
    Case("hcx", "failing", "hcx_lossy", ("198.51.100.201", "198.51.100.202"), ENDS),
    Case("ip_storage", "working", "ip_storage", ("10.30.1.50", "iSCSI"), BOTH),
    Case("ip_storage", "failing", "ip_storage_far", ("10.30.1.50", "iSCSI"), BOTH),
    Case("ft", "working", "ft", ("8100", "10.20.1.11", "10.20.2.12"), BOTH),
    Case("ft", "failing", "ft_ends", ("8100", "10.20.1.11", "10.20.2.12"), BOTH, {"tail_s": 12.0}),
    Case("nat", "working", "nat", ("203.0.113.10", "02:00:00:00:77:a1", "02:00:00:00:77:b1"), MOVE, peers=False),
    Case("nat", "failing", "nat_stale", ("203.0.113.10", "02:00:00:00:77:a1"), MOVE, {"tail_s": 9.0}, peers=False),
    Case("anycast", "working", "anycast", ("10.66.0.80", "TTL 60", "TTL 61"), PLAIN),
    Case("anycast", "failing", "anycast_per_packet", ("10.66.0.80",), PLAIN),
    Case("drs", "working", "drs_burst", ("3 migrations",), ENDS),
    Case("drs", "failing", "drs_to_and_fro", ("10.10.1.12", "10.10.1.11"), ENDS, {"tail_s": 46.0, "pace": 40}),
    Case("ha", "working", "ha", ("DHCP",), changes=RESTART),
    Case("ha", "failing", "ha_nowhere", ("DHCP",), changes=RESTART),
    Case("cold_migration", "working", "cold", ("DHCP",), changes={"tail_s": 6.0}),
    Case("cold_migration", "failing", "cold_nowhere", ("DHCP",), changes={"tail_s": 6.0}),
    Case("stretched_vlan", "working", "stretched_vlan"),
    Case("stretched_vlan", "failing", "stretched_vlan_sticky_mac", (), MOVE),
    Case("port_group", "working", "port_group_tagged", judged=False, others={"stretched_vlan": "yes"}),
    Case("port_group", "failing", "port_group_other_vlan", ("77", "88"), changes={"pace": 2}),
    Case("gateway_arp", "working", "gateway_arp"),
    Case("gateway_arp", "failing", "gateway_arp_stale", ("00:50:56:aa:77:10",),
         changes={"gateway_lifetime_s": 5.5, "tail_s": 7.0}),
    Case("ipv6_nd", "working", "ipv6_nd"),
    Case("ipv6_nd", "failing", "ipv6_nd_snooped", ("2001:db8:77::10",)),
    Case("vrrp", "working", "vrrp_isolated", ("10.77.0.2", "10.77.0.3"), MOVE),
    Case("vrrp", "failing", "vrrp_leak", ("10.77.0.2",), MOVE),
    Case("hsrp", "working", "hsrp2_isolated", ("10.77.0.2", "10.77.0.3"), MOVE),
    Case("hsrp", "failing", "hsrp2_leak", ("10.77.0.2",), MOVE),
    Case("glbp", "working", "glbp_isolated", ("10.77.0.2", "10.77.0.3"), MOVE),
    Case("glbp", "failing", "glbp_leak", ("10.77.0.2",), MOVE),
    Case("rip", "working", "rip", ("192.0.2.6", "192.0.2.2", "10.77.0.10/32")),
    Case("rip", "failing", "rip_stale", ("192.0.2.2", "10.77.0.10/32"), changes=STALE),
    Case("ospf", "working", "ospf", ("10.0.0.3", "10.0.0.2", "10.77.0.10/32")),
    Case("ospf", "failing", "ospf_stale", ("10.0.0.2", "10.77.0.10/32"), changes=STALE),
    Case("eigrp", "working", "eigrp", ("192.0.2.6", "192.0.2.2", "10.77.0.10/32")),
    Case("eigrp", "failing", "eigrp_stale", ("192.0.2.2", "10.77.0.10/32"), changes=STALE),
    Case("bgp", "working", "bgp", ("10.77.0.10/32",)),
    Case("bgp", "failing", "bgp_nobody", ("10.77.0.10/32",), changes={"tail_s": 12.0}),
    Case("isis", "working", "isis", ("0000.0000.0003", "0000.0000.0002", "10.77.0.10/32")),
    Case("isis", "failing", "isis_stale", ("0000.0000.0002", "10.77.0.10/32"), changes=STALE),
    Case("evpn", "working", "evpn", ("192.0.2.6", "192.0.2.2", "00:50:56:aa:77:10", "sequence 1")),
    Case("evpn", "failing", "evpn_late", ("192.0.2.6", "address", "7.0 s"), changes={"tail_s": 14.0}),
    Case("vxlan", "working", "vxlan", ("198.51.100.12",), UNDERLAYS),
    Case("vxlan", "failing", "vxlan_unflooded", ("198.51.100.11", "198.51.100.12"), UNDERLAYS),
    Case("geneve", "working", "geneve", ("198.51.100.12",), UNDERLAYS),
    Case("geneve", "failing", "geneve_unflooded", ("198.51.100.11", "198.51.100.12"), UNDERLAYS),
    Case("etherip", "working", "etherip", ("198.51.100.12",), EDGES),
    Case("etherip", "failing", "etherip_too_big", ("1,448 bytes",), EDGES, changes={"tail_s": 8.0}, reached=True),
    Case("fence", "working", "fence", ("0x88DE",), EDGES),
    Case("fence", "failing", "fence_too_big", ("1,448 bytes",), EDGES, changes={"tail_s": 8.0}, reached=True),
    Case("otv", "working", "otv", ("198.51.100.12",), UNDERLAYS),
    Case("otv", "failing", "otv_no_lsp", ("198.51.100.11", "198.51.100.12", "in an LSP"), UNDERLAYS),
    Case("lisp", "working", "lisp", ("192.0.2.6",), LISP),
    Case("lisp", "failing", "lisp_silent", ("192.0.2.2",), LISP, changes={"tail_s": 8.0}),
)
# fmt: on
"""Every folder, in the order of the report's rows. VLANs, addresses and routers are those of the simulated network."""


def make(case: Case, folder: Path) -> None:
    """Write one folder; what was there goes."""
    made = played(case)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write(made, folder, folder, f"python captures/make_mechanisms.py {case.row}")
    for file in sorted(folder.glob("*.pcapng")):
        subprocess.run(["zstd", "-19", "-q", "--rm", str(file)], check=True)
    (folder / "truth.json").write_text(json.dumps(trimmed(made), indent=1) + "\n")
    facts = expected(case, made)
    (folder / "expected.json").write_text(json.dumps(facts, indent=1) + "\n")
    story = folder / "story.md"
    story.write_text(story.read_text().replace("## How it was made", f"{expectation(facts)}\n## How it was made"))


def played(case: Case) -> Made:
    """Let the scenario happen with this case's figures, and keep the points that are carried."""
    scenario = named(case.scenario)
    assert scenario is not None, case.scenario
    made = play(replace(scenario, **{**SMALL, **case.changes}))
    assert made is not None, case.name
    made.taps[:] = [tap for tap in made.taps if tap.name not in case.but]
    return made


def trimmed(made: Made) -> dict[str, Any]:
    """The truth about what is carried, with those figures of the scenario that are not the usual ones."""
    carried = {tap.name for tap in made.taps}
    truth = dict(made.truth)
    truth["points"] = {
        name: {**facts, "file": f"{facts['file']}.zst"} for name, facts in truth["points"].items() if name in carried
    }
    told = dict(truth["announcements"])
    told["rarp_at"] = {name: count for name, count in told["rarp_at"].items() if name in carried}
    usual = asdict(Scenario("", ""))
    own = {key: value for key, value in truth["parameters"].items() if value != usual[key]}
    return {**truth, "parameters": own, "announcements": told}


def expected(case: Case, made: Made) -> dict[str, Any]:
    """What follows for a reader from what the machines know."""
    truth = made.truth
    mechanism = truth["mechanism"]
    is_seen = "client" not in case.but and case.peers and truth["migration"]["outcome"] != "given up"
    assert (mechanism["worked"] == "yes") == (case.side == "working"), case.name
    told: dict[str, Any] = {"worked": mechanism["worked"], "names": list(case.names), "why": mechanism["because"]}
    if mechanism["worked"] == "yes" and mechanism["latency_ms"] is not None:
        told["after_ms"] = {"from": mechanism["latency_ms"] - EARLY_MS, "to": mechanism["latency_ms"] + LATE_MS}
    mechanisms = {case.row: told} if case.judged else {}
    for row, worked in case.others.items():
        mechanisms[row] = {"worked": worked, "names": [], "why": mechanism["because"]}
    return {
        "decided_by": "what the simulated machines know themselves (truth.json); never from a report",
        "profile": "vsphere4",
        "mechanisms": mechanisms,
        "checks": checked(case, made),
        "peers": [suffered(peer) for peer in truth["peers"] if not peer["reset"]] if is_seen else [],
    }


def checked(case: Case, made: Made) -> dict[str, Any]:
    """Whether the stream ended, whether the guest is reached where a peer is in view, and what the case names."""
    is_whole = made.truth["migration"]["outcome"] == "completed"
    because = made.truth["mechanism"]["because"]
    why = "the stream and the destination's word came to their end" if is_whole else because
    restarts = made.world.scenario.restarts
    outcomes = ["pass" if is_whole else "fail", *(["undecided"] if restarts else [])]
    checks: dict[str, Any] = {"completed": {"outcomes": outcomes, "why": why}}
    for name, outcome in case.checks.items():
        checks[name] = {"outcomes": [outcome], "why": because}
    if restarts:
        answered = made.truth["mechanism"]["worked"] == "yes"
        checks["guest_reachable_after"] = {"outcomes": ["pass" if answered else "fail"], "why": because}
    elif is_whole and "client" not in case.but:
        checks["guest_reachable_after"] = reachable(made.truth["peers"], case.reached)
    return checks


def reachable(peers: list[dict[str, Any]], reached: bool) -> dict[str, Any]:
    """All answered again: pass. None, or none that is large: fail. Some: never pass, for somebody is not answered."""
    answered = sum(peer["ended"] for peer in peers)
    why = f"{answered} of {len(peers)} peers were answered again by their own account"
    if reached:
        return {"outcomes": ["fail"], "why": f"{why}; who asks for little gets it, who asks for much never does"}
    if answered == len(peers):
        return {"outcomes": ["pass"], "why": why}
    return {"outcomes": ["fail", "undecided"] if answered else ["fail"], "why": why}


def suffered(peer: dict[str, Any]) -> dict[str, Any]:
    """How long one peer was without answers, within one interval of its questions."""
    port = f"/{peer['port']}" if peer["port"] else ""
    one: dict[str, Any] = {"protocol": f"{peer['protocol']}{port}", "answered_again": peer["ended"]}
    if peer["ended"]:
        outage, interval = peer["outage_ms"] or 0.0, peer["interval_ms"]
        one["outage_ms"] = {"from": max(outage - interval, 0.0), "to": outage + interval}
    one["why"] = f"{peer['unanswered']} of its {peer['requests']} questions had no answer"
    return one


def expectation(facts: dict[str, Any]) -> str:
    """The chapter of the story that says what a report must say."""
    lines = ["## What a person expects", ""]
    for row, told in facts["mechanisms"].items():
        names = f" It must name {', '.join(f'`{name}`' for name in told['names'])}." if told["names"] else ""
        lines.append(f"- `{row}`: {told['worked']}.{names}")
    for name, check in facts["checks"].items():
        lines.append(f"- `{name}`: {' or '.join(check['outcomes'])}, for {check['why']}.")
    return "\n".join([*lines, ""])


def main() -> None:
    """Make them, or say what they are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", metavar="ROW")
    parser.add_argument("--list", action="store_true")
    given = parser.parse_args()
    unknown = set(given.rows) - {case.row for case in CASES}
    if unknown:
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    for case in CASES:
        if given.rows and case.row not in given.rows:
            continue
        if given.list:
            print(f"{case.name:<28} vmpcap synth {case.scenario}; without {', '.join(case.but)}; {case.changes}")
            continue
        make(case, HERE / case.name)
        size = sum(file.stat().st_size for file in (HERE / case.name).iterdir())
        print(f"{case.name:<28} {size:>7,} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
