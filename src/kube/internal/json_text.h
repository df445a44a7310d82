// Reads only what is needed of JSON text, so that neither a page of 500 pods nor the part of each
// object that nobody wants (managedFields, about a third of it) ever becomes a document tree.
//
// Text is borrowed, never copied. The scanner finds where values end; whether they are valid is for
// the parser to say. Pure, thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace trainyard::kube::internal {

// The text of a member of the object that `object` is the text of; empty if there is none.
std::string_view FindMember(std::string_view object, std::string_view name);

// Calls visit(name, value) with the text of each member, names with their escapes; false if the
// text is no object. Visiting ends early, and well, when `visit` returns false.
bool VisitMembers(std::string_view object,
                  const std::function<bool(std::string_view, std::string_view)>& visit);

// Gives each item's text to `on_item`, whose failure ends it. InvalidArgument if the text is no
// list.
Status VisitItems(std::string_view list, const std::function<Status(std::string_view)>& on_item);

struct WatchEvent {
  std::string_view type{};    // "ADDED"
  std::string_view object{};  // its text
};

// A line of a watch. InvalidArgument if it is anything else.
Result<WatchEvent> ParseWatchEvent(std::string_view line);

struct ListEnd {
  uint64_t version = 0;
  std::string next{};  // the token for the next page; empty on the last one
};

// Gives each item's text to `on_item`, whose failure ends it. InvalidArgument if the text is no
// list; items may have been given by then.
Result<ListEnd> SplitList(std::string_view text,
                          const std::function<Status(std::string_view)>& on_item);

}  // namespace trainyard::kube::internal
