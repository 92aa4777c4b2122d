#!/usr/bin/env bash
# What the memory plan foretells beside what the process took at its peak (VmHWM), for a tiny Qwen2-VL, a tiny and a middle-sized LLaVA: the tables in docs/training.md.
# bench/memory.sh [--work FOLDER] [--only "tiny qwen mid"] [--runs "sft ..."]; the middle size takes some minutes and up to 6 GiB.
set -euo pipefail
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../build/common.sh"
tell_usage "$@"
root="$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)"
cd "$root"
work="" sizes="tiny qwen mid" runs="sft sft-checkpointing sft-lora sft-photos reward dpo dpo-lora guard guard-tokens ppo-none ppo-backbone ppo-world ppo-rounds"
while [ $# -gt 1 ]; do
  case "$1" in
    --work) work="$2" ;;
    --only) sizes="$2" ;;
    --runs) runs="$2" ;;
    *) break ;;
  esac
  shift 2
done
[ $# -eq 0 ] || { echo "usage: bench/memory.sh [--work FOLDER] [--only \"tiny qwen mid\"] [--runs \"sft ...\"]" >&2; exit 2; }
if [ -z "$work" ]; then work="$(mktemp -d)"; trap 'rm -rf "$work"' EXIT; fi
mkdir -p "$work"
tiny="$root/tests/golden/models/llava-1.5-tiny"
program="${PROGRAM:-./safe-rlhf-v}" # another build, say of an earlier commit
run() { "$program" "$@" 2>>"$work/log"; }

[ -d "$work/world" ] || run world generate --out "$work/world" --pairs 400 >/dev/null
make_model() { # the tiny model itself, or one like it with a decoder of 86 million parameters and a tower of 5 million
  [ ! -d "$work/$1/start" ] || return 0
  mkdir -p "$work/$1"
  if [ "$1" = tiny ]; then cp -r "$tiny" "$work/$1/start"; return; fi
  if [ "$1" = qwen ]; then cp -r "$root/tests/golden/models/qwen2-vl-tiny" "$work/$1/start"; return; fi
  sed -e '/text_config/,/vision_config/ { s/"hidden_size": 48/"hidden_size": 768/; s/"intermediate_size": 96/"intermediate_size": 2048/; s/"num_hidden_layers": 3/"num_hidden_layers": 12/; s/"num_attention_heads": 4/"num_attention_heads": 12/ }' \
    -e '/vision_config/,$ { s/"hidden_size": 32/"hidden_size": 256/; s/"intermediate_size": 64/"intermediate_size": 1024/; s/"num_hidden_layers": 4/"num_hidden_layers": 6/ }' "$tiny/config.json" >"$work/$1.json"
  run model init --config "$work/$1.json" --files-from "$tiny" --out "$work/$1/start" >/dev/null
}
number() { grep -oE "\"$1\": *[0-9]+" | grep -oE '[0-9]+$'; }
train() { # SIZE NAME TRAINER ARGUMENTS...
  local size="$1" name="$2" trainer="$3" out planned peak
  shift 3
  [ -d "$work/$size/$name" ] && rm -r "${work:?}/$size/$name"
  out="$(run train "$trainer" --out "$work/$size/$name" --json --set run.save_every=0 "$@" --ignore-memory)"
  planned="$(number plannedBytes <<<"$out")" peak="$(number peakBytes <<<"$out")"
  case " $runs " in *" $name "*) awk -v s="$size" -v n="$name" -v p="$planned" -v m="$peak" 'BEGIN { printf "| %s | %s | %.0f MiB | %.0f MiB | %+.0f %% |\n", s, n, p / 1048576, m / 1048576, 100 * (p / m - 1) }' ;; esac
}

echo "| model | run | planned | peak | planned to peak |"
echo "|---|---|---|---|---|"
for size in $sizes; do
  make_model "$size"
  one=(--model "$work/$size/start" --data "$work/world" --set training.batch_size=16 --set training.micro_batch_size=8 --set training.max_steps=3)
  lora=(--set model.lora.rank=8) photos="$root/tests/golden/beavertails-v/paired"
  for name in $runs; do
    case "$name" in
      sft) train "$size" sft sft "${one[@]}" ;;
      sft-checkpointing) train "$size" "$name" sft "${one[@]}" --set training.gradient_checkpointing=true ;;
      sft-lora) train "$size" "$name" sft "${one[@]}" "${lora[@]}" ;;
      sft-photos) train "$size" "$name" sft "${one[@]/#"$work/world"/$photos}" ;;
      guard) train "$size" "$name" guard "${one[@]}" ;;
      guard-tokens) train "$size" "$name" guard "${one[@]}" --set training.batch_size=64 --set training.micro_batch_size=0 --set training.micro_batch_tokens=8000 ;;
      reward) train "$size" reward reward "${one[@]}" ;;
      dpo) train "$size" dpo dpo "${one[@]}" ;;
      dpo-lora) train "$size" "$name" dpo "${one[@]}" "${lora[@]}" ;;
      ppo-*)
        sharing="${name#ppo-}" part=() batch=(16 8 4) rounds=2 calibration=0
        case "$sharing" in world | rounds) batch=(128 32 8) ;; esac # the sizes of recipes/world/ppo.yaml
        [ "$sharing" != rounds ] || rounds=5 calibration=200
        [ "$sharing" = backbone ] || sharing=none
        [ "$sharing" = none ] || part=("${lora[@]}")
        for role in reward cost; do [ -d "$work/$size/$role-for-$sharing/result" ] || train "$size" "$role-for-$sharing" "$role" "${one[@]}" --set training.max_steps=1 "${part[@]}"; done
        train "$size" "$name" ppo --model "$work/$size/start" --reward "$work/$size/reward-for-$sharing/result" --cost "$work/$size/cost-for-$sharing/result" --data "$work/world" \
          --set model.sharing="$sharing" "${part[@]}" --set data.instructions.folder="$root/tests/golden/beavertails-v/flat" --set training.rollout_batch="${batch[0]}" --set training.mini_batch="${batch[1]}" --set training.ptx_batch="${batch[2]}" --set training.max_new_tokens=24 --set training.rounds="$rounds" --set training.calibration_rows="$calibration"
        ;;
    esac
  done
done
