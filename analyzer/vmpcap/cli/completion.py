"""`vmpcap completion`: what a shell needs to know to complete commands, options and names."""

from typing import Final

import click

from vmpcap.cli.exits import STATUS
from vmpcap.cli.output import emit

VARIABLE: Final = "_VMPCAP_COMPLETE"
SHELLS: Final = {
    "bash": "~/.local/share/bash-completion/completions/vmpcap",
    "zsh": "a folder of $fpath, such as ~/.zfunc/_vmpcap",
    "fish": "~/.config/fish/completions/vmpcap.fish",
}
"""Where each shell looks for it by itself."""


@click.command(short_help="Completion of commands, options and names in your shell.")
@click.argument("shell", type=click.Choice(list(SHELLS)))
def completion(shell: str) -> int:
    """
    Completion of commands, options and names in your shell: bash (4.4 or later), zsh or fish.

    What is printed is read by the shell, at once or at its start.

    \b
      eval "$(vmpcap completion bash)"
      vmpcap completion bash > ~/.local/share/bash-completion/completions/vmpcap
      vmpcap completion zsh  > ~/.zfunc/_vmpcap
      vmpcap completion fish > ~/.config/fish/completions/vmpcap.fish
    """
    emit(script(shell))
    return STATUS["fine"]


def script(shell: str) -> str:
    """What does this shell read?"""
    from click.shell_completion import get_completion_class

    from vmpcap.cli.group import commands

    kind = get_completion_class(shell)
    assert kind is not None, "click knows every shell of the table"
    made = kind(commands, {}, "vmpcap", VARIABLE)
    # not source(): of bash it asks the first one on PATH for its version, which need not be the one that reads this
    return made.source_template % made.source_vars() + "\n"
