"""Everything that is known of one migration, told once: the verdicts and the report only read it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import msgspec

from vmpcap.migration.anew import by_service
from vmpcap.migration.announced.early import find_early_announcement, moment_after, without_early
from vmpcap.migration.announced.reach import follow_announcements
from vmpcap.migration.announced.told import tell_announcements
from vmpcap.migration.announced.uplinks import with_guests_at_uplinks
from vmpcap.migration.announced.vlans import find_retagged, tags_apart, tags_kept
from vmpcap.migration.announced_moves import NO_STREAM, AnnouncedMove, Unseen, find_announced_moves
from vmpcap.migration.causes.breakdown import break_down
from vmpcap.migration.clocks import is_moment_unknown
from vmpcap.migration.domains.role_doubts import find_role_doubts, say_doubts, with_shown_roles
from vmpcap.migration.domains.two_domains import name_domains
from vmpcap.migration.guest.announcers import find_announcers
from vmpcap.migration.guest.guests import find_guests
from vmpcap.migration.guest.named_guests import not_in_view
from vmpcap.migration.guest.outcome import Outcome, judge_outcome
from vmpcap.migration.guest.restarts import find_restarts
from vmpcap.migration.guest.scenes import Scene, set_apart, set_scenes
from vmpcap.migration.guest.signs import signs_between
from vmpcap.migration.guest.silenced import find_silenced
from vmpcap.migration.guest.silences import Silence, last_sign_before, left_for_good, silences
from vmpcap.migration.guest.switchover import describe_switchover, find_end, find_moment, runs_since, signs_after
from vmpcap.migration.listed import list_peers
from vmpcap.migration.marks import sign_on_its_clock
from vmpcap.migration.mechanisms.at_rest import tell_at_rest, tell_restarts
from vmpcap.migration.mechanisms.case import Case, Trip, moved_again
from vmpcap.migration.mechanisms.table import judge_mechanisms, judge_stream
from vmpcap.migration.moved import Moved, on_reference
from vmpcap.migration.nothing_moved import tell_of_nothing_moved
from vmpcap.migration.one_clock import put_on_one_clock
from vmpcap.migration.packets.closed_ways import find_closed_way
from vmpcap.migration.packets.conflicts import find_duplicate_address, find_second_place
from vmpcap.migration.packets.guest_segments import describe_guest_segments
from vmpcap.migration.packets.reachable import Reachability, judge_reachability
from vmpcap.migration.peers.closed_to import with_what_died
from vmpcap.migration.peers.lost_neighbours import with_neighbours
from vmpcap.migration.peers.outbound import with_outbound
from vmpcap.migration.peers.outside import known_outside
from vmpcap.migration.peers.partly_lost import with_parts_of_services
from vmpcap.migration.peers.sessions import tell_sessions, with_lost, with_silence
from vmpcap.migration.peers.suffering import what_peers_suffered, worst_first
from vmpcap.migration.peers.unreached_outside import with_outside
from vmpcap.migration.results import Domain, Guest, Mechanism, Path
from vmpcap.migration.stories import GuestStory, Story, Told
from vmpcap.migration.stream.broken_streams import stuck_segment
from vmpcap.migration.stream.delivery import say_what_counts
from vmpcap.migration.stream.detours import Detour, find_guest_loop, find_trombone
from vmpcap.migration.stream.figures import (
    NOTHING_OF_IT,
    StreamFigures,
    is_at_sender,
    measure_stream,
    uncaptured,
    without_rates,
)
from vmpcap.migration.stream.hops import describe_path
from vmpcap.migration.stream.moves import Move, Sighting, match_transfers
from vmpcap.migration.stream.other_names import name_streams
from vmpcap.migration.stream.phases import name_phases
from vmpcap.migration.stream.reduced import join_reduced
from vmpcap.migration.stream.relays import join_relayed, say_relayed
from vmpcap.migration.stream.segments import describe_segments
from vmpcap.migration.stream.sender_losses import losses_beside_sender
from vmpcap.migration.stream.split import find_split, longest_part_ns, wan_side
from vmpcap.migration.stream.steady import why_unsteady
from vmpcap.migration.stream.stream_facts import is_encrypted, is_large_acked, stream_filter
from vmpcap.migration.stream.transfers import Refused, Transfer, find_transfers, stalled_calls
from vmpcap.migration.stream.unasked import without_denied
from vmpcap.migration.stream.unresolved import asked_for_in_vain
from vmpcap.migration.stun_times import stun_on_stream_clock
from vmpcap.migration.unplaced import find_unplaced
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import NO_MAC, ip_text, mac_text
from vmpcap.terms.units import ms

HOST_NICS: Final = ("source", "destination")
"""Roles of points at a host's own migration NIC."""


