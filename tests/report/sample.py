"""Reports made by hand: a migration that went well, one whose guest was lost, and a capture without any."""

import math

import msgspec

from vmpcap.measures.results import Bytes, HistogramBin, Loss, Rtt, Throughput
from vmpcap.migration.results import (
    Announcements,
    Bracket,
    Domain,
    Guest,
    Mechanism,
    OutagePart,
    Path,
    Peer,
    Phase,
    PointAnnouncements,
    Sighted,
    Switchover,
)
from vmpcap.report.document import SCHEMA, Clock, Defect, Input, Migration, ProfileUsed, Report, SeriesPoint, Tool
from vmpcap.verdicts.findings import Check, Evidence

STREAM = "ip.addr==10.10.1.11 && ip.addr==10.10.1.12 && tcp.port in {40112} && tcp.port==8000"
GUEST = "00:50:56:aa:77:10"


def at(seconds: float) -> str:
    """A time so many seconds after the capture's first minute, as reports write it."""
    whole, rest = divmod(round(seconds * 1e9), 10**9)
    return f"2026-07-14T02:{40 + whole // 60:02d}:{whole % 60:02d}.{rest:09d}Z"


PROFILE = ProfileUsed(
    name="vsphere4",
    throughput_mbps_min=622.0,
    rtt_ms_max=5.0,
    switchover_ms_max=None,
    scope="link",
    sources=["throughput_mbps_min: 622 Mbps minimum between the sites [secondary] http://blog.example/"],
)


def capture(point: str, role: str | None, **other: object) -> Input:
    """One sound input file, with what differs."""
    sound = Input(
        point=point,
        role=role,
        path=f"captures/s6/{point.replace(':', '-')}.pcap.zst",
        format="pcap, zstd",
        byte_order="little",
        time_resolution="nanoseconds",
        linktypes=["ETHERNET"],
        packets=88_214,
        bytes=121_034_552,
        first_ts=at(0.2),
        last_ts=at(31.7),
        truncated=False,
    )
    return msgspec.structs.replace(sound, **other)


def series() -> list[SeriesPoint]:
    """A rise, a plateau with a dip, three short passes and the last burst, in bins of 10 ms."""
    points = []
    for i in range(139):
        t = i / 100
        if t < 0.06:
            rate = 2.0
        elif t < 0.9:
            rate = 742 + 30 * math.sin(i / 3) - (500 if 0.40 < t < 0.44 else 0)
        elif 0.98 < t < 1.1 or 1.14 < t < 1.2:
            rate = 690.0
        elif t > 1.27:
            rate = 801.0
        else:
            rate = 0.0
        points.append(SeriesPoint(at_s=t, mbps=rate))
    return points


PHASES = [
    Phase(kind="setup", n=1, start_ts=at(6.616), end_ts=at(6.676), payload_bytes=12_004, mbps=1.6),
    Phase(kind="bulk", n=1, start_ts=at(6.676), end_ts=at(7.516), payload_bytes=77_800_110, mbps=741.0),
    Phase(kind="burst", n=2, start_ts=at(7.596), end_ts=at(7.716), payload_bytes=10_300_100, mbps=686.7),
    Phase(kind="burst", n=3, start_ts=at(7.756), end_ts=at(7.816), payload_bytes=5_100_100, mbps=680.0),
    Phase(kind="switchover", n=1, start_ts=at(7.886), end_ts=at(8.006), payload_bytes=12_182_691, mbps=812.2),
]

TELEMETRY = {
    "bytes": Bytes(payload=105_395_005, unique=105_393_557, retransmitted=1_448),
    "throughput": Throughput(
        bulk_mbps=733.9,
        mean_mbps=606.4,
        best_1s_mbps=701.2,
        p50_mbps=741.8,
        p5_mbps=244.0,
        max_concurrent=1,
        limit="sender",
        limit_because="the sender paused with 410 kB of window open",
    ),
    "rtt": Rtt(
        samples=31_220,
        min_ms=0.141,
        p5_ms=0.162,
        p50_ms=2.911,
        p90_ms=3.804,
        p95_ms=4.101,
        p99_ms=4.77,
        max_ms=9.12,
        idle_ms=0.151,
        idle_samples=44,
        handshake_ms=0.144,
        coverage="full",
        coverage_because="both directions pass the source's uplink; the host's own time is not in it",
        histogram=[
            HistogramBin(low_ms=0.1, high_ms=0.2, count=1_701),
            HistogramBin(low_ms=0.2, high_ms=0.5, count=922),
            HistogramBin(low_ms=0.5, high_ms=1.0, count=1_411),
            HistogramBin(low_ms=1.0, high_ms=2.0, count=3_840),
            HistogramBin(low_ms=2.0, high_ms=5.0, count=23_101),
            HistogramBin(low_ms=5.0, high_ms=10.0, count=245),
        ],
    ),
    "loss": Loss(
        retransmissions=1,
        fast_retransmissions=None,
        zero_windows=0,
        lost_segments=0,
        retransmitted_share=1_448 / 105_395_005,
    ),
}

