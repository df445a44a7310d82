#include "spec/manifest.h"

namespace trainyard::spec {
namespace {

Status Collect(const Reader& reader, Node* root, std::vector<Manifest>* out) {
  if (root->is_null()) return OkStatus();
  if (!root->is_map()) {
    return reader.Fail(*root, "",
                       fmt::format("expected a Kubernetes object, found {}", root->Describe()));
  }
  Manifest manifest{.root = root, .api_version = {}, .kind = {}};
  RETURN_IF_ERROR(reader.String(*root, "", "apiVersion", &manifest.api_version));
  RETURN_IF_ERROR(reader.String(*root, "", "kind", &manifest.kind));
  if (!manifest.Is("v1", "List")) {
    out->push_back(std::move(manifest));
    return OkStatus();
  }
  RETURN_IF_ERROR(reader.List(*root, "", "items").status());
  Node* items = root->Find("items");
  if (items == nullptr) return OkStatus();
  for (Node& item : items->items) RETURN_IF_ERROR(Collect(reader, &item, out));
  return OkStatus();
}

}  // namespace

Result<std::vector<Manifest>> FindManifests(const Reader& reader, std::vector<Node>* documents) {
  std::vector<Manifest> manifests;
  for (Node& document : *documents) RETURN_IF_ERROR(Collect(reader, &document, &manifests));
  return manifests;
}

}  // namespace trainyard::spec
