"""Where captures come from: files that grow and shrink, pipes, standard input, and what is no capture."""

import io
import os
import pty
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from vmpcap.readers import FORMATS
from vmpcap.readers.foreign import FOREIGN
from vmpcap.readers.inputs import PlainInput
from vmpcap.readers.sources import Capture, open_capture
from vmpcap.terms.errors import CaptureError

from .packers import NAMES, PACKERS
from .writers import Packet, enhanced, interface, pcap, pcap_header, pcap_record, read_all, section

ROOT = Path(__file__).resolve().parents[2]
T0 = 1_500_000_000 * 10**9
PACKETS = [Packet(T0 + i * 1000, bytes([i]) * 40, 60) for i in range(50)]
CAPTURE = pcap("<", PACKETS)
NG_HEAD = section("<") + interface("<")
NG_PACKETS = [enhanced("<", packet.ts_ns // 1000, packet.data, 60) for packet in PACKETS if packet.ts_ns is not None]


@contextmanager
def fifo(folder: Path, *pieces: bytes, pause_s: float = 0.0) -> Iterator[Path]:
    """A named pipe into which somebody writes these pieces, one after the other."""
    path = folder / "pipe"
    os.mkfifo(path)

    def write() -> None:
        with path.open("wb", buffering=0) as end:
            for piece in pieces:
                try:
                    end.write(piece)
                except BrokenPipeError:
                    return
                time.sleep(pause_s)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield path
    finally:
        writer.join()


# Files.


def test_a_path_object_and_a_string_are_the_same(tmp_path: Path) -> None:
    """Facts name the file as it was given."""
    path = tmp_path / "a capture"
    path.write_bytes(CAPTURE)
    assert read_all(path).packets == read_all(str(path)).packets == PACKETS
    assert read_all(path).facts.path == str(path)


def test_progress_counts_bytes_of_the_file(tmp_path: Path) -> None:
    """From none to all of them."""
    path = tmp_path / "capture"
    path.write_bytes(CAPTURE)
    with open_capture(path, block_bytes=500) as capture:
        seen = [capture.progress()[0] for _ in capture.batches()]
        assert seen == sorted(seen)
        assert capture.progress() == (len(CAPTURE), len(CAPTURE))


@pytest.mark.parametrize("head", [pcap_header("<"), NG_HEAD], ids=["pcap", "pcapng"])
def test_a_file_that_grows_is_read_to_its_new_end(head: bytes, tmp_path: Path) -> None:
    """What was appended since it was opened is read too, and it is said that the file may still be written."""
    path = tmp_path / "growing"
    packets = [pcap_record("<", packet) for packet in PACKETS] if head == pcap_header("<") else NG_PACKETS
    path.write_bytes(head + b"".join(packets[:3]))
    with open_capture(path, block_bytes=64) as capture:
        found = 0
        for number, batch in enumerate(capture.batches()):
            found += len(batch.ts_ns)
            if number == 0:
                with path.open("ab") as end:
                    end.write(b"".join(packets[3:]))
        assert found == len(PACKETS)
        (grew,) = capture.defects
        assert (grew.kind, grew.offset, grew.ends_reading) == (
            "grew_while_read",
            len(head + b"".join(packets[:3])),
            False,
        )
        assert not capture.facts.truncated


def test_a_growing_file_that_ends_in_a_record_says_so(tmp_path: Path) -> None:
    """The writer is in the middle of packet 51: frame and offset of it."""
    path = tmp_path / "growing"
    path.write_bytes(CAPTURE)
    with open_capture(path, block_bytes=256) as capture:
        batches = capture.batches()
        next(batches)
        with path.open("ab") as end:
            end.write(pcap_record("<", PACKETS[0])[:20])
        list(batches)
        assert {row.kind: (row.first_frame, row.offset) for row in capture.defects} == {
            "cut_short": (51, len(CAPTURE)),
            "grew_while_read": (None, len(CAPTURE)),
        }
        assert capture.facts.truncated


def test_a_file_that_shrinks_gives_what_was_read(tmp_path: Path) -> None:
    """It is rotated away under our hands: no crash, and the defect says from where to where."""
    path = tmp_path / "shrinking"
    path.write_bytes(CAPTURE)
    with open_capture(path, block_bytes=560) as capture:
        frames = 0
        for number, batch in enumerate(capture.batches()):
            frames += len(batch.ts_ns)
            if number == 0:
                os.truncate(path, 24 + 20 * 56 + 10)
        assert frames == 20
        found = {row.kind: (row.first_frame, row.offset) for row in capture.defects}
        assert found == {"cut_short": (21, 24 + 20 * 56), "shrank_while_read": (21, 24 + 20 * 56 + 10)}


def test_a_disk_that_refuses_to_read_on_gives_what_was_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's own words stand in the defect."""
    path = tmp_path / "bad sector"
    path.write_bytes(CAPTURE)
    with open_capture(path, block_bytes=560) as capture:
        batches = capture.batches()
        first = len(next(batches).ts_ns)

        def refuse(_: object, __: memoryview) -> int:
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(PlainInput, "_read_some", refuse)
        found = first + sum(len(batch.ts_ns) for batch in batches)
        assert 0 < found < len(PACKETS)
        (refused,) = (row for row in capture.defects if row.kind == "read_error")
        assert (refused.detail, refused.first_frame) == ("Input/output error", found + 1)
        assert capture.facts.truncated


def test_an_empty_file_is_no_capture(tmp_path: Path) -> None:
    """The message asks the question that helps."""
    path = tmp_path / "empty"
    path.touch()
    with pytest.raises(CaptureError, match="no bytes; was the capture stopped"):
        open_capture(path)


@pytest.mark.parametrize("size", range(1, 24))
@pytest.mark.parametrize("data", [CAPTURE, NG_HEAD], ids=["pcap", "pcapng"])
def test_a_file_shorter_than_its_header_is_no_capture(data: bytes, size: int, tmp_path: Path) -> None:
    """From one byte on it is said which format it would have been."""
    path = tmp_path / "short"
    path.write_bytes(data[:size])
    with pytest.raises(CaptureError, match="pcap"):
        open_capture(path)


def test_what_cannot_be_opened_is_said(tmp_path: Path) -> None:
    """Each reason with what to try."""
    file = tmp_path / "file"
    file.touch()
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for path, words in (
        (tmp_path / "missing", "no such file; check the name"),
        (tmp_path, "it is a directory; name the capture files in it"),
        (file / "below", "a part of its path is a file"),
        (loop, "symbolic links lead in a circle"),
        (tmp_path / ("x" * 300), "name is longer"),
        ("a\0b", "check the name"),
    ):
        with pytest.raises(CaptureError, match=words):
            open_capture(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_said(tmp_path: Path) -> None:
    """Permission is asked of its owner."""
    path = tmp_path / "secret"
    path.write_bytes(CAPTURE)
    path.chmod(0)
    with pytest.raises(CaptureError, match="no permission"):
        open_capture(path)


# What is no capture.


@pytest.mark.parametrize("row", FOREIGN, ids=lambda row: row.magic.decode("latin-1").strip("\0") + row.what)
def test_what_is_often_handed_over_instead_is_named_with_advice(row: object, tmp_path: Path) -> None:
    """Every row of the table is found by its own first bytes."""
    path = tmp_path / "capture.pcap"
    path.write_bytes(bytes(row.at) + row.magic + bytes(range(256)))  # type: ignore[attr-defined]
    with pytest.raises(CaptureError) as told:
        open_capture(path)
    assert row.what in str(told.value)  # type: ignore[attr-defined]
    assert row.advice in str(told.value)  # type: ignore[attr-defined]
    assert str(path) in str(told.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"12:00:01.5 IP 10.0.0.1.8000 > 10.0.0.2.902: Flags [S]\n", "printed output of tcpdump.*`tcpdump -w FILE`"),
        (bytes(4096), "all zeroes at its start.*copy it again"),
        (b"\xde\xad\xbe\xef" + bytes(range(200)), "begins with de ad be ef.*editcap"),
        (b"snoop\0\0\0\0\0\0\2", "Solaris snoop"),
    ],
)
def test_other_contents_are_described(content: bytes, words: str, tmp_path: Path) -> None:
    """Text, zeroes, anything."""
    path = tmp_path / "capture.pcap"
    path.write_bytes(content)
    with pytest.raises(CaptureError, match=words):
        open_capture(path)


def test_no_format_is_taken_for_another() -> None:
    """Neither do two rows begin alike, nor does a foreign one begin like a capture."""
    magics = [row.magic for row in FORMATS] + [row.magic for row in FOREIGN if row.at == 0]
    for one in magics:
        assert sum(other.startswith(one) for other in magics) == 1


# Pipes.


@pytest.mark.parametrize("size", [1, 3, 7, 100, 10_000])
def test_a_named_pipe_gives_the_same_however_it_trickles(size: int, tmp_path: Path) -> None:
    """From one byte at a time to all at once."""
    pieces = [CAPTURE[at : at + size] for at in range(0, len(CAPTURE), size)]
    with fifo(tmp_path, *pieces) as path:
        read = read_all(path)
    assert (read.packets, read.defects) == (PACKETS, {})
    assert (read.facts.size, read.facts.bytes_read) == (None, len(CAPTURE))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [1, 9, 4000])
