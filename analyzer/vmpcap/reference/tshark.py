"""tshark as a witness: one capture, some fields, one row of values per packet."""

import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Final

from vmpcap.reference.feeding import Flaw, Opens, Pump
from vmpcap.terms.errors import CaptureError, EngineError, RequestError
from vmpcap.terms.files import STDIN

SEPARATOR: Final = "\x1f"
AGGREGATOR: Final = "\x1e"
"""Between fields, and between the values of one: neither is in a number, an address or the name of a protocol."""
PATIENCE_S: Final = 120.0
"""A tshark that reads a file and says nothing for so long is taken for hung."""
HOW_TO_GET_IT: Final = "install it (apt install tshark, dnf install wireshark-cli, or wireshark.org)"
WITHOUT: Final = ", or leave --engine out: vmpcap's own engine needs none"
"""What else can be done, where only a second opinion has no way without it."""

IS_A_PACKET: Final = "frame.encap_type"
"""tshark numbers blocks of other kinds as frames, too; those have no link type."""
ALWAYS: Final = ("frame.number", IS_A_PACKET)
DOCUMENTS: Final = ("134", "175")
"""WTAP_ENCAP_ of files that are one text (XML, pictures, JSON)."""

SETTINGS: Final = (
    "tcp.desegment_tcp_streams:FALSE",  # a segment is what stands in its own frame
    "tcp.relative_sequence_numbers:FALSE",
)
"""Preferences that differ from tshark's own; those of a user are not looked at."""
CHATTER: Final = ("Running as user",)
"""What tshark says on stderr that is no warning."""

NO_CAPTURE: Final = ("isn't a capture file", "contains record data that TShark doesn't support", "an unknown format")
CUT: Final = "appears to have been cut short"
DAMAGED: Final = ("appears to be damaged or corrupt", "An error occurred while reading", "isn't valid")
WRONG_WISH: Final = ("Unknown layer type", 'Unknown protocol -- "', "for layer type", 'Invalid "-d"', "Parameter")
"""How it refuses a rule for decoding; what it lists then is everything that it knows."""
NO_SUCH_FIELD: Final = "Some fields aren't valid"

Values = dict[str, list[str]]
"""Every value of each field that was asked for, outermost header first."""


def program(or_else: str = "") -> str:
    """
    Where is tshark?

    Parameters
    ----------
    or_else : what else may be done where it is missing

    Raises EngineError where it is not installed.
    """
    found = shutil.which("tshark")
    if found is None:
        raise EngineError(f"tshark is not found on PATH; {HOW_TO_GET_IT}{or_else}")
    return os.path.abspath(found)


