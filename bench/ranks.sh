#!/usr/bin/env bash
# Every trainer by one process and over 1, 2 and 4 ranks, on the built-in world: how far the losses are apart, and what a step takes.
# bench/ranks.sh [--launcher mpirun.openmpi] [--ranks "1 2 4"] [--only "sft reward cost scores dpo ppo guard"] [--steps 12] [--model FOLDER] [--out FOLDER]
# PPO's row compares reward, cost and lambda too. Its divergence (kl) is a sum over tokens and is not compared.
# Each rank computes with one thread, and the one process beside them with two: on an idle machine with two processors, 2 ranks are to be compared with it.
# The model is a tiny one; another of the same chat format shows times of its size.
set -euo pipefail
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../build/common.sh"
tell_usage "$@"
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
launcher=mpirun.openmpi counts="1 2 4" works="sft reward cost scores dpo ppo guard" steps=12 start=tests/golden/models/llava-1.5-tiny out="$(mktemp -d)"
while [ $# -gt 0 ]; do
  [ $# -gt 1 ] || { echo "bench/ranks.sh: $1 needs a value." >&2; exit 2; }
  case "$1" in
    --launcher) launcher="$2" ;;
    --ranks) counts="$2" ;;
    --only) works="$2" ;;
    --steps) steps="$2" ;;
    --model) start="$2" ;;
    --out) out="$2" ;;
    *) echo "usage: bench/ranks.sh [--launcher MPIRUN] [--ranks \"N ...\"] [--only \"TRAINER ...\"] [--steps S] [--model FOLDER] [--out FOLDER]" >&2; exit 2 ;;
  esac
  shift 2
done
command -v "$launcher" >/dev/null || { echo "bench/ranks.sh: there is no $launcher; install openmpi-bin or mpich." >&2; exit 2; }
case "$("$launcher" --version 2>&1)" in
  *"Open MPI"* | *OpenRTE*) own=(--oversubscribe --mca mpi_yield_when_idle 1 --bind-to none) ;;
  *) own=() ;;
esac
# containers run as root; a person does not need these
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

./safe-rlhf-v --version >/dev/null # builds
world="$out/world"
[ -d "$world" ] || ./safe-rlhf-v world generate --out "$world" --pairs 96 >/dev/null

options() {
  local common=(--data "$world" --model "$start" --set training.seed=1 --set run.save_every=0)
  if [ "$1" = ppo ]; then
    echo "${common[*]} --reward $out/scores/one/result --cost $out/scores/one/result --set model.sharing=none --set training.ptx_coefficient=0 --set training.rounds=$steps" \
      "--set training.rollout_batch=16 --set training.rollout_micro_batch=4 --set training.mini_batch=8 --set training.micro_batch=2 --set training.max_new_tokens=16" \
      "--set training.actor.learning_rate=1e-4 --set training.critics.learning_rate=1e-4"
  else
    echo "${common[*]} --set training.batch_size=16 --set training.micro_batch_size=4 --set training.epochs=1000 --set training.max_steps=$steps --set training.optimizer.learning_rate=1e-4"
  fi
}

run() { # trainer, folder, command before
  local trainer="$1" folder="$2"
  shift 2
  rm -rf "$folder"
  # shellcheck disable=SC2046
  "$@" ./safe-rlhf-v train "$trainer" $(options "$trainer") --out "$folder" >/dev/null 2>"$folder.log" || { cat "$folder.log" >&2; exit 1; }
}

# the largest difference of a loss, and the median seconds of a step
figures() {
  python3 - "$1" "$2" <<'PY'
import json, statistics, sys
one, many = [[json.loads(line) for line in open(f"{folder}/metrics.jsonl")] for folder in sys.argv[1:3]]
assert len(one) == len(many) and one[0].keys() == many[0].keys(), "the runs have other steps or metrics"
losses = [name for name in one[0] if name.endswith("loss") or name in ("reward", "cost", "lambda")]
apart = max(abs(a[name] - b[name]) / max(1, abs(a[name])) for a, b in zip(one, many) for name in losses)
seconds = statistics.median(json.loads(line)["seconds"] for line in open(f"{sys.argv[2]}/times.jsonl"))
print(f"{apart:.1e} {seconds:.3f}")
PY
}

echo "| trainer | ranks | largest difference of losses | within 1e-6 | seconds a step | one process with two threads |"
echo "|---|---|---|---|---|---|"
status=0
for trainer in $works; do
  mkdir -p "$out/$trainer"
  if [ "$trainer" = ppo ] && [ ! -d "$out/scores/one/result" ]; then mkdir -p "$out/scores"; run scores "$out/scores/one" env OMP_NUM_THREADS=2; fi
  run "$trainer" "$out/$trainer/one" env OMP_NUM_THREADS=2
  read -r _ alone <<<"$(figures "$out/$trainer/one" "$out/$trainer/one")"
  for count in $counts; do
    run "$trainer" "$out/$trainer/$count" env OMP_NUM_THREADS=1 "$launcher" "${own[@]}" -n "$count"
    read -r apart seconds <<<"$(figures "$out/$trainer/one" "$out/$trainer/$count")"
    within=yes
    python3 -c "import sys; sys.exit(not float('$apart') <= 1e-6)" || { within=NO; status=1; }
    echo "| $trainer | $count | $apart | $within | $seconds | $alone |"
  done
done
exit "$status"
