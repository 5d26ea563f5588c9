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


WHOLE_WORDS: Final = r"""
    # bash parts words at COMP_WORDBREAKS as well, and replaces the last part: put together what no blank parts
    local rest=$COMP_LINE breaks=${COMP_WORDBREAKS//[\"\']} blank part last="" before="" option="" i
    local -a words=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        part=${COMP_WORDS[i]}
        blank=${rest%%[![:space:]]*}
        rest=${rest#"$blank"}
        [[ $rest == "$part"* ]] || blank=" "
        rest=${rest#"$part"}
        if [[ $i -gt 0 && -z $blank && $last$part != *[\<\>\|\&\;\(\)]* && ( -n $part || $last == [$breaks] ) ]]; then
            words[${#words[@]}-1]+=$part
        else
            words+=("$part")
        fi
        last=$part
    done
    before=${words[${#words[@]}-1]}
    [[ $before == --*=* ]] && option=${before%%=*}=
    [[ -n ${last//[$breaks]} ]] && before=${before%"$last"}

""".removeprefix("\n")
"""
`gw=domain:so` comes as five words, or as fewer where COMP_WORDBREAKS has no = or no :. What stands in front of the last
stays on the line and must not come again, and what belongs to the last must: the option in `--role=gw=domain:so`.
"""

ONE_VALUE: Final = r"""
            value=$option$value
            value=${value#"$before"}
            if [[ -e $value ]]; then
                compopt -o filenames
            elif [[ $last != [\"\']* ]]; then
                part=$value
                value=""
                for ((i = 0; i < ${#part}; i++)); do
                    [[ ${part:i:1} == [[:alnum:]_./,:=@%+~-] ]] || value+='\'
                    value+=${part:i:1}
                done
            fi
            COMPREPLY+=("$value")
""".removeprefix("\n")
"""bash quotes a file's name where it is told that it is one; where more is in the word, that is done here."""

REPLACED: Final = {
    "bash": (
        ("    local response\n", f"    local response\n{WHOLE_WORDS}"),
        (
            'COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD ',
            'COMP_WORDS="${words[*]}" COMP_CWORD=$((${#words[@]} - 1)) ',
        ),
        ("            COMPREPLY+=($value)\n", ONE_VALUE),
        (
            "    return 0\n",
            "    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=/,] ]]; then\n"
            "        compopt -o nospace\n"
            "    fi\n\n    return 0\n",
        ),
    ),
    "zsh": (
        (
            "        compadd -U -V unsorted -a completions\n",
            "        local -a unfinished=(${(M)completions:#*[=/,]})\n"
            "        completions=(${completions:#*[=/,]})\n"
            "        (( $#unfinished )) && compadd -U -S '' -V unsorted -a unfinished\n"
            "        (( $#completions )) && compadd -U -V unsorted -a completions\n",
        ),
    ),
}
"""
What replaces what of click's. Behind `gateway=` a file follows: no blank is put there (fish knows that).
"""


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
    text = made.source_template % made.source_vars() + "\n"
    for plain, ours in REPLACED.get(shell, ()):
        assert text.count(plain) == 1, f"click's script for {shell} has changed"
        text = text.replace(plain, ours)
    return text
