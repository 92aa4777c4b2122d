# Completion of safe-rlhf-v in zsh. Put this into ~/.zshrc, after compinit: eval "$(safe-rlhf-v completion zsh)"
_safe_rlhf_v() {
  local before="${(j: :)words[2,CURRENT]}"
  local line="safe-rlhf-v $before"
  local -a found
  found=("${(@f)$("${words[1]}" "[suggest:${#line}]" "$line" 2>/dev/null | grep -vE '^(-\?|/\?|/h|-h)$')}")
  found=("${(@M)found:#${PREFIX}*}")
  # where the program suggests nothing, the value is a file
  if [[ -n "${found[*]}" ]]; then compadd -- "${found[@]}"; else _files; fi
}
compdef _safe_rlhf_v safe-rlhf-v ./safe-rlhf-v
