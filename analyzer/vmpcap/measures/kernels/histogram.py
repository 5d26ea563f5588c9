"""Round-trip times as sparse histograms: one table for all sides and kinds."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vmpcap.terms.kernels import Int, inline_kernel, kernel

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
Records = npt.NDArray[np.void]

BUCKET: Final = np.dtype([("key", np.uint64), ("least_ns", np.int64), ("span_ns", np.uint32), ("count", np.uint32)])
"""The samples of one side and kind that share a bucket; key is owner and bucket, plus one; 0 is a free place."""

FINE_BITS: Final = 9
"""Each octave has 512 buckets: two samples of one bucket differ by less than 0.2 %."""

BUCKET_BITS: Final = 15
MIX: Final = np.uint64(0x9E3779B97F4A7C15)

# What the counts count
FILLED: Final = 0
LEFT_OUT: Final = 1


@inline_kernel
def bucket_of(value: Int) -> Int:
    """
    In which bucket is this duration? Below 1024 ns each value has its own.

    The bucket's number is the place of the highest bit and the nine bits that follow it.
    """
    shift = np.int64(0)
    rest = value
    for step in (32, 16, 8, 4, 2, 1):
        if rest >> (FINE_BITS + step) != 0:
            rest >>= step
            shift += step
    return (shift << FINE_BITS) + rest


@inline_kernel
def add_to_bucket(one: Any, value: Int, span_most: Int, count: Int) -> None:
    """Add samples value .. span_most to a filled bucket."""
    least = min(np.int64(one["least_ns"]), value)
    most = max(np.int64(one["least_ns"]) + np.int64(one["span_ns"]), span_most)
    one["least_ns"] = least
    one["span_ns"] = min(most - least, 0xFFFFFFFF)
    one["count"] += count


@inline_kernel
def place_of(table: Records, key: Int) -> Int:
    """Where in the table is this key, or the free place for it?"""
    mask = np.uint64(table.shape[0] - 1)
    mixed = key * MIX
    at = (mixed ^ (mixed >> np.uint64(32))) & mask
    while table[at]["key"] != np.uint64(0) and table[at]["key"] != key:
        at = (at + np.uint64(1)) & mask
    return at


@kernel
def add_samples(sample_key: U64, sample_ns: I64, used: Int, table: Records, counts: I64) -> None:
    """
    How often did each owner see each duration?

    Parameters
    ----------
    sample_key : uint64[n], the owner: a side and a kind of sample
    sample_ns : int64[n], not negative
    used : how many of them are to be added
    table : BUCKET[2**k], at most three quarters full
    counts : int64[2]
    """
    for i in range(used):
        key = ((sample_key[i] << np.uint64(BUCKET_BITS)) | np.uint64(bucket_of(sample_ns[i]))) + np.uint64(1)
        one = table[place_of(table, key)]
        if one["key"] == np.uint64(0):
            if 4 * counts[FILLED] >= 3 * table.shape[0]:
                counts[LEFT_OUT] += 1
                continue
            counts[FILLED] += 1
            one["key"], one["least_ns"], one["span_ns"], one["count"] = key, sample_ns[i], 0, 1
        else:
            add_to_bucket(one, sample_ns[i], sample_ns[i], 1)


@kernel
def add_buckets(buckets: Records, table: Records, counts: I64) -> None:
    """
    What are these buckets and those of the table together? Used to grow the table and to merge two.

    Parameters
    ----------
    buckets : BUCKET[n], free places among them are passed over
    table : BUCKET[2**k], at most three quarters full
    counts : int64[2]
    """
    for i in range(buckets.shape[0]):
        source = buckets[i]
        if source["key"] == np.uint64(0):
            continue
        one = table[place_of(table, source["key"])]
        most = np.int64(source["least_ns"]) + np.int64(source["span_ns"])
        if one["key"] == np.uint64(0):
            if 4 * counts[FILLED] >= 3 * table.shape[0]:
                counts[LEFT_OUT] += source["count"]
                continue
            counts[FILLED] += 1
            one["key"], one["least_ns"] = source["key"], source["least_ns"]
            one["span_ns"], one["count"] = source["span_ns"], source["count"]
        else:
            add_to_bucket(one, np.int64(source["least_ns"]), most, source["count"])
