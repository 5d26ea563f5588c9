"""What the interfaces of a capture are called, and which of them a name means."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from vmpcap.readers.facts import Interface


def interface_keys(interfaces: Sequence[Interface]) -> list[str]:
    """
    What is each interface called? Its name or, without one, its number in its section; the same in every section.

    Two of one name in one section are two interfaces (captures of two machines were merged): the second is `name#2`.

    >>> interface_keys([Interface(1, "eth0"), Interface(1), Interface(1, "eth0"), Interface(1, "eth0", section=1)])
    ['eth0', '1', 'eth0#2', 'eth0']
    """
    keys: list[str] = []
    section, seen = -1, dict[str, int]()
    for one in interfaces:
        if one.section != section:
            section, seen, first = one.section, {}, len(keys)
        key = one.name or str(len(keys) - first)
        seen[key] = seen.get(key, 0) + 1
        keys.append(key if seen[key] == 1 else f"{key}#{seen[key]}")
    return keys


def described(interface: Interface, key: str) -> str:
    """
    How is this interface told to a person?

    >>> described(Interface(1, "vmnic0", "uplink to rack 4"), "vmnic0")
    'vmnic0 (uplink to rack 4)'
    """
    return f"{key} ({interface.description})" if interface.description else key


def is_of(
    numbers: npt.NDArray[np.int32], interfaces: Sequence[Interface], wanted: Sequence[str]
) -> npt.NDArray[np.bool_]:
    """
    Which records were taken on one of the interfaces that bear one of these keys?

    Parameters
    ----------
    numbers : int32[m], RecordBatch.interface
    interfaces : those described so far
    wanted : keys; a number that no interface has as its key is its place among all of the capture, from 0
    """
    keys = interface_keys(interfaces)
    meant = [n for n, key in enumerate(keys) if key in wanted or (str(n) in wanted and str(n) not in keys)]
    chosen: npt.NDArray[np.bool_] = np.isin(numbers, meant)
    return chosen
