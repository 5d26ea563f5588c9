"""What a shell offers behind an option: files, folders, profiles, roles."""

import glob
import os

import click
from click.shell_completion import CompletionItem

Offered = list[CompletionItem]


def files(context: click.Context, parameter: click.Parameter, begun: str) -> Offered:
    """The shell knows the files."""
    return [CompletionItem(begun, type="file")]


def folders(context: click.Context, parameter: click.Parameter, begun: str) -> Offered:
    """The shell knows the folders."""
    return [CompletionItem(begun, type="dir")]


def profiles(context: click.Context, parameter: click.Parameter, begun: str) -> Offered:
    """The built-in profiles that begin so; files where none does."""
    from vmpcap.verdicts.profile import BUILT_IN

    return [CompletionItem(name) for name in BUILT_IN if name.startswith(begun)] or files(context, parameter, begun)


def scenarios(context: click.Context, parameter: click.Parameter, begun: str) -> Offered:
    """Every scenario that begins so, with what it is."""
    from vmpcap.lab.scenarios import SCENARIOS

    return [CompletionItem(one.name, help=one.what) for one in SCENARIOS if one.name.startswith(begun)]


def points(context: click.Context, parameter: click.Parameter, begun: str) -> Offered:
    """
    The roles that a point may be called by, and files behind the =.

    It is one word, which is offered whole.
    """
    from vmpcap.points.roles import ROLES

    name, equals, listed = begun.partition("=")
    if equals:
        before, comma, path = listed.rpartition(",")
        return [CompletionItem(f"{name}={before}{comma}{found}") for found in _begin_so(path)]
    return [CompletionItem(f"{role}=") for role in ROLES if role.startswith(begun)]


def _begin_so(path: str) -> list[str]:
    """Files and folders whose names begin so; folders end in a slash, hidden ones are left out."""
    found = sorted(glob.glob(f"{glob.escape(path)}*"))
    return [f"{one}/" if os.path.isdir(one) else one for one in found]


def roles(context: click.Context, parameter: click.Parameter, begun: str) -> Offered:
    """A role for each point that is named so far."""
    from vmpcap.points.roles import ROLES

    point, equals, role = begun.partition("=")
    if not equals:
        named = [text.partition("=")[0] for text in context.params.get("point") or ()]
        return [CompletionItem(f"{name}=") for name in named if name.startswith(begun)]
    return [CompletionItem(f"{point}={name}") for name in ROLES if name.startswith(role)]
