"""How figures, times and answers are worded, for every look of the report."""

import math
import os
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from vmpcap.migration.results import KnownBy, Mechanism
from vmpcap.report.document import Migration, ProfileUsed
from vmpcap.terms.digits import Side, digits_of, outward
from vmpcap.terms.units import NS_PER_S
from vmpcap.verdicts.findings import Check, Outcome

VERDICTS: Final = {"pass": "PASS", "fail": "FAIL", "undecided": "UNDECIDED"}
ANSWERS: Final[dict[str, dict[Outcome, str]]] = {
    "completed": {
        "pass": "the migration completed",
        "fail": "the migration did not complete",
        "undecided": "whether the migration completed cannot be told",
    },
    "throughput": {
        "pass": "the link was fast enough",
        "fail": "the link was too slow",
        "undecided": "whether the link is fast enough cannot be told",
    },
    "rtt": {
        "pass": "the hosts are near enough",
        "fail": "the hosts are too far apart",
        "undecided": "whether the hosts are near enough cannot be told",
    },
    "announcement_reached_destination": {
        "pass": "the guest's announcement reached its new broadcast domain",
        "fail": "the guest's announcement did not reach its new broadcast domain",
        "undecided": "whether the guest's announcement reached its new broadcast domain cannot be told",
    },
    "guest_reachable_after": {
        "pass": "the guest was reachable afterwards",
        "fail": "the guest was not reachable afterwards",
        "undecided": "whether the guest was reachable afterwards cannot be told",
    },
    "switchover": {
        "pass": "the interruption stayed within its limit",
        "fail": "the interruption was too long",
        "undecided": "whether the interruption stayed within its limit cannot be told",
    },
}
"""The deciding checks' answers as a person would say them. A check that is not here is named by its id."""
PARTLY: Final[dict[str, str]] = {
    "guest_reachable_after": "the guest was reachable for only a part of those who asked afterwards",
}
"""Checks that fail although a share, which they tell as their figure, is in order."""
AT_LEAST: Final = frozenset({"throughput"})
"""Checks whose limit is a minimum; every other limit is a maximum."""
HYPERVISORS: Final = {
    "qemu": "QEMU",
    "vmware": "VMware",
    "vsphere": "VMware",
    "hyperv": "Hyper-V",
    "xen": "Xen",
}
UNKNOWN: Final = "unknown"
AT_LEAST_WORDS: Final = "at least "
MOST_FRAMES: Final = 12
"""Frame numbers that are listed; the display filter selects all of them."""


def verdict_sentence(migration: Migration) -> str:
    """What is this migration's verdict, in words? The worst answers of the deciding checks."""
    deciding = [c for c in migration.checks if c.decides]
    worst = [c for c in deciding if c.outcome == migration.verdict]
    if migration.verdict == "pass" and worst:
        return "the migration met every deciding check"
    return "; ".join(answer(c) for c in worst) or "no check decides under this profile"


def answer(check: Check) -> str:
    """What does this check say, as a person would?"""
    if check.in_short:
        return check.in_short
    if check.outcome == "fail" and check.measured and check.id in PARTLY:
        return PARTLY[check.id]
    return ANSWERS.get(check.id, {}).get(check.outcome) or f"{check.id}: {check.outcome}"


def held_against_limit(check: Check) -> str:
    """How does the measured figure stand to its limit? Empty where nothing was measured."""
    if check.measured is None:
        return "" if check.limit is None else f"not measured ({limit_words(check)})"
    if check.limit is None:
        return figure(check.measured, check.unit)
    return f"{figure(check.measured, check.unit, check.limit)} ({limit_words(check)})"


def limit_words(check: Check) -> str:
    """What is the figure of this check held against?"""
    bound = "at least" if check.id in AT_LEAST else "at most"
    # somebody's own figure: as it was said
    return f"{bound} {figure(check.limit, check.unit, beside=check.limit)}"


def figure(value: float | None, unit: str = "", beside: float | None = None) -> str:
    """
    How is this figure written? About three digits, and as many more as keep it on its side of the limit beside it.

    >>> figure(621.97, "Mbps", beside=622)
    '621.97 Mbps'
    >>> figure(101.5, "Mbps", beside=101.5)
    '101.5 Mbps'
    >>> figure(None, "ms")
    'unknown'
    """
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if unit == "share":
        return f"{figure(value * 100, '', None if beside is None else beside * 100)} %"
    text = f"{value:,.{digits_of(value, beside)}f}"
    return f"{text} {unit}" if unit else text


def figure_bound(value: float | None, unit: str, side: Side) -> str:
    """
    How is a figure written that is a bound? Outward: never more than is known of a lower one, never less of an upper.

    >>> figure_bound(333.3, "ms", "least"), figure_bound(333.3, "ms", "most")
    ('333 ms', '334 ms')
    """
    if value is None or not math.isfinite(value):
        return UNKNOWN
    digits = digits_of(value)
    return f"{outward(value, digits, side):,.{digits}f} {unit}".rstrip()


