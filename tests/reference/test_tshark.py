"""tshark as a witness: what it is asked, and what is said where it fails."""

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.calls import CAPTURES, RARPS
from tests.tshark import needs_tshark
from vmpcap.reference.tshark import Question, named, neutral_environment
from vmpcap.terms.errors import CaptureError, EngineError, RequestError

NUMBER = ("frame.number",)


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> Path:
    """A program of the name of tshark, and nothing else on PATH."""
    path = folder / "bin" / "tshark"
    path.parent.mkdir()
    path.write_text(f"#!{sys.executable}\nimport os, signal, sys, time\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(path.parent))
    return path


def test_without_tshark_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch, rarps: Path) -> None:
    """An error of the engine, before anything is read."""
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(EngineError, match="tshark is not found on PATH; install it"):
        list(Question(str(rarps), NUMBER).answer())


@pytest.mark.parametrize("name", ["-r", "--help", "-Xlua_script:x.lua", "a b;c", "$(id)"])
def test_no_file_name_is_an_option_or_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """It reaches tshark as one word that begins with the root folder."""
    stand_in(tmp_path, monkeypatch, "print('\\x1f'.join(('1', '1')))\nopen('argv', 'w').write('\\0'.join(sys.argv))")
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(RARPS)
    assert [values["frame.number"] for values in Question(name, ()).answer()] == [["1"]]
    words = Path("argv").read_text().split("\0")
    assert words[words.index("-r") + 1] == str(tmp_path / name) == named(name)
    assert words.count(name) == (name == "-r")


def test_what_is_set_for_the_user_does_not_reach_tshark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither folders of settings nor variables of Wireshark's own."""
    monkeypatch.setenv("WIRESHARK_CONFIG_DIR", "/somewhere")
    monkeypatch.setenv("WIRESHARK_PLUGIN_DIR", "/somewhere")
    monkeypatch.setenv("HOME", "/somewhere")
    found = neutral_environment(str(tmp_path))
    assert "/somewhere" not in found.values()
    assert (found["HOME"], found["WIRESHARK_CONFIG_DIR"], found["TZ"]) == (str(tmp_path), str(tmp_path), "UTC")


@needs_tshark
def test_preferences_of_the_user_do_not_change_an_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rarps: Path
) -> None:
    """A profile that switches ARP off is not looked at."""
    (tmp_path / "disabled_protos").write_text("arp\n")
    monkeypatch.setenv("WIRESHARK_CONFIG_DIR", str(tmp_path))
    plain = ["tshark", "-n", "-r", str(rarps), "-T", "fields", "-e", "arp.opcode"]
    asked = subprocess.run(plain, capture_output=True, text=True, check=True).stdout
    assert asked.split() == []
    told = Question(str(rarps), ("arp.opcode",)).answer()
    assert [values["arp.opcode"] for values in told] == [["3"]] * 3


@pytest.mark.parametrize(
    ("body", "error", "words"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", EngineError, "was ended by signal 11"),
        ("sys.exit('tshark: no memory')", EngineError, "ended with status 1 .* no memory"),
        ("print('nonsense')", EngineError, "answered in a way that is not understood: 'nonsense"),
        ("time.sleep(60)", EngineError, "said nothing for 0.2 s .* it was ended"),
        ("sys.exit('tshark: The file \"x\" isn\\'t a capture file in a format')", CaptureError, "isn't a capture file"),
        ("sys.exit('tshark: Unknown protocol -- \"x\"')", RequestError, "--decode-as: tshark does not take it"),
    ],
)
def test_what_goes_wrong_with_tshark_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rarps: Path, body: str, error: type[Exception], words: str
) -> None:
    """It dies, fails, talks nonsense, hangs, or refuses the file or the wish: each has its own error."""
    stand_in(tmp_path, monkeypatch, body)
    begun = time.monotonic()
    with pytest.raises(error, match=words):
        list(Question(str(rarps), NUMBER, decode_as=("udp.port==1,x",), patience_s=0.2).answer())
    assert time.monotonic() - begun < 30


def test_a_reader_that_has_enough_leaves_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rarps: Path
) -> None:
    """It is ended, and waited for."""
    body = "open('pid', 'w').write(str(os.getpid()))\nprint('1\\x1f1', flush=True)\ntime.sleep(600)"
    stand_in(tmp_path, monkeypatch, body)
    monkeypatch.chdir(tmp_path)
    answer = Question(str(rarps), ()).answer()
    next(answer)
    answer.close()  # type: ignore[attr-defined]
    with pytest.raises(ProcessLookupError):
        os.kill(int(Path("pid").read_text()), 0)


def test_a_field_that_this_version_lacks_has_no_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rarps: Path
) -> None:
    """The others are asked for once more without it."""
    body = (
        "if 'x.new' in sys.argv:\n    sys.exit('tshark: Some fields aren\\'t valid:\\n\\tx.new')\n"
        "print('\\x1f'.join(('1', '1', '7')))"
    )
    stand_in(tmp_path, monkeypatch, body)
    question = Question(str(rarps), ("x.new", "x.old"))
    assert [(values["x.new"], values["x.old"]) for values in question.answer()] == [([], ["7"])]
    assert question.unknown_fields == ["x.new"]


@needs_tshark
def test_a_cut_capture_gives_what_it_has_and_says_so(tmp_path: Path) -> None:
    """The rows before the damage, then its name."""
    path = tmp_path / "cut.pcap"
    path.write_bytes(RARPS[:-10])
    question = Question(str(path), NUMBER)
    assert len(list(question.answer())) == 2
    assert question.damage == "cut_short"


@needs_tshark
@pytest.mark.parametrize("content", [b"only words\n", b'{"a": 1}\n', b"\0" * 100], ids=repr)
def test_what_holds_no_packets_is_no_capture(tmp_path: Path, content: bytes) -> None:
    """Though tshark reads some documents as one frame."""
    path = tmp_path / "some.pcap"
    path.write_bytes(content)
    with pytest.raises(CaptureError):
        list(Question(str(path), NUMBER).answer())


@needs_tshark
def test_a_packed_capture_and_a_limit() -> None:
    """As tshark reads it, and no further."""
    path = CAPTURES / "clean" / "gw-lan.pcap.zst"
    assert [v["frame.number"] for v in Question(str(path), NUMBER, most=2).answer()] == [["1"], ["2"]]
