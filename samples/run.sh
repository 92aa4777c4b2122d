#!/usr/bin/env bash
# Builds and runs every sample, and compares what it prints with the block ```text of its README: samples/run.sh [--no-build]
set -euo pipefail
here="$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)"
cd "$here/.."
source build/common.sh
need_sdk

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
export TMPDIR="$work" # what samples write

passed=0 failed=0
for folder in samples/*/; do
  name="$(basename "$folder")" code=0
  [ "${1:-}" = --no-build ] || dotnet build "$folder" -c Release -v q --nologo
  sed -n '/^```text$/,/^```$/{/^```/!p}' "$folder/README.md" >"$work/expected"
  [ -s "$work/expected" ] || { echo "samples: $name: its README has no block of what it prints" >&2; failed=$((failed + 1)); continue; }
  dotnet "artifacts/bin/$name/release/$name.dll" >"$work/printed" 2>"$work/errors" || code=$?
  if [ "$code" -eq 0 ] && diff -u --label "$name/README.md" --label printed "$work/expected" "$work/printed"; then
    passed=$((passed + 1))
    echo "$name: as its README says"
  else
    failed=$((failed + 1))
    cat "$work/printed" "$work/errors" >&2
    echo "samples: $name failed (exit code $code)" >&2
  fi
done
echo "samples: $passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
