#!/bin/bash
# Formats all C++ of the project by .clang-format.
# usage: tools/format.sh [--check]      --check changes nothing and fails where something would change
set -euo pipefail
cd "$(dirname "$0")/.."

formatter=clang-format-19
command -v $formatter >/dev/null || {
  echo "$formatter is not installed: run 'tools/setup.sh test'" >&2
  exit 1
}
case ${1:-} in
  "" | --check) ;;
  *)
    echo "usage: tools/format.sh [--check]" >&2
    exit 2
    ;;
esac
folders=()
for folder in src examples bench test; do [[ ! -d $folder ]] || folders+=("$folder"); done
mapfile -t files < <(find "${folders[@]}" -name '*.h' -o -name '*.cc' | sort)
if [[ $# -eq 0 ]]; then
  $formatter -i "${files[@]}"
  exit
fi
unformatted=$($formatter --dry-run "${files[@]}" 2>&1 | sed -n 's/:[0-9]*:[0-9]*: .*//p' | sort -u)
[[ -z $unformatted ]] || {
  echo "not formatted (run 'make format'):"
  echo "$unformatted"
  exit 1
} >&2
