"""OTV as a Nexus 7000 sends it: labels in GRE, without a number of its own (domain notes 4.7)."""

from collections.abc import Sequence

from vmpcap.migration.mechanisms.case import Case, result, sighted, since
from vmpcap.migration.mechanisms.tunnels import Seen, left_out, seen_in
from vmpcap.migration.moved import on_reference
from vmpcap.migration.results import Mechanism
from vmpcap.terms.addresses import GROUP_BIT
from vmpcap.terms.units import NS_PER_S

SETTLED_NS = NS_PER_S
"""Frames still on their way when the guest moved may go to its old edge device."""


def judge_labelled_gre(case: Case, name: str) -> Mechanism | None:
    """Do frames for the guest go to the edge device behind which it now is?"""
    found = [(view, row) for view, row in seen_in(case, "labelled_gre") if row.outer is not None]
    if not found:
        return None
    own = [one for one in found if one[1].eth_src == case.guest.mac]
    old = _home(case, own)
    later = [one for one in own if on_reference(one[0], one[1].first_ts) >= case.moment and _ends(one)[0] != old]
    what = "OTV in labels over GRE"
    missing = left_out(found)
    if not later:
        because = f"{what} carried the guest's frames, but no new edge device sends any after the switchover"
        asked = [one for one in found if one not in own and _last(case, one) > SETTLED_NS]
        if old and asked and case.cut_off:
            because += f"; frames for it still went to {_ends(asked[0])[1]} {since(_last(case, asked[0]))}"
            because += f"; but {missing}" if missing else ""
            seen = sighted((view, row.last_frame) for view, row in asked[:3])
            return result(name, "undecided" if missing else "no", because, seen)
        return result(name, "undecided", because, sighted((view, row.last_frame) for view, row in found[:3]))
    first = min(later, key=lambda one: on_reference(one[0], one[1].first_ts))
    new = _ends(first)[0]
    moved = f"{what}: the guest is behind {new} {since(case.after(on_reference(first[0], first[1].first_ts)))}"
    moved += " after the switchover" + (f" (before: {old})" if old else "")
    unicast = [one for one in found if one not in own and not one[1].eth_dst & int(GROUP_BIT)]
    follows = [one for one in unicast if _ends(one)[1] == new and _last(case, one) >= 0]
    stale = [one for one in unicast if _ends(one)[1] == old and _last(case, one) > SETTLED_NS]
    seen = sighted([(first[0], first[1].first_frame), *((v, row.last_frame) for v, row in (*follows, *stale)[:4])])
    if stale:
        because = f"{moved}, but frames for it still went to {old} {since(max(_last(case, one) for one in stale))}"
        is_stale = bool(case.cut_off) or not follows
        if is_stale and not follows and missing:
            return result(name, "undecided", f"{because}; but {missing}", seen)
        return result(name, "no" if is_stale else "undecided", because, seen)
    if follows:
        latency = max(0, min(case.after(on_reference(v, row.first_ts)) for v, row in follows))
        return result(name, "yes", f"{moved}, and frames for it went there from {since(latency)} on", seen, latency)
    return result(name, "undecided", f"{moved}; no unicast frame for it is in view there", seen)


def _home(case: Case, own: Sequence[Seen]) -> str:
    """Behind which edge device was the guest last before it moved? Empty where that is not in view."""
    early = [one for one in own if on_reference(one[0], one[1].first_ts) < case.moment]
    return _ends(max(early, key=lambda one: min(_last(case, one), 0)))[0] if early else ""


def _ends(one: Seen) -> tuple[str, str]:
    return one[1].outer or ("", "")


def _last(case: Case, one: Seen) -> int:
    """How long after the switchover was the last of these, ns?"""
    return case.after(on_reference(one[0], one[1].last_ts))
