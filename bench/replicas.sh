#!/usr/bin/env bash
# One gateway and three on a PostgreSQL of their own, behind YARP, in one run: requests a second with the load of the processors beside it. Then one of three is
# killed under load: how many requests got no answer (0 is right), and whether all audit chains are whole. About a minute and a half.
# bench/replicas.sh [--seconds 8] [--warm 6] [--callers 4]; callers are a gateway's. SAFERLHFV_POSTGRES names a server to use instead of starting one.
set -euo pipefail
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../build/common.sh"
tell_usage "$@"
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
dotnet build bench/SafeRlhfV.GatewayLoad -c Release -v q --nologo >&2
connection="${SAFERLHFV_POSTGRES:-}"
if [ -z "$connection" ]; then
  programs="$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)"
  [ -n "$programs" ] || { echo "no PostgreSQL on this machine: install it, or set SAFERLHFV_POSTGRES to a connection string" >&2; exit 2; }
  folder="$(mktemp -d)"
  as_server() { "$@"; } # PostgreSQL refuses to run as root
  if [ "$(id -u)" -eq 0 ]; then chown nobody "$folder"; as_server() { setpriv --reuid nobody --clear-groups "$@"; }; fi
  server() { (cd "$folder" && as_server "$programs/$1" "${@:2}" >/dev/null 2>&1 </dev/null); }
  trap 'server pg_ctl -D "$folder/data" -w -m immediate stop || true; rm -rf "$folder"' EXIT
  port="$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])' 2>/dev/null || echo 54329)"
  server initdb -D "$folder/data" -U tester -A trust -E UTF8 --locale=C
  server pg_ctl -D "$folder/data" -w -l "$folder/log" -o "-p $port -k $folder -c listen_addresses=127.0.0.1" start
  connection="Host=127.0.0.1;Port=$port;Username=tester;Database=postgres"
fi
options=("$@")
[ $# -gt 0 ] || options=(--seconds 8 --warm 6 --callers 4)
dotnet artifacts/bin/SafeRlhfV.GatewayLoad/release/SafeRlhfV.GatewayLoad.dll replicas "$connection" "${options[@]}"
