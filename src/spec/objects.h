// The ConfigMaps and Secrets that a job's pods may refer to.
//
// Plain values; thread-compatible. Values are the decoded bytes (a Secret's `data` is base64 in its
// file).
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/status.h"

namespace trainyard::spec {

using KeyedValues = std::map<std::string, std::string, std::less<>>;  // key to bytes

class Reader;
struct Manifest;

struct Objects {
  std::map<std::string, KeyedValues, std::less<>> config_maps;  // by name
  std::map<std::string, KeyedValues, std::less<>> secrets;

  friend bool operator==(const Objects&, const Objects&) = default;
};

// Adds what the text, YAML or JSON, holds in ConfigMaps and Secrets; objects of other kinds are
// passed over. A name that is there already keeps its values. InvalidArgument
// `<file_name>:<line>:<column>: why` if the text is not YAML or such an object is malformed.
Status AddObjects(std::string_view text, std::string_view file_name, Objects* objects);

// The same for one object that has been read already.
Status AddObject(const Reader& reader, const Manifest& manifest, Objects* objects);

}  // namespace trainyard::spec
