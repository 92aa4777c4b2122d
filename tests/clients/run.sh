#!/usr/bin/env bash
# Installs the clients of each wire, and those of .NET, and runs them against a gateway before a stub upstream:
# tests/clients/run.sh [chat] [responses] [messages] [dotnet]
set -euo pipefail
here="$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)"
cd "$here/../.."
source build/common.sh
need_sdk
wires=("${@:-chat}")
[ $# -gt 0 ] || wires+=(responses messages dotnet)
needed=(node) # the stub runs on it
[ "${wires[*]}" = dotnet ] || needed+=(npm)
for program in "${needed[@]}"; do
  command -v "$program" >/dev/null || { echo "clients: there is no $program on this machine; install Node.js 20 or newer (apt-get install nodejs npm)." >&2; exit 2; }
done

folder=artifacts/npm/clients
mkdir -p "$folder"
cp "$here"/*.mjs "$here"/package.json "$folder"
log="$(mktemp)"
if [ "${wires[*]}" != dotnet ] && ! (cd "$folder" && npm install --no-audit --no-fund --ignore-scripts --no-package-lock) >"$log" 2>&1; then
  echo "clients: the npm packages cannot be installed: $(grep -m1 -E 'npm (error|ERR)' "$log" || tail -1 "$log")" >&2
  exit 2
fi
build_quietly src/SafeRlhfV.Cli Release
[[ " ${wires[*]} " != *" dotnet "* ]] || build_quietly tests/clients/dotnet Release

work="$(mktemp -d)"
stub="" gateway=""
finish() {
  [ -z "$gateway" ] || kill "$gateway" 2>/dev/null || true
  [ -z "$stub" ] || kill "$stub" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$work" "$log"
}
trap finish EXIT

# wait_for FILE PATTERN: the first match, once it is there
wait_for() {
  local i
  for ((i = 0; i < 600; i++)); do
    grep -m1 -oE "$2" "$1" && return
    sleep 0.1
  done
  echo "clients: nothing is served after a minute: $(tail -3 "$1")" >&2
  exit 2
}

touch "$work/stub" "$work/gateway"
node "$folder/stub.mjs" >"$work/stub" &
stub=$!
upstream="$(wait_for "$work/stub" 'http://[0-9.:]+/v1')"
key="clients-$RANDOM$RANDOM"
cat >"$work/gateway.yaml" <<YAML
listen: http://127.0.0.1:0
moderators: [ { kind: patterns, category: dangerous_behavior, severity: severe, keywords: [ forbidden ] } ]
upstreams: [ { name: stub, endpoint: "$upstream" } ]
models: [ { name: ours, upstreams: [ stub ] } ]
keys: [ { name: clients, hash: $(printf %s "$key" | sha256sum | cut -d' ' -f1) } ]
audit: { trail: "sqlite:audit.db" }
YAML
dotnet artifacts/bin/SafeRlhfV.Cli/release/safe-rlhf-v.dll serve --config "$work/gateway.yaml" 2>"$work/gateway" &
gateway=$!
address="$(wait_for "$work/gateway" 'http://127.0.0.1:[0-9]+')"

status=0
for wire in "${wires[@]}"; do
  if [ "$wire" = dotnet ]; then dotnet artifacts/bin/DotnetClients/release/DotnetClients.dll "$address" "$key" || status=1
  else node "$folder/$wire.mjs" "$address" "$key" || status=1
  fi
done
exit "$status"
