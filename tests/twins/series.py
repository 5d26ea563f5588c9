"""Series and pauses in plain Python: every event is kept, and looked at once all is over."""

import itertools
from collections import defaultdict
from dataclasses import dataclass, field

NO_TIME = -(2**63)
NEVER = 2**63 - 1
BIN_NS = 10_000_000
MOST_BINS = 65_536
MOST_SPAN_NS = 32 * 86_400 * 10**9
LEAST_PAUSE_NS = 10_000_000
MOST_PAUSES = 1024


@dataclass
class SeriesTwin:
    """What happened when in one direction of a stream."""

    start_ns: int
    events: list[tuple[int, str, int]] = field(default_factory=list)
    """(time, quantity, value)"""
    passed: dict[str, list[tuple[int, int, int]]] = field(default_factory=lambda: defaultdict(list))
    """Of what was sent for the first time, and of what was acknowledged: (time since the start, time, bytes)."""

    def add(self, ts: int, **quantities: int) -> None:
        """Times that belong to no series are left out; those before the start count as the start."""
        if ts != NO_TIME and ts - self.start_ns <= MOST_SPAN_NS:
            since = max(ts - self.start_ns, 0)
            self.events += [(since, name, value) for name, value in quantities.items()]
            for name in ("new", "acked"):
                if quantities.get(name, 0) > 0:
                    self.passed[name].append((since, ts, quantities[name]))

    @property
    def width_ns(self) -> int:
        """The narrowest bins of which there are few enough."""
        longest, width = max((since for since, _, _ in self.events), default=0), BIN_NS
        while longest // width >= MOST_BINS:
            width *= 2
        return width

    def columns(self) -> dict[str, list[int]]:
        """One value per bin, up to the last in which data or its acknowledgement passed."""
        bins: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        width = self.width_ns
        for since, quantity, value in self.events:
            bins[quantity][since // width].append(value)
        busy = [n for name in ("segments", "acked") for n, values in bins[name].items() if sum(values)]
        places = range(max(busy, default=-1) + 1)
        sums = {name: [sum(bins[name].get(n, ())) for n in places] for name in ("new", "acked", "resent", "segments")}
        least = {f"{name}_min": [min(bins[name].get(n, (-1,))) for n in places] for name in ("rtt", "window")}
        most = {f"{name}_max": [max(bins[name].get(n, (-1,))) for n in places] for name in ("rtt", "flight")}
        first = {"first_frame": [min(bins["frame"].get(n, (0,))) for n in places]}
        last = {"last_frame": [max(bins["frame"].get(n, (0,))) for n in places]}
        return sums | least | most | first | last | self._edges(places)

    def _edges(self, places: range) -> dict[str, list[int]]:
        """Between which times did new bytes and acknowledgements of more pass in each bin, and how many at first?"""
        within = {
            name: [sorted(((t, size) for since, t, size in found if since // self.width_ns == n), key=lambda e: e[0])
                   for n in places]
            for name, found in (("new", self.passed["new"]), ("acked", self.passed["acked"]))
        }  # fmt: skip
        return {
            "sent_first_ts": [found[0][0] if found else NEVER for found in within["new"]],
            "sent_last_ts": [found[-1][0] if found else NO_TIME for found in within["new"]],
            "acked_first_ts": [found[0][0] if found else NEVER for found in within["acked"]],
            "acked_first_bytes": [found[0][1] if found else 0 for found in within["acked"]],
            "acked_last_ts": [found[-1][0] if found else NO_TIME for found in within["acked"]],
        }


def pauses_twin(data: list[tuple[int, int]]) -> tuple[list[tuple[int, int, int, int]], int]:
    """The longest stretches between (time, frame) of data, and how many shorter ones there was no room for."""
    found = []
    for (from_ts, from_frame), (to_ts, to_frame) in itertools.pairwise(data):
        if NO_TIME not in (from_ts, to_ts) and to_ts - from_ts >= LEAST_PAUSE_NS:
            found.append((from_ts, from_frame, to_ts, to_frame))
    bar = LEAST_PAUSE_NS
    while sum(to - begin >= bar for begin, _, to, _ in found) > MOST_PAUSES:
        bar *= 2
    kept = [one for one in found if one[2] - one[0] >= bar]
    return kept, len(found) - len(kept)
