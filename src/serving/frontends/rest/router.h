// What a REST request asks for, by its method and URL. Pure, thread-safe; input is untrusted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace trainyard::serving {

enum class RestCall {
  kPredict,
  kClassify,
  kRegress,
  kStatus,
  kMetadata,
  kListModels,
  kOptions,  // what a browser asks before it sends a request to another site
  kHealth,
  kReady,
  kMetrics,
  kUnknown,  // nothing of ours
};

struct RestRoute {
  RestCall call = RestCall::kUnknown;
  // For calls about a model; at most one of version and label.
  std::string model{};
  std::optional<int64_t> version{};
  std::optional<std::string> label{};
};

// `target` is the URL's path and query, as sent; the query is ignored. Fixed words are matched in
// any letter case, as TensorFlow Serving does, names as they are. InvalidArgument, in its words,
// for what begins like an API call but is none.
Result<RestRoute> RouteRequest(std::string_view method, std::string_view target,
                               std::string_view metrics_path);

}  // namespace trainyard::serving
