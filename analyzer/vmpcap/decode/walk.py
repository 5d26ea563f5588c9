"""The walk: one loop that follows any frame through the steps table, and the columns that it fills at the end."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vmpcap.decode import stops, tables
from vmpcap.decode.bits import Bytes, byte
from vmpcap.decode.columns import (
    FIRST_FRAGMENT,
    LATER_FRAGMENT,
    RARE,
    SPLIT,
    STEPS_IN_HALF,
    WHOLE,
    WRAPPED,
    scratch,
)
from vmpcap.decode.decode_as import Rule
from vmpcap.decode.filling import fill_link, fill_network, fill_path, fill_transport
from vmpcap.decode.frames import I32, I64, Frames
from vmpcap.decode.headers import (
    UNEXPECTED,
    Ending,
    begins_otherwise,
    guess_next,
    measure_header,
    next_number,
    part_of_packet,
)
from vmpcap.decode.tables import Tables
from vmpcap.decode.unwrapping import NO_HEADER, UNWRAPPED, Header, fill_wrapping, untagged, unwrap
from vmpcap.decode.words import LINK_LAYER, MAX_DEPTH, NETWORK_LAYER, TRANSPORT_LAYER, Space
from vmpcap.readers.records import RecordBatch
from vmpcap.terms.kernels import kernel
from vmpcap.terms.wire import ETHERTYPE_LEAST

_FIRST_KEY: Final = int(Space.LINK_TYPE) << tables.KEY_BITS
_KEY_MASK: Final = (1 << tables.KEY_BITS) - 1

KEEPS_FROM_END: Final = tables.KEEP_FROM_END | tables.KEEP2_FROM_END


@kernel
def walk_frames(  # noqa: PLR0912, PLR0915 - one loop: what its steps share would be handed to and fro
    buffer: Bytes,
    record_at: I64,
    captured_bytes: I32,
    wire_bytes: I32,
    link_type: I32,
    steps: Tables,
    out: Frames,
) -> int:
    """
    What does each frame contain, and where does the walk through it stop? Gives which rare columns were written.

    Parameters
    ----------
    buffer : uint8[n]
    record_at : int64[m]
    captured_bytes, wire_bytes, link_type : int32[m]
    steps : Tables
    out : Frames
        Rows 0..m-1 are written. The columns of the reader are not; rare columns (`RARE`) come cleared.

    Notes
    -----
    `at` counts from the beginning of the frame. `limit` is where the packet ends on the wire, as the innermost length
    field that can be believed says; `captured` is where the captured bytes end. A header is read only when all bytes
    that the walk looks at lie before both. A length field of 0 says nothing (offloaded super-segments, BIG TCP). A
    packet inside a truncated mirror copy or inside the first fragment of a tunnel packet may end beyond `limit`: there
    its own length field is the only witness, and is believed.
    """
    rules = steps.rules
    entries = steps.entries
    rare = 0
    for i in range(record_at.shape[0]):
        base = record_at[i]
        captured = np.int64(captured_bytes[i])
        limit = max(np.int64(wire_bytes[i]), captured)
        at = np.int64(0)
        depth = np.int64(0)
        path_high = np.uint64(0)
        path_low = np.uint64(0)
        is_open = False  # a mirror truncated the frame: only its own headers know how long it was
        has_lied = False
        wrapping = UNWRAPPED
        is_wrapped = False
        ethertype = np.int64(0)
        link = NO_HEADER
        network = NO_HEADER
        transport = NO_HEADER
        ip_protocol = np.int64(0)
        fragment = np.int64(WHOLE)
        fragment_at = np.int64(-1)
        payload_at = np.int64(-1)
        payload_bytes = np.int64(0)

        stop = np.int64(stops.UNKNOWN_LINK_TYPE)
        step = np.int64(0)
        first = np.int64(link_type[i])
        if 0 <= first < 1 << tables.KEY_BITS:
            step = np.int64(entries[_FIRST_KEY + first])
        while True:
            while 0 < step < tables.FIRST_CHOICE:
                if depth == MAX_DEPTH:
                    stop = np.int64(stops.TOO_DEEP)
                    break
                rule = step << tables.RULE_BITS
                start = base + at
                features = rules[rule + tables.FEATURES]
                layer = rules[rule + tables.LAYER]
                known = Ending(limit, is_open, has_lied)
                header, stop, known = measure_header(buffer, start, at, known, captured, step, fragment, steps)
                limit, is_open, has_lied = known
                if stop != stops.COMPLETE:
                    if header == UNEXPECTED and layer == NETWORK_LAYER:
                        ethertype = np.int64(rules[rule + tables.TYPE])
                    break

                if depth < STEPS_IN_HALF:
                    path_high = (path_high << np.uint64(8)) | np.uint64(step)
                else:
                    path_low = (path_low << np.uint64(8)) | np.uint64(step)
                depth += 1
                here = Header(np.int64(rules[rule + tables.READS]), at)
                if layer == NETWORK_LAYER:
                    network = here
                    ethertype = np.int64(rules[rule + tables.TYPE])
                    ip_protocol = np.int64(0)
                    fragment = np.int64(WHOLE)
                    fragment_at = np.int64(-1)
                    transport = NO_HEADER
                elif layer == TRANSPORT_LAYER:
                    transport = here
                    payload_at = at + header
                    payload_bytes = limit - payload_at
                elif layer == LINK_LAYER:
                    link = here
                    wrapping = untagged(wrapping)
                    ethertype = np.int64(0)
                    network = Header(np.int64(0), network.at)
                    transport = NO_HEADER
                    is_open |= fragment == FIRST_FRAGMENT
                    fragment = np.int64(WHOLE)
                if features & tables.HAS_CONTENTS:
                    if features & tables.HAS_FRAGMENT:
                        fragment_at = at
                        fragment = part_of_packet(buffer, start, fragment, rules, rule)
                        if fragment != WHOLE and out.split_at[i] < 0:
                            rare |= SPLIT
                            out.split_network_at[i] = network.at
                            out.split_at[i] = at
                            out.split_segment[i] = wrapping.segment
                    if features & tables.HAS_KEEP:
                        if features & KEEPS_FROM_END and at + header > captured:
                            stop = np.int64(stops.CUT)
                            break
                        is_wrapped = True
                        wrapping = unwrap(buffer, base, at, header, step, depth, network, rules, wrapping, i, out.ids)
                    if features & tables.HAS_CUT and byte(buffer, start + 2) & rules[rule + tables.CUT_MASK]:
                        is_open = True

                stop = np.int64(rules[rule + tables.STOP])
                if features & tables.ENDS:
                    break
                key, unseen = next_number(buffer, start, at, header, limit, captured, rules, rule)
                if unseen != stops.COMPLETE:
                    stop = unseen
                    break
                if features & tables.NAMES_IP_PROTOCOL:
                    ip_protocol = key & _KEY_MASK
                    if fragment == LATER_FRAGMENT:
                        stop = np.int64(stops.LATER_FRAGMENT)
                        break
                elif features & tables.NAMES_ETHERTYPE:
                    ethertype = key & _KEY_MASK
                step = np.int64(entries[key])
                at += header
            if step < tables.FIRST_CHOICE or depth == MAX_DEPTH:
                break
            known = Ending(limit, is_open, has_lied)
            step, stop, written = guess_next(buffer, base, at, captured, known, step, fragment, steps, i, out.guess)
            rare |= written

        if step >= tables.FIRST_CHOICE and depth == MAX_DEPTH:
            stop = np.int64(stops.TOO_DEEP)
        if step > 0 and (stop == stops.CUT or stop == stops.SHORT):  # noqa: PLR1714 - two comparisons for the compiler
            rule = step << tables.RULE_BITS
            if begins_otherwise(buffer, base + at, min(limit, captured) - at, step, steps):
                stop = np.int64(rules[rule + tables.EXPECT_STOP])
                if rules[rule + tables.LAYER] == NETWORK_LAYER:
                    ethertype = np.int64(rules[rule + tables.TYPE])
        if stop == stops.COMPLETE and has_lied:
            stop = np.int64(stops.LYING_LENGTH)
        fill_link(buffer, base + link.at, link.reads, i, out)
        if is_wrapped or depth > STEPS_IN_HALF:
            rare |= WRAPPED
            fill_wrapping(buffer, wrapping, i, out)
        fill_path(path_high, path_low, depth, i, out)
        out.ethertype[i] = ethertype if ethertype >= ETHERTYPE_LEAST else 0
        rare |= fill_network(buffer, base, network, ip_protocol, fragment, fragment_at, i, out)
        written, is_cut = fill_transport(buffer, base, transport, payload_at, payload_bytes, captured, i, out)
        rare |= written
        out.stop[i] = stops.CUT_OPTIONS if stop == stops.COMPLETE and is_cut else stop
    return rare


class Walker:
    """Walks batches, one after the other, into the same arrays."""

    def __init__(self, batch_records: int, rules: tuple[Rule, ...] = ()) -> None:
        self._batch_records = batch_records
        self._columns = scratch(batch_records)
        self._steps = tables.tables(rules)
        self._rare = sum(RARE)
        self._rare_rows = batch_records
        self._cut_rows = -1
        self._cut_columns: list[npt.NDArray[Any]] = []

    def walk(self, batch: RecordBatch, captured: RecordBatch | None = None) -> Frames:
        """
        What is in each frame of this batch?

        The arrays of the answer are read-only, and hold until the next walk.

        Parameters
        ----------
        captured : the same records as the file has them, where packets of the batch were put together

        Raises
        ------
        ValueError
            The batch has more records than the walker was made for.
        """
        rows = batch.record_at.shape[0]
        if rows > self._batch_records:
            raise ValueError(f"a batch of {rows} records came to a walker made for {self._batch_records}")
        told = batch if captured is None else captured
        given = (told.ts_ns, told.captured_bytes, told.wire_bytes, told.interface)
        if not rows:
            return Frames(*given, *self._cut(0))
        self._clear()
        self._rare_rows = rows
        self._rare = walk_frames(
            batch.buffer,
            batch.record_at,
            batch.captured_bytes,
            batch.wire_bytes,
            batch.link_type,
            self._steps,
            Frames(*given, *self._columns.values()),
        )
        return Frames(*given, *self._cut(rows))

    @property
    def met_fragments(self) -> bool:
        """Did the last walk meet parts of packets?"""
        return bool(self._rare & SPLIT)

    def stop_at_fragment(self, rows: npt.NDArray[np.int64]) -> None:
        """Say of these rows of the last walk that they wait for the rest of their packets."""
        self._columns["stop"][rows] = stops.FIRST_FRAGMENT

    def _clear(self) -> None:
        """Nothing is left of the rare columns that the last walk wrote."""
        for group, columns in RARE.items():
            if self._rare & group:
                for name, usual in columns.items():
                    self._columns[name][: self._rare_rows].fill(usual)

    def _cut(self, rows: int) -> list[npt.NDArray[Any]]:
        """Which read-only views show the first rows of every column? Made once for batches of one length."""
        if rows != self._cut_rows:
            self._cut_columns = [column[:rows] for column in self._columns.values()]
            for column in self._cut_columns:
                column.flags.writeable = False
            self._cut_rows = rows
        return self._cut_columns
