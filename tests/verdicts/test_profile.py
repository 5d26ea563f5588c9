"""Profiles: the figures that are asked of a network, where each comes from, and what a wrong file is told."""

import tomllib
from pathlib import Path

import pytest

from vmpcap.terms.errors import ProfileError
from vmpcap.verdicts.profile import BUILT_IN, DEFAULT, FOLDER, all_profiles, load_profile

FIGURES: dict[str, tuple[float | None, float | None, float | None, str]] = {
    # Mbps, RTT ms, switchover ms, of what: the table of thresholds over time, read row by row
    "vsphere4": (622, 5, None, "link"),
    "vsphere5-std": (622, 5, None, "link"),
    "metro": (250, 10, None, "session"),
    "vsphere5-2013": (250, 5, None, "session"),
    "vsphere6-launch": (250, 100, None, "session"),
    "vsphere6": (250, 150, None, "session"),
    "vmsc": (250, 10, None, "session"),
    "vplex5": (None, 5, None, "link"),
    "vplex10": (None, 10, None, "link"),
    "vsan-stretched": (10_000, 5, None, "link"),
    "qemu-default": (None, None, 300, "link"),
    "hyperv": (None, None, None, "link"),
}


def test_the_shipped_profiles_are_those_of_the_table() -> None:
    """One file for each, none besides, and vsphere4 is the default."""
    assert set(BUILT_IN) == set(FIGURES) == {path.stem for path in FOLDER.glob("*.toml")}
    assert DEFAULT == "vsphere4"
    assert [profile.name for profile in all_profiles()] == list(BUILT_IN)


@pytest.mark.parametrize("name", FIGURES)
def test_a_shipped_profile_has_the_figures_of_the_table(name: str) -> None:
    """Throughput, round trip, switchover, and what the throughput is asked of."""
    profile = load_profile(name)
    found = (profile.throughput_mbps_min, profile.rtt_ms_max, profile.switchover_ms_max, profile.scope)
    assert found == FIGURES[name]


@pytest.mark.parametrize("name", FIGURES)
def test_every_shipped_figure_has_a_source(name: str) -> None:
    """Who says so, how sure that is, and where it can be read; what nobody read is called unverified."""
    profile = load_profile(name)
    for key in ("throughput_mbps_min", "rtt_ms_max", "switchover_ms_max"):
        cited = [source for source in profile.cited if source.figure == key]
        assert bool(cited) == (getattr(profile, key) is not None), key
    assert profile.cited
    assert profile.title
    assert profile.applies_to
    for source in profile.cited:
        assert source.certainty is not None
        assert bool(source.where) == (source.certainty != "unverified")
        assert source.says in "".join(profile.sources)


def test_a_disputed_figure_is_called_disputed() -> None:
    """622 Mbps for vSphere 5 could not be confirmed in 2012, and the profile says so."""
    assert "disputed" in load_profile("vsphere5-std").notes


def test_a_file_of_ones_own_is_read(tmp_path: Path) -> None:
    """Whole numbers and fractions; without a name it is called after its file."""
    path = tmp_path / "lan.toml"
    path.write_text(
        "throughput_mbps_min = 940\nrtt_ms_max = 0.5\nscope = 'session'\nsources = ['our own rule']\n", encoding="utf-8"
    )
    profile = load_profile(str(path))
    assert (profile.name, profile.throughput_mbps_min, profile.rtt_ms_max) == ("lan", 940.0, 0.5)
    assert profile.switchover_ms_max is None
    assert profile.scope == "session"
    assert profile.sources == ("our own rule",)


def test_a_limit_that_is_left_out_is_no_limit(tmp_path: Path) -> None:
    """Only a throughput needs to say what it is of."""
    path = tmp_path / "near.toml"
    path.write_text("rtt_ms_max = 5\n", encoding="utf-8")
    profile = load_profile(str(path))
    assert (profile.throughput_mbps_min, profile.rtt_ms_max, profile.switchover_ms_max) == (None, 5.0, None)


