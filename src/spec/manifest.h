// The Kubernetes objects of a file, whichever way they are put together in it.
#pragma once

#include <string>
#include <vector>

#include "base/document.h"
#include "base/status.h"
#include "spec/reader.h"

namespace trainyard::spec {

struct Manifest {
  Node* root = nullptr;     // borrowed from the documents
  std::string api_version;  // "kubeflow.org/v1"; empty if the file says none
  std::string kind;

  bool Is(std::string_view version, std::string_view name) const {
    return api_version == version && kind == name;
  }
};

// Every object of the documents in the order written; those inside of a `kind: List` stand for the
// list. Empty documents are passed over. InvalidArgument for a document that is no map.
// Thread-safe.
Result<std::vector<Manifest>> FindManifests(const Reader& reader, std::vector<Node>* documents);

}  // namespace trainyard::spec
