#include "tf/internal/constants_check.h"

#include <optional>
#include <string>

#include "base/wire.h"

namespace trainyard::tf::internal {
namespace {

// Calls visit(bytes) for each field of this number; stops at its first failure.
template <class Visit>
Status ForEach(std::string_view message, int field, const Visit& visit) {
  WireReader reader(message);
  while (reader.Next()) {
    if (reader.field() == field) RETURN_IF_ERROR(visit(reader.bytes()));
  }
  return OkStatus();
}

// The last value of a field of type varint or bytes, which is the one that counts.
std::optional<uint64_t> LastNumber(std::string_view message, int field) {
  std::optional<uint64_t> last;
  WireReader reader(message);
  while (reader.Next()) {
    if (reader.field() == field && reader.wire_type() == 0) last = reader.varint();
  }
  return last;
}
std::string_view LastBytes(std::string_view message, int field) {
  std::string_view last;
  WireReader reader(message);
  while (reader.Next()) {
    if (reader.field() == field) last = reader.bytes();
  }
  return last;
}

Status CheckNode(std::string_view node) {
  if (LastBytes(node, 2) != "Const") return OkStatus();
  std::optional<uint64_t> said;
  std::optional<uint64_t> found;
  RETURN_IF_ERROR(ForEach(node, 5, [&](std::string_view attribute) {
    const std::string_view name = LastBytes(attribute, 1);
    const std::string_view value = LastBytes(attribute, 2);
    if (name == "dtype") said = LastNumber(value, 6);
    if (name == "value") found = LastNumber(LastBytes(value, 8), 1);
    return OkStatus();
  }));
  if (said == found || !said || !found) return OkStatus();
  return DataLossError("the constant \"{}\" says it is of type {} and holds type {}: it is damaged",
                       LastBytes(node, 1), *said, *found);
}

Status CheckGraph(std::string_view graph) {
  RETURN_IF_ERROR(ForEach(graph, 1, CheckNode));
  return ForEach(graph, 2, [](std::string_view library) {
    return ForEach(library, 1,
                   [](std::string_view function) { return ForEach(function, 3, CheckNode); });
  });
}

}  // namespace

Status CheckConstants(std::string_view saved_model) {
  return ForEach(saved_model, 2,
                 [](std::string_view meta_graph) { return ForEach(meta_graph, 2, CheckGraph); });
}

}  // namespace trainyard::tf::internal
