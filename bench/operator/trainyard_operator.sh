#!/usr/bin/env bash
# trainyard_operator.sh [FLAG...] - starts our operator outside of the cluster that KUBECONFIG names.
# A start command for run.py.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
kubectl apply --server-side -f "$root/deploy/crd/tfjobs.yaml" >/dev/null
until kubectl get tfjobs >/dev/null 2>&1; do sleep 0.1; done
exec "$root/bin/trainyard-operator" --metrics-bind-address=127.0.0.1:0 \
  --health-probe-bind-address=127.0.0.1:0 "$@"
