#!/usr/bin/env bash
# Duplicates at scale: 'data dedupe' of a data set of small images (1e6 rows: about ten minutes), then a search of made-up fingerprints (1e7: some minutes, 8 GB of scratch in TMPDIR).
# bench/dedupe.sh [ROWS] [FINGERPRINTS] [MEMORY_MB]
set -euo pipefail
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../build/common.sh"
tell_usage "$@"
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
rows="${1:-1000000}" fingerprints="${2:-10000000}" memory="${3:-600}"
dotnet build bench/SafeRlhfV.FingerprintLoad -c Release -v q --nologo >&2
dotnet build src/SafeRlhfV.Cli -c Release -v q --nologo >&2
load=artifacts/bin/SafeRlhfV.FingerprintLoad/release/SafeRlhfV.FingerprintLoad.dll
if [ "$rows" -gt 0 ]; then
  folder="$(mktemp -d)"
  trap 'rm -rf "$folder"' EXIT
  dotnet "$load" rows "$folder/rows" "$rows"
  start=$SECONDS
  dotnet artifacts/bin/SafeRlhfV.Cli/release/safe-rlhf-v.dll data dedupe "$folder/rows" --memory "${memory}MB" >"$folder/out" 2>/dev/null &
  pid=$! peak=0
  while now="$(awk '/VmHWM/ {print $2}' "/proc/$pid/status" 2>/dev/null)" && [ -n "$now" ]; do peak=$now; sleep 0.5; done
  wait "$pid"
  grep -v '^  ' "$folder/out"
  echo "$rows rows: $((SECONDS - start)) s, peak $((peak / 1024)) MiB at --memory ${memory}MB"
fi
[ "$fingerprints" -eq 0 ] || dotnet "$load" search "$fingerprints" "$memory"
