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
  "") options=(-i) ;;
  --check) options=(--dry-run --Werror) ;;
  *)
    echo "usage: tools/format.sh [--check]" >&2
    exit 2
    ;;
esac
folders=()
for folder in src examples bench test; do [[ -d $folder ]] && folders+=("$folder"); done
find "${folders[@]}" \( -name '*.h' -o -name '*.cc' \) -print0 |
  xargs -0 --no-run-if-empty -n 40 $formatter "${options[@]}"