GOOD_CHECKS = [
    Check(
        id="completed",
        outcome="pass",
        decides=True,
        because="the stream ended in order and the guest was announced 41 ms later",
        evidence=[Evidence(point="src-uplink", frames=[88_101, 88_104], filter="frame.number in {88101, 88104}")],
    ),
    Check(
        id="throughput",
        outcome="pass",
        decides=True,
        measured=733.9,
        limit=622.0,
        unit="Mbps",
        because="734 Mbps were delivered while data flowed",
        evidence=[Evidence(point="src-uplink", filter=STREAM)],
    ),
    Check(
        id="rtt",
        outcome="pass",
        decides=True,
        measured=0.151,
        limit=5.0,
        unit="ms",
        because="0.15 ms on the idle path (both directions pass the source's uplink; the host's own time is not in it)",
        evidence=[Evidence(point="src-uplink", filter=f"{STREAM} && tcp.analysis.ack_rtt")],
    ),
    Check(
        id="announcement_reached_destination",
        outcome="pass",
        decides=True,
        because="gw-lan saw 5 of the 5 announcements, the first 0.3 ms after dst-guestbr",
        evidence=[
            Evidence(
                point="gw-lan", frames=[611, 613, 618, 626, 641], filter="frame.number in {611, 613, 618, 626, 641}"
            )
        ],
    ),
    Check(
        id="guest_reachable_after",
        outcome="pass",
        decides=True,
        because="10.99.0.2 reached the guest at its new place and was answered",
        evidence=[Evidence(point="gw-lan", frames=[655, 656], filter="frame.number in {655, 656}")],
    ),
    Check(
        id="switchover", outcome="undecided", decides=False, measured=170.0, unit="ms", because="170 ms; no limit set"
    ),
    Check(
        id="rtt_under_load",
        outcome="pass",
        decides=False,
        measured=4.1,
        limit=5.0,
        unit="ms",
        because="the 95th percentile stays at 4.10 ms",
    ),
    Check(
        id="retransmissions",
        outcome="pass",
        decides=False,
        measured=0.00001,
        limit=0.001,
        unit="share",
        because="1 segments carried bytes seen before, 0.001% of the payload",
    ),
    Check(id="window_limited", outcome="pass", decides=False, because="the receive window left room"),
    Check(
        id="mtu",
        outcome="pass",
        decides=False,
        measured=1448.0,
        unit="bytes",
        because="full-sized segments (MSS 1460) were acknowledged",
    ),
    Check(id="announced_too_early", outcome="pass", decides=False, because="the announcement followed the last frame"),
    Check(id="wrong_vlan", outcome="pass", decides=False, because="the guest kept its VLAN untagged at gw-lan"),
    Check(
        id="capture_quality", outcome="pass", decides=False, because="no drops, no cut file, no time running backwards"
    ),
]

SWITCHOVER = Switchover(
    bracket_ms=161.4,
    bracket=Bracket(
        from_point="src-uplink",
        from_frame=88_090,
        from_ts=at(7.886),
        to_point="dst-guestbr",
        to_frame=402,
        to_ts=at(8.0474),
        uncertainty_ms=0.0,
        because="last burst of the source to the first announcement",
    ),
    guest_silence_ms=165.9,
    guest_silence=Bracket(
        from_point="src-guestbr",
        from_frame=771,
        from_ts=at(7.884),
        to_point="dst-guestbr",
        to_frame=407,
        to_ts=at(8.0499),
        because="the guest answers a probe every 10 ms",
    ),
    peer_outage_ms=170.2,
    peer_outage=Bracket(
        from_point="client",
        from_frame=1_544,
        from_ts=at(7.8811),
        to_point="client",
        to_frame=1_580,
        to_ts=at(8.0513),
        uncertainty_ms=10.0,
        because="10.99.0.2 by ICMP",
    ),
    relearn_ms=2.6,
    relearn=Bracket(
        from_point="dst-guestbr",
        from_frame=402,
        from_ts=at(8.0474),
        to_point="dst-guestbr",
        to_frame=406,
        to_ts=at(8.05),
        because="first unicast to the guest at its new place",
    ),
    method="post-copy was not seen; the last burst is taken for the stop-and-copy",
)

POINTS = {
    "src-guestbr": PointAnnouncements(seen=False, because="the source's own bridge: not the destination domain"),
    "dst-guestbr": PointAnnouncements(
        seen=True,
        first_ts=at(8.0474),
        delay_ms=0.0,
        frames=[402, 405, 411, 420, 436],
        reached="not_observable",
        because="the host's own bridge: proves that the host sent it",
    ),
    "gw-lan": PointAnnouncements(
        seen=True, first_ts=at(8.0477), delay_ms=0.3, frames=[611, 613, 618, 626, 641], reached="reached"
    ),
}


