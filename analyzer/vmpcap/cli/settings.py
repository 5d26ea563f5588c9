"""What options are where the command line is silent: the environment, then a file of the user's own."""

import os
import tomllib
from collections.abc import Callable, Mapping
from datetime import date
from difflib import get_close_matches
from functools import wraps
from pathlib import Path
from typing import Any, Final

import click
from click.core import ParameterSource
from click.types import StringParamType

from vmpcap.terms.errors import RequestError, VmpcapError

PREFIX: Final = "VMPCAP_"
CONFIG: Final = "VMPCAP_CONFIG"
LARGEST_FILE: Final = 1 << 20
NOT_SETTABLE: Final = frozenset({"help", "json-schema", "list-columns", "list"})
"""Options that are questions of their own: nobody wants them always."""


def long_name(option: click.Parameter) -> str:
    """
    What is this option called in a file: its longest name without the hyphens in front?

    >>> long_name(click.Option(["-o", "--output"]))
    'output'
    """
    return max(option.opts, key=len).lstrip("-")


def settable(command: click.Command) -> dict[str, click.Option]:
    """Which options of this command can be set once and for all, by their long names?"""
    options = [p for p in command.params if isinstance(p, click.Option)]
    return {name: option for option in options if (name := long_name(option)) not in NOT_SETTABLE}


def settled(command: click.Command) -> click.Command:
    """The same command, whose options listen to the environment, and whose errors say where a value came from."""
    for name, option in settable(command).items():
        option.envvar = list(variables(command.name or "", name))
    if command.callback is not None:
        command.callback = _says_where_from(command.callback)
    return command


def variables(command: str, option: str) -> tuple[str, str]:
    """
    Which variables of the environment set this option? The first is for this command alone, and goes before.

    >>> variables("report", "max-unpacked")
    ('VMPCAP_REPORT_MAX_UNPACKED', 'VMPCAP_MAX_UNPACKED')
    """
    word = option.replace("-", "_").upper()
    return f"{PREFIX}{command.upper()}_{word}", f"{PREFIX}{word}"


def config_file(asked: str | None = None) -> Path | None:
    """
    Which file holds the settings? None where nobody has one.

    --config, else VMPCAP_CONFIG, else vmpcap/config.toml where the system keeps configuration. No file is taken from
    the current folder by itself: it came with somebody's captures, and could say where to write.

    Raises RequestError where a file that was named is not there.
    """
    named = asked or os.environ.get(CONFIG)
    if named:
        if not os.path.exists(named):
            by = "--config" if asked else CONFIG
            raise RequestError(f"{by} {named!r}: there is no such file; make it, or leave {by} out")
        return Path(named)
    home = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    usual = Path(home) / "vmpcap" / "config.toml"
    return usual if usual.is_file() else None


