#!/usr/bin/env bash
# trainyard_operator.sh [FLAG...] - starts our operator outside of the cluster that KUBECONFIG names.
# A start command for run.py.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
kubectl apply --server-side -f "$root/deploy/crd" >/dev/null
kubectl wait --for=condition=Established crd/tfjobs.kubeflow.org --timeout=30s >/dev/null
exec "$root/bin/trainyard-operator" --metrics-bind-address=127.0.0.1:0 \
  --health-probe-bind-address=127.0.0.1:0 "$@"
