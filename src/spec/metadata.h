// The `metadata` of a Kubernetes object or pod template, as far as it matters here.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/status.h"
#include "spec/reader.h"

namespace trainyard::spec {

struct Metadata {
  std::string name;
  std::string name_space;
  std::string uid;
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;
};

// Reads `owner`.metadata; an absent one gives an empty value. InvalidArgument for unknown fields,
// for labels and annotations that are not text, and for a namespace or label that no cluster takes.
// Thread-safe.
Result<Metadata> ReadMetadata(const Reader& reader, const Node& owner, std::string_view path);

}  // namespace trainyard::spec
