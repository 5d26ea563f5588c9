"""What a comparison found, gathered by kind."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from vmpcap.reference.compare import Difference, differences, goes_on, stream_differences
from vmpcap.reference.parts import LATEST
from vmpcap.reference.streams import COUNTS, Counts, End, Streams, is_unshown
from vmpcap.terms.columns import VERIFY, dtypes

if TYPE_CHECKING:
    import polars as pl

Row = Mapping[str, Any]

MOST_FRAMES: Final = 100
"""Numbers of frames that are kept of one kind."""
MOST_KINDS: Final = 1_000
"""Kinds that are kept apart; a capture made to differ in every frame in another way fills no memory."""
FURTHER: Final = "further"
WALKED_TO_THE_END: Final = frozenset({"complete", "lying_length", "cut_options"})
"""Stops behind which nothing was left to walk."""
DISAGREES: Final = frozenset({"differs", "missing", "extra", "flow"})
"""Findings that are a disagreement; the others say what only one of the two looks at."""
LESS_SEEN: Final = "tshark goes no further here; it may have to be told with --decode-as"
SHIFTED: Final = "tshark opens streams with TCP headers that the capture cut, so its numbers are higher"
OPENED: Final = "tshark opens streams with TCP headers that the capture cut, and this one has no others"
UNKNOWN: Final = "no flow here has this number"
UNSEEN: Final = "tshark has no such stream between these ends"
ACROSS: Final = "the connection is in several VLANs or overlays; no round trip is measured across them here"
ONCE: Final = "1 packet is there twice: it counts once here"
HEADLESS: Final = "packets whose TCP header the capture cut are in no flow here"
UNSHOWN: Final = "tshark shows no analysis of segments whose TCP options the capture cut"
BACKWARDS: Final = "the times of the capture run backwards here: that is no round trip"
TORN: Final = "numbers of this stream lie more than 2^30 apart: nothing says which are ahead, and each takes it its way"
FOUR_BLOCKS: Final = "of four SACK blocks tshark takes three off what is in flight; here all four are off"
HELD_BACK: Final = "times beyond 2262 are held back to it here, so that none lies between them"
REPEATED: Final = "Multipath TCP: an ACK repeated with another of its options is no duplicate (RFC 8684); not read here"
UNCOUNTED: Final = "streams beyond the first {most:,}: each segment is compared, and no counts"
REASSEMBLED: Final = "tshark shows the fragment that came last, vmpcap the packet that it completed"
SIZES: Final = frozenset({"packets", "wire_bytes", "payload_bytes"})
"""Counts that a copy changes by itself alone; it changes what is said of the packets around it, too."""
_IDS: Final = re.compile(r":\d+")


@dataclass(slots=True)
class Kind:
    """One kind of finding."""

    point: str
    finding: str
    column: str
    ours: str | None
    theirs: str | None
    because: str | None = None
    stream: int | None = None
    packets: int = 0
    frames: list[int] = field(default_factory=list)

    def row(self) -> dict[str, Any]:
        """As it stands in the table."""
        is_flow = self.stream is not None
        shown = f"tcp.stream eq {self.stream}" if is_flow else f"frame.number in {{{', '.join(map(str, self.frames))}}}"
        return {
            "point": self.point,
            "finding": self.finding,
            "column": self.column,
            "packets": None if is_flow else self.packets,
            "tcp_stream": self.stream,
            "vmpcap": self.ours,
            "tshark": self.theirs,
            "because": self.because,
            "frames": None if is_flow else self.frames,
            "filter": shown,
        }


class Findings:
    """Every kind of finding over the captures that were compared."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[Any, ...], Kind] = {}
        self.compared: dict[str, int] = {}
        """Packets by point."""
        self.streams: dict[str, int] = {}
        """TCP streams by point."""
        self.faults: dict[str, list[str]] = {}
        """What kept either engine from the rest of a capture, by point."""

    @property
    def is_agreed(self) -> bool:
        """Do the two say the same of everything that both look at?"""
        return not any(kind.finding in DISAGREES for kind in self._kinds.values())

    def pair(self, point: str, ours: Row | None, theirs: Row | None, ended: str | None = None) -> None:
        """Hold one packet against itself; None: that engine has no more, and `ended` is why, where that is known."""
        self.compared[point] = self.compared.get(point, 0) + 1
        if theirs is None:
            assert ours is not None
            because = ended or "tshark has no such packet"
            self._packet(point, "missing", "frame", ours["frame"], ours["frame"], None, because)
        elif ours is None:
            because = ended or "only tshark has such a packet"
            self._packet(point, "extra", "frame", theirs["frame"], None, theirs["frame"], because)
        elif ours["stop"] not in WALKED_TO_THE_END and goes_on(ours["encapsulation"], theirs["encapsulation"]):
            because = f"our walk ends: {ours['stop']}"
            self._paths(point, "not_walked", ours, theirs, because)
        else:
            for one in differences(ours, theirs):
                if one.column == "encapsulation":
                    is_less = goes_on(theirs["encapsulation"], ours["encapsulation"])
                    self._paths(point, "differs", ours, theirs, LESS_SEEN if is_less else None)
                elif one.column == "ip_fragment" and _is_put_together(ours, theirs):
                    self._packet(point, "reassembled", one.column, theirs["frame"], one.ours, one.theirs, REASSEMBLED)
                else:
                    self._packet(point, "differs", one.column, theirs["frame"], one.ours, one.theirs, None)

    def analysed(self, point: str, ours: Row, theirs: Row, streams: Streams) -> None:
        """Hold what the two analyses say of one segment against each other; streams : up to and with this packet."""
        for one in stream_differences(ours, theirs):
            finding, because = _excuse(one, ours, streams)
            apart = (_text(one.ours) or "", _text(one.theirs) or "") if one.column == "tcp_analysis" else ()
            self._packet(point, finding, one.column, theirs["frame"], one.ours, one.theirs, because, apart)

    def flows(self, point: str, ours: Iterable[Row], theirs: Streams) -> None:
        """
        Hold the streams of one capture against tshark's, the n-th between two ends against the n-th.

        A stream of which our flows show packets in several VLANs or overlays is their sum.
        """
        self.streams[point] = len(theirs.numbers()) + theirs.beyond
        left = theirs.numbers()
        counted = (row for row in ours if row["tcp_stream"] < theirs.most)
        for ends, numbered in _by_ends(counted).items():
            numbers = theirs.between(*ends)
            for place, (number, rows) in enumerate(sorted(numbered.items())):
                if place >= len(numbers):
                    if not theirs.beyond:
                        self._flow(point, "flow", "tcp_stream", number, number, None, UNSEEN)
                    continue
                stream = numbers[place]
                left.discard(stream)
                if stream != number:
                    finding, because = _shift(number, stream, theirs) or ("flow", None)
                    self._flow(point, finding, "tcp_stream", stream, number, stream, because)
                self._counts(point, stream, rows, theirs)
        with_headers = theirs.with_headers()
        for stream in sorted(left):
            finding, because = ("flow", UNKNOWN) if stream in with_headers else ("cut", OPENED)
            self._flow(point, finding, "tcp_stream", stream, None, stream, because)
        if theirs.beyond:
            because = UNCOUNTED.format(most=theirs.most)
            self._flow(point, "uncounted", "tcp_stream", theirs.most, None, theirs.most, because)

    def _counts(self, point: str, stream: int, rows: Sequence[Row], theirs: Streams) -> None:
        """Hold the counts of one stream against tshark's; its sides are those of our first flow."""
        for side in ("a", "b"):
            end = rows[0][f"{side}_ip"], rows[0][f"{side}_port"]
            counted = theirs.side(stream, end)
            for name in COUNTS:
                own = sum(row[f"{one}_{name}"] for row in rows for one in _sides_of(row, end))
                if own != counted[name]:
                    finding, because = _excuse_count(name, own - counted[name], (stream, end), rows, theirs)
                    self._flow(point, finding, f"{side}_{name}", stream, own, counted[name], because)

    def frame(self) -> "pl.DataFrame":
        """One row per kind: disagreements first, in the order in which they were found."""
        import polars as pl

        kinds = sorted(self._kinds.values(), key=lambda kind: kind.finding not in DISAGREES)
        return pl.DataFrame([kind.row() for kind in kinds], schema=dtypes(VERIFY), orient="row")

    def _paths(self, point: str, finding: str, ours: Row, theirs: Row, because: str | None) -> None:
        way, other_way = ours["encapsulation"], theirs["encapsulation"]
        apart = tuple(_IDS.sub("", path or "") for path in (way, other_way))
        self._packet(point, finding, "encapsulation", theirs["frame"], way, other_way, because, apart)

    def _packet(
        self,
        point: str,
        finding: str,
        column: str,
        frame: int,
        ours: object,
        theirs: object,
        because: str | None,
        apart: tuple[str, ...] = (),
    ) -> None:
        """Count a packet with its kind; `apart` is what keeps kinds of one column apart."""
        new = Kind(point, finding, column, _text(ours), _text(theirs), because)
        kind = self._kind((point, finding, column, because, *apart), new)
        kind.packets += 1
        if len(kind.frames) < MOST_FRAMES:
            kind.frames.append(frame)

    def _flow(
        self, point: str, finding: str, column: str, stream: int, ours: object, theirs: object, because: str | None
    ) -> None:
        kind = Kind(point, finding, column, _text(ours), _text(theirs), because, stream)
        self._kind((point, finding, column, stream), kind)

    def _kind(self, key: tuple[Any, ...], new: Kind) -> Kind:
        found = self._kinds.get(key)
        if found is None and len(self._kinds) >= MOST_KINDS:
            key = (new.point, new.finding, FURTHER)
            found = self._kinds.get(key)
            new.because = f"and others of this finding, beyond the first {MOST_KINDS:,} kinds"
        if found is None:
            found = self._kinds[key] = new
        return found


