#!/usr/bin/env bash
# Exact accuracy and safety together in the built-in world: the start, group-relative optimisation under a budget of unsafe answers, and the same run without
# a constraint, judged by the exact rater. bench/reasoning.sh [--seeds "0"] [--out runs/reasoning] [--validation] [--set KEY=VALUE ...]
# A seed whose data and models are in OUT/seed-N already does not make them again, nor a run that is finished. Choose settings with --validation, report
# without.
set -euo pipefail
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../build/common.sh"
tell_usage "$@"
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
seeds="0" out=runs/reasoning judge=() sets=()
while [ $# -gt 0 ]; do
  case "$1" in
    --validation) judge=(--validation); shift; continue ;;
    --seeds | --out | --set) [ $# -gt 1 ] || { echo "bench/reasoning.sh: $1 needs a value." >&2; exit 2; } ;;&
    --seeds) seeds="$2" ;;
    --out) out="$2" ;;
    --set) sets+=(--set "$2") ;;
    *) echo "usage: bench/reasoning.sh [--seeds \"N ...\"] [--out FOLDER] [--validation] [--set KEY=VALUE ...]" >&2; exit 2 ;;
  esac
  shift 2
done
run="${SAFERLHFV:-./safe-rlhf-v}"
for seed in $seeds; do
  demo="$out/seed-$seed/demo" policies=()
  for stage in reward cost; do $run demo --reasoning --stage "$stage" --seed "$seed" --out "$demo" >/dev/null; done
  for name in constrained free; do
    folder="$out/seed-$seed/$name" free=()
    [ "$name" = constrained ] || free=(--set training.mode=fixed --set training.multiplier.initial=0)
    [ -d "$folder/result" ] || $run train grpo --config recipes/world/grpo-reasoning.yaml --set run.folder="$folder" --set training.seed="$seed" \
      --model "$demo/models/start" --reward "$demo/models/reward" --cost "$demo/models/cost" --data "$demo/data/prompts" \
      --set data.instructions.folder="$demo/data/ptx" --set data.calibration.folder="$demo/data/pairs" "${sets[@]}" "${free[@]}" >/dev/null
    policies+=("$name=$folder")
  done
  echo "seed $seed"
  ${BENCH:-./safe-rlhf-v} bench methods --demo "$demo" --seed "$seed" --reasoning "${judge[@]}" start="$demo/models/start" "${policies[@]}"
done
