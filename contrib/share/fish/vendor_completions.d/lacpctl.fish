# Completion for fish:  lacpctl completion fish | source
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
for program in lacpctl lacpd pcap-replay
    complete -c $program -f -k -a '(__lacp_complete)'
end
