// Typed reading of a Node tree, with complaints that name place, field and expectation:
// `job.yaml:12:17: spec.runPolicy.backoffLimit: expected a whole number >= 0, found "two"`.
//
// A Reader holds no state but the file's name; thread-safe. Each method reads one optional member
// of a map: absent or null leaves *out as it is, and the first mistake is the returned
// InvalidArgument.
//
//   Reader reader("job.yaml");
//   RETURN_IF_ERROR(reader.CheckKeys(policy, path, {"suspend", "backoffLimit"}));
//   RETURN_IF_ERROR(reader.Bool(policy, path, "suspend", &suspend));
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/document.h"
#include "base/status.h"

namespace trainyard::spec {

// "spec" and "replicas" give "spec.replicas"; an empty path gives the key alone.
std::string JoinFields(std::string_view path, std::string_view key);

// What to do about fields that nobody knows: a person's file is refused, with the nearest field's
// name; an object that an API server has accepted may come from a newer Kubernetes than ours.
enum class UnknownFields { kRefused, kPassedOver };

class Reader {
 public:
  explicit Reader(std::string_view file, UnknownFields unknown_fields = UnknownFields::kRefused)
      : file_(file), unknown_fields_(unknown_fields) {}

  Status String(const Node& map, std::string_view path, std::string_view key,
                std::string* out) const;
  Status Strings(const Node& map, std::string_view path, std::string_view key,
                 std::vector<std::string>* out) const;
  // Text by key. A key without a value has an empty one, as in Kubernetes.
  Status StringMap(const Node& map, std::string_view path, std::string_view key,
                   std::map<std::string, std::string>* out) const;
  // A String that has to be there and must not be empty.
  Status RequiredString(const Node& map, std::string_view path, std::string_view key,
                        std::string* out) const;
  Status Bool(const Node& map, std::string_view path, std::string_view key, bool* out) const;

  // Whole numbers from `min` up to what the type holds.
  Status Int(const Node& map, std::string_view path, std::string_view key, int min, int* out) const;
  template <class T>
  Status OptionalInt(const Node& map, std::string_view path, std::string_view key, int64_t min,
                     std::optional<T>* out) const {
    std::optional<int64_t> number;
    RETURN_IF_ERROR(Number(map, path, key, min, std::numeric_limits<T>::max(), &number));
    if (number) *out = static_cast<T>(*number);
    return OkStatus();
  }

  // One of a few words; the complaint lists them.
  template <class E>
  Status Enum(const Node& map, std::string_view path, std::string_view key,
              std::initializer_list<std::pair<std::string_view, E>> words, E* out) const {
    std::vector<std::string_view> names;
    for (const auto& [name, value] : words) names.push_back(name);
    std::optional<size_t> chosen;
    RETURN_IF_ERROR(Word(map, path, key, names, &chosen));
    if (chosen) *out = std::data(words)[*chosen].second;
    return OkStatus();
  }

  // The member as a map or list; null if it is absent or empty.
  Result<const Node*> Map(const Node& map, std::string_view path, std::string_view key) const;
  Result<const Node*> List(const Node& map, std::string_view path, std::string_view key) const;

  // Calls read(item, path of the item) for every element of a list of maps, until one fails.
  template <class Read>
  Status EachMap(const Node& map, std::string_view path, std::string_view key, Read&& read) const {
    ASSIGN_OR_RETURN(const Node* list, List(map, path, key));
    if (list == nullptr) return OkStatus();
    for (size_t i = 0; i < list->items.size(); ++i) {
      const Node& item = list->items[i];
      const std::string item_path = fmt::format("{}[{}]", JoinFields(path, key), i);
      if (!item.is_map()) return Expected(item, item_path, "a map");
      RETURN_IF_ERROR(read(item, item_path));
    }
    return OkStatus();
  }

  // The one member of a map that has to have exactly one; those without a value do not count.
  Result<const Node::Member*> OnlyMember(const Node& map, std::string_view path) const;

  // Refuses keys outside `known`, proposing the nearest one, if unknown fields are refused.
  Status CheckKeys(const Node& map, std::string_view path,
                   std::span<const std::string_view> known) const;
  Status CheckKeys(const Node& map, std::string_view path,
                   std::initializer_list<std::string_view> known) const {
    return CheckKeys(map, path, std::span(std::data(known), known.size()));
  }

  Status Fail(const Node& node, std::string_view path, std::string_view message) const;

 private:
  Status Expected(const Node& node, std::string_view path, std::string_view what) const;
  Status Number(const Node& map, std::string_view path, std::string_view key, int64_t min,
                int64_t max, std::optional<int64_t>* out) const;
  Status Word(const Node& map, std::string_view path, std::string_view key,
              std::span<const std::string_view> names, std::optional<size_t>* out) const;
  Result<std::string> ToText(const Node& node, std::string_view path) const;

  std::string file_;
  UnknownFields unknown_fields_;
};

// The candidate that was probably meant, or empty if none is near.
std::string_view NearestWord(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace trainyard::spec
