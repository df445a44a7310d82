#!/usr/bin/env bash
# Looks for bytes that a parser does not stand, with libFuzzer under the address and
# undefined-behaviour sanitizers.
#
# usage: tools/fuzz.sh [SECONDS [PROGRAM [TARGET]]]      60 seconds for each of all targets
#        tools/fuzz.sh 600 kube_fuzz kubeconfig
#
# Needs clang++-19 (Debian: clang-19). What was found lies in out/fuzz/PROGRAM/TARGET/: interesting
# texts, and crash-* for the text that must be mended; exits 1 then. A later run goes on from there.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-60}
only_program=${2:-}
only_target=${3:-}

cmake --preset fuzz > /dev/null
cmake --build --preset fuzz -j "$(nproc)"
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1

failed=0
for program in build/fuzz/test/*_fuzz; do
  name=$(basename "$program")
  [[ -z $only_program || $only_program == "$name" ]] || continue
  for target in $("$program"); do
    [[ -z $only_target || $only_target == "$target" ]] || continue
    folder=out/fuzz/$name/$target
    mkdir -p "$folder"
    if "$program" "$target" "$folder" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
      -artifact_prefix="$folder/" > "$folder.log" 2>&1; then
      echo "$name $target: $(grep -o '^Done .*' "$folder.log")"
    else
      failed=1
      echo "$name $target: FAILED, see $folder.log"
      tail -n 30 "$folder.log"
    fi
  done
done
exit $failed