def tell(views: Sequence[PointView], extra_ports: Sequence[int], guests: Sequence[str], faults: Sequence[str]) -> Told:
    """
    Which migrations do these points show, and what happened in each?

    A role that the packets contradict is not gone by: it is told as a fault of the captures.
    """
    found: list[tuple[PointView, list[Transfer]]] = []
    refused: list[tuple[PointView, Refused]] = []
    stuck = {key for v in views if v.role in HOST_NICS for key in stalled_calls(v.streams, extra_ports)}
    for view in views:
        transfers, no = find_transfers(view.streams, extra_ports, stuck)
        found.append((view, transfers))
        refused += [(view, r) for r in no]
    found = without_denied(found, refused)
    refused = join_reduced(found, refused)
    streams = name_streams(found)
    found, relayed = join_relayed(streams.found)
    moves = match_transfers(found)
    moved, others = find_guests(moves, views, guests)
    doubts = find_role_doubts(moves, moved, views)
    if doubts:
        views = with_shown_roles(views, doubts)
        by_name = {view.name: view for view in views}
        found = [(by_name[view.name], transfers) for view, transfers in found]
        moves = match_transfers(found)
        moved, others = find_guests(moves, views, guests)
    wrong = tuple(say_doubts(doubts))
    trips = [_trip(move, passengers) for move, passengers in zip(moves, moved, strict=True)]
    scenes = [with_guests_at_uplinks(scene) for scene in set_scenes(moves, moved, views)]
    stories = tuple(_tell_one(scene, (*faults, *wrong), trips, number) for number, scene in enumerate(scenes))
    unseen, unmoved = Unseen([], [], []), list[str]()
    if not stories:
        started = {restart.mac for restart in find_restarts(views, ())}
        unseen = find_announced_moves(views, started)
        if not (unseen.moves or unseen.notes):
            unseen, unmoved = find_unplaced(views, guests, started)
        trips = [one.trip for one in unseen.moves]
        stories = tuple(_tell_unseen(one, (*faults, *wrong), trips, number) for number, one in enumerate(unseen.moves))
    keys = {link.key for move in moves for s in move.sightings for link in s.transfer.links}
    left = tuple((v, r) for v, r in refused if (r.connection.a_ip, r.connection.a_port) not in {k[0] for k in keys})
    told = [guest for passengers in moved for guest in passengers] or [g.moved for s in stories for g in s.guests]
    restarts = find_restarts(views, {guest.mac for guest in told})
    judged = {row.name for story in stories for row in story.mechanisms}
    at_rest = [] if any(story.guests for story in stories) else [r for r in tell_at_rest(views) if r.name not in judged]
    return Told(
        stories,
        others - sum(bool(one.guest.heard) for one in unseen.moves),
        left,
        tuple(restarts),
        wrong,
        tuple(find_announcers(views, told)),
        name_doubts=(*streams.doubts, *relayed, *say_relayed(moves), *not_in_view(guests, views, told), *unmoved),
        look_alikes=(*unseen.notes, *(() if stories else asked_for_in_vain(views))),
        at_rest=(*tell_restarts(restarts), *unseen.rows, *at_rest),
        unanswered=() if stories else tell_of_nothing_moved(views, [restart.mac for restart in restarts]),
    )


def _trip(move: Move, passengers: Sequence[Moved]) -> Trip:
    """The same migration as the others' mechanisms ask about it."""
    view, transfer = move.best.view, move.best.transfer
    start, end = on_reference(view, move.start_ts), on_reference(view, move.end_ts)
    macs = frozenset(guest.mac for guest in passengers)
    return Trip(start, end, transfer.source, transfer.destination, macs, transfer.stream.live)


def _tell_one(scene: Scene, faults: Sequence[str], trips: Sequence[Trip], number: int) -> Story:
    move, passengers, views = scene.move, scene.guests, scene.views
    split = find_split(move)
    figures = _up_to_proxy(_measured(move.best, move.sightings), split)
    outcome = judge_outcome(move, passengers, views)
    if outcome.outcome == "aborted":
        passengers = tuple(g for g in passengers if g.heard or g.confidence != "low")
    path = _path(move, split)
    completed = {"completed": True, "aborted": False}.get(outcome.outcome)
    guests = tuple(
        _tell_guest(move, *set_apart(guest, passengers, views), figures, path, completed, split, trips, number)
        for guest in passengers
    )
    transfer = move.best.transfer
    wan = wan_side(move) if split.found else None
    stun = stun_on_stream_clock(move, guests, views)
    return Story(
        move=move,
        point=move.best.view.name,
        at_sender=is_at_sender(figures.rtt),
        figures=figures,
        outcome=outcome,
        path=path,
        phases=name_phases(transfer.start_ts, figures, stun.times),
        guests=guests,
        encrypted=is_encrypted(transfer),
        stream_filter=stream_filter(transfer),
        stuck_segment=stuck_segment(transfer.links),
        large_segments_acked=is_large_acked(transfer),
        split=split,
        longest_part_ms=ms(longest_part_ns(move)),
        capture_faults=(*faults, *_holes(move)),
        wan_point=wan.view.name if wan is not None else "",
        wan_figures=_measured(wan, (wan,)) if wan is not None else None,
        mechanisms=() if guests else tuple(_of_nobody(move, views, path, completed, split)),
        segments=tuple(describe_segments(move)),
        phases_because=stun.because,
        sender_loss=losses_beside_sender(move, figures.rtt),
    )


