"""A pipe that nobody writes to, or that stops in the middle: Ctrl-C ends every command with a word and status 130."""

import gzip
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.cli.calls import INTERRUPTIBLE, RARPS, quiet_environment
from tests.runs.made import migration, write

COMMANDS = ("report", "flows", "announcements", "packets")
PACKED_HEAD = b"\x1f\x8b\x08"


def interrupted(command: list[str], fed: bytes | None, folder: Path, number: int = signal.SIGINT) -> tuple[int, str]:
    """The status and stderr of this command on a pipe that stalls behind these bytes; None: that nobody opens."""
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    running = subprocess.Popen(
        [*INTERRUPTIBLE, *command, str(pipe)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=quiet_environment(), text=True,
    )  # fmt: skip
    release = threading.Event()

    def feed() -> None:
        with pipe.open("wb", buffering=0) as out:
            out.write(fed or b"")
            release.wait(120)

    if fed is not None:
        threading.Thread(target=feed, daemon=True).start()
    time.sleep(4)
    assert running.poll() is None, "it did not wait for the pipe"
    running.send_signal(number)
    try:
        _, err = running.communicate(timeout=60)
    finally:
        release.set()
        running.kill()
    return running.returncode, err


@pytest.mark.parametrize("fed", [None, RARPS[:100], PACKED_HEAD], ids=["unopened", "in-a-record", "packed"])
@pytest.mark.parametrize("command", COMMANDS)
def test_ctrl_c_ends_a_command_that_waits_for_a_pipe(command: str, fed: bytes | None, tmp_path: Path) -> None:
    """No traceback, no fault of ours."""
    status, err = interrupted([command], fed, tmp_path)
    assert status == 130
    assert "interrupted" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_output_that_a_signal_ends_leaves_nothing_behind(number: signal.Signals, tmp_path: Path) -> None:
    """Neither the file nor the part of it that was written beside its place; a shell sees which signal it was."""
    folder = tmp_path / "out"
    folder.mkdir()
    status, _ = interrupted(["packets", "-o", str(folder / "rows.csv")], RARPS[:100], tmp_path, number)
    assert status in (128 + number, -number)
    assert list(folder.iterdir()) == []


def test_a_command_in_the_background_can_be_ended(tmp_path: Path) -> None:
    """A shell without job control has Ctrl-C ignored there: SIGTERM ends it all the same, native code or not."""
    folder, pipe = tmp_path / "out", tmp_path / "pipe"
    folder.mkdir()
    os.mkfifo(pipe)
    program = (
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); "
        "signal.signal(signal.SIGTERM, signal.SIG_DFL); "
        "os.execv(sys.executable, [sys.executable, '-m', 'vmpcap', *sys.argv[1:]])"
    )
    command = [sys.executable, "-c", program, "packets", "-o", str(folder / "rows.csv"), str(pipe)]
    running = subprocess.Popen(command, stdin=subprocess.DEVNULL, env=quiet_environment())
    release = threading.Event()

    def feed() -> None:
        with pipe.open("wb", buffering=0) as out:
            out.write(RARPS[:100])
            release.wait(120)

    threading.Thread(target=feed, daemon=True).start()
    try:
        time.sleep(4)
        assert running.poll() is None, "it did not wait for the pipe"
        running.send_signal(signal.SIGINT)
        time.sleep(2)
        assert running.poll() is None, "Ctrl-C was to be ignored"
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) in (128 + signal.SIGTERM, -signal.SIGTERM)
    finally:
        release.set()
        running.kill()
        running.wait()
    assert list(folder.iterdir()) == []


