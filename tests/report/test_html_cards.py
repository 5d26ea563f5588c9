"""The cards: what failed stands first, says where, and nothing without a limit has an outcome."""

from xml.etree.ElementTree import Element

import msgspec

from tests.report.sample import good, lost_guest
from vmpcap.migration.results import Guest
from vmpcap.report.document import Migration
from vmpcap.report.html_cards import cards


def told(card: Element, kind: str) -> str:
    return "".join("".join(e.itertext()) for e in card if kind in str(e.get("class")).split())


def rows(m: Migration) -> dict[str, list[Element]]:
    return {str(row.get("class")): list(row) for row in cards(m)}


def test_what_failed_stands_in_a_row_of_its_own_before_the_others() -> None:
    """However many passed before it in the order of the checks; each deciding check has one card."""
    (migration,) = lost_guest().migrations
    deciding = [c for c in migration.checks if c.decides]
    found = rows(migration)
    assert list(found) == ["cards worst", "cards"]
    assert len(found["cards worst"]) == sum(c.outcome == "fail" for c in deciding)
    outcomes = [str(card.get("class")) for row in found.values() for card in row]
    assert sorted(o for o in outcomes if o != "card told") == sorted(f"card {c.outcome}" for c in deciding)
    (passed,) = good().migrations
    assert list(rows(passed)) == ["cards"]


def test_a_lost_announcement_says_between_which_points() -> None:
    """On the card itself."""
    (migration,) = lost_guest().migrations
    (guest,) = migration.guests
    heard = msgspec.structs.replace(guest.announcements, last_seen_at=["br-b", "port-b"], first_missing_at=["gw-lan"])
    lost = msgspec.structs.replace(
        migration, guests=[msgspec.structs.replace(guest, announcements=heard)], checks=migration.checks
    )
    places = [told(card, "place") for card in rows(lost)["cards worst"]]
    assert "last heard at br-b or port-b, first missing at gw-lan" in places


def test_an_interruption_without_a_limit_has_no_outcome() -> None:
    """It is told all the same; a peer that never came back is not told by the length of another's outage."""
    (migration,) = good().migrations
    (guest,) = migration.guests
    s = msgspec.structs.replace(guest.switchover, peer_outage_ms=30_720.0)
    back = [msgspec.structs.replace(p, survived=True) for p in guest.peers]
    one = msgspec.structs.replace(guest, switchover=s, peers=back)
    card = rows(msgspec.structs.replace(migration, guests=[one]))["cards"][-1]
    assert card.get("class") == "card told"
    assert told(card, "figure") == "30.7 s"
    gone = [msgspec.structs.replace(p, survived=False, outage_ms=None) for p in guest.peers[:1]]
    other = msgspec.structs.replace(guest, switchover=s, peers=gone)
    assert told(rows(msgspec.structs.replace(migration, guests=[other]))["cards"][-1], "figure") == "never back"


def test_of_several_guests_the_worst_is_told_with_its_name() -> None:
    """Whichever is listed first: never back is worse than any length, and the longest is worse than a shorter one."""
    (migration,) = good().migrations
    (guest,) = migration.guests

    def away(mac: str, outage_ms: float | None, *, back: bool = True) -> Guest:
        peers = [msgspec.structs.replace(p, survived=back, outage_ms=outage_ms) for p in guest.peers[:1]]
        s = msgspec.structs.replace(guest.switchover, peer_outage_ms=outage_ms, bracket_ms=None)
        return msgspec.structs.replace(guest, mac=mac, switchover=s, peers=peers)

    short, long = away("02:00:00:00:00:01", 120.0), away("02:00:00:00:00:02", 9_000.0)
    gone, unknown = away("02:00:00:00:00:03", None, back=False), away("02:00:00:00:00:04", None)
    for guests, figure, place in (
        ([short, long], "9 s", "guest 02:00:00:00:00:02, the worst of 2"),
        ([long, gone, short], "never back", "guest 02:00:00:00:00:03, the worst of 3"),
        ([short, unknown], "120 ms", "guest 02:00:00:00:00:01, the only one of 2 of which it is known"),
        ([unknown, short, long], "9 s", "guest 02:00:00:00:00:02, the worst of 2 (1 more not known)"),
        ([short], "120 ms", ""),
    ):
        card = rows(msgspec.structs.replace(migration, guests=guests))["cards"][-1]
        assert card.get("class") == "card told"
        assert (told(card, "figure"), told(card, "place")) == (figure, place)
    nothing = rows(msgspec.structs.replace(migration, guests=[unknown]))["cards"]
    assert "card told" not in [card.get("class") for card in nothing]


def test_a_long_reason_opens_where_it_is_asked_for() -> None:
    """Beside other cards its first clauses are enough; nothing of it is lost, and a short one is whole."""
    (migration,) = good().migrations
    clauses = [f"clause {n} of what is to be said about this figure" for n in range(9)]
    checks = [msgspec.structs.replace(c, because="; ".join(clauses)) if c.id == "rtt" else c for c in migration.checks]
    long = [
        e
        for card in rows(msgspec.structs.replace(migration, checks=checks))["cards"]
        for e in card
        if e.tag == "details"
    ]
    (opened,) = long
    shown = "".join(opened[0].itertext())
    assert shown == "; ".join(clauses[:3])
    assert "".join(opened.itertext()) == shown + "; ".join(clauses[3:])