def guest(**other: object) -> Guest:
    """The guest that moved, with what differs."""
    moved = Guest(
        mac=GUEST,
        ips=["10.77.0.10"],
        confidence="high",
        confidence_because="announced 41 ms after the stream ended, by QEMU's schedule",
        announcements=Announcements(
            count=5, kinds={"rarp_announce": 5}, first_ts=at(8.0474), schedule="qemu", by_point=POINTS
        ),
        switchover=SWITCHOVER,
        domain=Domain(verdict="reached", word="same", because="gw-lan saw 5 of the 5 announcements"),
        peers=[
            Peer(
                peer="10.99.0.2",
                protocol="icmp",
                point="client",
                outage_ms=170.2,
                interval_ms=10.0,
                lost=16,
                survived=True,
                frames=[1_544, 1_580],
                answered_after_ms=3.9,
                breakdown=[
                    OutagePart(
                        part="stun",
                        ms=166.3,
                        requests=16,
                        from_point="client",
                        from_frame=1_544,
                        from_ts=at(7.8811),
                        to_point="client",
                        to_frame=1_579,
                        to_ts=at(8.0474),
                        uncertainty_ms=10.0,
                        because="its last frame before: src-guestbr frame 771; its first after: dst-guestbr frame 407",
                    ),
                    OutagePart(
                        part="unexplained",
                        ms=3.9,
                        requests=1,
                        from_point="client",
                        from_frame=1_579,
                        from_ts=at(8.0474),
                        to_point="client",
                        to_ts=at(8.0513),
                        because="no point shows what became of these requests; seen at client",
                    ),
                ],
                breakdown_because="outage 170 ms: 166 ms of it while no host ran the guest",
                filter=f"icmp && ip.addr==10.99.0.2 && eth.addr=={GUEST}",
            ),
            Peer(
                peer="10.99.0.2",
                protocol="tcp/80",
                point="client",
                outage_ms=204.0,
                interval_ms=50.0,
                retransmissions=3,
            ),
        ],
        mechanisms=[
            Mechanism(
                name="same_subnet_vmotion",
                seen=True,
                worked="yes",
                because="both hosts answer ARP on one segment",
                evidence=[Sighted(point="src-uplink", frames=[1, 2], filter="frame.number in {1, 2}")],
            )
        ],
    )
    return msgspec.structs.replace(moved, **other)


def migration(**other: object) -> Migration:
    """A migration that went well, with what differs."""
    went_well = Migration(
        id="m1",
        hypervisor="qemu",
        source="10.10.1.11",
        destination="10.10.1.12",
        ports=[8000],
        connections=1,
        encapsulation=["eth/ip/tcp"],
        encrypted=False,
        start_ts=at(6.616),
        end_ts=at(8.006),
        duration_s=1.39,
        outcome="completed",
        outcome_because="the stream ended in order and the guest was announced 41 ms later",
        point="src-uplink",
        phases=PHASES,
        path=Path(
            routed=False, hops_source_to_destination=0, mtu=1500, mss=1460, word="adjacent", because="TTL 64 arrives"
        ),
        guests=[guest()],
        checks=GOOD_CHECKS,
        verdict="pass",
        series=series(),
        **TELEMETRY,
    )
    return msgspec.structs.replace(went_well, **other)


def changed(checks: list[Check], **by_id: Check) -> list[Check]:
    """These checks, some replaced."""
    return [by_id.get(check.id, check) for check in checks]


def good() -> Report:
    """A completed migration that met every deciding check."""
    return Report(
        schema=SCHEMA,
        tool=Tool(name="vmpcap", version="0.1.0"),
        generated_at="2026-07-15T09:00:00Z",
        profile=PROFILE,
        verdict="pass",
        because="the migration met every deciding check",
        inputs=[
            capture("src-uplink", "source"),
            capture("src-guestbr", "domain:source", packets=1_990, bytes=190_110),
            capture("dst-guestbr", "domain:destination", packets=1_210, bytes=120_110),
            capture("gw-lan", "gateway", packets=2_400, bytes=240_110),
            capture("client", "client", packets=4_020, bytes=402_110),
        ],
        clocks=[Clock(point="gw-lan", reference="src-uplink", because="no packet was seen at both points")],
        migrations=[migration()],
    )