def test_ctrl_c_with_partial_reports_on_what_was_read_by_then(tmp_path: Path) -> None:
    """The pipe ends with what feeds it, as `tcpdump -w - | vmpcap report --partial -` does; status 130 all the same."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    running = subprocess.Popen(
        [*INTERRUPTIBLE, "report", "--partial", "--format", "json", str(pipe)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=quiet_environment(), text=True,
    )  # fmt: skip
    with pipe.open("wb", buffering=0) as out:
        out.write(RARPS)
        time.sleep(4)
        assert running.poll() is None, "it did not wait for the pipe"
        running.send_signal(signal.SIGINT)
        time.sleep(0.5)
    out_text, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "reporting on what was read so far" in err
    assert json.loads(out_text)["inputs"][0]["packets"] == 3


PACKED = gzip.compress(RARPS)


@pytest.mark.parametrize(
    ("fed", "packets", "is_stdin"),
    [(RARPS, 3, False), (RARPS[:-10], 2, False), (RARPS[:-10], 2, True), (PACKED[:-8], 3, False)],
    ids=["between-records", "in-a-record", "stdin", "packed"],
)
def test_ctrl_c_with_partial_does_not_wait_for_a_pipe_that_stalls(
    fed: bytes, packets: int, is_stdin: bool, tmp_path: Path
) -> None:
    """Nobody writes and nobody closes it: the report comes all the same, and says that it was stopped, not cut."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    command = [*INTERRUPTIBLE, "report", "--partial", "--format", "json", "-" if is_stdin else str(pipe)]
    running = subprocess.Popen(
        ["sh", "-c", 'exec "$@" <"$0"', str(pipe), *command] if is_stdin else command,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=quiet_environment(), text=True,
    )  # fmt: skip
    with pipe.open("wb", buffering=0) as out:
        out.write(fed)
        time.sleep(4)
        assert running.poll() is None, "it did not wait for the pipe"
        running.send_signal(signal.SIGINT)
        begun = time.monotonic()
        out_text, _ = running.communicate(timeout=60)
        assert time.monotonic() - begun < 20
    assert running.returncode == 130
    (given,) = json.loads(out_text)["inputs"]
    assert given["packets"] == packets
    assert [defect["kind"] for defect in given["defects"]] == ["stopped"]
    assert given["truncated"] is True


@pytest.mark.parametrize("fed", [None, b"", RARPS[:10]], ids=["unopened", "nothing", "in-its-header"])
def test_ctrl_c_with_partial_before_the_first_packet_is_just_that(fed: bytes | None, tmp_path: Path) -> None:
    """There is nothing to report on: status 130, and it is said once."""
    status, err = interrupted(["report", "--partial"], fed, tmp_path)
    assert status == 130
    assert "vmpcap: interrupted: there is nothing to report on yet" in err
    assert err.count("interrupted") == 1


def test_what_a_writer_still_holds_when_ctrl_c_comes_is_read(tmp_path: Path) -> None:
    """As tcpdump does: Ctrl-C makes it write the rest, then it closes. The end is then the capture's own."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    running = subprocess.Popen(
        [*INTERRUPTIBLE, "report", "--partial", "--format", "json", str(pipe)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=quiet_environment(), text=True,
    )  # fmt: skip
    with pipe.open("wb", buffering=0) as out:
        out.write(RARPS[:100])
        time.sleep(4)
        running.send_signal(signal.SIGINT)
        time.sleep(0.3)
        out.write(RARPS[100:])
    out_text, _ = running.communicate(timeout=60)
    (given,) = json.loads(out_text)["inputs"]
    assert (running.returncode, given["packets"]) == (130, 3)


def test_a_second_ctrl_c_is_obeyed(tmp_path: Path) -> None:
    """Whoever does not want to wait for the report either."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    running = subprocess.Popen(
        [*INTERRUPTIBLE, "report", "--partial", str(pipe)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=quiet_environment(), text=True,
    )  # fmt: skip
    with pipe.open("wb", buffering=0) as out:
        out.write(RARPS[:100])
        time.sleep(4)
        for _ in range(2):
            running.send_signal(signal.SIGINT)
            time.sleep(0.2)
        out_text, err = running.communicate(timeout=60)
    assert (running.returncode, out_text) == (130, "")
    assert err.endswith("vmpcap: interrupted\n")


SECOND_READING_STALLS = """
import os, signal, sys
from vmpcap.cli import run
from vmpcap.runs import deciding_frames

for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
path, read = sys.argv[-1], deciding_frames._first_frames


def stalled(*arguments):
    os.unlink(path)
    os.mkfifo(path)
    return read(*arguments)


deciding_frames._first_frames = stalled
run()
"""
"""The command, under whose hands the capture becomes a pipe that nobody writes to."""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_carve_can_be_ended_while_it_reads_a_second_time(number: signal.Signals, tmp_path: Path) -> None:
    """As of a file on a share that went away: polars reads it, and hears no signal."""
    path, folder = tmp_path / "a.pcap", tmp_path / "out"
    folder.mkdir()
    write(path, migration())
    command = [sys.executable, "-c", SECOND_READING_STALLS, "carve", "-o", str(folder / "proof.pcapng"), str(path)]
    running = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=quiet_environment())
    try:
        for _ in range(600):
            if path.is_fifo():
                break
            time.sleep(0.1)
        assert path.is_fifo(), "it came to no second reading"
        time.sleep(1)
        assert running.poll() is None, "it did not wait"
        running.send_signal(number)
        assert running.wait(30) in (128 + number, -number)
    finally:
        running.kill()
        running.wait()
    assert list(folder.iterdir()) == []
