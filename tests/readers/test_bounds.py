"""No read outside the block."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("mode", ["NUMBA_BOUNDSCHECK", "NUMBA_DISABLE_JIT"])
def test_no_kernel_reads_outside_its_block(mode: str, tmp_path: Path) -> None:
    """Compiled with bounds checks, or not compiled at all, no cut or damaged capture makes a kernel leave its block."""
    environment = {
        **os.environ,
        mode: "1",
        "NUMBA_CACHE_DIR": str(tmp_path),
        "PYTHONPATH": f"{ROOT / 'analyzer'}:{ROOT}",
    }
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-m", "tests.readers.bounds"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) > 1000