def read_config(path: Path) -> dict[str, Any]:
    """What does the file say? Raises RequestError where it cannot be read or is not TOML."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_FILE + 1)
        if len(raw) > LARGEST_FILE:
            raise RequestError(f"{_named(path)}: it is larger than {LARGEST_FILE} bytes; settings are a page of TOML")
        return tomllib.loads(raw.decode("utf-8"))
    except OSError as problem:
        raise RequestError(f"{_named(path)}: cannot be read: {problem.strerror or problem}") from problem
    except UnicodeDecodeError as problem:
        raise RequestError(f"{_named(path)}: needed UTF-8 text, found other bytes at {problem.start}") from problem
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        raise RequestError(f"{_named(path)}: it is not TOML: {problem}; texts stand in quotes") from problem


def defaults(command: click.Command, path: Path, commands: Mapping[str, Any] | list[str]) -> dict[str, Any]:
    """
    Which values does the file give this command's options, by the names that click calls them?

    At the top of the file stand options that commands share; in a table of a command's name its own, which go before.

    Raises
    ------
    RequestError
        A key is no option, or a value is not what its option takes.
    """
    table = read_config(path)
    shared = {key: value for key, value in table.items() if key not in commands}
    _refuse_unmarked(shared, commands, path)
    _refuse_unknown(shared, _shared_names(), [*_shared_names(), *commands], _named(path))
    own = table.get(command.name or "", {})
    where = f"{_named(path)}: [{command.name}]"
    if not isinstance(own, dict):
        raise RequestError(
            f"{where}: needed a table of options, found {_shown(own)}; write [{command.name}] above them"
        )
    options = settable(command)
    _refuse_unknown(own, list(options), list(options), where)
    found: dict[str, Any] = {}
    for values, place in ((shared, _named(path)), (own, where)):
        for key, value in values.items():
            if key in options and options[key].name is not None:
                found[str(options[key].name)] = _fit(value, options[key], f"{place}: key {key!r}")
    return found


def _shared_names() -> list[str]:
    from vmpcap.cli.options import SHARED

    return list(SHARED)


def _refuse_unmarked(shared: Mapping[str, Any], commands: Mapping[str, Any] | list[str], path: Path) -> None:
    """Raises RequestError where an option of one command alone stands above all tables."""
    for key in shared:
        if key in _shared_names():
            continue
        from vmpcap.cli.group import commands as group

        context = click.Context(group)
        loaded = [found for name in commands if (found := group.get_command(context, name)) is not None]
        having = [str(one.name) for one in loaded if key in settable(one)]
        if having:
            whose = " and ".join(f"`vmpcap {name}`" for name in having)
            raise RequestError(f"{_named(path)}: key {key!r}: an option of {whose} only; write it below [{having[0]}]")


def _refuse_unknown(table: Mapping[str, Any], known: list[str], near_what: list[str], where: str) -> None:
    for key in table:
        if key not in known:
            near = get_close_matches(key.lower().replace("_", "-"), near_what, n=1)
            meant = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}"
            raise RequestError(f"{where}: key {key!r}: there is no such option; {meant}")


def _fit(value: Any, option: click.Option, where: str) -> Any:
    """The value, if the option can take it; what click would refuse is refused here, where the file can be named."""
    if option.is_flag:
        _refuse(isinstance(value, bool), where, "true or false", value)
        return value
    if option.count:
        _refuse(isinstance(value, int) and not isinstance(value, bool) and value >= 0, where, "a number", value)
        return value
    if option.metavar == "TIME" and isinstance(value, date):
        value = value.isoformat()  # TOML has times of its own
    takes_number = not isinstance(option.type, StringParamType) or option.metavar in COUNTED
    if option.multiple:
        listed = value if isinstance(value, list) else [value]
        needed = "a text or a list of texts" if not takes_number else "a number, a text, or a list of them"
        _refuse(all(_is_plain(one, takes_number) for one in listed), where, needed, value)
        return [_converted(one, option, where) for one in listed]
    _refuse(_is_plain(value, takes_number), where, "a text or a number" if takes_number else "a text", value)
    return _converted(value, option, where)


COUNTED: Final = frozenset({"TIME", "SIZE", "RATE", "AMOUNT"})
"""What stands for a value that may be a bare number; where a name or a file belongs, 3 is a slip of the pen."""


def _is_plain(value: Any, takes_number: bool) -> bool:
    return isinstance(value, str) or (takes_number and isinstance(value, int | float) and not isinstance(value, bool))


def _refuse(fits: bool, where: str, needed: str, value: Any) -> None:
    if not fits:
        raise RequestError(f"{where}: needed {needed}, found {_shown(value)}")


def _converted(value: Any, option: click.Option, where: str) -> Any:
    try:
        return option.type.convert(str(value), option, None)
    except click.BadParameter as problem:
        raise RequestError(f"{where}: {problem.message.rstrip('.')}") from problem


def _shown(value: Any) -> str:
    return {dict: "a table", list: "a list", bool: str(value).lower()}.get(type(value)) or repr(value)


def _named(path: Path) -> str:
    return f"settings {str(path)!r}"


def _says_where_from(called: Callable[..., Any]) -> Callable[..., Any]:
    """Whoever wonders which option is meant, since the command line has none, is told."""

    @wraps(called)
    def told(*arguments: Any, **options: Any) -> Any:
        try:
            return called(*arguments, **options)
        except VmpcapError as problem:
            context = click.get_current_context(silent=True)
            meant = where_from(context, str(problem)) if context is not None else ""
            if not meant:
                raise
            raise type(problem)(f"{problem} ({meant})") from problem

    return told


def where_from(context: click.Context, words: str) -> str:
    """Which options that these words are about were not said on the command line, and where were they?"""
    found = []
    for name, option in settable(context.command).items():
        source = context.get_parameter_source(str(option.name))
        value = context.params.get(str(option.name))
        if source not in ELSEWHERE or value is None or not _is_about(words, name, value):
            continue
        if source == ParameterSource.ENVIRONMENT:
            found.append(f"--{name} is set by {_variable(context.command, name)}")
        else:
            found.append(f"--{name} is set in {str(context.find_root().meta.get(CONFIG, 'the settings'))!r}")
    return "; ".join(found)


ELSEWHERE: Final = frozenset({ParameterSource.ENVIRONMENT, ParameterSource.DEFAULT_MAP})


def _is_about(words: str, name: str, value: Any) -> bool:
    values = value if isinstance(value, list | tuple) else [value]
    return f"--{name}" in words or any(repr(one) in words for one in values if isinstance(one, str) and one)


def _variable(command: click.Command, name: str) -> str:
    return next((v for v in variables(command.name or "", name) if os.environ.get(v)), PREFIX)


def set_variables() -> list[str]:
    """Which variables of the environment are meant for vmpcap?"""
    return sorted(name for name, value in os.environ.items() if name.startswith(PREFIX) and value)