def size(count: int | None) -> str:
    """
    How are so many bytes written? Decimal units: 1 MB is 10^6 bytes.

    >>> size(999_600_000)
    '1 GB'
    """
    if count is None:
        return UNKNOWN
    for unit, scale in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= 0.9995 * scale:
            return f"{count / scale:.3g} {unit}" if count < 999.5 * scale else f"{count / scale:,.0f} {unit}"
    return f"{count} byte" if count == 1 else f"{count} bytes"


WHOLE_FROM: Final = 99.95
"""From so many seconds on they are told without a fraction."""
MINUTES_FROM: Final = 7_170
"""From so many seconds on only minutes are told."""


def span(seconds: float | None) -> str:
    """
    How is a stretch of time written?

    >>> span(0.0884), span(125), span(7_260)
    ('88.4 ms', '2 min 5 s', '2 h 1 min')
    """
    if seconds is None:
        return UNKNOWN
    if seconds < 0:
        return f"-{span(-seconds)}"
    if seconds < 0.9995:
        return f"{seconds * 1000:.3g} ms"
    if seconds < 119.5:
        return f"{seconds:.3g} s" if seconds < WHOLE_FROM else f"{seconds:.0f} s"
    if seconds < MINUTES_FROM:
        return "{:d} min {:d} s".format(*divmod(round(seconds), 60))
    return "{:,d} h {:d} min".format(*divmod(round(seconds / 60), 60))


def span_bound(seconds: float | None, side: Side) -> str:
    """
    How is a stretch of time written that is a bound? Outward, to as many digits as `span`.

    >>> span_bound(3.0947, "least"), span_bound(4.8013, "most"), span_bound(7_201, "most")
    ('3.09 s', '4.81 s', '2 h 1 min')
    """
    if seconds is None or seconds <= 0:
        return span(seconds)
    if seconds >= MINUTES_FROM:
        return span(outward(seconds / 60, 0, side) * 60)
    digits = 0 if seconds >= WHOLE_FROM else 2 - math.floor(math.log10(seconds))
    return span(outward(seconds, digits, side))


def latency_words(m: Mechanism) -> str:
    """
    How long after the switchover is its part known to be done? Empty where that has no time.

    Where others did it before, out of view, the frame that shows it is an upper bound.
    """
    if m.latency_ms is None:
        return ""
    sign = "+" if m.latency_ms >= 0 else ""
    if m.latency_is_at_most:
        return f"at most {sign}{figure_bound(m.latency_ms, 'ms', 'most')}"
    return f"{sign}{figure(m.latency_ms, 'ms')}"


BETWEEN: Final[dict[KnownBy, str]] = {
    "stream": "between hosts that are not in view",
    "places": "between hosts that are not in view",
    "silence": "from where to where is not in view",
    "name": "from where to where is not in view",
}


def hosts(m: Migration, arrow: str = "to") -> str:
    """
    From which host to which? Of a migration whose stream nobody captured: whom it carried, as far as anybody knows.
    """
    if m.source is None or m.destination is None:
        whom = m.guests[0].mac or ", ".join(m.guests[0].ips) if m.guests else UNKNOWN
        return f"{whom}, {BETWEEN[m.known_by]}"
    return f"{m.source} {arrow} {m.destination}"


def began(m: Migration) -> str:
    """When did it begin? Before the first packet in view, where its begin is not."""
    return f"before {stamp(m.start_ts)}" if "begin" in m.cut_at else stamp(m.start_ts)


def not_in_view(m: Migration) -> str:
    """Which ends of the stream are not in view? Empty where both are."""
    return f"its {' and its '.join(m.cut_at)} {'are' if len(m.cut_at) > 1 else 'is'} not in view" if m.cut_at else ""


def lasted(m: Migration) -> str:
    """How long did this migration take? At least so long, where not all of it is in view."""
    if m.is_cut and m.duration_s is not None:
        return f"{AT_LEAST_WORDS}{span_bound(m.duration_s, 'least')}"
    return span(m.duration_s)


def carried(m: Migration) -> str:
    """How many bytes did it carry, each counted once? At least so many, where not all of it is in view."""
    return f"{AT_LEAST_WORDS if m.is_cut else ''}{size(m.bytes.unique)}"


def stamp(iso: str | None) -> str:
    """How is a time of the report shown? UTC, to the millisecond."""
    if not iso:
        return UNKNOWN
    day, _, clock = iso.partition("T")
    whole, _, fraction = clock.rstrip("Z").partition(".")
    return f"{day} {whole}.{(fraction + '000')[:3]} UTC"


