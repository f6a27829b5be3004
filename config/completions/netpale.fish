# fish completes netpale: verbs, options and values are those that `netpale --help` tells when this file is
# loaded, so that nothing here can differ from the program.

# Is it this verb's place, or that of its options, before a --?
function __netpale_at --argument-names verb
    set -l words (commandline -opc)
    test "$words[2]" = "$verb"
end
function __netpale_options --argument-names verb
    __netpale_at $verb; and not contains -- -- (commandline -opc)
end

function __netpale_presets --argument-names before
    netpale presets 2>/dev/null | string replace -r '^(\S+) +' "$before\$1\t"
end

# What an option or operand takes, by its word in the help and what is said of it; as fish reads it.
function __netpale_values --argument-names word about
    set -l one '[a-z]+(?: \(default\))?'
    switch $word
        case FILE
            echo -- -F
        case ENTRY
            echo '-fa (__netpale_presets preset:)'
        case '[NAME]'
            echo '-fa (__netpale_presets)'
        case 'USER*'
            echo '-fa (__fish_complete_users)'
        case COMMAND
            echo '-fa (__fish_complete_subcommand --fcs-skip=2)'
        case '*'
            if string match -qr "^$one(, $one)* or $one\$" -- $about
                echo -- -fa (string replace -a ' (default)' '' -- $about | string replace -a ',' '' |
                    string replace ' or ' ' ')
            else
                echo -- -f
            end
    end
end

complete -c netpale -f
complete -c netpale -n 'test (count (commandline -opc)) = 1' -l help -d 'what there is'
complete -c netpale -n 'test (count (commandline -opc)) = 1' -l version -d 'print the version'
netpale --help 2>/dev/null | string match -rg '^  netpale (\S+) +(.*)' | while read -l verb
    read -l about
    complete -c netpale -n 'test (count (commandline -opc)) = 1' -a $verb -d $about
    complete -c netpale -n "__netpale_options $verb" -l help -d 'its options'
    set -l help (netpale $verb --help 2>/dev/null)
    set -l operand (string match -rg '^netpale \S+ \[options\] (?:\[--\] )?(\S+)' -- $help[1])
    test -n "$operand"
    and complete -c netpale -n "__netpale_at $verb" (string split -m 1 ' ' -- (__netpale_values $operand))
    for line in $help
        set -l option (string replace -rf '^  (?:-([a-z]),|   ) --([a-z-]+) (\S*) +(.*)$' '$1\t$2\t$3\t$4' -- $line |
            string split \t)
        or continue
        set -l letter
        test -n "$option[1]"; and set letter -s $option[1]
        set -l takes
        test -n "$option[3]"; and set takes -r (string split -m 1 ' ' -- (__netpale_values $option[3] $option[4]))
        complete -c netpale -n "__netpale_options $verb" -l $option[2] $letter -d $option[4] $takes
    end
end
