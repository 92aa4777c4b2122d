# Shared by build.sh and safe-rlhf-v.
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

# The rooms that are packages for others.
# shellcheck disable=SC2034
packages=(Core Data Processing Objectives Models Guard Guard.Hosting Guard.Agents Guard.Evaluation Audit Inference Gateway)

need_sdk() {
  if ! command -v dotnet >/dev/null || ! dotnet --list-sdks 2>/dev/null | grep -q '^10\.'; then
    echo "safe-rlhf-v: the .NET 10 SDK is missing; get it from https://dotnet.microsoft.com/download/dotnet/10.0 (or: apt-get install dotnet-sdk-10.0)." >&2
    exit 2
  fi
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64 | Darwin-arm64) ;;
    *)
      echo "safe-rlhf-v: libtorch is packaged for Linux on x86-64, macOS on arm64 and Windows on x86-64 (safe-rlhf-v.cmd), not for $(uname -s) on $(uname -m)." >&2
      exit 2
      ;;
  esac
}

# tell_usage "$@": where a script is asked for --help, the comments at its head; nothing is built for it.
tell_usage() {
  case " $* " in
    *" --help "* | *" -h "*) sed -n '2,/^[^#]/{s/^#$//p;s/^# //p}' "${BASH_SOURCE[1]}"; exit 0 ;;
  esac
}

# build_quietly PROJECT CONFIGURATION [OPTIONS...]: a line while it works, the errors if it fails.
build_quietly() {
  echo "safe-rlhf-v: building (the first time fetches about 700 MB of packages) ..." >&2
  local log
  log="$(mktemp)"
  if ! dotnet build "$1" -c "$2" -v q --nologo "${@:3}" >"$log" 2>&1; then
    grep -E "error|warning" "$log" | sort -u | head -20 >&2 || tail -20 "$log" >&2
    echo "safe-rlhf-v: the build failed; the whole log is in $log." >&2
    exit 2
  fi
  rm -f "$log"
}
