"""What the hosts do beside migrations: their management, their storage, fault tolerance."""

from typing import Final

import numpy as np

from vmpcap.decode.paths import path_text
from vmpcap.measures.connections import Connection
from vmpcap.runs.point import PointRead
from vmpcap.terms.host_ports import FAULT_TOLERANCE, HOST_AGENT, MANAGEMENT, STORAGE

SORTS: Final = ((HOST_AGENT,), MANAGEMENT, STORAGE, FAULT_TOLERANCE)
MOST_OF_A_SORT: Final = 24
"""To tell of one takes about half a millisecond."""
LARGEST: Final = 4
"""Of the flows with the most payload, whatever their ports: what a proxy makes of a stream is among them."""


def services_of(point: PointRead) -> list[Connection]:
    """Which connections on ports of hosts' services does this point show, those that carried most, and the largest?"""
    flows = point.flows.flows
    payload = point.follower.sides["payload_bytes"].sum(axis=1)
    others = flows["nominated"] == 0
    among = np.zeros(len(flows), np.bool_)
    for ports in SORTS:
        of_sort = others & (np.isin(flows["a_port"], ports) | np.isin(flows["b_port"], ports))
        among[_most(np.flatnonzero(of_sort), payload, MOST_OF_A_SORT)] = True
    among[_most(np.flatnonzero(others), payload, LARGEST)] = True
    if not among.any():
        return []
    return point.follower.connections(path_text=path_text, among=among)


def _most(rows: np.ndarray[tuple[int], np.dtype[np.intp]], payload: np.ndarray, most: int) -> np.ndarray:
    if len(rows) <= most:
        return rows
    return rows[np.argpartition(-payload[rows], most)[:most]]