def _by_ends(flows: Iterable[Row]) -> dict[tuple[End, End], dict[int, list[Row]]]:
    """Flows by their ends, whichever spoke first, and by the number of their stream."""
    found: dict[tuple[End, End], dict[int, list[Row]]] = {}
    for row in flows:
        a, b = (row["a_ip"], row["a_port"]), (row["b_ip"], row["b_port"])
        ends = (b, a) if (b, a) in found else (a, b)
        found.setdefault(ends, {}).setdefault(row["tcp_stream"], []).append(row)
    return found


def _excuse(one: Difference, ours: Row, streams: Streams) -> tuple[str, str | None]:
    """
    Which finding is it if a segment differs so, and why?

    An excuse holds only where it explains the very values: what has none is a difference.
    """
    if one.column == "tcp_stream":
        return _shift(one.ours, one.theirs, streams) or ("differs", None)
    if is_unshown(ours) and not one.theirs:
        return "cut", UNSHOWN
    if one.column == "tcp_analysis" and ours["tcp_stream"] in streams.multipath and _is_more_by(one, "duplicate_ack"):
        return "differs", REPEATED
    if one.column in ("tcp_ack_rtt_us", "tcp_bytes_in_flight") and ours["tcp_stream"] in streams.torn:
        return "differs", TORN
    if one.column == "tcp_bytes_in_flight" and isinstance(one.theirs, int):
        fourth = streams.fourth.get((ours["tcp_stream"], (ours["ip_dst"], ours["dst_port"])), 0)
        if fourth and one.theirs - (one.ours if isinstance(one.ours, int) else 0) == fourth:
            return "differs", FOUR_BLOCKS
    if one.column in ("tcp_ack_rtt_us", "tcp_initial_rtt_us") and one.ours is None and isinstance(one.theirs, float):
        if one.theirs < 0:
            return "differs", BACKWARDS
        if ours["ts"] is not None and abs(ours["ts"]) == LATEST:
            return "differs", HELD_BACK
    return "differs", None


