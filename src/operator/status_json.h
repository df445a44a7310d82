// A job's status as the API shows it, and Plan()'s memory within it.
//
// What the v1 API knows stands where it knows it. What Plan() needs to know besides, restarts for
// instance, stands under `status.trainyard`, so that it survives the operator and is written in the
// same step as the conditions:
//
//   trainyard:
//     replicas:
//     - {type: worker, from: 0, to: 3, state: Started, hasRun: true, since: "2026-11-25T21:00:03Z"}
//     - {type: worker, from: 4, to: 4, state: Waiting, instance: 2, restarts: 2, ...}
//     limitExceeded: true
//
// Replicas in a row that are alike share an entry, so a job with a thousand workers has a short
// status. Times are whole seconds, as everywhere in the API.
//
// A v1alpha1 job also gets the `phase`, `state` and `reason` of its own version.
// Pure, thread-safe.
#pragma once

#include <optional>

#include "job/status.h"
#include "kube/object.h"
#include "spec/tfjob.h"

namespace trainyard::operators {

// `object` is the whole TFJob. What is malformed, or from another operator, is passed over.
job::JobStatus ReadStatus(const kube::Json& object);

// Of the TFJob: its last condition that is true.
std::optional<job::ConditionType> ReadState(const kube::Json& object);

// The `status` to be shown. Once a job has succeeded, what still runs of it counts as succeeded, as
// training-operator counts it: the counts are final.
kube::Json WriteStatus(const spec::TFJob& job, const job::JobStatus& status);

// Whether `after` differs from `before` (both made by WriteStatus or read from the API server) in
// its conditions or times: what people and programs wait for.
bool HasNews(const kube::Json& before, const kube::Json& after);

}  // namespace trainyard::operators