def lost_guest() -> Report:
    """A migration into a bridge that leads nowhere: announced by the host, never heard at the gateway."""
    because = (
        "dst-guestbr saw 5 announcements and gw-lan none of them in the 23.6 s that followed, "
        "though gw-lan was capturing and saw other broadcasts"
    )
    unreachable = "10.99.0.2 sent 2,371 requests in 23.7 s after the switchover and got no answer"
    checks = changed(
        GOOD_CHECKS,
        announcement_reached_destination=Check(
            id="announcement_reached_destination",
            outcome="fail",
            decides=True,
            because=because,
            evidence=[Evidence(point="gw-lan", filter=f"arp.opcode == 3 && eth.src == {GUEST}")],
        ),
        guest_reachable_after=Check(
            id="guest_reachable_after",
            outcome="fail",
            decides=True,
            because=unreachable,
            evidence=[Evidence(point="client", frames=list(range(1_544, 1_580, 2)), filter=f"eth.addr == {GUEST}")],
        ),
        throughput=Check(
            id="throughput",
            outcome="undecided",
            decides=True,
            measured=512.3,
            limit=622.0,
            unit="Mbps",
            because="512 Mbps do not show what the link can carry: the window of 64 kB allows 437 Mbps at 1.20 ms",
            evidence=[Evidence(point="src-uplink", filter=STREAM)],
        ),
        capture_quality=Check(
            id="capture_quality",
            outcome="fail",
            decides=False,
            because="dst-guestbr: cut_short (frame 1211 needs 96 bytes, 40 are there)",
        ),
    )
    not_heard = PointAnnouncements(seen=False, reached="not_reached", because="capturing, and saw other broadcasts")
    lost = guest(
        announcements=Announcements(
            count=5,
            kinds={"rarp_announce": 5},
            first_ts=at(8.0474),
            schedule="qemu",
            by_point={**POINTS, "gw-lan": not_heard},
        ),
        domain=Domain(verdict="not_reached", word="different", because=because),
        switchover=Switchover(
            bracket_ms=161.4,
            bracket=SWITCHOVER.bracket,
            peer_outage=Bracket(because="the peers never came back: no upper bound"),
            relearn=Bracket(because="no unicast reached the guest at its new place"),
            guest_silence=Bracket(because="the guest was not seen again"),
        ),
        peers=[
            Peer(
                peer="10.99.0.2",
                protocol="icmp",
                point="client",
                interval_ms=10.0,
                lost=2_371,
                survived=False,
                frames=[1_544],
            )
        ],
        mechanisms=[],
    )
    defect = Defect(
        kind="cut_short", count=1, first_frame=1_211, offset=122_004, detail="frame 1211 needs 96 bytes, 40 are there"
    )
    base = good()
    inputs = [
        msgspec.structs.replace(i, truncated=True, defects=[defect], not_walked={"cut": 12, "unknown_ethertype": 3})
        if i.point == "dst-guestbr"
        else i
        for i in base.inputs
    ]
    return msgspec.structs.replace(
        base,
        verdict="fail",
        because=f"10.10.1.11 to 10.10.1.12: announcement_reached_destination: {because}",
        inputs=inputs,
        migrations=[migration(guests=[lost], checks=checks, verdict="fail")],
        other_announcements=3,
        notes=["src-uplink: 10.0.0.9:51522 to 10.0.0.5:8000 is not taken for a migration: it is HTTP"],
    )


def no_migration() -> Report:
    """A sound capture in which nothing migrates."""
    return msgspec.structs.replace(
        good(),
        verdict="undecided",
        because="no migration was recognised in 412 packets",
        inputs=[capture("office", None, path="office.pcapng", format="pcapng", packets=412, bytes=96_300)],
        clocks=[],
        migrations=[],
        other_announcements=2,
        notes=["office: 10.0.0.9:51522 to 10.0.0.5:8000 is not taken for a migration: it is HTTP"],
    )


def several() -> Report:
    """There, back, and one that was cancelled."""
    back = migration(
        id="m2", source="10.10.1.12", destination="10.10.1.11", start_ts=at(40), end_ts=at(41.1), duration_s=1.1
    )
    cancelled = migration(
        id="m3",
        outcome="aborted",
        outcome_because="the source reset its connections after 50 MB",
        guests=[],
        verdict="fail",
        checks=changed(
            GOOD_CHECKS,
            completed=Check(
                id="completed",
                outcome="fail",
                decides=True,
                because="the source reset its connections after 50 MB",
                evidence=[Evidence(point="src-uplink", frames=[99_001], filter="frame.number in {99001}")],
            ),
        ),
        start_ts=at(100),
        end_ts=at(101),
        duration_s=1.0,
    )
    return msgspec.structs.replace(
        good(),
        verdict="fail",
        because="10.10.1.11 to 10.10.1.12: completed: the source reset its connections after 50 MB",
        migrations=[migration(), back, cancelled],
    )


SAMPLES = {"good": good, "lost_guest": lost_guest, "no_migration": no_migration, "several": several}
