// Which fields of an object somebody reads, so that the rest of its text never becomes a document
// tree: of a pod's eight kilobytes an operator wants one.
//
//   const Fields kFields{"spec.nodeName", "status.containerStatuses.state"};
//   ASSIGN_OR_RETURN(const Json pod, ParseObject("the answer", text, kFields));
//
// Immutable; thread-safe.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "kube/object.h"

namespace trainyard::kube {

class Fields {
 public:
  // A name on the way to a wanted value, or that value if nothing is below it.
  struct Node {
    std::string name{};
    std::vector<Node> members{};
  };

  // All but metadata.managedFields, about a third of an object that nobody reads.
  Fields() = default;
  // The values at these paths with all that is below them, those that identify a state of an object
  // (apiVersion, kind, and of its metadata name, namespace, uid and resourceVersion), and nothing
  // else. A path that meets a list goes on in each of its items. No name has a '.' in it.
  Fields(std::initializer_list<std::string_view> paths);

  bool are_all() const { return root_.members.empty(); }
  const Node& root() const { return root_; }

 private:
  Node root_;
};

// InvalidArgument as ParseJson(); text that is left out is looked at just as far as is needed to
// find where it ends.
Result<Json> ParseObject(std::string_view what, std::string_view text, const Fields& fields = {});

}  // namespace trainyard::kube
