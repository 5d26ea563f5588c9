"""Which packets of a file a point takes, where it takes only those of some interfaces."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from vmpcap.readers.facts import CaptureFacts, Drops, Interface
from vmpcap.readers.interfaces import described, interface_keys, is_of
from vmpcap.readers.ledger import MAX_INTERFACES
from vmpcap.readers.records import RecordBatch
from vmpcap.terms.units import NO_TIME

I64 = npt.NDArray[np.int64]


class Taken:
    """Chooses records, and counts what was chosen of a file."""

    def __init__(self, wanted: Sequence[str]) -> None:
        """Those of the interfaces with these keys; without any all."""
        self._wanted = tuple(wanted)
        self._packets: I64 = np.zeros(MAX_INTERFACES + 1, np.int64)
        self._wire_bytes = self._captured_bytes = 0
        self._first_ts: int | None = None
        self._last_ts: int | None = None
        self._earliest_ts: int | None = None
        self._latest_ts: int | None = None

    def choose(self, batch: RecordBatch, interfaces: Sequence[Interface]) -> npt.NDArray[np.bool_] | None:
        """Which records of this batch belong to the point? None: all."""
        if len(interfaces) == 1:
            self._packets[0] += len(batch.interface)
        else:
            counts = np.bincount(batch.interface)[: MAX_INTERFACES + 1]
            self._packets[: len(counts)] += counts
        if not self._wanted:
            return None
        chosen = is_of(batch.interface, interfaces, self._wanted)
        self._wire_bytes += int(batch.wire_bytes[chosen].sum(dtype=np.int64))
        self._captured_bytes += int(batch.captured_bytes[chosen].sum(dtype=np.int64))
        ts = batch.ts_ns[chosen]
        ts = ts[ts != NO_TIME]
        if len(ts):
            self._first_ts = int(ts[0]) if self._first_ts is None else self._first_ts
            self._last_ts = int(ts[-1])
            low, high = int(ts.min()), int(ts.max())
            self._earliest_ts = low if self._earliest_ts is None else min(low, self._earliest_ts)
            self._latest_ts = high if self._latest_ts is None else max(high, self._latest_ts)
        return chosen

    def facts(self, facts: CaptureFacts, interfaces: Sequence[Interface]) -> CaptureFacts:
        """The file's facts, of what was chosen of it."""
        if not self._wanted:
            return facts
        return replace(
            facts,
            packets=int(sum(self._packets[n] for n in self._numbers(interfaces))),
            wire_bytes=self._wire_bytes,
            captured_bytes=self._captured_bytes,
            first_ts_ns=self._first_ts,
            last_ts_ns=self._last_ts,
            earliest_ts_ns=self._earliest_ts,
            latest_ts_ns=self._latest_ts,
            link_types=tuple(dict.fromkeys(one.link_type for one in self.used(interfaces))) or facts.link_types,
        )

    def of_interfaces(self, drops: Iterable[Drops], interfaces: Sequence[Interface]) -> Iterator[Drops]:
        """What the chosen interfaces say they lost."""
        numbers = set(self._numbers(interfaces))
        return (one for one in drops if not self._wanted or one.interface in numbers)

    def used(self, interfaces: Sequence[Interface]) -> list[Interface]:
        """The interfaces that were chosen; all, where all were."""
        return [interfaces[n] for n in self._numbers(interfaces)] if self._wanted else list(interfaces)

    def missing(self, interfaces: Sequence[Interface]) -> list[str]:
        """Which of the wanted keys has no interface of this file?"""
        there = {*interface_keys(interfaces), *map(str, range(len(interfaces)))}
        return [key for key in self._wanted if key not in there]

    def described(self, interfaces: Sequence[Interface]) -> tuple[str, ...]:
        """How are the chosen interfaces told that have packets? Only where there is a name, or more than one."""
        keys = interface_keys(interfaces)
        numbers = [n for n in self._numbers(interfaces) if self._packets[n]]
        told = dict.fromkeys(described(interfaces[n], keys[n]) for n in numbers)
        has_names = any(interfaces[n].name or interfaces[n].description for n in numbers)
        return tuple(told) if has_names or len(interfaces) > 1 else ()

    def _numbers(self, interfaces: Sequence[Interface]) -> list[int]:
        every = np.arange(len(interfaces), dtype=np.int32)
        return np.flatnonzero(is_of(every, interfaces, self._wanted)).tolist() if self._wanted else every.tolist()
