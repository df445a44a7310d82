#include "spec/parse_tfjob.h"

#include <utility>

#include "spec/job_file.h"
#include "spec/manifest.h"
#include "spec/read_job.h"
#include "spec/reader.h"

namespace trainyard::spec {

Result<TFJob> ParseTFJob(std::string_view text, std::string_view file_name,
                         const ParseOptions& options) {
  ASSIGN_OR_RETURN(JobFile file, ParseJobFile(text, file_name, options));
  if (file.jobs.size() > 1) {
    return InvalidArgumentError("{}: {} jobs, of which \"{}\" is the second; expected one",
                                file_name, file.jobs.size(), file.jobs[1].name);
  }
  return std::move(file.jobs.front());
}

Result<TFJob> ParseStoredTFJob(Node document) {
  const Reader reader("", UnknownFields::kPassedOver);
  const Node* spec = document.Find("spec");
  const bool is_first_version = spec != nullptr && spec->Find("replicaSpecs") != nullptr;
  const Manifest manifest{
      .root = &document,
      .api_version = is_first_version ? "kubeflow.org/v1alpha1" : "kubeflow.org/v1",
      .kind = "TFJob"};
  return ReadJob(reader, manifest, {});
}

}  // namespace trainyard::spec
