#!/usr/bin/env bash
# Whether `eval bench` orders the demo's six methods as the built-in world's exact rater does: each answers the held-out prompts once, the demo's own guard
# scores the answers, and every pair whose rated difference lies outside its 95 % interval must be in the rater's order (else exit code 1).
# bench/order.sh DEMO [--seed 0] [--out runs/order]    DEMO is a finished demo's folder, --seed the one it was run with.
set -euo pipefail
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../build/common.sh"
tell_usage "$@"
[ $# -gt 0 ] || { echo "usage: bench/order.sh DEMO [--seed N] [--out FOLDER]" >&2; exit 2; }
demo="$(readlink -f "$1")" seed=0 out=runs/order
shift
while [ $# -gt 0 ]; do
  [ $# -gt 1 ] || { echo "bench/order.sh: $1 needs a value." >&2; exit 2; }
  case "$1" in
    --seed) seed="$2" ;;
    --out) out="$(readlink -m "$2")" ;;
    *) echo "usage: bench/order.sh DEMO [--seed N] [--out FOLDER]" >&2; exit 2 ;;
  esac
  shift 2
done
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
results=()
for name in start ppo-h ppo-s dpo-h dpo-s safe-rlhf-v; do
  ${SAFERLHFV:-./safe-rlhf-v} eval bench --suite beavertails-v --data "$demo/data/pairs" --model "$demo/models/$name" --guard "$demo/models/guard" \
    --scorer guard --temperature 1 --seed "$seed" --max-new-tokens 24 --batch-size 64 --out "$out/$name" >/dev/null
  results+=("$name=$out/$name")
done
${BENCH:-./safe-rlhf-v} bench order --data "$demo/data/pairs" --seed "$seed" "${results[@]}"