MISTAKES = {
    # what a user writes: the key that the message names, and the words that it must hold
    "rtt_max_ms = 5": ("rtt_max_ms", "not known", "rtt_ms_max"),
    "colour = 'red'": ("colour", "not known", "throughput_mbps_min"),
    "rtt_ms_max = '5 ms'": ("rtt_ms_max", "positive number of milliseconds", "'5 ms' (text)"),
    "rtt_ms_max = -5": ("rtt_ms_max", "positive number of milliseconds", "-5 (number)"),
    "rtt_ms_max = 0": ("rtt_ms_max", "positive number", "0 (number)"),
    "rtt_ms_max = true": ("rtt_ms_max", "positive number", "True (true or false)"),
    "rtt_ms_max = inf": ("rtt_ms_max", "positive number", "inf"),
    "rtt_ms_max = nan": ("rtt_ms_max", "positive number", "nan"),
    "rtt_ms_max = [5]": ("rtt_ms_max", "positive number", "[5] (list)"),
    "switchover_ms_max = 2026-01-01": ("switchover_ms_max", "positive number", "date"),
    "throughput_mbps_min = 622": ("scope", "link", "session"),
    "throughput_mbps_min = '622M'\nscope = 'link'": ("throughput_mbps_min", "Mbps", "'622M' (text)"),
    "scope = 'path'": ("scope", 'scope = "link" or scope = "session"', "'path' (text)"),
    "name = ''": ("name", "not empty", "'' (text)"),
    "name = 7": ("name", "text", "7 (number)"),
    "title = ['a']": ("title", "text", "list"),
    "notes = 1": ("notes", "text", "1 (number)"),
    "sources = 'a book'": ("sources", "list", "'a book' (text)"),
    "sources = [5]": ("sources", "entry 1", "5 (number)"),
    "[[sources]]\nfigure = 'rtt_ms_max'": ("sources", "entry 1", "says"),
    "[[sources]]\nsays = 'x'\nfigure = 'rtt'": ("sources", "entry 1", "figure"),
    "[[sources]]\nsays = 'x'\nsure = 'yes'": ("sources", "entry 1", "sure"),
    "[rtt_ms_max]\nvalue = 5": ("rtt_ms_max", "positive number", "(table)"),
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_told_with_file_key_need_and_finding(text: str, tmp_path: Path) -> None:
    """Which file, which key, what is needed there, what stands there."""
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    assert tomllib.loads(text)
    with pytest.raises(ProfileError) as caught:
        load_profile(str(path))
    message = str(caught.value)
    key, *words = MISTAKES[text]
    assert str(path) in message
    assert f"'{key}'" in message
    for word in words:
        assert word in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"rtt_ms_max 5", "not TOML"),
        (b"rtt_ms_max = ", "not TOML"),
        (b"rtt_ms_max = 5\nrtt_ms_max = 6", "not TOML"),
        (b"\xff\xfer\x00t\x00", "UTF-8"),
        (b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00", "UTF-8"),
        (b"a = " + b"[" * 100_000, "not TOML"),
        (b"# " + b"x" * (1 << 20), "larger than"),
    ],
    ids=["no_equals", "no_value", "twice", "utf16", "a_capture", "too_deep", "too_large"],
)
def test_a_file_that_is_no_toml_is_told_so(content: bytes, words: str, tmp_path: Path) -> None:
    """A capture in place of a profile, a line without its value, a file that nests without end."""
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    with pytest.raises(ProfileError) as caught:
        load_profile(str(path))
    assert str(path) in str(caught.value)
    assert words in str(caught.value)


def test_a_file_that_is_not_there_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    """With the path as it was given and the system's reason."""
    (tmp_path / "folder.toml").mkdir()
    for name, words in (("none.toml", "No such file"), ("folder.toml", "directory")):
        with pytest.raises(ProfileError) as caught:
            load_profile(str(tmp_path / name))
        assert str(tmp_path / name) in str(caught.value)
        assert words in str(caught.value)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("vsphere", "'vsphere4'"),
        ("vshpere6", "'vsphere6'"),
        ("VSPHERE4", "'vsphere4'"),
        ("metro-vmotion", "'metro'"),
        ("qemu", "'qemu-default'"),
    ],
)
def test_a_name_near_to_a_known_one_gets_a_hint(word: str, meant: str) -> None:
    """What was probably meant, and where all of them are listed."""
    with pytest.raises(ProfileError) as caught:
        load_profile(word)
    assert repr(word) in str(caught.value)
    assert meant in str(caught.value)
    assert "vmpcap profiles" in str(caught.value)


def test_a_name_like_no_other_is_told_where_all_are_listed() -> None:
    """No guess where nothing is near."""
    with pytest.raises(ProfileError) as caught:
        load_profile("xyzzy")
    assert "did you mean" not in str(caught.value)
    assert "vmpcap profiles" in str(caught.value)


def test_a_file_without_its_ending_is_told_how_to_name_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bare word is a built-in profile; `./word` is a file, whatever it is called."""
    (tmp_path / "ourrules").write_text("rtt_ms_max = 7\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ProfileError, match=r"\./ourrules"):
        load_profile("ourrules")
    assert load_profile("./ourrules").rtt_ms_max == 7.0