def test_a_packed_pipe_gives_the_same_however_it_trickles(name: str, size: int, tmp_path: Path) -> None:
    """`ssh host cat capture.gz > pipe`."""
    packed = PACKERS[name](CAPTURE[:1000]) + PACKERS[name](CAPTURE[1000:])
    with fifo(tmp_path, *(packed[at : at + size] for at in range(0, len(packed), size))) as path:
        read = read_all(path)
    assert (read.packets, read.defects, read.facts.packing) == (PACKETS, {}, name)


@pytest.mark.parametrize(
    ("head", "first"),
    [
        (pcap_header("<"), pcap_record("<", PACKETS[0])),
        (pcap_header(">", "modified"), pcap_record(">", PACKETS[0], "modified")),
        (NG_HEAD, NG_PACKETS[0]),
    ],
    ids=["pcap", "modified", "pcapng"],
)
def test_packets_of_a_live_pipe_are_handed_on_before_it_ends(head: bytes, first: bytes, tmp_path: Path) -> None:
    """The second packet is only written once the first was seen."""
    path = tmp_path / "live"
    os.mkfifo(path)
    seen = threading.Event()

    def write() -> None:
        with path.open("wb", buffering=0) as end:
            end.write(head + first)
            assert seen.wait(20)
            end.write(first)

    writer = threading.Thread(target=write)
    writer.start()
    with open_capture(path) as capture:
        counts = []
        for batch in capture.batches():
            counts.append(len(batch.ts_ns))
            seen.set()
    writer.join()
    assert counts == [1, 1]


