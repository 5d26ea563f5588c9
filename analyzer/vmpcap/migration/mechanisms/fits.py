"""Do the guest's frames fit what carries them? Asked of every encapsulation, after its own row (around.py)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from vmpcap.announcements.complaints import Complaint
from vmpcap.migration.causes.stuck import find_stucks, stops_before
from vmpcap.migration.mechanisms.around import SHELLS, Around, Shell, what_is_around
from vmpcap.migration.mechanisms.case import IN_THE_DOMAIN, Case, joined, sighted
from vmpcap.migration.mechanisms.too_large import HEEDED_NS, TOO_BIG, find_too_large
from vmpcap.migration.moved import on_point, on_reference
from vmpcap.migration.results import Mechanism
from vmpcap.migration.views import PointView
from vmpcap.terms.units import count_of

Frames = Sequence[tuple[PointView, int]]

IP_6: Final = 6
MORE_OVER_IPV6: Final = 20
"""Its header is so much longer than that of IPv4 (RFC 8200 3, RFC 791 3.1)."""


@dataclass(frozen=True, slots=True)
class Fit:
    """What says that frames of the guest do not fit, or may not."""

    words: str
    says: str
    """fails: they are lost for it. open: whether they are is not known. told: it was told, and heeds it."""
    frames: Frames


def say_what_fits(case: Case, told: Mechanism) -> Mechanism:
    """
    The same answer; of what carries the guest's frames it says where they find no room.

    A row that says no already has another reason: then both are told. An ICMP error of this kind is how the MTU of a
    path is found, so it fails nothing by itself (RFC 1191).
    """
    shell = SHELLS.get(told.name)
    around = what_is_around(case, told.name) if shell is not None else None
    if shell is None or around is None:
        return told
    found = [*_refused(case, around, shell), *_told_the_guest(case, around, shell), *_stuck(case, around)]
    for says in ("fails", "open", "told"):
        fit = next((one for one in found if one.says == says), None)
        if fit is not None:
            return _with(told, fit)
    return told


def _with(told: Mechanism, fit: Fit) -> Mechanism:
    joint = ", but " if fit.says != "told" and told.worked == "yes" else "; "
    worked = told.worked
    if fit.says == "fails":
        worked = "no"
    elif fit.says == "open" and worked == "yes":
        worked = "undecided"
    evidence = joined(told.evidence, sighted(fit.frames))
    latency = None if fit.says == "fails" else told.latency_ms
    return msgspec.structs.replace(
        told, worked=worked, because=f"{told.because}{joint}{fit.words}", evidence=evidence, latency_ms=latency
    )


def _refused(case: Case, around: Around, shell: Shell) -> list[Fit]:
    """Who said, since the guest moved, that packets of these tunnels do not fit? Said on, nobody heeds it."""
    seen: list[tuple[PointView, Complaint]] = [
        (view, error)
        for view in case.views
        for error in view.complaints.errors
        if (error.version, error.kind, error.code) in TOO_BIG
        and error.protocol
        and error.protocol in shell.adds
        and frozenset((error.source, error.target)) in around.ends
        and error.ts_ns >= on_point(view, case.moment)
    ]
    if not seen:
        return []
    most = max({view.name for view, _ in seen}, key=lambda name: sum(view.name == name for view, _ in seen))
    there = [(view, error) for view, error in seen if view.name == most]
    view, error = there[0]
    words = f"{error.sender} said {count_of(len(there), 'time')} that the tunnel's packets are too big"
    words += f" (its next link takes {error.mtu} bytes)" if error.mtu else ""
    added = shell.adds[error.protocol] + (MORE_OVER_IPV6 if error.version == IP_6 else 0)
    words += f": the tunnel adds {added} bytes to each frame"
    frames = [(v, e.frame) for v, e in there]
    if on_reference(view, there[-1][1].ts_ns) - on_reference(view, error.ts_ns) >= HEEDED_NS:
        return [Fit(words, "fails", frames)]
    return [Fit(f"{words}; whether larger ones passed since is not in view", "open", frames)]


def _told_the_guest(case: Case, around: Around, shell: Shell) -> list[Fit]:
    """Was the guest told that its packets do not fit, by what is added, and does it heed that?"""
    more = {MORE_OVER_IPV6 if ":" in end else 0 for ends in around.ends for end in ends} or {0}
    adds = tuple(added + one for added in shell.adds.values() for one in sorted(more))
    told = find_too_large(case, adds)
    if told is None:
        return []
    less = next(n for n in adds if told.is_less_by(n))
    fits = f"{told.error.sender} told the guest that its packets are too big: {told.error.mtu} bytes fit"
    fits += f", which is {less} less than a link has: what the tunnel adds"
    frames = [(told.view, told.error.frame), *told.frames]
    for words, says in ((told.lost, "fails"), (told.open, "open")):
        if words:
            return [Fit(f"{fits}; {words}", says, frames)]
    return [Fit(fits, "told", frames)]


def _stuck(case: Case, around: Around) -> list[Fit]:
    """Which large segments of machines whose frames are carried stay lost, and do smaller ones pass?"""
    found: list[Fit] = []
    beside = [view for view in case.views if view.role in IN_THE_DOMAIN]
    for view in {view.name: view for view in (*around.views, *beside)}.values():
        if not view.journal_complete:
            continue
        for stuck in find_stucks(view, case.guest, on_point(view, case.moment)):
            j, row = view.journal, stuck.row
            if (int(j.eth_src[row]), int(j.eth_dst[row])) not in around.pairs:
                continue
            beyond = stops_before(stuck, view, case.guest, (*around.views, *case.views))
            words = f"a segment of {stuck.payload_bytes:,} bytes was sent {stuck.times} times at {view.name}"
            words += " without an answer"
            frames = [(view, frame) for frame in stuck.frames]
            if stuck.smaller_pass or beyond is not None:
                words += ", while smaller ones pass"
                words += f" (at {beyond.name} too, where none as large is seen)" if beyond is not None else ""
                found.append(Fit(f"{words}: with what the tunnel adds it does not fit", "fails", frames))
                continue
            words += ", and no smaller one in view was answered meanwhile: whether its size is the reason is not known"
            found.append(Fit(words, "open", frames))
    return found
