#!/bin/bash
# Writes the lock files beside this script from the .in files: every package with its version and
# the checksum of its wheel, for CPython 3.11 on Linux x86_64.
# usage: tools/requirements/lock.sh
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# resolve REPORT [PIP OPTIONS]: what pip would install, as JSON
resolve() {
  local report=$1
  shift
  "$work/venv/bin/pip" --quiet install --dry-run --ignore-installed --only-binary=:all: \
    --report "$report" "$@"
}

# lock OUTPUT REPORT...: the packages of all reports, sorted
lock() {
  python3.11 - "$@" <<'PYTHON'
import json, sys
lines = set()
for report in sys.argv[2:]:
    for item in json.load(open(report))["install"]:
        name = item["metadata"]["name"].lower().replace("_", "-")
        digest = item["download_info"]["archive_info"]["hashes"]["sha256"]
        lines.add(f"{name}=={item['metadata']['version']} --hash=sha256:{digest}\n")
with open(sys.argv[1], "w") as out:
    out.write("# Made by tools/requirements/lock.sh; install with --no-deps --require-hashes.\n")
    out.writelines(sorted(lines))
PYTHON
}

python3.11 -m venv "$work/venv"
resolve "$work/test.json" -r test.in
resolve "$work/no-deps.json" --no-deps -r test-no-deps.in
lock test.txt "$work/test.json" "$work/no-deps.json"
for peer in estimator torch onnx; do
  resolve "$work/$peer.json" -r "$peer.in"
  lock "$peer.txt" "$work/$peer.json"
done
