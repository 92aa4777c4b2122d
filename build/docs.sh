#!/usr/bin/env bash
# Makes the documentation site in artifacts/docs/site: build/docs.sh [--no-build] [--serve [PORT]]. A broken link or anchor ends it with 1.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
source build/common.sh
need_sdk

root="$PWD" stage="$PWD/artifacts/docs/source"
rm -rf artifacts/docs
mkdir -p "$stage/reference"
# docs/docfx.json and docs/toc.yml stand at the site's root
cp docs/docfx.json docs/toc.yml "$stage"
cp README.md "$stage/index.md"
# a test project that uses every room: their assemblies and comments lie together in its folder
all=SafeRlhfV.Conventions.Tests
if [ "${1:-}" = --no-build ]; then
  program=(dotnet artifacts/bin/SafeRlhfV.Cli/release/safe-rlhf-v.dll)
  shift
else
  program=(./safe-rlhf-v)
  build_quietly "tests/$all/$all.csproj" Release
fi
"${program[@]}" reference verbs >"$stage/reference/verbs.md"
"${program[@]}" reference recipes >"$stage/reference/recipes.md"

# index_of FOLDER: a page that lists a folder without one
index_of() {
  [ ! -f "$root/$1/README.md" ] || { echo README.md; return; }
  if [ ! -f "$stage/$1/index.md" ]; then
    mkdir -p "$stage/$1"
    {
      echo "# ${1##*/}"
      echo
      (cd "$root/$1" && find . -type f ! -path '*/secrets/*' | sort) | sed -E 's|^\./(.*)$|- [\1](\1)|'
    } >"$stage/$1/index.md"
    pages+=("$1/index.md")
  fi
  echo index.md
}

# Takes each page's links along: a page becomes a page of the site, a folder its list, any other file a file that the site has.
pages=(index.md)
while IFS= read -r page; do pages+=("$page"); done < <(find . -maxdepth 1 -name '*.md' ! -name README.md -printf '%f\n'; find docs samples -name '*.md')
broken=0
for ((i = 0; i < ${#pages[@]}; i++)); do
  page="${pages[$i]}" folder="$(dirname "${pages[$i]}")"
  mkdir -p "$stage/$folder"
  [ -f "$stage/$page" ] || cp "$page" "$stage/$page"
  while IFS= read -r link; do
    path="${link%%#*}"
    [ -n "$path" ] || continue
    target="$(realpath -m --relative-to="$root" "$root/$folder/$path")"
    [ "$target" != README.md ] || { sed -i "s|]($link)|](${link/README.md/index.md})|g" "$stage/$page"; continue; }
    if [ -d "$target" ]; then
      name="$(index_of "$target")" && { [ "$name" != index.md ] || [[ " ${pages[*]} " == *" $target/index.md "* ]] || pages+=("$target/index.md"); }
      sed -i "s|]($link)|](${path%/}/$name)|g" "$stage/$page"
      [ "$name" = index.md ] || [[ " ${pages[*]} " == *" $target/$name "* ]] || pages+=("$target/$name")
    elif [ -f "$target" ]; then
      case "$target" in
        *.md) [[ " ${pages[*]} " == *" $target "* ]] || pages+=("$target") ;;
        *) mkdir -p "$stage/$(dirname "$target")" && cp "$target" "$stage/$target" ;;
      esac
    else
      echo "docs: $page: the link $link leads nowhere" >&2
      broken=1
    fi
  done < <(grep -v '^```' "$stage/$page" | grep -oE '\]\([^)[:space:]]+\)' | sed -E 's/^\]\((.*)\)$/\1/' | grep -vE '://|^mailto:' | sort -u)
done
[ "$broken" -eq 0 ] || exit 1

dotnet tool restore --verbosity quiet >/dev/null
log="$root/artifacts/docs/log"

# The packages' public types, from what the compiler wrote: no project is loaded and nothing is fetched.
framework="$(dotnet --list-runtimes | sed -nE 's|^Microsoft\.AspNetCore\.App (10\.[^ ]+) \[(.*)\]$|\2/\1|p' | tail -1)"
files="$(printf '"SafeRlhfV.%s.dll", ' "${packages[@]}")"
cat >artifacts/docs/api.json <<JSON
{ "metadata": [ { "src": [ { "src": "$root/artifacts/bin/$all/release", "files": [ ${files%, } ] } ],
  "references": [ "$framework/*.dll" ], "dest": "source/api" } ] }
JSON
dotnet docfx metadata artifacts/docs/api.json >"$log" 2>&1 || { tail -20 "$log" >&2; exit 1; }
for room in "${packages[@]}"; do
  grep -rqE -- "^ *- SafeRlhfV\.${room//./\\.}$" "$stage/api" || { echo "docs: SafeRlhfV.$room has no page of its types" >&2; exit 1; }
done
# docfx tells of links and anchors that lead nowhere as warnings
code=0
dotnet docfx build "$stage/docfx.json" --warningsAsErrors >"$log" 2>&1 || code=$?
grep -E ': (warning|error)\b' "$log" | sort -u >&2 || true
if [ "$code" -ne 0 ] || grep -qE ': warning\b' "$log"; then
  echo "docs: the site is not whole; the log is $log" >&2
  exit 1
fi
echo "docs: $(find artifacts/docs/site -name '*.html' | wc -l) pages in artifacts/docs/site"
[ "${1:-}" != --serve ] || exec dotnet docfx serve artifacts/docs/site --port "${2:-8080}"
