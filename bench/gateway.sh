#!/usr/bin/env bash
# What the gateway adds on each wire: the same requests directly to a stub, through YARP and through the gateway with and without its audit trail, in one run on
# loopback, then many streams at once. About two minutes a wire; bench/gateway.sh --help tells the options.
# --guard judges with a checkpoint of a guard of the built-in world (runs/demo/models/guard); it bears a lower rate: add --rate 20 --streams 1000 --open 50.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
dotnet build bench/SafeRlhfV.GatewayLoad -c Release -v q --nologo >&2
exec dotnet artifacts/bin/SafeRlhfV.GatewayLoad/release/SafeRlhfV.GatewayLoad.dll "$@"