@pytest.mark.parametrize("name", NAMES)
def test_packets_of_a_packed_live_pipe_are_handed_on_before_it_ends(name: str, tmp_path: Path) -> None:
    """A member that has ended is not held back for the next."""
    path = tmp_path / "live"
    os.mkfifo(path)
    seen = threading.Event()

    def write() -> None:
        with path.open("wb", buffering=0) as end:
            end.write(PACKERS[name](pcap("<", PACKETS[:2])))
            assert seen.wait(20)
            end.write(PACKERS[name](pcap_record("<", PACKETS[2])))

    writer = threading.Thread(target=write)
    writer.start()
    with open_capture(path) as capture:
        counts = []
        for batch in capture.batches():
            counts.append(len(batch.ts_ns))
            seen.set()
    writer.join()
    assert counts == [2, 1]


@pytest.mark.parametrize("name", [None, *NAMES])
def test_closing_a_live_pipe_does_not_wait_for_its_writer(name: str | None, tmp_path: Path) -> None:
    """Whoever has seen enough goes, though the other side is silent."""
    path = tmp_path / "live"
    os.mkfifo(path)
    done = threading.Event()
    data = pcap("<", PACKETS[:2])

    def write() -> None:
        with path.open("wb", buffering=0) as end:
            end.write(PACKERS[name](data) if name else data)
            done.wait(20)

    writer = threading.Thread(target=write)
    writer.start()
    capture: Capture = open_capture(path)
    assert len(next(capture.batches()).ts_ns) == 2
    capture.close()
    assert writer.is_alive()
    done.set()
    writer.join()


