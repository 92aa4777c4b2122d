#!/usr/bin/env bash
# Publishes the command line for each system with a libtorch, and the gateway's sample for linux-arm64 without torch: build/publish.sh [RID...]
# What this machine can run is run; of the others the files are looked at. Nothing is skipped in silence.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
source build/common.sh
need_sdk

status=0
fault() { echo "publish: $1" >&2; status=1; }

# publish PROJECT RID FOLDER [OPTIONS...]; another artifacts folder, since a build for one system and the usual one would overwrite each other
publish() {
  rm -rf "$3"
  dotnet publish "$1" -c Release -r "$2" -v q --nologo -o "$3" --artifacts-path "artifacts/publish-build/$2" "${@:4}"
}

# kind FILE: the system and the processor that a native file is for, by its first bytes
kind() {
  local head
  head="$(od -An -tx1 -N20 "$1" | tr -d ' \n')"
  case "$head" in
    7f454c46*3e00) echo linux-x64 ;;
    7f454c46*b700) echo linux-arm64 ;;
    cffaedfe0c000001*) echo osx-arm64 ;;
    cffaedfe07000001*) echo osx-x64 ;;
    cafebabe*) echo osx-universal ;;
    4d5a*) echo win ;;
    *) echo unknown ;;
  esac
}

# only_natives_of RID FOLDER: no native file of another system or processor (assemblies are files of Windows' form)
only_natives_of() {
  local file found
  while IFS= read -r file; do
    found="$(kind "$file")"
    case "$1-$found" in
      "$1-$1" | osx-arm64-osx-universal | win-x64-win | *-unknown) ;;
      *) fault "$file is a file of $found in the program for $1" ;;
    esac
  done < <(find "$2" -type f \( -name '*.so' -o -name '*.so.*' -o -name '*.dylib' \))
}

rids=("$@")
[ $# -gt 0 ] || rids=(linux-x64 win-x64 osx-arm64)
for rid in "${rids[@]}"; do
  case "$rid" in
    linux-x64) files=(safe-rlhf-v libtorch_cpu.so libLibTorchSharp.so) ;;
    win-x64) files=(safe-rlhf-v.exe torch_cpu.dll LibTorchSharp.dll) ;;
    osx-arm64) files=(safe-rlhf-v libtorch_cpu.dylib libLibTorchSharp.dylib) ;;
    *) echo "publish: libtorch is packaged for linux-x64, win-x64 and osx-arm64, not for $rid" >&2; exit 2 ;;
  esac
  folder="artifacts/publish/$rid"
  publish src/SafeRlhfV.Cli "$rid" "$folder" --no-self-contained
  for file in "${files[@]}"; do [ -f "$folder/$file" ] || fault "$folder has no $file"; done
  only_natives_of "$rid" "$folder"
  [ "$(kind "$folder/${files[0]}")" = "${rid/win-x64/win}" ] || fault "$folder/${files[0]} is not a program for $rid"
  ran="not run here"
  if [ "$rid" = linux-x64 ] && [ "$(uname -s)-$(uname -m)" = Linux-x86_64 ]; then
    if "$folder/safe-rlhf-v" doctor >/dev/null; then ran="run here: doctor ends with 0"; else fault "$folder/safe-rlhf-v doctor failed"; fi
  fi
  echo "$rid: $(du -sm --apparent-size "$folder" | cut -f1) MB, $ran"
done

[ $# -eq 0 ] || exit "$status"
folder=artifacts/publish/gateway-linux-arm64
publish samples/HostTheGateway linux-arm64 "$folder" --self-contained
[ "$(kind "$folder/HostTheGateway")" = linux-arm64 ] || fault "$folder/HostTheGateway is not a program for linux-arm64"
[ -z "$(find "$folder" -iname '*torch*' -print -quit)" ] || fault "$folder holds torch"
only_natives_of linux-arm64 "$folder"
echo "gateway for linux-arm64, with the runtime in it, without torch: $(du -sm --apparent-size "$folder" | cut -f1) MB, not run here"
exit "$status"
