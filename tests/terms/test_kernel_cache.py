"""Kernels that are kept: another process loads them, and readies no compiler for it."""

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys
import numpy as np
from vmpcap.terms.alike import alike, number_alike
shared = alike(np.array([7, 9, 7, 9, 5]))
loaded = sum(number_alike.stats.cache_hits.values())
print(shared.number.tolist(), loaded, 'numba.np.linalg' in sys.modules)
"""


def said(cache: Path) -> str:
    """What the program prints, with its kernels kept here."""
    known = {name: value for name, value in os.environ.items() if name not in ("NUMBA_CACHE_DIR", "NUMBA_DISABLE_JIT")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=known | {"XDG_CACHE_HOME": str(cache)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


def test_what_was_compiled_is_loaded_without_a_compiler(tmp_path: Path) -> None:
    """linalg is one of the many modules that numba imports in order to compile anything at all."""
    assert said(tmp_path) == "[0, 1, 0, 1, 2] 0 True"
    assert said(tmp_path) == "[0, 1, 0, 1, 2] 1 False"
