"""What was read, what is odd about it, and what to try where nothing was found, in words."""

from typing import Final

from vmpcap.report.document import Defect, Input, Report
from vmpcap.report.words import stamp
from vmpcap.terms.units import count_of


def asked_line(report: Report) -> str:
    """Which time was asked for? Empty where all of it was."""
    ends = (("since", report.since_ts), ("until", report.until_ts))
    asked = ", ".join(f"{name} {stamp(ts)}" for name, ts in ends if ts is not None)
    return f"only packets {asked} were asked for" if asked else ""


def inputs_line(report: Report) -> str:
    """What was read, in one line?"""
    packets = sum(i.packets for i in report.inputs)
    of_all = " in all, of any time" if report.since_ts is not None or report.until_ts is not None else ""
    return f"{count_of(len(report.inputs), 'capture')}, {count_of(packets, 'packet')}{of_all}"


def is_odd(given: Input) -> bool:
    """Is there anything about this input that a reader must know?"""
    return bool(given.truncated or given.defects or given.not_walked)


def odd_inputs(report: Report) -> str:
    """What is odd about which inputs, in a few words? Empty where nothing is."""
    where: dict[str, list[str]] = {}
    for given in report.inputs:
        for kind in _odd_kinds(given):
            where.setdefault(kind, []).append(given.point)
    return "; ".join(f"{kind} at {', '.join(dict.fromkeys(points))}" for kind, points in where.items())


def _odd_kinds(given: Input) -> list[str]:
    kinds = [d.kind for d in given.defects if not d.minor]
    if given.truncated and not kinds:
        kinds = ["cut short"]
    return [*kinds, *(["frames not walked to the end"] if given.not_walked else [])]


def odd_words(given: Input) -> list[str]:
    """What is odd about this input, a line each?"""
    words = [_defect_words(d) for d in given.defects]
    words += [f"{count_of(n, 'frame')} not walked to the end: {reason}" for reason, n in given.not_walked.items()]
    if given.truncated and not given.defects:
        words.insert(0, "the file ends inside a record")
    return words


def guess_words(given: Input) -> list[str]:
    """What was told by its bytes alone in this input, a line for each way that was taken?"""
    words = []
    for guess in given.guesses:
        place = f"(first frame {guess.first_frame}; --decode-as {guess.override} overrides)"
        if guess.chosen is None:
            words.append(f"{count_of(guess.frames, 'frame')} look like nothing that may stand there {place}")
            continue
        doubt = f", {guess.doubtful:,} of them doubtful from frame {guess.first_doubtful} on" if guess.doubtful else ""
        words.append(f"{count_of(guess.frames, 'frame')} taken for {guess.chosen} by their bytes{doubt} {place}")
    return words


OUT_OF_ORDER: Final = "single frames out of order, as several receive queues make them: no clock was set back"


def _defect_words(defect: Defect) -> str:
    first = f", first at frame {defect.first_frame}" if defect.first_frame else ""
    offset = f" (byte {defect.offset})" if defect.offset is not None else ""
    return (
        f"{defect.kind} {count_of(defect.count, 'time')}{first}{offset}"
        + (f"; {defect.detail}" if defect.detail else "")
        + (f"; {OUT_OF_ORDER}" if defect.minor else "")
    )


TRY_NEXT: Final = (
    ("vmpcap flows {files}", "is the migration's stream there at all, and on which port?"),
    ("vmpcap report --port N {files}", "if it uses a port that vmpcap does not know"),
    ("vmpcap announcements {files}", "which hosts announced themselves, and when?"),
)
"""What to do where no migration was recognised."""


def try_next(report: Report) -> list[tuple[str, str]]:
    """Which commands may help where no migration was recognised?"""
    files = " ".join(_quoted(i.path) for i in report.inputs[:2]) or "CAPTURE..."
    return [(command.format(files=files), why) for command, why in TRY_NEXT]


def without_rows(report: Report) -> list[str]:
    """The notes, but those of machines that a row of the mechanisms tells of."""
    return [note for note in report.notes if not any(one.because in note for one in report.mechanisms)]


def _quoted(path: str) -> str:
    import shlex

    return shlex.quote(path)
