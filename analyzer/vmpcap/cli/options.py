"""The options that the commands share, and the request they make together."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from vmpcap.cli.capture_points import capture_points
from vmpcap.cli.completing import files, points, profiles, roles
from vmpcap.cli.sizes import size_bytes
from vmpcap.cli.times import time_ns
from vmpcap.runs.requests import Request, guest_address
from vmpcap.terms.errors import RequestError
from vmpcap.verdicts.profile import DEFAULT, load_profile

if TYPE_CHECKING:
    from vmpcap.decode.decode_as import Rule

Command = TypeVar("Command", bound=Callable[..., Any])

HIGHEST_PORT: Final = 65_535


@dataclass(frozen=True, slots=True)
class Common:
    """What every command that reads captures is told."""

    captures: tuple[str, ...]
    read: tuple[str, ...]
    point: tuple[str, ...]
    role: tuple[str, ...]
    profile: str
    port: tuple[int, ...]
    guest: tuple[str, ...]
    since: str | None
    until: str | None
    max_unpacked: str | None
    decode_as: tuple[str, ...]
    strict: bool
    engine: str
    quiet: bool
    verbose: int


SHARED: Final = tuple(name.replace("_", "-") for name in Common.__dataclass_fields__ if name != "captures")
"""The options that commands share, as they are called in a file of settings."""

NAMES: Final = tuple(Common.__dataclass_fields__)


def reads_captures(command: Command) -> Command:
    """Give a command the captures and the common options; it is called with `common` and its own options."""

    def called(**options: Any) -> Any:
        common = Common(**{name: options.pop(name) for name in NAMES})
        return command(common=common, **options)

    called.__doc__, called.__name__ = command.__doc__, command.__name__
    called.__dict__.update(command.__dict__)
    for decorate in reversed(DECORATORS):
        called = decorate(called)
    return called  # type: ignore[return-value]


DECORATORS: Final = (
    click.argument("captures", nargs=-1, metavar="CAPTURE...", shell_complete=files),
    click.option(
        "-r",
        "--read",
        multiple=True,
        metavar="FILE",
        help="A capture, as in tshark; the same as naming it.",
        shell_complete=files,
    ),
    click.option(
        "--point",
        multiple=True,
        metavar="NAME=FILE[,FILE...]",
        shell_complete=points,
        help="A capture point and its files in order; a pattern may be given, FILE#IFACE is one interface. "
        "Roles that names may be: source, "
        "destination, domain:source, domain:destination, gateway, client, wan. Repeatable.",
    ),
    click.option(
        "--role",
        multiple=True,
        metavar="NAME=ROLE",
        help="The role of a point of another name. Repeatable.",
        shell_complete=roles,
    ),
    click.option(
        "--profile",
        default=DEFAULT,
        show_default=True,
        metavar="NAME|FILE.toml",
        shell_complete=profiles,
        help="The thresholds; `vmpcap profiles` lists them.",
    ),
    click.option(
        "--port",
        multiple=True,
        type=click.IntRange(1, HIGHEST_PORT),
        metavar="N",
        help="A further TCP port of migrations. Repeatable.",
    ),
    click.option("--guest", multiple=True, metavar="MAC|IP", help="A guest that moved. Repeatable."),
    click.option(
        "--since",
        metavar="TIME",
        help="Leave out earlier packets. ISO 8601, UTC unless it ends in +02:00, local or Europe/Berlin; or epoch "
        "seconds.",
    ),
    click.option("--until", metavar="TIME", help="Leave out later packets."),
    click.option(
        "--max-unpacked",
        metavar="SIZE",
        help="What a packed capture may unpack to: 500M, 16G, unlimited. Default: 4G and 1000 times its packed size.",
    ),
    click.option(
        "-d",
        "--decode-as",
        multiple=True,
        metavar="LAYER==N,PROTOCOL",
        help="What a number means here, as in tshark: udp.port==4600,vxlan. Repeatable; a wrong name lists all.",
    ),
    click.option("--strict", is_flag=True, help="Exit 3 where the verdict is undecided, 4 where a capture is damaged."),
    click.option(
        "--engine",
        type=click.Choice(["native", "tshark"]),
        default="native",
        show_default=True,
        help="Who reads the packets; tshark does for `packets` only.",
    ),
    click.option("-q", "--quiet", is_flag=True, help="No progress and no notices on stderr."),
    click.option("-v", "--verbose", count=True, help="Say more on stderr; where a fault lies, too."),
)


BY_TSHARK: Final = ("packets", "verify")
"""Commands that ask tshark; the measures of the others are ours."""


def request_of(common: Common, engines: tuple[str, ...] = ("native",)) -> Request:
    """
    Which request is this, to a command that has these engines?

    Raises RequestError or ProfileError where an option asks for what is not there.
    """
    refuse_engine(common.engine, engines)
    since, until = stretch(common.since, common.until)
    return Request(
        points=capture_points((*common.read, *common.captures), common.point, common.role),
        profile=load_profile(common.profile),
        ports=tuple(dict.fromkeys(common.port)),
        guests=tuple(dict.fromkeys(guest_address(text, "--guest") for text in common.guest)),
        since_ns=since,
        until_ns=until,
        max_unpacked_bytes=None if common.max_unpacked is None else size_bytes(common.max_unpacked, "--max-unpacked"),
        decode_as=_rules(common.decode_as),
    )


def refuse_engine(engine: str, engines: tuple[str, ...] = ("native",)) -> None:
    """Raises RequestError where a command has no such engine."""
    if engine not in engines:
        have = " and ".join(f"`vmpcap {name}`" for name in BY_TSHARK)
        raise RequestError(
            f"--engine {engine}: this command reads by vmpcap's own engine only; leave the option out. "
            f"{have} ask {engine}"
        )


def stretch(since: str | None, until: str | None) -> tuple[int | None, int | None]:
    """Which nanoseconds bound the time asked for? Raises RequestError where nothing lies between."""
    first = None if since is None else time_ns(since, "--since")
    last = None if until is None else time_ns(until, "--until")
    if first is not None and last is not None and first > last:
        raise RequestError(f"--since {since!r} is later than --until {until!r}: nothing lies between")
    return first, last


def _rules(texts: tuple[str, ...]) -> "tuple[Rule, ...]":
    if not texts:
        return ()
    from vmpcap.decode.decode_as import read_rules

    return read_rules(texts)
