// TensorFlow Serving's --grpc_channel_arguments: settings of gRPC's own, by the names in
// grpc/impl/codegen/grpc_types.h. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/status.h"

namespace trainyard::serving {

// Whole numbers are handed to gRPC as such, all else as text.
using ChannelArgument = std::pair<std::string, std::variant<int, std::string>>;

// "name=value,name=value"; "" has none. InvalidArgument, naming it, for a part without a name or
// "=".
Result<std::vector<ChannelArgument>> ParseChannelArguments(std::string_view text);

}  // namespace trainyard::serving
