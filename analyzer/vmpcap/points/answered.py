"""Which echo requests that one point lacks did come through: their replies passed it."""

import numpy as np
import numpy.typing as npt

from vmpcap.points.kernels.keys import MASK, Kept
from vmpcap.terms.members import is_among

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def were_answered(here: Kept, there: Kept, lost: I64) -> Bools:
    """
    Of which of these rows does the other point show the reply, as this one does?

    Notes
    -----
    The reply is what this point shows next of that identifier and number between these two ends, from the other side.
    Where the request itself is shown next, it was sent again, and nothing tells which of the two was answered. A sample
    of the packets does not tell either.
    """
    answered = np.zeros(len(lost), bool)
    if not here.echo[lost].any() or int(here.totals[MASK]):
        return answered
    rows = np.flatnonzero((here.echo != 0) & (here.is_copy == 0))
    rows = rows[np.lexsort((here.ts_ns[rows], here.echo[rows], here.pair[rows]))]
    this, after = rows[:-1], rows[1:]
    same = (here.pair[this] == here.pair[after]) & (here.echo[this] == here.echo[after])
    same &= here.side[this] != here.side[after]
    passed = same & is_among(here.key[after], there.key)
    answered[np.isin(lost, this[passed])] = True
    return answered
