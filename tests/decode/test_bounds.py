"""No read outside the frame."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_no_kernel_reads_outside_a_frame(tmp_path: Path) -> None:
    """With bounds checks compiled in, no cut or mangled example makes a kernel read outside its buffer."""
    environment = {
        **os.environ,
        "NUMBA_BOUNDSCHECK": "1",
        "NUMBA_CACHE_DIR": str(tmp_path),
        "PYTHONPATH": f"{ROOT / 'analyzer'}:{ROOT}",
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.decode.bounds"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) > 10_000
