"""What a user is told of roles that points without one were given, and the line that says them for good."""

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from vmpcap.cli.progress import complain
from vmpcap.terms.files import stem

if TYPE_CHECKING:
    from vmpcap.report.document import Input


def say_proposed(inputs: Sequence["Input"], quiet: bool) -> None:
    """Name the roles on stderr, each with why, and the words that name them on the command line."""
    asked = [one for one in inputs if one.role_because]
    if quiet or not asked:
        return
    from vmpcap.points.roles import ROLES
    from vmpcap.report.clean import clean

    complain("roles of captures of which none was said, by what they show:")
    told: set[str] = set()
    for one in asked:
        if one.point not in told:
            complain(clean(f"  {one.point}: {one.role or 'undecided'}: {one.role_because}"))
            told.add(one.point)
    if any(one.role is None for one in asked):
        complain(f"of an undecided place less is told: if you know it, say --role NAME=ROLE, one of {', '.join(ROLES)}")
    if any(one.role for one in asked):
        complain("this report goes by them; if they are right, say so: " + clean(words_that_name(inputs)))


def words_that_name(inputs: Sequence["Input"]) -> str:
    """
    Which options name these points with these roles?

    A role that one point has is its name; where several share it, where it is not known and where the user chose the
    name, points keep theirs.
    """
    files: dict[str, list[str]] = {}
    roles: dict[str, str | None] = {}
    for one in inputs:
        files.setdefault(one.point, []).append(f"{one.path}#{one.taken}" if one.taken else one.path)
        roles[one.point] = one.role
    shared = list(roles.values())
    words: list[str] = []
    for point, paths in files.items():
        role = roles[point]
        is_free = any(point.startswith(stem(path)) for path in paths)
        is_name = role is not None and shared.count(role) == 1 and (role == point or (role not in roles and is_free))
        words += ["--point", f"{role if is_name else point}={','.join(paths)}"]
        if role is not None and not is_name:
            words += ["--role", f"{point}={role}"]
    return shlex.join(words)