def _tell_unseen(found: AnnouncedMove, faults: Sequence[str], trips: Sequence[Trip], number: int) -> Story:
    """What is known of a migration by its guest alone? Of its stream nothing is."""
    where, path = found.move.best.view.name, Path(because=NO_STREAM)
    split = Detour(None, NO_STREAM)
    is_placed = found.known_by == "places"
    guest = _tell_guest(
        found.move, found.guest, found.views, NOTHING_OF_IT, path, None, split, trips, number, is_placed=is_placed
    )
    return Story(
        move=found.move,
        point=where,
        at_sender=False,
        figures=NOTHING_OF_IT,
        outcome=Outcome("unknown", found.because, where, found.frames),
        path=path,
        phases=[],
        guests=(guest,),
        encrypted=None,
        stream_filter="",
        stuck_segment=None,
        large_segments_acked=False,
        split=split,
        longest_part_ms=None,
        capture_faults=tuple(faults),
        known_by=found.known_by,
    )


def _measured(sighting: Sighting, others: Sequence[Sighting]) -> StreamFigures:
    """The stream's figures at this point, with what its rates are of; the others show the same connections."""
    figures, why = measure_stream(sighting), why_unsteady(sighting)
    if why:
        figures = without_rates(figures, why)
    return replace(figures, throughput=say_what_counts(figures.throughput, sighting, others))


def _of_nobody(
    move: Move, views: Sequence[PointView], path: Path, completed: bool | None, split: Detour
) -> list[Mechanism]:
    """Mechanisms of the stream itself, where nobody knows whom it carried."""
    nobody = Moved(NO_MAC, (), (), "low", "no guest is known")
    reachability = Reachability("unknown", "no guest is known", "", ())
    domain = Domain(verdict="not_observable", because="no guest is known")
    end = on_reference(move.best.view, move.end_ts)
    return judge_stream(Case(nobody, tuple(views), end, completed, path, domain, (), reachability, move, split))


def _up_to_proxy(figures: StreamFigures, split: Detour) -> StreamFigures:
    """The same figures; where a proxy ends TCP, their round trips are said to reach no further."""
    if not split.found or figures.rtt.coverage is None:
        return figures
    because = f"{figures.rtt.coverage_because}; but a proxy answers, so this is the path up to it only"
    return replace(figures, rtt=msgspec.structs.replace(figures.rtt, coverage_because=because))


def _path(move: Move, split: Detour) -> Path:
    """What do TTLs and segment sizes say of the path? Behind a proxy they are those of its other connection."""
    path = describe_path(move)
    if not split.found or path.word == "routed":
        return path
    because = "a proxy sends the packets anew, each with a TTL and a size of its own"
    return msgspec.structs.replace(
        path,
        routed=None,
        hops_source_to_destination=None,
        hops_destination_to_source=None,
        next_hop_macs=[],
        word="undecided",
        because=because,
    )


def _holes(move: Move) -> Iterator[str]:
    """At which points does the capture lack packets of the stream that arrived? The receiver says so."""
    for sighting in move.sightings:
        missing = sum(uncaptured(link.data) for link in sighting.transfer.links)
        if missing:
            yield (
                f"{sighting.view.name}: {missing:,} bytes of the stream were acknowledged but are not in the capture,"
                " which missed packets"
            )


