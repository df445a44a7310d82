// What is configured for one model: where its versions are, which of them are served, and the
// labels that stand for some of them. Plain data.
//
// Source: ModelConfig of tensorflow_serving/config/model_server_config.proto and the version policy
// of file_system_storage_path_source.proto.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace trainyard::serving {

// Which of the versions on disk are to be served.
struct VersionPolicy {
  enum class Kind {
    kLatest,    // the `num_latest` highest
    kAll,       // every one
    kSpecific,  // those in `versions`
  };
  Kind kind = Kind::kLatest;
  int num_latest = 1;
  std::vector<int64_t> versions;
  friend bool operator==(const VersionPolicy&, const VersionPolicy&) = default;
};

using VersionLabels = std::map<std::string, int64_t>;

struct ModelSettings {
  std::string name;
  std::string base_path;
  VersionPolicy policy;
  VersionLabels labels;
  friend bool operator==(const ModelSettings&, const ModelSettings&) = default;
};

}  // namespace trainyard::serving
