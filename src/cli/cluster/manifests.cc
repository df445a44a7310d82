#include "cli/cluster/manifests.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iostream>
#include <iterator>
#include <utility>

#include "base/document.h"
#include "base/files.h"
#include "kube/document_json.h"
#include "operator/job_object.h"
#include "spec/job_file.h"
#include "spec/manifest.h"
#include "spec/read_job.h"
#include "spec/reader.h"

namespace trainyard::cli {
namespace {

using kube::Json;

// Overrides of arguments are understood where the job is read; here they go back into its document.
void PutArguments(const spec::TFJob& job, Json* object) {
  for (const auto& [type, replica] : job.replicas) {
    const Json* found = operators::FindTemplate(*object, type);
    if (found == nullptr || replica.pod.container.args.empty()) continue;
    // The template is part of `*object`, which is ours to change.
    Json& containers = const_cast<Json&>(*found)["spec"]["containers"];
    for (Json& container : containers) {
      if (kube::GetString(container, {"name"}) == "tensorflow") {
        container["args"] = replica.pod.container.args;
      }
    }
  }
}

Status CheckObject(const spec::Reader& reader, const spec::Manifest& manifest) {
  if (manifest.api_version.empty()) {
    return reader.Fail(*manifest.root, "apiVersion", "must be required");
  }
  if (manifest.kind.empty()) return reader.Fail(*manifest.root, "kind", "must be required");
  const Node* metadata = manifest.root->Find("metadata");
  const Node* name = metadata == nullptr ? nullptr : metadata->Find("name");
  if (name == nullptr || name->text.empty()) {
    return reader.Fail(metadata == nullptr ? *manifest.root : *metadata, "metadata.name",
                       "must be required");
  }
  return OkStatus();
}

}  // namespace

std::string ManifestObject::ToString() const {
  std::string kind = kube::GetString(object, {"kind"});
  std::transform(kind.begin(), kind.end(), kind.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return kind + "/" + kube::Name(object);
}

Result<std::vector<ManifestObject>> ParseManifests(std::string_view text, std::string_view file,
                                                   const std::vector<std::string>& overrides) {
  const spec::Reader reader(file);
  ASSIGN_OR_RETURN(std::vector<Node> documents, ParseYaml(text, file));
  ASSIGN_OR_RETURN(const std::vector<spec::Manifest> manifests,
                   spec::FindManifests(reader, &documents));
  std::vector<ManifestObject> objects;
  for (const spec::Manifest& manifest : manifests) {
    ManifestObject object{
        .place = fmt::format("{}:{}:{}", file, manifest.root->line, manifest.root->column)};
    if (manifest.kind == "TFJob") {
      // The overrides are applied to the document on the way.
      ASSIGN_OR_RETURN(const spec::TFJob job,
                       spec::ReadJob(reader, manifest, {.overrides = overrides, .validate = {}}));
      object.is_job = true;
      object.object = kube::ToJson(*manifest.root);
      if (!overrides.empty()) PutArguments(job, &object.object);
    } else {
      RETURN_IF_ERROR(CheckObject(reader, manifest));
      object.object = kube::ToJson(*manifest.root);
    }
    object.object.erase("status");
    objects.push_back(std::move(object));
  }
  if (objects.empty()) {
    return reader.Fail(Node(), "", "there is no object in it; expected a TFJob");
  }
  return objects;
}

Result<std::vector<ManifestObject>> ReadManifests(const std::vector<std::string>& files,
                                                  const std::vector<std::string>& overrides) {
  std::vector<ManifestObject> all;
  for (const std::string& file : files) {
    std::string text;
    if (file == "-") {
      text.assign(std::istreambuf_iterator<char>(std::cin), {});
    } else {
      ASSIGN_OR_RETURN(text, ReadFile(file));
    }
    ASSIGN_OR_RETURN(std::vector<ManifestObject> objects,
                     ParseManifests(text, file == "-" ? "standard input" : file, overrides));
    std::move(objects.begin(), objects.end(), std::back_inserter(all));
  }
  return all;
}

}  // namespace trainyard::cli