def _tell_guest(
    move: Move,
    moved: Moved,
    views: Sequence[PointView],
    figures: StreamFigures,
    path: Path,
    completed: bool | None,
    split: Detour,
    trips: Sequence[Trip],
    number: int,
    *,
    is_placed: bool = True,
) -> GuestStory:
    """
    What is known of this guest, and of what its peers suffered?

    Parameters
    ----------
    is_placed : whether it is known to have changed places; else what an outage was spent on is not told
    """
    announced = find_moment(move, moved)
    qemu = move.best.transfer.magic in ("qemu", "multifd")
    heard = follow_announcements(moved, views, announced, qemu)
    last_data = move.best.transfer.last_data_ts
    early = find_early_announcement(moved, views, None if last_data is None else (move.best.view, last_data), qemu)
    there = without_early(moved, early)
    since = moment_after(early, there)
    moment = find_moment(move, there) if since is None else since
    quiet = silences(there, views, moment)
    outside = known_outside(moved, views)
    left = left_for_good(quiet)
    left = None if left is None else min(left, announced)  # what an early announcement drew away is the move's
    again, signs = moved_again(moved.mac, trips, number), signs_after(there, quiet)
    found = what_peers_suffered(there, views, moment, last_sign_before(quiet), outside, left, again, signs)
    found = with_neighbours(with_outbound(found, there, views, moment), there, views, moment)
    second_place = find_second_place(moved, views, moment)
    before, after, point, shown = tags_kept(moved, views, moment)
    retagged = find_retagged(moved, views, moment)
    apart = tags_apart(moved, views, moment) if before is None or after is None else None
    series = [s for _, s in moved.heard]
    sure = {v.name for v in views if _is_whole(quiet.get(v.name)) or not is_moment_unknown(v, there, views)}
    told = {v.name: sign for v in views if v.name not in sure if (sign := sign_on_its_clock(v, there)) is not None}
    sure |= set(told)
    placed = [view for view in views if view.name in sure or view.name in quiet]
    reachability = judge_reachability(moved, placed, moment, views, told)
    if reachability.answer == "yes":  # no want of an answer puts an open end in its place: an answer may be of before
        placed = [view for view in placed if view.name in sure]
        reachability = judge_reachability(moved, placed, moment, views, told)
    reachability = with_outside(reachability, found, outside, moment)
    is_lost = reachability.answer == "no" or (reachability.answer != "yes" and any(s.is_cut_off for s in found))
    domains = name_domains(moved, views, heard.announcements.by_point, announced, find_end(move), is_lost)
    domain = msgspec.structs.replace(heard.domain, word=domains.word, word_because=domains.because)
    astray = retagged if domains.word == "different" else None
    if is_placed and (completed is not False or moved.heard):  # one that stayed where it was changed no places
        end = find_end(move)
        closed = find_closed_way(there, views, moment)
        drawn, unproven = early.drawn, early.unproven
        found = break_down(found, there, views, quiet, drawn, second_place, outside, astray, end, unproven, closed)
        found = with_what_died(found, there, closed)
    suffered = tuple(worst_first(by_service(with_parts_of_services(found))))
    switchover = describe_switchover(move, there, views, figures, suffered, quiet)
    others = tuple(trip for place, trip in enumerate(trips) if place != number)
    announcements = tell_announcements(heard.announcements, moved, views, announced, early, heard.domain.verdict)
    case = Case(
        moved,
        tuple(views),
        runs_since(moment, there, quiet),
        completed,
        path,
        domain,
        suffered,
        reachability,
        move if move.best.transfer.links else None,
        split,
        trips[number] if trips else None,
        others,
        second_place,
        announcements,
    )
    sessions = tell_sessions(moved, views, moment, second_place, is_placed=is_placed)
    result = Guest(
        mac=mac_text(moved.mac) or "",
        ips=[ip_text(high, low) for high, low in moved.ips],
        vlan=[tag for tag in (series[0].vlan_outer_id, series[0].vlan_inner_id) if tag >= 0]
        if series
        else (after or before or []),
        vni=next((s.vni for s in series if s.vni >= 0), None),
        confidence=moved.confidence,
        confidence_because=moved.because,
        announcements=announcements,
        switchover=switchover,
        domain=domain,
        **list_peers(suffered),
        mechanisms=judge_mechanisms(case),
        segments=describe_guest_segments(moved, views, signs_between(there, views, quiet)),
        sessions=with_silence(with_lost(sessions, [s.peer for s in suffered]), switchover.guest_silence_ms),
    )
    return GuestStory(
        moved=moved,
        result=put_on_one_clock(result, views, move.best.view),
        heard=heard,
        reachability=reachability,
        suffered=suffered,
        vlans_before=before,
        vlans_after=after,
        vlan_point=point,
        vlan_frames=shown,
        second_place=second_place,
        duplicate_address=find_duplicate_address(moved, views, moment),
        trombone=find_trombone(moved, views, moment),
        loop=find_guest_loop(moved, views, moment),
        early=early,
        announcement_filter=f"arp.src.hw_mac == {mac_text(moved.mac)} && (arp.opcode == 3 || arp.isgratuitous)",
        two_tags=retagged.tags if retagged is not None else apart,
        silenced=find_silenced(moved, views, moment),
    )


def _is_whole(silence: Silence | None) -> bool:
    """Does this point show both ends of the guest's absence? By an open one alone nothing is before or after it."""
    return silence is not None and silence.before is not None and silence.after is not None
