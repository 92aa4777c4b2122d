#!/usr/bin/env bash
# Reading a data set beside a raw ParquetSharp read of the same files in one run, decoding on one and on all cores, validate, and time and peak memory of each.
# bench/data.sh [--rows 2500] [--kilobytes 160] [--copies 1] [--rounds 3] [--folder FOLDER]
# --copies 10 writes each row ten times (4 GB): what streaming holds in memory. A folder that is named is kept and used again.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
dotnet build bench/SafeRlhfV.DataBench -c Release -v q --nologo >&2
exec dotnet artifacts/bin/SafeRlhfV.DataBench/release/SafeRlhfV.DataBench.dll "$@"
