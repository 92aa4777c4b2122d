#!/usr/bin/env bash
# build.sh build|test|test-slow|samples|clients|format|lint|api|docs|pack|publish|bench|ci: everything that a developer or CI runs.
set -euo pipefail
root="$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)"
cd "$root"
source build/common.sh
need_sdk

# Adds up the counts of every test project; fails if one failed or none ran.
run_tests() {
  local passed=0 failed=0 skipped=0 status=0 project log
  log="$(mktemp)"
  for project in tests/*.Tests; do
    local name counts
    name="$(basename "$project")"
    set +e
    dotnet "artifacts/bin/$name/release/$name.dll" --progress off "$@" 2>&1 | tee "$log"
    local code="${PIPESTATUS[0]}"
    set -e
    counts="$(sed 's/\x1b\[[0-9;]*m//g' "$log" | sed -nE 's/^ *(total|failed|succeeded|skipped): ([0-9]+).*/\1=\2/p' | tail -4 | tr '\n' ' ')"
    passed=$((passed + $(count succeeded "$counts")))
    failed=$((failed + $(count failed "$counts")))
    skipped=$((skipped + $(count skipped "$counts")))
    # 8: no test in this project matches the filter
    if [ "$code" -ne 0 ] && [ "$code" -ne 8 ]; then
      status=1
      [ "$(count failed "$counts")" -gt 0 ] || { failed=$((failed + 1)); echo "$name ended with exit code $code."; }
    fi
  done
  rm -f "$log"
  [ $((passed + failed)) -gt 0 ] || { echo "no test ran"; status=1; }
  [ "$skipped" -eq 0 ] || echo "$skipped skipped (the reasons stand above)"
  echo "$passed passed, $failed failed"
  return "$status"
}

count() { grep -oE "$1=[0-9]+" <<<"$2" | head -1 | cut -d= -f2 | grep . || echo 0; }

pack() {
  for room in "${packages[@]}"; do
    dotnet pack "src/SafeRlhfV.$room/SafeRlhfV.$room.csproj" -c Release -v q --nologo "$@"
  done
}

build() { dotnet build SafeRlhfV.slnx -c Release --nologo "$@"; }

case "${1:-}" in
  build) build ;;
  test) shift; build -v q; run_tests --filter-not-trait "speed=slow" "$@" ;;
  test-slow) shift; build -v q; run_tests --filter-trait "speed=slow" "$@" ;;
  samples) shift; exec samples/run.sh "$@" ;;
  clients) shift; exec tests/clients/run.sh "$@" ;;
  format) dotnet format whitespace SafeRlhfV.slnx && dotnet format style SafeRlhfV.slnx ;;
  lint) exec build/lint.sh ;;
  docs) shift; exec build/docs.sh "$@" ;;
  api) shift; exec build/public-api.sh "$@" ;;
  pack)
    # an own folder: the packages' assemblies name no path of this machine
    pack -o artifacts/packages -p:ContinuousIntegrationBuild=true --artifacts-path artifacts/pack
    ls artifacts/packages
    ;;
  publish) shift; exec build/publish.sh "$@" ;;
  bench) shift; exec ./safe-rlhf-v bench "$@" ;;
  ci)
    dotnet restore SafeRlhfV.slnx -v q
    dotnet format whitespace SafeRlhfV.slnx --no-restore --verify-no-changes
    build -v q
    pack --no-build -o artifacts/packages-checked
    status=0
    build/lint.sh || status=1
    samples/run.sh --no-build || status=1
    build/docs.sh --no-build || status=1
    tests/clients/run.sh dotnet || status=1
    run_tests --filter-not-trait "speed=slow"
    exit "$status"
    ;;
  *) echo "usage: ./build.sh build|test|test-slow|samples|clients|format|lint|api|docs|pack|publish|bench|ci" >&2; exit 2 ;;
esac
