#!/usr/bin/env bash
# How fast work is while libtorch's threads wait as the launcher has it, always spin, or always sleep: on an idle machine, and beside one endless loop a processor.
# bench/waiting.sh [--threads 2] [--repeat 60] [--only "decode-b1 decode-b16 ppo-step-backbone train-step"]; nothing else should run on the machine.
set -euo pipefail
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../build/common.sh"
tell_usage "$@"
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
threads=2 repeat=60 works="decode-b1 decode-b16 ppo-step-backbone train-step"
while [ $# -gt 0 ]; do
  [ $# -gt 1 ] || { echo "bench/waiting.sh: $1 needs a value." >&2; exit 2; }
  case "$1" in
    --threads) threads="$2" ;;
    --repeat) repeat="$2" ;;
    --only) works="$2" ;;
    *) echo "usage: bench/waiting.sh [--threads N] [--repeat R] [--only \"WORK ...\"]" >&2; exit 2 ;;
  esac
  shift 2
done

loops=()
stop() { [ ${#loops[@]} -eq 0 ] || kill "${loops[@]}" 2>/dev/null || true; }
trap stop EXIT
rate() { env "$1" ./safe-rlhf-v bench --only "$2" --threads "$threads" --repeat "$repeat" | grep -oE '"(tokens_per_s|samples_per_s)":[0-9.]+' | cut -d: -f2; }

./safe-rlhf-v bench --help >/dev/null # builds
echo "| work | machine | launcher | always spinning | always sleeping |"
echo "|---|---|---|---|---|"
for machine in idle busy; do
  if [ "$machine" = busy ]; then
    for _ in $(seq "$(nproc)"); do (while :; do :; done) & loops+=($!); done
  fi
  for work in $works; do
    echo "| $work | $machine | $(rate LANG=C "$work") | $(rate OMP_WAIT_POLICY=active "$work") | $(rate OMP_WAIT_POLICY=passive "$work") |"
  done
done
echo "Rates a second. The aims: idle, launcher at least 0.95 of spinning; busy, launcher at least 0.77 of sleeping."
