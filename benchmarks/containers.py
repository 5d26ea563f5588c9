"""The same capture in other containers: each packed here, and what unpacking it costs by the same library alone."""

import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from measure import PYTHON


@dataclass(frozen=True)
class Container:
    """One way to pack a capture, by a library that vmpcap itself unpacks with."""

    name: str
    module: str
    opens: str
    """A Python expression for a file object; `path` and `mode` are given."""

    def pack(self, capture: Path) -> Path:
        """The packed capture, made unless it was made before."""
        out = capture.with_name(f"{capture.name}.{self.name}")
        if not out.exists():
            half = out.with_suffix(".part")
            subprocess.run([PYTHON, "-c", PACK.format(self=self), str(capture), str(half)], check=True)
            half.rename(out)
        return out

    def unpack_alone(self, packed: Path) -> list[str]:
        """The command that unpacks and does nothing else."""
        return [PYTHON, "-c", UNPACK.format(self=self), str(packed)]

    @property
    def is_there(self) -> bool:
        """Is the library installed?"""
        try:
            return find_spec(self.module) is not None
        except ModuleNotFoundError:
            return False


PACK: Final = """
import shutil, sys
import {self.module}
path, mode = sys.argv[2], "wb"
with open(sys.argv[1], "rb") as whole, {self.opens} as packed:
    shutil.copyfileobj(whole, packed, 1 << 20)
"""

UNPACK: Final = """
import sys
import {self.module}
path, mode = sys.argv[1], "rb"
with {self.opens} as packed:
    while packed.read(1 << 20):
        pass
"""

CONTAINERS: Final = (
    Container("gz", "isal.igzip", "isal.igzip.open(path, mode)"),
    Container("zst", "backports.zstd", "backports.zstd.open(path, mode)"),
    Container("lz4", "lz4.frame", "lz4.frame.open(path, mode)"),
)
