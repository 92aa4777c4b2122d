#!/usr/bin/env bash
# Looks at what no compiler reads: shell scripts, the container file, the compose file and the systemd unit: build/lint.sh
# A tool that is not on this machine is named, and its files are left out; a finding ends it with 1.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."

status=0
look() {
  local what="$1"
  shift
  if "$@"; then echo "lint: $what: fine"; else echo "lint: $what: see above" >&2; status=1; fi
}
missing() { echo "lint: $1: left out, there is no $2 on this machine"; }

scripts=(build.sh safe-rlhf-v .ci/run build/*.sh bench/*.sh samples/run.sh tests/clients/run.sh src/SafeRlhfV.Cli/Completion/*.bash)
if command -v shellcheck >/dev/null; then look "shell scripts" shellcheck --severity=warning --external-sources --shell=bash "${scripts[@]}"; else missing "shell scripts" shellcheck; fi

if command -v npm >/dev/null; then
  tools=artifacts/npm/lint
  mkdir -p "$tools"
  [ -f "$tools/package.json" ] || echo '{ "private": true, "dependencies": { "dclint": "3.1.0", "dockerfilelint": "1.8.0" } }' >"$tools/package.json"
  (cd "$tools" && npm install --no-audit --no-fund --no-package-lock --ignore-scripts --silent)
  look "container file" "$tools/node_modules/.bin/dockerfilelint" deploy/Containerfile
  look "compose file" "$tools/node_modules/.bin/dclint" --config deploy/dclint.json deploy/compose.yaml
else
  missing "container and compose file" npm
fi

# systemd-analyze also wants the program that the unit starts, which is not installed here
if command -v systemd-analyze >/dev/null; then
  found="$(systemd-analyze verify deploy/safe-rlhf-v-gateway.service 2>&1 | grep 'safe-rlhf-v-gateway.service' | grep -v 'is not executable' || true)"
  look "systemd unit" test -z "$found" || echo "$found" >&2
else
  missing "systemd unit" systemd-analyze
fi
exit "$status"
