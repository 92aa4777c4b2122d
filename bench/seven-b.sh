#!/usr/bin/env bash
# LLaVA-1.5-7B and Qwen2.5-VL-7B with random weights in bfloat16 on this machine's CPU: what loading, an answer of 16 tokens and one LoRA step of RM-V take
# in time and memory, beside the plan. The tables in docs/performance.md.
# bench/seven-b.sh [--work FOLDER] [--only "llava qwen"]; tens of minutes, 20 GB of memory and 17 GB of disk at a time. Tokens are those of the tiny models'
# tokenizers in tests/golden; sizes, images and weights are the real ones'.
set -euo pipefail
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../build/common.sh"
tell_usage "$@"
root="$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)"
cd "$root"
work="" models="llava qwen"
while [ $# -gt 1 ]; do
  case "$1" in
    --work) work="$2" ;;
    --only) models="$2" ;;
    *) break ;;
  esac
  shift 2
done
[ $# -eq 0 ] || { echo "usage: bench/seven-b.sh [--work FOLDER] [--only \"llava qwen\"]" >&2; exit 2; }
[ -x /usr/bin/time ] || { echo "bench/seven-b.sh: /usr/bin/time is missing (apt-get install time)" >&2; exit 2; }
if [ -z "$work" ]; then work="$(mktemp -d)"; trap 'rm -rf "$work"' EXIT; fi
mkdir -p "$work"
read -r -a program <<<"${PROGRAM:-./safe-rlhf-v}" # another build, say of an earlier commit

number() { grep -oE "\"$2\": *[0-9.]+" "$1" | head -1 | grep -oE '[0-9.]+$'; }
gib() { awk -v b="$1" 'BEGIN { printf "%.2f GiB", b / 1073741824 }'; }
row() { echo "| $model | $1 | $2 | $3 | $4 |"; }
# measured WHAT ARGUMENTS...: runs the program; seconds in $seconds, the most memory in $peak, its document in $out
measured() {
  out="$work/$model-$1.json"
  shift
  /usr/bin/time -f '%e %M' -o "$work/time" "${program[@]}" "$@" --json >"$out" 2>>"$work/log"
  read -r seconds peak <"$work/time"
  peak="$(gib "$((peak * 1024))")"
}

[ -d "$work/world" ] || "${program[@]}" world generate --out "$work/world" --pairs 40 >/dev/null 2>>"$work/log"
image="$root/tests/golden/models/llava-1.5-tiny/cases/decoded-progressive.png"

echo "| model | what | time | most memory | |"
echo "|---|---|---|---|---|"
for model in $models; do
  case "$model" in
    llava) config=bench/llava-1.5-7b.config.json files=llava-1.5-tiny size='s/: 56/: 336/' ;;
    qwen) config=bench/qwen2.5-vl-7b.config.json files=qwen2.5-vl-tiny size='s/"min_pixels": [0-9]*/"min_pixels": 401408/; s/"max_pixels": [0-9]*/"max_pixels": 602112/' ;;
  esac
  rm -rf "$work/files" "$work/run"
  mkdir -p "$work/files"
  find "tests/golden/models/$files" -maxdepth 1 -type f ! -name '*.safetensors' -exec cp {} "$work/files/" \;
  sed -i "$size" "$work/files/preprocessor_config.json"
  cp "$config" "$work/files/config.json"
  if [ ! -d "$work/$model" ]; then
    measured init model init --config "$config" --files-from "$work/files" --dtype bfloat16 --out "$work/$model"
    row "model init, bfloat16" "$seconds s" "$peak" "$(gib "$(number "$out" bytes)") of weights"
  fi
  measured info model info "$work/$model"
  row "model info" "$seconds s" "$peak" "$(grep -oE '"parameters": *[0-9]+' "$out" | tail -1 | grep -oE '[0-9]+') parameters"
  measured load model info "$work/$model" --load
  row "load, then read every weight" "$(number "$out" loadSeconds) s, $(number "$out" readSeconds) s" "$(gib "$(number "$out" peakLoadBytes)"), $(gib "$(number "$out" peakBytes)")" ""
  measured generate generate --model "$work/$model" --image "$image" --prompt "what is in the picture ?" --max-new-tokens 16 --min-new-tokens 16
  row "generate 16 tokens" "$seconds s" "$peak" ""
  measured reward train reward --model "$work/$model" --data "$work/world" --out "$work/run" --ignore-memory --set run.save_every=0 --set training.max_steps=1 \
    --set training.batch_size=1 --set training.gradient_checkpointing=true --set model.lora.rank=16
  row "train reward, LoRA, checkpointing, 1 pair" "$seconds s" "$(gib "$(number "$out" peakBytes)")" \
    "$(awk -v p="$(number "$out" plannedBytes)" -v m="$(number "$out" peakBytes)" 'BEGIN { printf "planned %.2f GiB, %+.0f %%", p / 1073741824, 100 * (p / m - 1) }')"
  rm -rf "${work:?}/$model" "${work:?}/run"
done
