"""Round trips by timestamp echo, which cross the whole path wherever the capture point is (RFC 7323)."""

from typing import Any

import numpy as np

from vmpcap.measures.kernels.layout import MOST_ECHOES, Records
from vmpcap.measures.kernels.sequence import seq_diff
from vmpcap.terms.kernels import inline_kernel
from vmpcap.terms.units import NO_TIME


@inline_kernel
def await_echo(stream: Any, echoes: Records, slot: int, value: int, ack_ts: int, data_ts: int, has_data: bool) -> None:
    """
    Which timestamp does this side have to echo?

    Only the first segment that carried the value may be used: a later one with the same value reached its receiver
    later, and the loop would come out too short.
    """
    used, first = np.int64(stream["echo_used"]), np.int64(stream["echo_first"])
    if used == MOST_ECHOES:
        stream["echoes_left_out"] += 1
        return
    one = echoes[slot, (first + used) & (MOST_ECHOES - 1)]
    one["value"], one["ack_ts"], one["data_ts"], one["has_data"] = value, ack_ts, data_ts, has_data
    stream["echo_used"] = used + 1


@inline_kernel
def match_echo(stream: Any, echoes: Records, slot: int, echoed: int) -> tuple[int, int, bool, bool]:
    """
    Which exchange does this echo close?

    Returns (data_ts, ack_ts, has_data, found). Values that were passed over are forgotten: what echoes them would have
    waited for something else.
    """
    used, first = np.int64(stream["echo_used"]), np.int64(stream["echo_first"])
    data_ts, ack_ts, has_data, found = np.int64(NO_TIME), np.int64(NO_TIME), False, False
    while used > 0:
        one = echoes[slot, first & (MOST_ECHOES - 1)]
        ahead = seq_diff(one["value"], echoed)
        if ahead > 0:
            break
        if ahead == 0:
            data_ts, ack_ts, has_data, found = one["data_ts"], one["ack_ts"], one["has_data"] != 0, True
        first += 1
        used -= 1
    stream["echo_used"], stream["echo_first"] = used, first & (MOST_ECHOES - 1)
    return data_ts, ack_ts, has_data, found
