#!/usr/bin/env bash
# What the gateway adds: the same requests directly to a stub, through YARP and through the gateway, in one run on loopback. About two minutes.
# bench/gateway.sh [--rounds 3] [--seconds 4] [--warm 8] [--rate 500] [--callers 32] [--streams 10000] [--open 500]
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
dotnet build bench/SafeRlhfV.GatewayLoad -c Release -v q --nologo >&2
exec dotnet artifacts/bin/SafeRlhfV.GatewayLoad/release/SafeRlhfV.GatewayLoad.dll "$@"
