#!/usr/bin/env bash
# The workloads of `safe-rlhf-v bench` beside the same work in PyTorch, in turn and in one run, and how many times as fast ours is.
# bench/compare.sh [--peer SCRIPT] [--threads 2] [--repeat 9] [--only "train decode ppo wide image tokenizer"]
# The peer's script comes from --peer or PEER (default: ../shared/bench/peer_torch.py), its interpreter from PYTHON (default: the first with torch).
set -euo pipefail
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../build/common.sh"
tell_usage "$@"
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
peer="${PEER:-../shared/bench/peer_torch.py}" threads=2 repeat=9 works="train decode ppo wide image tokenizer"
while [ $# -gt 0 ]; do
  [ $# -gt 1 ] || { echo "bench/compare.sh: $1 needs a value." >&2; exit 2; }
  case "$1" in
    --peer) peer="$2" ;;
    --threads) threads="$2" ;;
    --repeat) repeat="$2" ;;
    --only) works="$2" ;;
    *) echo "usage: bench/compare.sh [--peer SCRIPT] [--threads N] [--repeat R] [--only \"WORK ...\"]" >&2; exit 2 ;;
  esac
  shift 2
done

python=""
for candidate in ${PYTHON:-python3 /usr/bin/python3}; do
  if "$candidate" -c 'import torch' 2>/dev/null; then python="$candidate"; break; fi
done
if [ -z "$python" ]; then
  echo "bench/compare.sh: no python3 with torch was found; 'apt-get install python3-torch libopenblas0-openmp python3-pil' brings one on Debian, PYTHON names another. Only our own figures follow." >&2
elif [ ! -f "$peer" ]; then
  echo "bench/compare.sh: there is no peer script at $peer; --peer or PEER names it. Only our own figures follow." >&2
  python=""
fi

# As the launcher has it: OpenBLAS leaves threads behind that spin for long, which slows the next operation down.
[ -n "${OMP_WAIT_POLICY:-}" ] || export GOMP_SPINCOUNT="${GOMP_SPINCOUNT:-10000}"
lines="$(mktemp)"
trap 'rm -f "$lines"' EXIT

# torch 1.13 has no rms_norm and no fused AdamW on the CPU: the first is given to it in one line, the second is left out (its plain one is used).
run_peer() {
  "$python" - "$peer" --threads "$threads" --repeat "$repeat" --only "$@" <<'PY'
import resource, runpy, sys, torch
import torch.nn.functional as F
sys.argv = sys.argv[1:]
if not hasattr(F, "rms_norm"):
    F.rms_norm = lambda x, shape, weight, eps: x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps) * weight
if not hasattr(F, "scaled_dot_product_attention"):
    def attention(q, k, v, is_causal=False):
        scores = (q @ k.transpose(-1, -2)) * q.shape[-1] ** -0.5
        if is_causal: scores = scores + torch.full(scores.shape[-2:], float("-inf")).triu(1)
        return torch.softmax(scores, -1) @ v
    F.scaled_dot_product_attention = attention
if tuple(map(int, torch.__version__.split(".")[:2])) < (2, 4):
    plain = torch.optim.AdamW
    torch.optim.AdamW = lambda *a, fused=None, **k: plain(*a, foreach=True, **k)
print('{"peer": "torch", "work": "import", "peak_rss_mib": %d}' % (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024), flush=True)
runpy.run_path(sys.argv[0], run_name="__main__")
PY
}

declare -A named=([train]=train [decode]=decode [ppo]=ppo [wide]=logits [image]=image)
for work in $works; do
  echo "$work ..." >&2
  ./safe-rlhf-v bench --workloads --threads "$threads" --repeat "$repeat" --only "$work" | tee -a "$lines"
  [ -z "$python" ] || [ -z "${named[$work]:-}" ] || run_peer "${named[$work]}" | tee -a "$lines" || echo "bench/compare.sh: the peer failed at $work; its figures are missing below." >&2
done
[ -n "$python" ] || exit 0

"$python" - "$lines" "$(cut -d' ' -f1-3 /proc/loadavg)" <<'PY'
import json, os, sys
ours, peer, start = [], {}, 0
for line in map(json.loads, open(sys.argv[1])):
    if line["peer"] == "safe-rlhf-v": ours.append(line)
    elif line["work"] == "import": start = line["peak_rss_mib"]
    else:
        version = line["peer"]
        # what torch takes before any work is no part of it
        if line["work"] == "wide-logprobs": line["extra_mib"] = line["peak_rss_mib"] - start
        peer[line["work"]] = line
print(f"\n{'work':<22}{'figure':<24}{'ours':>10}{'peer':>10}{'ours/peer':>11}")
higher = {"tokens_per_s", "mfu", "samples_per_s", "images_per_s", "images_per_s_all_threads", "mb_per_s"}
for line in ours:
    name = line["work"] + (f" ({line['sharing']})" if "sharing" in line else "")
    for figure, value in line.items():
        if figure not in higher | {"ms", "peak_rss_mib", "extra_mib", "rollout_ms", "score_ms", "update_ms"}: continue
        theirs = peer.get(line["work"], {}).get("images_per_s" if figure == "images_per_s_all_threads" else figure)
        ratio = f"{value / theirs:>11.2f}" if theirs else f"{'':>11}"
        print(f"{name:<22}{figure:<24}{value:>10}{theirs if theirs is not None else '-':>10}{ratio}")
versions = f"peer {next(iter(peer.values()))['peer']}" if peer else "no figures of the peer"
print(f"{versions}; {ours[0]['threads']} threads of {os.cpu_count()} cores; load {sys.argv[2]}. Rates: above 1 is better; times and memory: below 1.")
PY
