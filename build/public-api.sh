#!/usr/bin/env bash
# Brings PublicAPI.Unshipped.txt of every package that has one up to date: build/public-api.sh [--check]
# New public members are added, and members that are gone are taken out. With --check nothing is written, and a difference ends with 1.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
source build/common.sh
need_sdk

log="$(mktemp)" lines="$(mktemp)"
trap 'rm -f "$log" "$lines"' EXIT
status=0
export LC_ALL=C
for project in $(grep -l '<HasPublicApi>true' src/*/*.csproj); do
  folder="$(dirname "$project")" list="$(dirname "$project")/PublicAPI.Unshipped.txt"
  # the analyzers speak while the project is compiled, so it is compiled again
  touch "$list"
  dotnet build "$project" -c Release -v q --nologo -p:RunAnalyzers=true -p:TreatWarningsAsErrors=false -p:BuildProjectReferences=true >"$log" 2>&1 \
    || { grep -E ' error ' "$log" | sort -u | head -20 >&2; exit 2; }
  in_project() { { grep -F "[$PWD/$project]" "$log" || true; } | sed -nE "$1" | sort -u; }
  in_project "s/^.*RS0016: Symbol '(.*)' is not part of the declared public API.*$/\1/p" >"$lines.new"
  in_project "s/^.*RS0017: Symbol '(.*)' is part of the declared API.*$/\1/p" >"$lines.gone"
  if [ -s "$lines.new" ] || [ -s "$lines.gone" ]; then
    sed "s|^|$(basename "$folder") + |" "$lines.new"
    sed "s|^|$(basename "$folder") - |" "$lines.gone"
    shipped="$(grep -xFf "$lines.gone" "$folder/PublicAPI.Shipped.txt" | grep -v '^#' || true)"
    if [ "${1:-}" = --check ]; then
      status=1
    else
      { echo '#nullable enable'; { grep -v '^#' "$list" || true; cat "$lines.new"; } | { grep -vxFf "$lines.gone" || true; } | sort -u; } >"$lines"
      cp "$lines" "$list"
      # a shipped member that is gone breaks those who use it: the list keeps it, marked
      [ -z "$shipped" ] || sed 's/^/*REMOVED*/' <<<"$shipped" >>"$list"
    fi
  fi
  rm -f "$lines.new" "$lines.gone"
done
exit "$status"
