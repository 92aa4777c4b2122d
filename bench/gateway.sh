#!/usr/bin/env bash
# What the gateway adds: the same requests directly to a stub, through YARP and through the gateway, in one run on loopback. About two minutes.
# bench/gateway.sh [--rounds 3] [--seconds 4] [--warm 8] [--rate 500] [--callers 32] [--streams 10000] [--open 500] [--guard FOLDER]
# --guard judges with a checkpoint of a guard of the built-in world (runs/demo/models/guard), prompts with an image, answers too; it bears a lower rate: add --rate 20 --streams 1000 --open 50.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
dotnet build bench/SafeRlhfV.GatewayLoad -c Release -v q --nologo >&2
exec dotnet artifacts/bin/SafeRlhfV.GatewayLoad/release/SafeRlhfV.GatewayLoad.dll "$@"
