#include "serving/frontends/grpc/channel_arguments.h"

#include <algorithm>
#include <charconv>

namespace trainyard::serving {

Result<std::vector<ChannelArgument>> ParseChannelArguments(std::string_view text) {
  std::vector<ChannelArgument> arguments;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    const size_t equals = part.find('=');
    if (equals == 0 || equals == std::string_view::npos) {
      return InvalidArgumentError("\"{}\" is no name=value, as in grpc.max_connection_age_ms=2000",
                                  part);
    }
    const std::string_view value = part.substr(equals + 1);
    int number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    const bool is_number = error == std::errc() && end == value.data() + value.size();
    arguments.emplace_back(part.substr(0, equals), std::string(value));
    if (is_number) arguments.back().second = number;
  }
  return arguments;
}

}  // namespace trainyard::serving
