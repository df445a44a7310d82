// From the text of a job file to a TFJob.
//
//   ParseOptions options{.overrides = {"Worker.replicas=4"}, .validate = {}};
//   ASSIGN_OR_RETURN(TFJob job, ParseTFJob(text, "job.yaml", options));
//
// Pure and thread-safe; the input is untrusted and bounded (see document.h). Every mistake comes
// back as InvalidArgument `job.yaml:line:column: field: what was expected`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/document.h"
#include "base/status.h"
#include "spec/tfjob.h"
#include "spec/validate.h"

namespace trainyard::spec {

struct ParseOptions {
  // `path=value` pairs, applied in turn before anything is checked; see overrides.h.
  std::vector<std::string> overrides;
  ValidateOptions validate;
};

// The one job in the text (YAML or JSON, beside any other Kubernetes objects): a TFJob of
// apiVersion kubeflow.org/v1, v1beta2, v1beta1, v1alpha2 or v1alpha1, or a batch/v1 Job, with
// defaults filled in and validated. For files with several jobs, or objects that the job needs:
// job_file.h.
//
// - v1 may carry its run policy under `runPolicy` or, as until v1.0.0, directly under `spec`.
// - Absent cleanPodPolicy means None in v1, Running in the older form and versions, All in
//   v1alpha1.
// - v1alpha1's MASTER stays Master, and its restart policy is the pod's.
Result<TFJob> ParseTFJob(std::string_view text, std::string_view file_name,
                         const ParseOptions& options = {});

// A TFJob as an API server keeps it: under `kubeflow.org/v1` whatever version it was written in,
// which its shape tells (`replicaSpecs`: v1alpha1). Fields that we do not know are passed over.
// InvalidArgument `field: what was expected`.
Result<TFJob> ParseStoredTFJob(Node document);

}  // namespace trainyard::spec
