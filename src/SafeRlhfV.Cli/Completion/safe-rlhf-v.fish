# Completion of safe-rlhf-v in fish. Put this into ~/.config/fish/config.fish: safe-rlhf-v completion fish | source
function __safe_rlhf_v_ask
    set -l before (commandline -opc)
    set -l word (commandline -ct)
    set -l line (string join ' ' -- safe-rlhf-v $before[2..-1] "$word")
    set -g __safe_rlhf_v_words ($before[1] "[suggest:"(string length -- $line)"]" $line 2>/dev/null | string match -rv '^(-\?|/\?|/h|-h|)$')
    test (count $__safe_rlhf_v_words) -gt 0
end
# where the program suggests nothing, the value is a file
complete -c safe-rlhf-v -f -n __safe_rlhf_v_ask -a '$__safe_rlhf_v_words'
