#include "spec/metadata.h"

#include "spec/names.h"

namespace trainyard::spec {
namespace {

constexpr std::string_view kFields[] = {"annotations",
                                        "creationTimestamp",
                                        "deletionGracePeriodSeconds",
                                        "deletionTimestamp",
                                        "finalizers",
                                        "generateName",
                                        "generation",
                                        "labels",
                                        "managedFields",
                                        "name",
                                        "namespace",
                                        "ownerReferences",
                                        "resourceVersion",
                                        "selfLink",
                                        "uid"};

Status CheckLabels(const Reader& reader, const Node& metadata, const std::string& path,
                   const std::map<std::string, std::string>& labels) {
  for (const auto& [key, value] : labels) {
    if (IsLabelValue(value)) continue;
    return reader.Fail(*metadata.Find("labels")->Find(key), JoinFields(path, "labels." + key),
                       "expected at most 63 letters, digits, \"-\", \"_\" and \".\", with a letter "
                       "or digit at either end");
  }
  return OkStatus();
}

}  // namespace

Result<Metadata> ReadMetadata(const Reader& reader, const Node& owner,
                              std::string_view owner_path) {
  Metadata result;
  const std::string path = JoinFields(owner_path, "metadata");
  ASSIGN_OR_RETURN(const Node* metadata, reader.Map(owner, owner_path, "metadata"));
  if (metadata == nullptr) return result;
  RETURN_IF_ERROR(reader.CheckKeys(*metadata, path, kFields));
  RETURN_IF_ERROR(reader.String(*metadata, path, "name", &result.name));
  RETURN_IF_ERROR(reader.String(*metadata, path, "namespace", &result.name_space));
  if (!result.name_space.empty() && !IsDnsLabel(result.name_space)) {
    return reader.Fail(*metadata->Find("namespace"), path + ".namespace",
                       "expected lower-case letters, digits and \"-\", at most 63");
  }
  RETURN_IF_ERROR(reader.String(*metadata, path, "uid", &result.uid));
  RETURN_IF_ERROR(reader.StringMap(*metadata, path, "labels", &result.labels));
  RETURN_IF_ERROR(CheckLabels(reader, *metadata, path, result.labels));
  RETURN_IF_ERROR(reader.StringMap(*metadata, path, "annotations", &result.annotations));
  return result;
}

}  // namespace trainyard::spec
