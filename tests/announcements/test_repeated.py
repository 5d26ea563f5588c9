"""One announcement captured more than once counts once."""

from tests.announcements.made import Row, make_rows
from vmpcap.announcements.repeated import COPY_NS, without_copies, without_doubled

MS = 1_000_000


def kept(*rows: Row) -> list[int]:
    """Numbers of the frames that stay."""
    return without_copies(make_rows(rows)).frame.tolist()


def test_copies_of_one_body_count_once() -> None:
    """Three points of one file heard each of QEMU's announcements: the first sights stay, in their order."""
    rows = [Row(at * MS + late) for at in (0, 50, 200) for late in (0, 90_000, 1 * MS)]
    assert kept(*rows) == [1, 4, 7]


def test_what_comes_again_is_sent_again() -> None:
    """Behind the time in which copies come, the same body is another frame."""
    assert kept(Row(0), Row(COPY_NS + 1)) == [1, 2]
    assert kept(Row(0), Row(COPY_NS)) == [1]


def test_bodies_that_differ_are_frames_of_their_own() -> None:
    """Another machine, another kind, another address."""
    rows = (Row(0), Row(1, mac=0x0200_0000_0001), Row(2, kind="garp_request"), Row(3, ip="10.0.0.1"))
    assert kept(*rows) == [1, 2, 3, 4]


def test_another_segment_is_another_frame() -> None:
    """A fenced machine with the same MAC in another VLAN may announce itself at the same time."""
    assert kept(Row(0), Row(1 * MS, segment=7)) == [1, 2]


def test_nothing_is_nothing() -> None:
    """No rows, and a single one."""
    assert kept() == []
    assert kept(Row(0)) == [1]


def test_rarps_that_are_all_there_twice_count_once() -> None:
    """Two bridges in one capture: each of QEMU's five passed both, 1.1 ms apart; the unicast of others passed one."""
    twice = make_rows([Row(at * MS + late) for at in (0, 50, 200, 450, 800) for late in (0, 1_100_000)])
    assert without_doubled(twice).frame.tolist() == [1, 3, 5, 7, 9]


def test_rarps_of_which_some_come_once_are_frames_each() -> None:
    """One that is sent again at once is no copy; neither are two pairs, nor another segment's."""
    once = make_rows([Row(0), Row(1 * MS), *(Row(at * MS) for at in (50, 200, 450, 451, 800, 801))])
    assert len(without_doubled(once)) == 8
    assert len(without_doubled(make_rows([Row(at * MS) for at in (0, 1, 50, 51)]))) == 4
    fenced = make_rows([Row(at * MS, segment=at % 2) for at in (0, 1, 50, 51, 200, 201)])
    assert len(without_doubled(fenced)) == 6