def neutral_environment(home: str) -> dict[str, str]:
    """Nothing of the user's own settings, plugins, locale or time zone changes an answer."""
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR", "LD_LIBRARY_PATH") if name in os.environ}
    folders = dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "WIRESHARK_CONFIG_DIR"), home)
    return {**kept, **folders, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def settings_of(whole: bool) -> tuple[str, ...]:
    """The arguments for preferences; without `whole` packets in parts are not put together."""
    parts = () if whole else ("ip.defragment:FALSE", "ipv6.defragment:FALSE")
    return tuple(word for setting in (*SETTINGS, *parts) for word in ("-o", setting))


def named(path: str) -> str:
    """A capture's name as an argument: whole, so that none is ever taken for an option."""
    return path if path == STDIN else os.path.abspath(path)


@dataclass(slots=True)
class Question:
    """What tshark is asked about one capture, and how that went."""

    path: str
    fields: tuple[str, ...]
    decode_as: tuple[str, ...] = ()
    """As for tshark's own -d."""
    arguments: tuple[str, ...] = ()
    """Further ones."""
    whole: bool = True
    """Whether packets that came in parts are put together, as tshark does unless it is told."""
    most: int | None = None
    """Packets after which it stops."""
    patience_s: float = PATIENCE_S
    damage: str | None = None
    """What kept tshark from the rest of the capture; known once the answer ended."""
    warnings: list[str] = field(default_factory=list)
    """What else it said on stderr."""
    opens: Opens | None = None
    """Who reads packed files and pipes for it, so that our limits hold; None: tshark itself does."""
    flaws: Sequence[Flaw] = ()
    """What kept those bytes back; known once the answer ended."""
    last_frame: int = 0
    """Number of the last packet so far."""
    unknown_fields: list[str] = field(default_factory=list)
    """Fields that this version of tshark does not have: without values in every row."""

    def answer(self) -> Iterator[Values]:
        """
        The values of every packet, in order.

        Raises
        ------
        EngineError
            tshark is missing, died, hung, or says what it should not.
        CaptureError
            It cannot read the file as a capture.
        RequestError
            It does not know what `decode_as` names.
        """
        path = program()
        feed = None if self.opens is None else self.opens(self.path)
        pump = None if feed is None else Pump(feed)
        home = ""
        try:
            with tempfile.TemporaryDirectory(prefix="vmpcap-") as home:
                _HOMES.add(home)
                while True:
                    known = [name for name in dict.fromkeys((*ALWAYS, *self.fields)) if name not in self.unknown_fields]
                    rows = 0
                    for values in self._once(path, home, known, pump):
                        rows += 1
                        yield values
                    if rows or not self._forgets_fields(known):
                        return
        finally:
            _HOMES.discard(home)
            if feed is not None:
                self.flaws = tuple(feed.defects)
                feed.close()

    def faults(self) -> list[str]:
        """What kept packets back, and where? Known once the answer ended."""
        place = f"frame {self.last_frame + 1}"
        found = [] if self.damage is None else [f"{self.damage} ({place})"]
        return found + [f"{flaw.kind} ({place}, byte {flaw.offset})" for flaw in self.flaws]

    def _once(self, path: str, home: str, known: list[str], pump: Pump | None) -> Iterator[Values]:
        source = named(self.path) if pump is None else STDIN
        command = [path, "-n", "-r", source, "-T", "fields", "-E", f"separator={SEPARATOR}"]
        command += ["-E", f"aggregator={AGGREGATOR}", "-E", "occurrence=a", *settings_of(self.whole)]
        command += [word for wish in self.decode_as for word in ("-d", wish)]
        command += [] if self.most is None else ["-c", str(self.most)]
        command += [*self.arguments, *(word for name in known for word in ("-e", name))]
        rows = 0
        with open(os.path.join(home, "said"), "w+", encoding="utf-8", errors="replace") as said:
            fed = None if pump is None else pump.begin()
            try:
                running = subprocess.Popen(
                    command,
                    stdin=fed if fed is not None else None if self.path == STDIN else subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=said,
                    env=neutral_environment(home),
                    text=True,
                    encoding="utf-8",
                    errors="replace",
                    bufsize=1 << 16,
                )
            except OSError as problem:
                if pump is not None:
                    pump.end(fed)
                raise EngineError(f"cannot run {path!r}: {problem.strerror or problem}") from problem
            if fed is not None:
                os.close(fed)
            watch = Watch(running, None if _may_wait(self.path) else self.patience_s)
            try:
                for line in watch.lines():
                    values = _values(line, known, self.unknown_fields)
                    if values is None:
                        raise EngineError(f"tshark answered in a way that is not understood: {line[:80]!r}")
                    if values[IS_A_PACKET]:
                        rows += 1
                        self.last_frame = int(values[ALWAYS[0]][0])
                        self._refuse_documents(values)
                        yield values
                status = running.wait()
            finally:
                watch.end()
                if pump is not None:
                    pump.end()
            said.seek(0)
            self._heard(said, status, rows, watch.was_hung)

    def _refuse_documents(self, values: Values) -> None:
        """tshark reads texts, too, as one frame."""
        if values[IS_A_PACKET][0] in DOCUMENTS:
            raise CaptureError(
                f"cannot read {self.path!r} as a capture: tshark takes it for a document without packets"
            )

    def _heard(self, said: IO[str], status: int, rows: int, was_hung: bool) -> None:
        """What do the end of the process and its words mean?"""
        words = [line.strip().removeprefix("tshark: ") for line in said if line.strip()]
        self.warnings = [line for line in words if not line.startswith(CHATTER)]
        told = " ".join(self.warnings)
        where = f"{self.path!r}, after {rows:,} packets"
        if was_hung:
            raise EngineError(f"tshark said nothing for {self.patience_s:g} s on {where}: it was ended")
        if status < 0:
            raise EngineError(f"tshark was ended by signal {-status} on {where}{_quoted(self.warnings)}")
        if status == 0:
            return
        if NO_SUCH_FIELD in told and not rows:
            return
        if self.decode_as and not rows and (refusal := _refusal(self.warnings)):
            raise RequestError(f"--decode-as: tshark does not take it; it says: {refusal}")
        if CUT in told:
            self.damage = "cut_short"
        elif any(one in told for one in NO_CAPTURE) and not rows:
            raise CaptureError(f"tshark cannot read {self.path!r} as a capture{_quoted(self.warnings)}")
        elif any(one in told for one in (*DAMAGED, *NO_CAPTURE)):
            if not rows:
                raise CaptureError(f"tshark cannot read {self.path!r}{_quoted(self.warnings)}")
            self.damage = "damaged"
        elif "cannot" in told or "doesn't exist" in told or "permission" in told.lower():
            raise CaptureError(f"tshark cannot read {self.path!r}{_quoted(self.warnings)}")
        else:
            raise EngineError(f"tshark ended with status {status} on {where}{_quoted(self.warnings)}")

    def _forgets_fields(self, known: list[str]) -> bool:
        """Did this tshark not know some of the fields? They are not asked for again."""
        listed = "\n".join(self.warnings).partition(NO_SUCH_FIELD)[2].split()
        new = [name for name in known if name in listed and name not in ALWAYS]
        self.unknown_fields += new
        return bool(new)


def _may_wait(path: str) -> bool:
    """May silence mean that nobody sends packets just now?"""
    return path == STDIN or not os.path.isfile(path)


def _values(line: str, names: list[str], unknown: list[str]) -> Values | None:
    parts = line.rstrip("\n").split(SEPARATOR)
    if len(parts) != len(names):
        return None
    values: Values = {name: [] for name in unknown}
    for name, part in zip(names, parts, strict=True):
        values[name] = part.split(AGGREGATOR) if part else []
    return values


def _refusal(words: Sequence[str]) -> str | None:
    """How a rule for decoding was refused, without the list of what there is."""
    return next((line for line in words if any(one in line for one in WRONG_WISH)), None)


def refusals(rules: Sequence[str]) -> dict[str, str]:
    """
    Which of these rules for decoding does tshark not take, and what does it say of each?

    Raises EngineError where tshark is missing.
    """
    path = program()
    found = {}
    with tempfile.TemporaryDirectory(prefix="vmpcap-") as home:
        for rule in rules:
            # a file that is not there ends tshark right behind the reading of its options
            command = [path, "-n", "-d", rule, "-r", os.path.join(home, "none")]
            done = subprocess.run(
                command, env=neutral_environment(home), capture_output=True, stdin=subprocess.DEVNULL, check=False
            )
            said = [line.removeprefix("tshark: ") for line in done.stderr.decode("utf-8", "replace").splitlines()]
            if refusal := _refusal(said):
                found[rule] = refusal
    return found


def _quoted(words: Sequence[str]) -> str:
    return f"; it says: {' '.join(words)[:300]}" if words else ""


_AT_WORK: Final[set["subprocess.Popen[str]"]] = set()
_HOMES: Final[set[str]] = set()
"""Folders that stand for the user's own while tshark runs."""


def end_all() -> None:
    """No tshark and no folder of one outlives a process that ends without coming back here."""
    for running in list(_AT_WORK):
        running.kill()
    for home in list(_HOMES):
        shutil.rmtree(home, ignore_errors=True)


class Watch:
    """Looks at a process that is read from: whether it hangs, and that nothing of it is left."""

    def __init__(self, running: "subprocess.Popen[str]", patience_s: float | None) -> None:
        self._running = running
        _AT_WORK.add(running)
        self._patience_s = patience_s
        self.was_hung = False

    def lines(self) -> Iterator[str]:
        """What it prints; a timer runs only while a line is waited for, not while its reader is busy."""
        assert self._running.stdout is not None
        if self._patience_s is None:
            yield from self._running.stdout
            return
        progress = _Beat()
        stop = threading.Event()
        thread = threading.Thread(target=self._guard, args=(progress, stop), daemon=True)
        thread.start()
        try:
            for line in self._running.stdout:
                progress.is_waiting = False
                yield line
                progress.lines += 1
                progress.is_waiting = True
        finally:
            stop.set()
            thread.join()

    def _guard(self, progress: "_Beat", stop: threading.Event) -> None:
        assert self._patience_s is not None
        tick, seen, silent = min(1.0, self._patience_s / 4), -1, 0.0
        while not stop.wait(tick):
            is_silent = progress.is_waiting and progress.lines == seen
            silent = silent + tick if is_silent else 0.0
            seen = progress.lines
            if silent >= self._patience_s:
                self.was_hung = True
                self._running.kill()
                return

    def end(self) -> None:
        """No process is left behind, however its reader ended."""
        if self._running.poll() is None:
            self._running.kill()
        _AT_WORK.discard(self._running)
        if self._running.stdout is not None:
            self._running.stdout.close()
        self._running.wait()


@dataclass(slots=True)
class _Beat:
    """How far the reader is."""

    lines: int = 0
    is_waiting: bool = True
