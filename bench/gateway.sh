#!/usr/bin/env bash
# What the gateway adds on each wire: the same requests directly to a stub, through YARP and through the gateway with and without its audit trail, in one run on
# loopback, then many streams at once. About two minutes a wire. bench/gateway.sh [options]
#   --wires "NAME ..."  which wires, of chat, responses, messages and embeddings (all)
#   --rounds N          how often latency and throughput are measured, 1 to 20 (3)
#   --seconds N         how long each time, 1 to 30 (3)
#   --warm N            seconds of warming up for each server, 0 to 60 (6)
#   --rate N            requests a second for the latency, 1 to 5000 (500)
#   --callers N         callers at once for the throughput, 1 to 256 (32)
#   --streams N         how many streams in all, 0 to 20000 (10000); 0 leaves them out
#   --open N            how many streams are open at a time, 1 to 1000 (500)
#   --guard FOLDER      moderate with a guard's checkpoint instead of keywords; chat, responses and messages then send an image with each request
# A guard of the built-in world (runs/demo/models/guard) bears a lower rate: add --rate 20 --streams 1000 --open 50.
set -euo pipefail
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../build/common.sh"
tell_usage "$@"
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
dotnet build bench/SafeRlhfV.GatewayLoad -c Release -v q --nologo >&2
exec dotnet artifacts/bin/SafeRlhfV.GatewayLoad/release/SafeRlhfV.GatewayLoad.dll "$@"
