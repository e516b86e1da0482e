"""What each shell is to be told: it knows nothing by itself, and asks lacpctl at each TAB.

A shell runs `lacpctl __complete PROGRAM WORD...` with the words so far, without the program and
with the one at the cursor, which may be empty. The first line of the answer is words, files, dirs
or hosts: what the shell adds itself. Then comes a candidate a line, a tab, and what it is.
"""

from __future__ import annotations

PROGRAMS = ("lacpctl", "lacpd", "pcap-replay")

_BASH = r"""
_lacp_complete() {
    local program=${1/#'~'/$HOME} word kind rest words=() found
    # An option and its value behind = are three words to bash.
    for word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
        if [[ ${#words[@]} -gt 0 && ( ${words[-1]} == --*= ||
            $word == = && ${words[-1]} == --* ) ]]; then
            words[-1]+=$word
        else
            words+=("$word")
        fi
    done
    found=$("${program%"${program##*/}"}lacpctl" __complete "${program##*/}" "${words[@]}" \
        2>/dev/null </dev/null) || return 0
    word=${words[-1]}
    [[ $word == --*=* && $2 != --*=* ]] && word=${word%%=*}= || word=
    COMPREPLY=()
    {
        read -r kind
        while IFS=$'\t' read -r found rest; do
            COMPREPLY+=("${found#"$word"}")
        done
    } <<<"$found"
    case $kind in
        files) compopt -o default ;;
        dirs) compopt -o dirnames ;;
        hosts) mapfile -t COMPREPLY < <(compgen -A hostname -- "$2") ;;
    esac 2>/dev/null
    return 0
}
complete -F _lacp_complete -o nosort @PROGRAMS@ 2>/dev/null ||
    complete -F _lacp_complete @PROGRAMS@
"""

_ZSH = r"""
_lacp_complete() {
    local program=${words[1]/#\~/$HOME} line text
    local -a found described
    found=("${(@f)$("${program%${program:t}}lacpctl" __complete ${program:t} \
        "${(@)words[2,CURRENT]}" 2>/dev/null </dev/null)}") || return 1
    [[ ${words[CURRENT]} == --*=* && $found[1] != words ]] && compset -P '*='
    case $found[1] in
        files) _files; return ;;
        dirs) _files -/; return ;;
        hosts) _hosts; return ;;
    esac
    for line in "${(@)found[2,-1]}"; do
        text=${line%%$'\t'*}
        described+=("${text//:/\\:}:${line#*$'\t'}")
    done
    _describe -V candidate described
}
if [[ $funcstack[1] == _lacpctl ]]; then
    _lacp_complete "$@"
else
    compdef _lacp_complete @PROGRAMS@
fi
"""

_FISH = r"""
function __lacp_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l program (string replace -r '^~' -- $HOME $words[1])
    set -l name (string replace -r '.*/' '' -- $program)
    set -l lacpctl (string replace -r '[^/]*$' lacpctl -- $program)
    type -q $lacpctl; or return 0
    set -l found ($lacpctl __complete $name $words[2..-1] "$word" 2>/dev/null </dev/null)
    or return 0
    set -l front (string match -r -- '^--[^=]*=' $word)
    set -l rest (string replace -r -- '^--[^=]*=' '' $word)
    switch "$found[1]"
        case files
            string replace -r -- '^' "$front" (__fish_complete_path $rest)
        case dirs
            string replace -r -- '^' "$front" (__fish_complete_directories $rest)
        case hosts
            __fish_print_hostnames
        case '*'
            printf '%s\n' $found[2..-1]
    end
end
for program in @PROGRAMS@
    complete -c $program -f -k -a '(__lacp_complete)'
end
"""

_FIRST = {
    "bash": "# Completion for bash:  source <(lacpctl completion bash)",
    "zsh": "#compdef @PROGRAMS@\n# Completion for zsh, as _lacpctl in a directory of $fpath.",
    "fish": "# Completion for fish:  lacpctl completion fish | source",
}
_BODY = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}

SHELLS = tuple(_BODY)


def script(shell: str) -> str:
    """What a shell is to read."""
    return (_FIRST[shell] + _BODY[shell]).replace("@PROGRAMS@", " ".join(PROGRAMS))