def _is_put_together(ours: Row, theirs: Row) -> bool:
    """Do both show the payload of a whole packet, and only the IP header that tshark shows is a fragment's?"""
    is_whole = ours["payload_bytes"] is not None and ours["payload_bytes"] == theirs["payload_bytes"]
    return is_whole and ours["ip_fragment"] == "whole"


def _is_more_by(one: Difference, mark: str) -> bool:
    """Do we say just this of a segment beside what tshark says?"""
    ours, theirs = (set(said) if isinstance(said, list | tuple) else set() for said in (one.ours, one.theirs))
    return ours - theirs == {mark} and theirs <= ours


def _shift(ours: object, theirs: object, streams: Streams) -> tuple[str, str] | None:
    """Is another number of a stream explained by streams that tshark opened with cut headers? By no more than those."""
    if isinstance(ours, int) and isinstance(theirs, int) and 0 < theirs - ours <= streams.cut_headers:
        return "cut", SHIFTED
    return None


def _excuse_count(
    name: str, more: int, key: tuple[int, End], rows: Sequence[Row], theirs: Streams
) -> tuple[str, str | None]:
    """Which finding is it if our flows count so many more of this, and why? As `_excuse`."""
    copies = theirs.copies[key[0]]
    twice = f"{copies} packets are there twice: they count once here" if copies > 1 else ONCE
    if name in SIZES:
        left_out = _of(theirs.copied, key)[name], _of(theirs.headless, key)[name]
        if more != -sum(left_out):
            return "flow", None
        return ("copies", twice) if left_out[0] else ("cut", HEADLESS)
    if copies:
        return "copies", f"{twice}, and tshark judges both and what follows as sent twice"
    if more and more == _of(theirs.unshown, key)[name]:
        return "cut", UNSHOWN
    if name == "duplicate_acks" and more > 0 and key[0] in theirs.multipath:
        return "flow", REPEATED
    if more and more == -_of(theirs.backwards, key)[name]:
        return "flow", BACKWARDS
    if name == "rtt_samples" and key[0] in theirs.torn:
        return "flow", TORN
    if len(rows) > 1 and name == "rtt_samples":
        return "segments", ACROSS
    return "flow", None


def _of(counts: Mapping[tuple[int, End], Counts], key: tuple[int, End]) -> Counts:
    return counts.get(key, Counter())


def _sides_of(row: Row, end: End) -> Iterator[str]:
    """Which side of this flow is this end? Both, where a connection has one end only."""
    for side in ("a", "b"):
        if (row[f"{side}_ip"], row[f"{side}_port"]) == end:
            yield side


def _text(value: object) -> str | None:
    return None if value is None else str(value)
