#!/usr/bin/env bash
# The methods of the demo and those beside it on several seeds of the built-in world, judged by the exact rater: points of helpfulness and safety over the
# start, unsafe and severe answers, cost. bench/methods.sh [--seeds "0 1 2"] [--only "ppo grpo ..."] [--out runs/methods] [--validation]
# A seed whose demo is in OUT/seed-N already is not run again, nor a method that is finished. Choose settings with --validation, report without.
set -euo pipefail
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../build/common.sh"
tell_usage "$@"
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
seeds="0 1 2" works="dpo-safe grpo grpo-severity grpo-tail" out=runs/methods judge=()
while [ $# -gt 0 ]; do
  case "$1" in
    --validation) judge=(--validation); shift; continue ;;
    --seeds | --only | --out) [ $# -gt 1 ] || { echo "bench/methods.sh: $1 needs a value." >&2; exit 2; } ;;&
    --seeds) seeds="$2" ;;
    --only) works="$2" ;;
    --out) out="$2" ;;
    *) echo "usage: bench/methods.sh [--seeds \"N ...\"] [--only \"RECIPE ...\"] [--out FOLDER] [--validation]" >&2; exit 2 ;;
  esac
  shift 2
done
run="${SAFERLHFV:-./safe-rlhf-v}"
for seed in $seeds; do
  demo="$out/seed-$seed/demo"
  [ -f "$demo/results.json" ] || $run demo --seed "$seed" --out "$demo" >/dev/null
  policies=(start="$demo/models/start" ppo="$demo/models/safe-rlhf-v")
  for name in ppo-h ppo-s dpo-h dpo-s; do policies+=("$name=$demo/models/$name"); done
  for name in $works; do
    if [ -d "$demo/models/$name" ]; then policies+=("$name=$demo/models/$name"); continue; fi # the demo has trained it already
    folder="$out/seed-$seed/$name" places=(--set run.folder="$folder" --set training.seed="$seed")
    if [ "${name%%-*}" = grpo ] || [ "${name%%-*}" = ppo ]; then
      places+=(--model "$demo/models/start" --reward "$demo/models/reward" --cost "$demo/models/cost" --data "$demo/data/prompts"
        --set data.instructions.folder="$demo/data/ptx" --set data.calibration.folder="$demo/data/pairs")
    else
      places+=(--model "$demo/models/start" --data "$demo/data/pairs")
    fi
    start=$SECONDS
    if [ ! -d "$folder/result" ]; then
      $run train "${name%%-*}" --config "recipes/world/$name.yaml" "${places[@]}" >/dev/null
      echo "seed $seed: $name took $((SECONDS - start)) s" >&2
    fi
    policies+=("$name=$folder")
  done
  echo "seed $seed"
  ${BENCH:-./safe-rlhf-v} bench methods --demo "$demo" --seed "$seed" "${judge[@]}" "${policies[@]}"
done
