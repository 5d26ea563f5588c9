"""The chapters of the walk that judge one header: how long it is, what its lengths say, and what comes next."""

from typing import Final, NamedTuple

import numpy as np

from vmpcap.decode import stops, tables
from vmpcap.decode.bits import Bytes, Offset, be16, be64, byte
from vmpcap.decode.columns import FIRST_FRAGMENT, GUESS_CHOICE, GUESS_LEAD, GUESS_STEP, GUESSED, LATER_FRAGMENT
from vmpcap.decode.frames import I32, U32
from vmpcap.decode.guess import CERTAIN, UNJUDGED, choose
from vmpcap.decode.ids import unusual_key
from vmpcap.decode.lengths import measure_special
from vmpcap.decode.tables import Tables
from vmpcap.decode.words import LEAST_SPECIAL_LENGTH, NETWORK_LAYER, REJECTED
from vmpcap.terms.kernels import Int, inline_kernel, pasted_kernel

_EXPECTED_BYTES: Final = 8
_LONGEST_PACKET: Final = 0x10000
UNEXPECTED: Final = -1
"""Instead of a header's length: it does not begin as headers of its kind do."""


class Ending(NamedTuple):
    """Where the packet ends."""

    limit: np.int64
    """By the innermost length that can be believed, counted from the beginning of the frame."""
    is_open: bool
    """A mirror truncated the frame: only its own headers know how long it was."""
    has_lied: bool
    """Whether a length was not to be believed."""


@pasted_kernel
def measure_header(
    buffer: Bytes, start: Offset, at: Offset, was: Ending, captured: Offset, step: Offset, fragment: Int, steps: Tables
) -> tuple[np.int64, np.int64, Ending]:
    """
    How long is the header of this step, and where does the walk stop at it (stops.COMPLETE: it goes on)?

    And where the packet ends, by what the header says. UNEXPECTED for a length: it begins otherwise.
    """
    limit, is_open, has_lied = was
    rules = steps.rules
    rule = step << tables.RULE_BITS
    features = rules[rule + tables.FEATURES]
    end = min(limit, captured)
    needed = at + rules[rule + tables.NEEDS]
    if needed > end:
        return np.int64(0), np.int64(stops.SHORT if needed > limit and not is_open else stops.CUT), was
    header = np.int64(
        steps.lengths[(step << tables.LENGTH_BITS) | byte(buffer, start + rules[rule + tables.LENGTH_AT])]
    )
    if header >= LEAST_SPECIAL_LENGTH:
        if header != REJECTED:
            header = measure_special(header, buffer, start, at, end, rules, rule)
        if header == REJECTED or header < 0:
            return np.int64(0), np.int64(stops.NOT_AS_NAMED), was
    if features & tables.HAS_CHECKS:
        if features & tables.HAS_EXPECT and (be64(buffer, start) & steps.expect_mask[step] != steps.expect_value[step]):
            return np.int64(UNEXPECTED), np.int64(rules[rule + tables.EXPECT_STOP]), was
        size = be16(buffer, start + rules[rule + tables.SIZE_AT])
        if features & tables.HAS_SIZE and size != 0:
            told = at + size + rules[rule + tables.SIZE_AFTER]
            is_part = fragment == FIRST_FRAGMENT
            if told <= limit or is_open or (rules[rule + tables.LAYER] == NETWORK_LAYER and is_part):
                limit = np.int64(told)
                is_open = False
            elif not is_part:
                has_lied = True
    stop = np.int64(stops.SHORT if at + header > limit else stops.COMPLETE)
    return header, stop, Ending(limit, is_open, has_lied)


@pasted_kernel
def part_of_packet(buffer: Bytes, start: Offset, was: Int, rules: I32, rule: Offset) -> np.int64:
    """Which part of a packet is here, by the word in this header? `was`: what was known before."""
    word = be16(buffer, start + rules[rule + tables.FRAGMENT_AT])
    if word & rules[rule + tables.OFFSET_MASK]:
        return np.int64(LATER_FRAGMENT)
    if word & rules[rule + tables.MORE_MASK]:
        return np.int64(FIRST_FRAGMENT)
    return np.int64(was)


@pasted_kernel
def next_number(
    buffer: Bytes, start: Offset, at: Offset, header: Offset, limit: Offset, captured: Offset, rules: I32, rule: Offset
) -> tuple[np.int64, np.int64]:
    """Which key has the next header? And where the walk stops (stops.COMPLETE: it goes on) if that is not in view."""
    features = rules[rule + tables.FEATURES]
    key = np.int64(rules[rule + tables.NEXT_CONST])
    if features & tables.NEXT_IS_USUAL:
        number = be16(buffer, start + rules[rule + tables.NEXT_AT]) & rules[rule + tables.NEXT_MASK]
        key |= np.int64(number >> rules[rule + tables.NEXT_SHIFT])
    if features & tables.NEXT_IS_UNUSUAL:
        beyond = at + header + rules[rule + tables.NEXT_AT] + 2
        if features & tables.NEXT_AFTER_HEADER and beyond > min(limit, captured):
            return key, np.int64(stops.SHORT if beyond > limit else stops.CUT)
        key += unusual_key(buffer, start, start + header, rules, rule)
    return key, np.int64(stops.COMPLETE)


@inline_kernel
def guess_next(
    buffer: Bytes, base: Offset, at: Offset, captured: Offset, ending: Ending, choice: np.int64, fragment: Int,
    steps: Tables, i: Int, out_guess: U32,
) -> tuple[np.int64, np.int64, int]:  # fmt: skip
    """
    What follows where no number tells it: the row only chooses among others?

    Gives the step, where the walk stops if that is none, and which rare columns were written.
    """
    limit, is_open, _ = ending
    end = min(limit, captured)
    if at + 1 > end:
        return np.int64(0), np.int64(stops.SHORT if at + 1 > limit and not is_open else stops.CUT), 0
    # how long the packet was that a mirror truncated, or of which this is a part, is not known here
    most = limit + (_LONGEST_PACKET if is_open or fragment == FIRST_FRAGMENT else 0)
    step, lead = choose(buffer, base + at, base + end, base + most, steps, choice << tables.RULE_BITS)
    rare = 0
    if 0 <= lead < CERTAIN and (out_guess[i] == 0 or lead < out_guess[i] & GUESS_LEAD):
        rare = GUESSED
        out_guess[i] = (choice << GUESS_CHOICE) | (max(step, np.int64(0)) << GUESS_STEP) | lead
    return step, np.int64(stops.CUT if step == UNJUDGED and captured < limit else stops.NOT_RECOGNISED), rare


@inline_kernel
def begins_otherwise(buffer: Bytes, start: Offset, room: Offset, step: Offset, steps: Tables) -> bool:
    """Is what a header was expected to begin with there, and something else, though the rest of it is not there?"""
    if room < _EXPECTED_BYTES:
        return False
    return bool(be64(buffer, start) & steps.expect_mask[step] != steps.expect_value[step])
