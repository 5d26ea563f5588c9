"""What the guest's peers suffered: echoes, request streams and connections between them and the guest."""

from collections.abc import Collection
from dataclasses import replace

from vmpcap.measures.copies import Likeness, is_first_copy
from vmpcap.measures.journal import JournalColumns
from vmpcap.measures.peer_connections import connection_streams
from vmpcap.measures.peer_datagrams import datagram_streams
from vmpcap.measures.peer_echoes import echo_streams
from vmpcap.measures.peer_streams import PeerStream, Scene
from vmpcap.measures.talk import Talk
from vmpcap.measures.whose import Address, addresses_of, is_one_of, may_be_the_guests, rows_between


def find_peer_streams(
    journal: JournalColumns,
    guest_macs: Collection[int] = (),
    guest_ips: Collection[Address] = (),
    within: tuple[int, int] | None = None,
    end_ns: int | None = None,
    likeness: Likeness | None = None,
) -> list[PeerStream]:
    """
    What streams ran between the guest and its peers, and what did they suffer?

    Parameters
    ----------
    journal : the capture point's journal
    guest_macs, guest_ips : the guest; addresses that its MACs send from are found here
    within : only outages that touch this stretch of time are returned; the streams themselves are all there
    end_ns : when the capture ended; without it the journal's last frame
    likeness : of all rows of the journal, where somebody found it already

    Returns
    -------
    Streams by time of their first frame.

    Notes
    -----
    A packet captured twice (mirror ports, both sides of a router) counts once, where it was seen first. Broadcast and
    multicast are left out. The capture point may stand anywhere: where requests vanish before it, there is nothing to
    be unanswered, and the stream only ends early.
    """
    guests = sorted({*guest_ips, *addresses_of(journal, guest_macs)})
    if not guests or not journal.rows:
        return []
    rows = rows_between(journal, guests, may_be_the_guests(journal, guest_macs, guests))
    rows = rows[is_first_copy(journal, rows, likeness)]
    if not len(rows):
        return []
    talk, rows = Talk.by_time(journal, rows)
    end = int(journal.ts_ns.max()) if end_ns is None else end_ns
    scene = Scene(talk, rows, frozenset(guests), is_one_of(talk.src_high, talk.src_low, guests), end)
    streams = [*echo_streams(scene), *datagram_streams(scene), *connection_streams(scene)]
    if within is not None:
        streams = [
            replace(
                s,
                outages=tuple(o for o in s.outages if o.overlaps(*within)),
                faint=tuple(o for o in s.faint if o.overlaps(*within)),
            )
            for s in streams
        ]
    return sorted(streams, key=lambda s: (s.first_ts, s.first_frame, s.requester == "guest"))
