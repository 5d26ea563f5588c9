"""The walk: one loop that follows any frame through the steps table, and the columns that it fills at the end."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vmpcap.decode import stops, tables
from vmpcap.decode.bits import Bytes, Offset, byte
from vmpcap.decode.columns import (
    FIRST_FRAGMENT,
    LATER_FRAGMENT,
    RARE,
    SPLIT,
    STEPS_IN_HALF,
    WRAPPED,
    scratch,
)
from vmpcap.decode.decode_as import Rule
from vmpcap.decode.filling import fill_layers, fill_path, fill_split
from vmpcap.decode.frames import I32, I64, U8, Frames
from vmpcap.decode.headers import (
    UNEXPECTED,
    Ending,
    begins_otherwise,
    guess_next,
    measure_header,
    next_number,
    part_of_packet,
)
from vmpcap.decode.layers import NO_LAYERS, NO_WAY, Layers, entered, further, in_parts, of_protocol, of_type
from vmpcap.decode.tables import Tables
from vmpcap.decode.unwrapping import UNWRAPPED, fill_wrapping, untagged, unwrap
from vmpcap.decode.words import LINK_LAYER, MAX_DEPTH, NETWORK_LAYER, Space
from vmpcap.readers.records import RecordBatch
from vmpcap.terms.kernels import Bool, Int, kernel, pasted_kernel

_FIRST_KEY: Final = int(Space.LINK_TYPE) << tables.KEY_BITS
_KEY_MASK: Final = (1 << tables.KEY_BITS) - 1

KEEPS_FROM_END: Final = tables.KEEP_FROM_END | tables.KEEP2_FROM_END


@pasted_kernel
def first_step(link_type: np.int64, entries: U8) -> np.int64:
    """Which step begins a frame of this link type? 0: it is not known."""
    return np.int64(entries[_FIRST_KEY + link_type]) if 0 <= link_type < 1 << tables.KEY_BITS else np.int64(0)


@pasted_kernel
def judge_end(
    buffer: Bytes, at: Offset, room: Offset, step: Offset, stop: np.int64, depth: Int, has_lied: Bool, layers: Layers,
    steps: Tables,
) -> tuple[np.int64, Layers]:  # fmt: skip
    """
    Why does the walk end in this step, for which there is so much room, and which layers did it meet?

    A header that is cut may be none of those that were expected, as its first bytes show.
    """
    rules = steps.rules
    if step >= tables.FIRST_CHOICE and depth == MAX_DEPTH:
        stop = np.int64(stops.TOO_DEEP)
    if step > 0 and (stop == stops.CUT or stop == stops.SHORT):  # noqa: PLR1714 - two comparisons for the compiler
        rule = step << tables.RULE_BITS
        if begins_otherwise(buffer, at, room, step, steps):
            stop = np.int64(rules[rule + tables.EXPECT_STOP])
            if rules[rule + tables.LAYER] == NETWORK_LAYER:
                layers = of_type(layers, rules[rule + tables.TYPE])
    if stop == stops.COMPLETE and has_lied:
        stop = np.int64(stops.LYING_LENGTH)
    return stop, layers


@pasted_kernel
def named_next(layers: Layers, features: Int, key: Int) -> Layers:
    """Which layers are known by the number of the next header, where it is one of IP or Ethernet?"""
    if features & tables.NAMES_IP_PROTOCOL:
        return of_protocol(layers, key & _KEY_MASK)
    return of_type(layers, key & _KEY_MASK) if features & tables.NAMES_ETHERTYPE else layers


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
        way = NO_WAY
        is_open = False  # a mirror truncated the frame: only its own headers know how long it was
        has_lied = False
        wrapping = UNWRAPPED
        is_wrapped = False
        layers = NO_LAYERS
        stop = np.int64(stops.UNKNOWN_LINK_TYPE)
        step = first_step(np.int64(link_type[i]), entries)
        while True:
            while 0 < step < tables.FIRST_CHOICE:
                if way.depth == MAX_DEPTH:
                    stop = np.int64(stops.TOO_DEEP)
                    break
                rule = step << tables.RULE_BITS
                start = base + at
                features = rules[rule + tables.FEATURES]
                layer = rules[rule + tables.LAYER]
                known = Ending(limit, is_open, has_lied)
                header, stop, known = measure_header(buffer, start, at, known, captured, step, layers.fragment, steps)
                limit, is_open, has_lied = known
                if stop != stops.COMPLETE:
                    if header == UNEXPECTED and layer == NETWORK_LAYER:
                        layers = of_type(layers, rules[rule + tables.TYPE])
                    break
                way = further(way, step)
                if layer == LINK_LAYER:
                    wrapping = untagged(wrapping)
                    is_open |= layers.fragment == FIRST_FRAGMENT
                layers = entered(layers, at, header, limit, rules, rule)
                if features & tables.HAS_CONTENTS:
                    if features & tables.HAS_FRAGMENT:
                        layers = in_parts(layers, part_of_packet(buffer, start, layers.fragment, rules, rule), at)
                        rare |= fill_split(layers, wrapping.segment, i, out)
                    if features & tables.HAS_KEEP:
                        if features & KEEPS_FROM_END and at + header > captured:
                            stop = np.int64(stops.CUT)
                            break
                        is_wrapped = True
                        wrapping = unwrap(
                            buffer, base, at, header, step, way.depth, layers.network, rules, wrapping, i, out.ids
                        )
                    if features & tables.HAS_CUT and byte(buffer, start + 2) & rules[rule + tables.CUT_MASK]:
                        is_open = True

                stop = np.int64(rules[rule + tables.STOP])
                if features & tables.ENDS:
                    break
                key, unseen = next_number(buffer, start, at, header, limit, captured, rules, rule)
                if unseen != stops.COMPLETE:
                    stop = unseen
                    break
                layers = named_next(layers, features, key)
                if layers.fragment == LATER_FRAGMENT and features & tables.NAMES_IP_PROTOCOL:
                    stop = np.int64(stops.LATER_FRAGMENT)
                    break
                step = np.int64(entries[key])
                at += header
            if step < tables.FIRST_CHOICE or way.depth == MAX_DEPTH:
                break
            known = Ending(limit, is_open, has_lied)
            step, stop, written = guess_next(
                buffer, base, at, captured, known, step, layers.fragment, steps, i, out.guess
            )
            rare |= written

        room = min(limit, captured) - at
        stop, layers = judge_end(buffer, base + at, room, step, stop, way.depth, has_lied, layers, steps)
        if is_wrapped or way.depth > STEPS_IN_HALF:
            rare |= WRAPPED
            fill_wrapping(buffer, wrapping, i, out)
        fill_path(way, i, out)
        rare |= fill_layers(buffer, base, layers, captured, stop, i, out)
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
