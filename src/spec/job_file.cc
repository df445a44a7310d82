#include "spec/job_file.h"

#include <set>
#include <string>
#include <utility>

#include "base/document.h"
#include "spec/manifest.h"
#include "spec/read_job.h"
#include "spec/reader.h"

namespace trainyard::spec {
namespace {

Status NoJob(const Reader& reader, const std::vector<Manifest>& manifests) {
  if (manifests.empty()) {
    return reader.Fail(Node(), "", "the file is empty; expected a TFJob or a batch/v1 Job");
  }
  std::vector<std::string> kinds;
  for (const Manifest& manifest : manifests) {
    kinds.push_back(manifest.kind.empty() ? "(no kind)" : manifest.kind.substr(0, 60));
    if (kinds.size() == 5) break;
  }
  return reader.Fail(
      *manifests.front().root, "kind",
      fmt::format("expected TFJob or a batch/v1 Job, found {}{}", fmt::join(kinds, ", "),
                  manifests.size() > kinds.size() ? ", ..." : ""));
}

}  // namespace

Result<JobFile> ParseJobFile(std::string_view text, std::string_view file_name,
                             const ParseOptions& options) {
  const Reader reader(file_name);
  ASSIGN_OR_RETURN(std::vector<Node> documents, ParseYaml(text, file_name));
  ASSIGN_OR_RETURN(const std::vector<Manifest> manifests, FindManifests(reader, &documents));
  JobFile file;
  std::set<std::pair<std::string, std::string>> names;
  for (const Manifest& manifest : manifests) {
    if (!IsJob(manifest)) {
      RETURN_IF_ERROR(AddObject(reader, manifest, &file.objects));
      continue;
    }
    ASSIGN_OR_RETURN(TFJob job, ReadJob(reader, manifest, options));
    if (!names.emplace(job.name_space, job.name).second) {
      return reader.Fail(*manifest.root, "metadata.name",
                         fmt::format("a second job \"{}\" in namespace {}; give it another name",
                                     job.name, job.name_space));
    }
    file.jobs.push_back(std::move(job));
  }
  if (file.jobs.empty()) return NoJob(reader, manifests);
  return file;
}

}  // namespace trainyard::spec
