"""Which values stand in a long column of few different ones?"""

from collections.abc import Iterator
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from vmpcap.terms.alike import alike

Number = TypeVar("Number", bound=np.integer[Any])


def first_of_each(values: npt.NDArray[Number]) -> tuple[npt.NDArray[Number], npt.NDArray[np.int64]]:
    """
    Which different values are there, and where does each stand first?

    As numpy's unique, which sorts the whole column: that takes much longer where values are few.

    Returns
    -------
    values : of the same dtype[k], rising
    first : int64[k]

    >>> values, first = first_of_each(np.array([7, 7, 3, 7]))
    >>> values.tolist(), first.tolist()
    ([3, 7], [2, 0])
    """
    if len(values) and (values == values[0]).all():  # one segment, one sender: often so, and seen at a glance
        return values[:1].copy(), np.zeros(1, np.int64)
    first = alike(values).first
    different, at = np.unique(values[first], return_index=True)
    return different, first[at]


def places_of_each(values: npt.NDArray[Number]) -> Iterator[npt.NDArray[np.int64]]:
    """
    In which places, rising, does each different value stand? By rising values; the column is gone through once for all.

    >>> [places.tolist() for places in places_of_each(np.array([7, 7, 3, 7]))]
    [[2], [0, 1, 3]]
    """
    if not len(values):
        return
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    yield from np.split(order, np.flatnonzero(ordered[1:] != ordered[:-1]) + 1)


def distinct(values: npt.NDArray[Number]) -> npt.NDArray[Number]:
    """Which different values are there, rising?"""
    return first_of_each(values)[0]
