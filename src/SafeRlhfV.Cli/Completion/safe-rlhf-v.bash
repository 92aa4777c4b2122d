# Completion of safe-rlhf-v in bash. Put this into ~/.bashrc: eval "$(safe-rlhf-v completion bash)"
_safe_rlhf_v() {
  local word="${COMP_WORDS[COMP_CWORD]}" line="safe-rlhf-v${COMP_LINE:${#COMP_WORDS[0]}:$((COMP_POINT - ${#COMP_WORDS[0]}))}"
  local IFS=$'\n'
  mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" "[suggest:${#line}]" "$line" 2>/dev/null | grep -vE '^(-\?|/\?|/h|-h)$')" -- "$word")
}
# where the program suggests nothing, the value is a file
complete -o default -F _safe_rlhf_v safe-rlhf-v ./safe-rlhf-v