def test_a_pipe_that_breaks_in_a_record_says_where(tmp_path: Path) -> None:
    """Its writer was killed."""
    with fifo(tmp_path, CAPTURE[:-5]) as path:
        read = read_all(path)
    assert read.packets == PACKETS[:-1]
    assert (read.defects["cut_short"].first_frame, read.defects["cut_short"].offset) == (50, len(CAPTURE) - 56)


# Standard input.

ASK = """
import sys
from vmpcap.readers.sources import open_capture
with open_capture("-") as capture:
    count = sum(len(batch.ts_ns) for batch in capture.batches())
    facts = capture.facts
print(count, facts.packing, facts.path, facts.size, [row.kind for row in capture.defects])
"""


def ask(**streams: object) -> subprocess.CompletedProcess[str]:
    """What a process says of its standard input; interpreted, for the start of the compiler is not the matter here."""
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-c", ASK]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False, **streams)  # type: ignore[call-overload,no-any-return]


def test_standard_input_is_a_pipe_or_a_file(tmp_path: Path) -> None:
    """`vmpcap report - < file` knows the size, `cat file | vmpcap report -` does not."""
    path = tmp_path / "capture"
    path.write_bytes(CAPTURE)
    piped = ask(input=CAPTURE)
    assert piped.stdout.decode() == "50 none - None []\n", piped.stderr
    with path.open("rb") as file:
        assert ask(stdin=file).stdout.decode() == f"50 none - {len(CAPTURE)} []\n"


@pytest.mark.parametrize("name", NAMES)
def test_standard_input_may_be_packed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told by its first bytes like a file; here it has no descriptor, as in a test runner of commands."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(PACKERS[name](CAPTURE))))
    read = read_all("-")
    assert (read.packets, read.facts.packing) == (PACKETS, name)


def test_a_file_on_standard_input_that_was_begun_is_read_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`(head -c 100 >/dev/null; vmpcap report -) < file`: its size is what is left."""
    path = tmp_path / "behind something"
    path.write_bytes(bytes(100) + CAPTURE)
    with path.open("rb") as file:
        file.seek(100)
        os.lseek(file.fileno(), 100, os.SEEK_SET)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(file))
        read = read_all("-")
        assert (read.packets, read.facts.size, read.defects) == (PACKETS, len(CAPTURE), {})
        assert not file.closed


def test_a_pipe_that_others_made_non_blocking_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """ssh and node leave standard input so: nothing yet is not the end."""
    out, into = os.pipe()
    os.set_blocking(out, False)

    def write() -> None:
        for at in range(0, len(CAPTURE), 1000):
            time.sleep(0.02)
            os.write(into, CAPTURE[at : at + 1000])
        os.close(into)

    writer = threading.Thread(target=write)
    writer.start()
    with os.fdopen(out, "rb") as end:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(end))
        read = read_all("-")
        writer.join()
        assert (read.packets, read.defects) == (PACKETS, {})


def closed() -> io.TextIOWrapper:
    """A standard input that was closed."""
    stream = io.TextIOWrapper(io.BytesIO())
    stream.close()
    return stream


@pytest.mark.parametrize("stream", [lambda: None, closed], ids=["none", "closed"])
def test_no_standard_input_is_said(stream: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """A service has none."""
    monkeypatch.setattr(sys, "stdin", stream())
    with pytest.raises(CaptureError, match="standard input: it is closed; name a file"):
        open_capture("-")


def test_a_person_at_a_terminal_is_told_instead_of_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody types a capture."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "rb", buffering=0) as end:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(end)))
        with pytest.raises(CaptureError, match="it is a terminal; pipe a capture into it"):
            open_capture("-")
    os.close(ours)


# What is opened is closed.


@pytest.mark.parametrize("content", [CAPTURE, PACKERS["gzip"](CAPTURE), b"nothing", PACKERS["zstd"](b"nothing")])
def test_no_descriptor_is_left_open(content: bytes, tmp_path: Path) -> None:
    """Whether it was a capture or not."""
    path = tmp_path / "file"
    path.write_bytes(content)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        try:
            read_all(path)
        except CaptureError:
            assert content not in (CAPTURE, PACKERS["gzip"](CAPTURE))
    assert len(os.listdir("/proc/self/fd")) == before
