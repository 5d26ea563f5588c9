"""
Write an example capture for each encapsulation that the walk knows into captures/encapsulations.

    python captures/make_encapsulations.py [FOLDER]

The frames are those of example_frames.py. Times are a second apart from 0, so that the files are the same on every
machine.
"""

import struct
import sys
from pathlib import Path

from example_frames import EXAMPLES, Example

HERE = Path(__file__).resolve().parent


def pcap(examples: list[Example]) -> bytes:
    """A little-endian pcap with microseconds of these frames."""
    (link_type,) = {example.link_type for example in examples}
    content = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, link_type)
    for second, example in enumerate(examples):
        content += struct.pack("<IIII", second, 0, len(example.frame), len(example.frame)) + example.frame
    return content


def main() -> None:
    """Write every file that the examples name."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "encapsulations"
    files: dict[str, list[Example]] = {}
    for example in EXAMPLES:
        files.setdefault(example.file, []).append(example)
    for name, examples in files.items():
        (folder / f"{name}.pcap").write_bytes(pcap(examples))


if __name__ == "__main__":
    main()
