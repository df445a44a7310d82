#include "spec/extensions.h"

#include <charconv>

namespace trainyard::spec {
namespace {

constexpr std::string_view kPrefix = "trainyard.dev/";
constexpr std::string_view kStartupOrder = "startup-order";
constexpr std::string_view kMaxRestarts = "max-restarts-per-replica";
constexpr std::string_view kPendingTimeout = "pending-timeout-seconds";

// Annotations are text, numbers among them too.
Status ReadNumber(const Reader& reader, const Node& node, const std::string& path, int min,
                  std::optional<int>* out) {
  int number = 0;
  const char* end = node.text.data() + node.text.size();
  const auto [rest, error] = std::from_chars(node.text.data(), end, number);
  if (error != std::errc() || rest != end || number < min) {
    return reader.Fail(
        node, path,
        fmt::format("expected a whole number >= {} in quotes, found {}", min, node.Describe()));
  }
  *out = number;
  return OkStatus();
}

Status ReadOne(const Reader& reader, const Node::Member& member, Extensions* out) {
  const std::string path = "metadata.annotations." + member.key;
  const std::string_view name = std::string_view(member.key).substr(kPrefix.size());
  const Node& value = member.value;
  if (name == kMaxRestarts) {
    return ReadNumber(reader, value, path, 0, &out->max_restarts_per_replica);
  }
  if (name == kPendingTimeout) {
    return ReadNumber(reader, value, path, 1, &out->pending_timeout_seconds);
  }
  if (name == kStartupOrder) {
    if (value.text != "AnyOrder" && value.text != "InOrder") {
      return reader.Fail(value, path,
                         fmt::format("expected AnyOrder or InOrder, found {}", value.Describe()));
    }
    out->startup_order = value.text == "InOrder" ? StartupOrder::kInOrder : StartupOrder::kAnyOrder;
    return OkStatus();
  }
  Node place;
  place.line = member.line;
  place.column = member.column;
  return reader.Fail(place, path.substr(0, 100),
                     fmt::format("unknown annotation; expected {0}{1}, {0}{2} or {0}{3}", kPrefix,
                                 kStartupOrder, kMaxRestarts, kPendingTimeout));
}

}  // namespace

Status ReadExtensions(const Reader& reader, const Node& annotations, Extensions* out) {
  for (const Node::Member& member : annotations.members) {
    if (!member.key.starts_with(kPrefix)) continue;
    RETURN_IF_ERROR(ReadOne(reader, member, out));
  }
  return OkStatus();
}

}  // namespace trainyard::spec