def between(start: str | None, end: str | None) -> str:
    """How is a stretch from here to there shown? The day once, where it is the same."""
    first, last = stamp(start), stamp(end)
    if first[:10] == last[:10] and first.endswith(" UTC"):
        return f"{first.removesuffix(' UTC')} to {last[11:]}"
    return f"{first} to {last}"


def seconds_between(start: str | None, end: str | None) -> float | None:
    """How many seconds lie between two times of the report? None where one is unknown."""
    first, last = nanoseconds(start), nanoseconds(end)
    return None if first is None or last is None else (last - first) / NS_PER_S


def nanoseconds(iso: str | None) -> int | None:
    """
    Which nanosecond since 1970 is this time of the report? None where it is unknown.

    >>> nanoseconds("1970-01-01T00:00:01.000000002Z")
    1000000002
    """
    whole, _, fraction = (iso or "").removesuffix("Z").partition(".")
    try:
        since = datetime.fromisoformat(whole).replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
        return (since.days * 86_400 + since.seconds) * NS_PER_S + int((fraction + "0" * 9)[:9])
    except ValueError:
        return None


def of_file(path: str | None) -> str:
    """
    Which file numbers the frame before these words? Nothing where its point has one alone.

    >>> f"frame 7{of_file('old/a.pcap')}", of_file(None)
    ('frame 7 of a.pcap', '')
    """
    return f" of {os.path.basename(path)}" if path else ""


def frame_list(frames: Sequence[int], most: int = MOST_FRAMES, files: Sequence[str] = ()) -> str:
    """
    How are frame numbers listed? Runs as a-b, the rest counted; of several files file by file.

    >>> frame_list([3, 4, 1], files=["a.pcap", "a.pcap", "b.pcap"])
    '3-4 of a.pcap, 1 of b.pcap'
    """
    if files:
        of = {path: [n for n, its in zip(frames, files, strict=False) if its == path] for path in files}
        return ", ".join(f"{frame_list(numbers, most)}{of_file(path)}" for path, numbers in of.items())
    if not frames:
        return ""
    runs = list(_runs(sorted(set(frames))))
    shown = [str(a) if a == b else f"{a}-{b}" for a, b in runs[:most]]
    left = sum(b - a + 1 for a, b in runs[most:])
    return ", ".join(shown) + (f" and {left:,} more" if left else "")


def _runs(numbers: Iterable[int]) -> Iterable[tuple[int, int]]:
    first = last = None
    for number in numbers:
        if first is None or last is None:
            first = last = number
        elif number == last + 1:
            last = number
        else:
            yield first, last
            first = last = number
    if first is not None and last is not None:
        yield first, last


def profile_line(profile: ProfileUsed) -> str:
    """What does the profile ask for?"""
    asked = []
    if profile.throughput_mbps_min is not None:
        whose = "the link" if profile.scope == "link" else "each migration"
        asked.append(f"at least {figure(profile.throughput_mbps_min, 'Mbps')} for {whose}")
    if profile.rtt_ms_max is not None:
        asked.append(f"at most {figure(profile.rtt_ms_max, 'ms')} round trip")
    if profile.switchover_ms_max is not None:
        asked.append(f"at most {figure(profile.switchover_ms_max, 'ms')} interruption")
    return f"profile {profile.name}: {', '.join(asked) or 'no limit on throughput, round trip or interruption'}"


def hypervisor(migration: Migration) -> str:
    """Which hypervisor, as its users write it? Perhaps, where its first bytes are not there: others use its port."""
    name = HYPERVISORS.get(migration.hypervisor, migration.hypervisor)
    return f"perhaps {name}" if is_guessed(migration) else name


def is_guessed(migration: Migration) -> bool:
    """Does the port alone say whose the stream is, with none of its first bytes to say otherwise?"""
    is_unread = migration.hypervisor_because.endswith(("not in view", "not captured"))
    return is_unread and migration.hypervisor != UNKNOWN


def ports(migration: Migration) -> str:
    """Over which ports did it go?"""
    listed = ", ".join(map(str, migration.ports[:6]))
    return f"TCP {listed}{', ...' if len(migration.ports) > 6 else ''}"


def vlans(vlan: Sequence[int], vni: int | None) -> str:
    """Which VLAN or overlay? Outermost tag first."""
    words = f"VLAN {'.'.join(map(str, vlan))}" if vlan else ""
    overlay = f"VNI {vni}" if vni is not None else ""
    return ", ".join(w for w in (words, overlay) if w)


PLAIN_PATH: Final = re.compile(r"((eth|sll|sll2|raw|null|loop)/)?((ip|ipv6)/)?(tcp|udp)?|eth|sll|sll2")
"""A stream that is in no tag and no tunnel: nothing worth a word."""


def tunnels(paths: Sequence[str]) -> list[str]:
    """Which of these encapsulations are more than plain TCP over IP?"""
    return [path for path in paths if not PLAIN_PATH.fullmatch(path)]
