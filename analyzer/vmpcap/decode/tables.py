"""The steps as dense arrays: what the walk reads instead of the table."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.decode import stops
from vmpcap.decode.decode_as import DATA, Rule, told, told_claims
from vmpcap.decode.steps import STEPS
from vmpcap.decode.words import READERS_PER_LAYER, REJECTED, UNKNOWN_KEY_STOPS, Claim, Space, Step

RULE_BITS: Final = 5
"""A row of the rules has two to this power numbers."""
LENGTH_BITS: Final = 8
KEY_BITS: Final = 16

# Places in a row of Tables.rules
LENGTH_AT: Final = 0
NEEDS: Final = 1
FEATURES: Final = 2
NEXT_AT: Final = 3
NEXT_MASK: Final = 4
NEXT_SHIFT: Final = 5
NEXT_CONST: Final = 6  # the registry in the bits above KEY_BITS
LAYER: Final = 7
READS: Final = 8
STOP: Final = 9  # when the step ends the walk, or nobody claims the number that it names
TYPE: Final = 10  # the ethertype that means this header
SIZE_AT: Final = 11
SIZE_AFTER: Final = 12
FRAGMENT_AT: Final = 13
OFFSET_MASK: Final = 14
MORE_MASK: Final = 15
KEEP_AT: Final = 16
KEEP_SHIFT: Final = 17
KEEP_MASK: Final = 18
KEEP_WHEN: Final = 19
SELECT_MASK: Final = 20
SELECT_SHIFT: Final = 21
CUT_MASK: Final = 22
EXPECT_STOP: Final = 23
KEEP2_AT: Final = 24
KEEP2_SHIFT: Final = 25
KEEP2_MASK: Final = 26
KEEP2_WHEN: Final = 27
KEEP_ROLE: Final = 28
KEEP2_ROLE: Final = 29
FIRST_CANDIDATE: Final = 30
PAST_CANDIDATE: Final = 31

# Places in a row of Tables.candidates
CANDIDATE_STEP: Final = 0
CANDIDATE_SHAPE: Final = 1
CANDIDATE_AT: Final = 2
CANDIDATE_MASK: Final = 3
CANDIDATE_VALUE: Final = 4

# Bits of FEATURES
HAS_SIZE: Final = 0x0001
HAS_FRAGMENT: Final = 0x0002
ENDS: Final = 0x0004
NAMES_ETHERTYPE: Final = 0x0008
NAMES_IP_PROTOCOL: Final = 0x0010
HAS_KEEP: Final = 0x0020
KEEPS_TWO: Final = 0x0040
KEEP_SEPARATES: Final = 0x0080
KEEP_FROM_END: Final = 0x0100
HAS_CUT: Final = 0x0200
NEXT_AFTER_HEADER: Final = 0x0400
NEXT_EITHER_ORDER: Final = 0x0800
NEXT_SELECTS: Final = 0x1000
HAS_EXPECT: Final = 0x2000
NEXT_IS_USUAL: Final = 0x4000
NEXT_LITTLE_ENDIAN: Final = 0x8000
KEEP2_FROM_END: Final = 0x10000
KEEP2_SEPARATES: Final = 0x20000
NEXT_IS_COMPRESSED: Final = 0x40000
HAS_CHECKS: Final = HAS_SIZE | HAS_EXPECT
HAS_CONTENTS: Final = HAS_FRAGMENT | HAS_KEEP | HAS_CUT
NEXT_IS_UNUSUAL: Final = NEXT_AFTER_HEADER | NEXT_EITHER_ORDER | NEXT_SELECTS | NEXT_LITTLE_ENDIAN


class Tables(NamedTuple):
    """The compiled steps. Step 0 is nobody; step n is row n - 1 of the table."""

    entries: npt.NDArray[np.uint8]
    """uint8[spaces << KEY_BITS]: the step that a number of a registry enters."""
    lengths: npt.NDArray[np.uint16]
    """uint16[steps << LENGTH_BITS]: the length of the header by one of its bytes; special values in decode.words."""
    rules: npt.NDArray[np.int32]
    """int32[steps << RULE_BITS]: everything else. Flat, like the others, so that a place is a shift and a sum."""
    expect_mask: npt.NDArray[np.uint64]
    """uint64[steps]"""
    expect_value: npt.NDArray[np.uint64]
    """uint64[steps]"""
    candidates: npt.NDArray[np.int64]
    """int64[candidates, 5]: what a choice may choose, one row after the other."""


def compile_steps(steps: Sequence[Step], rules: Sequence[Rule] = ()) -> Tables:
    """
    Which arrays say the same as these rows, and the rules of a user before them?

    Raises
    ------
    ValueError
        A number is claimed twice, a name stands twice, or a row needs what the walk cannot give.
    """
    _refuse_names_used_twice(steps)
    steps = told(steps, rules)
    first_choice(steps)
    tables = Tables(
        entries=np.zeros(len(Space) << KEY_BITS, dtype=np.uint8),
        lengths=np.full((len(steps) + 1) << LENGTH_BITS, REJECTED, dtype=np.uint16),
        rules=np.zeros((len(steps) + 1) << RULE_BITS, dtype=np.int32),
        expect_mask=np.zeros(len(steps) + 1, dtype=np.uint64),
        expect_value=np.zeros(len(steps) + 1, dtype=np.uint64),
        candidates=_candidates(steps),
    )
    first = 0
    claimed: dict[Claim, str] = {}
    for number, step in enumerate(steps, start=1):
        for claim in step.entered_by:
            if claim in claimed:
                raise ValueError(
                    f"{claim.space.name} {claim.key:#x} is claimed by the steps {claimed[claim]!r} and {step.name!r}:"
                    " one row must take it"
                )
            claimed[claim] = step.name
            tables.entries[(claim.space << KEY_BITS) | claim.key] = number
        tables.lengths[number << LENGTH_BITS : (number + 1) << LENGTH_BITS] = step.length.by_byte
        tables.rules[number << RULE_BITS : (number + 1) << RULE_BITS] = _rule(step, first)
        first += len(step.chooses)
        if step.expects is not None:
            tables.expect_mask[number] = step.expects.mask
            tables.expect_value[number] = step.expects.value
    numbers = {DATA: 0} | {step.name: number for number, step in enumerate(steps, start=1)}
    for claim, name in told_claims(rules):
        tables.entries[(claim.space << KEY_BITS) | claim.key] = numbers[name]
    for array in tables:
        array.flags.writeable = False
    return tables


@lru_cache(maxsize=8)
def tables(rules: tuple[Rule, ...] = ()) -> Tables:
    """Which arrays is a capture walked by, where a user gave these rules?"""
    return compile_steps(STEPS, rules)


def _refuse_names_used_twice(steps: Sequence[Step]) -> None:
    names = [step.name for step in steps]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"steps of one name: {', '.join(twice)}")
    if len(steps) > 255:
        raise ValueError(f"the path has eight bits for a step, so there may be 255 of them, not {len(steps)}")


def _candidates(steps: Sequence[Step]) -> npt.NDArray[np.int64]:
    """Every candidate of every choice, with the number of the row that it enters."""
    numbers = {DATA: 0} | {step.name: number for number, step in enumerate(steps, start=1)}
    rows = []
    for step in steps:
        for one in step.chooses:
            if one.step not in numbers:
                raise ValueError(f"step {step.name!r} chooses {one.step!r}, which is no row")
            if one.step != DATA and steps[numbers[one.step] - 1].chooses:
                raise ValueError(f"step {step.name!r} chooses {one.step!r}, which only chooses itself: who ends that?")
            rows.append((numbers[one.step], one.shape, one.at, one.mask, one.value))
    return np.array(rows, dtype=np.int64).reshape(-1, 5)


def first_choice(steps: Sequence[Step]) -> int:
    """
    Which number has the first row that only chooses among others?

    Raises ValueError where one stands before a row with a header: the walk's loop tells them by their number.
    """
    first = 1 + next((row for row, step in enumerate(steps) if step.chooses), len(steps))
    if not all(step.chooses for step in steps[first - 1 :]):
        raise ValueError("rows that only choose among others must stand behind those that have a header")
    return first


FIRST_CHOICE: Final = first_choice(STEPS)
"""A constant of the walk: as a number read from the tables it would cost the plain walk a tenth."""


def _rule(step: Step, first_candidate: int) -> list[int]:
    row = [0] * (1 << RULE_BITS)
    row[FIRST_CANDIDATE], row[PAST_CANDIDATE] = first_candidate, first_candidate + len(step.chooses)
    needs = _needs(step)
    row[NEEDS] = needs
    # a step without bytes of its own looks up its length by the last byte before it, which is always there
    row[LENGTH_AT] = step.length.at if needs else -1
    if not needs and any(claim.space == Space.LINK_TYPE for claim in step.entered_by):
        raise ValueError(f"step {step.name!r} begins a frame and looks at no byte of it")
    row[LAYER] = step.reads // READERS_PER_LAYER
    row[READS] = step.reads
    row[TYPE] = next((claim.key for claim in step.entered_by if claim.space == Space.ETHERTYPE), 0)
    row[FEATURES] = _hands_over(step, row) | _contents(step, row)
    return row


def _hands_over(step: Step, row: list[int]) -> int:
    over = step.hands_over
    row[STOP] = over.stop
    if over.space is None:
        return ENDS
    if step.chooses:
        row[STOP] = stops.NOT_RECOGNISED
        return ENDS
    row[STOP] = UNKNOWN_KEY_STOPS.get(over.space, stops.UNKNOWN_PAYLOAD)
    row[NEXT_AT], row[NEXT_MASK], row[NEXT_SHIFT] = over.at, over.mask, over.shift
    row[NEXT_CONST] = (over.space << KEY_BITS) | over.const
    row[SELECT_MASK], row[SELECT_SHIFT] = over.select_mask, over.select_shift
    features = NEXT_AFTER_HEADER if over.is_after_header else NEXT_IS_USUAL if over.mask else 0
    features |= NEXT_EITHER_ORDER if over.is_either_order else 0
    features |= NEXT_IS_COMPRESSED if over.is_compressed else 0
    features = NEXT_LITTLE_ENDIAN if over.is_little_endian else features
    features |= NAMES_ETHERTYPE if over.space == Space.ETHERTYPE else 0
    features |= NAMES_IP_PROTOCOL if over.space == Space.IP_PROTOCOL else 0
    return features | (NEXT_SELECTS if over.select_mask else 0)


def _contents(step: Step, row: list[int]) -> int:
    features = 0
    if step.size is not None:
        row[SIZE_AT], row[SIZE_AFTER] = step.size.at, step.size.after
        features |= HAS_SIZE
    if step.fragment is not None:
        row[FRAGMENT_AT], row[OFFSET_MASK] = step.fragment.at, step.fragment.offset_mask
        row[MORE_MASK] = step.fragment.more_mask
        features |= HAS_FRAGMENT
    if step.expects is not None:
        row[EXPECT_STOP] = step.expects.stop
        features |= HAS_EXPECT
    if step.cut_mask:
        row[CUT_MASK] = step.cut_mask
        features |= HAS_CUT
    if step.keeps is not None:
        keep = step.keeps
        row[KEEP_AT], row[KEEP_SHIFT], row[KEEP_ROLE] = keep.at, keep.shift, keep.role
        row[KEEP_MASK], row[KEEP_WHEN] = _signed(keep.mask), keep.when_mask
        features |= HAS_KEEP | (KEEP_SEPARATES if keep.separates else 0) | (KEEP_FROM_END if keep.at < 0 else 0)
    if step.also_keeps is not None:
        if step.keeps is None:
            raise ValueError(f"step {step.name!r} keeps a second id without a first: the walk looks for it there only")
        keep = step.also_keeps
        row[KEEP2_AT], row[KEEP2_SHIFT], row[KEEP2_ROLE] = keep.at, keep.shift, keep.role
        row[KEEP2_MASK], row[KEEP2_WHEN] = _signed(keep.mask), keep.when_mask
        features |= KEEPS_TWO | (KEEP2_SEPARATES if keep.separates else 0) | (KEEP2_FROM_END if keep.at < 0 else 0)
    return features


def _signed(mask: int) -> int:
    """The same 32 bits as a number that fits into int32."""
    return mask - (1 << 32) if mask >> 31 else mask


def _needs(step: Step) -> int:
    """How many bytes of this header does the walk look at?"""
    over = step.hands_over
    looks = [step.length.needs]
    if over.mask and not over.is_after_header:
        looks.append(over.at + (4 if over.is_either_order else 2))
    if over.is_after_header and step.length.needs == 0 and over.space is not None:
        looks.append(1)
    if step.size is not None:
        looks.append(step.size.at + 2)
    if step.fragment is not None:
        looks.append(step.fragment.at + 2)
    if step.expects is not None:
        looks.append(8)
    if step.cut_mask:
        looks.append(3)
    looks += [keep.at + 4 for keep in (step.keeps, step.also_keeps) if keep is not None and keep.at >= 0]
    return max(looks)
