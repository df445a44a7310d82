#!/bin/bash
# From a fresh clone to a prediction: set-up, build, then the digits example trained by five
# processes, exported, served and asked. Safe to repeat. `make quickstart` runs it.
# usage: tools/quickstart.sh
set -euo pipefail
cd "$(dirname "$0")/.."

readonly out=out/digits image=examples/digits/data/4.png
bold='' plain=''
if [[ -t 1 ]]; then bold=$'\e[1m' plain=$'\e[0m'; fi

step() { printf '\n%s[%s/4] %s%s\n' "$bold" "$1" "$2" "$plain"; }
fail() {
  echo "quickstart: error: $*" >&2
  exit 1
}
since() { echo "$((SECONDS - $1)) s"; }

# The server never outlives this script.
server=
stop_server() {
  [[ -n $server ]] || return 0
  kill -TERM "$server" 2>/dev/null || true
  local tries
  for ((tries = 0; tries < 100; ++tries)); do
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  server=
}
trap stop_server EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Ninja's own status line is for terminals; elsewhere every tenth of the way is one line.
show_progress() {
  if [[ -t 1 ]]; then cat; else
    awk 'match($0, /^\[[0-9]+\/[0-9]+\]/) {
           split(substr($0, 2, RLENGTH - 2), n, "/"); tenth = int(10 * n[1] / n[2])
           if (tenth > last) { last = tenth; print "      built " n[1] " of " n[2]; fflush() }
           next
         }
         { print; fflush() }'
  fi
}

build() {
  local targets=(trainyard trainyard-serve digits) log=build/configure.log
  mkdir -p build
  cmake --preset release >"$log" 2>&1 || fail "cannot configure the build: $(tail -25 "$log")"
  if [[ -t 1 ]]; then
    cmake --build --preset release -j "$(nproc)" --target "${targets[@]}"
  else
    cmake --build --preset release -j "$(nproc)" --target "${targets[@]}" | show_progress
  fi
}

# Starts the server on a free port and sets `server` and `port`; waits until the model is served.
start_server() {
  local deadline=$((SECONDS + 60)) log=$out/serve.log
  bin/trainyard serve --model_name=digits --model_base_path="$PWD/$out/export" --port=0 \
    >"$log" 2>&1 &
  server=$!
  until port=$(sed -n 's/^serving model "digits" .*:\([0-9]*\) (gRPC)$/\1/p' "$log") &&
    [[ -n $port ]]; do
    kill -0 "$server" 2>/dev/null || fail "the server ended: $(tail -1 "$log")"
    ((SECONDS < deadline)) || fail "the server is not ready after 60 s; its log: $log"
    sleep 0.1
  done
}

step 1 'Set-up and build'
begin=$SECONDS
tools/setup.sh quickstart
build
build_time=$(since $begin)
echo "programs in bin/ ($build_time)"

step 2 'Training digits: a chief, two workers, a parameter server and an evaluator'
if [[ -e $out ]]; then
  echo "starting afresh: the last quickstart's $out is removed"
  rm -rf "$out"
fi
mkdir -p "$out"
begin=$SECONDS
command=(bin/trainyard run examples/digits/tfjob.yaml)
echo "\$ ${command[*]}"
"${command[@]}"
train_time=$(since $begin)
version=$(find "$out/export" -mindepth 1 -maxdepth 1 -name '[0-9]*' | sort -n | tail -1)
[[ -n $version ]] || fail "training ended without an export in $out/export"

step 3 'Serving the model and asking it'
echo "\$ bin/trainyard serve --model_name=digits --model_base_path=$out/export --port=0 &"
start_server
cat "$out/serve.log"
command=(bin/trainyard predict --host localhost --port "$port" --image "$image"
  --signature_name predict --model digits)
echo "\$ ${command[*]}"
"${command[@]}"

step 4 'Done'
stop_server
accuracy=$(tools/read_scalars.py "$(dirname "$(find "$out/model" -path '*eval*' -name '*tfevents*' |
  head -1)")" accuracy | awk '{printf "%.2f %% (after %d steps)", 100 * $3, $2}') ||
  fail "the evaluator wrote no accuracy below $out/model"
cat <<SUMMARY
accuracy on the 10,000 test images: $accuracy
times: set-up and build $build_time, training $train_time

made:
  $out/model/    checkpoints, and event files for curves
  $version/    the exported SavedModel
  bin/    trainyard, trainyard-serve, digits

next:
  bin/digits --max_steps 1200 --model_dir out/mine/model --export_dir out/mine/export
  bin/trainyard run examples/digits/tfjob.yaml --workdir out/again --verbose
  bin/trainyard serve --model_name=digits --model_base_path=$out/export --port=8500
  bin/trainyard predict --port 8500 --model digits --image examples/digits/data/7.png
  make test
SUMMARY
