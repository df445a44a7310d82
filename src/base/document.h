// A YAML or JSON document as a tree of plain values that remember where they stood in the text.
//
// The tree owns all its content; thread-compatible. It exists so that every complaint about a job
// file can say file, line and column, and so that the YAML library stays inside one source file.
//
//   ASSIGN_OR_RETURN(std::vector<Node> documents, ParseYaml(text, "job.yaml"));
//   if (const Node* kind = documents[0].Find("kind")) Use(kind->text);
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace trainyard {

struct Node {
  enum class Kind { kNull, kBool, kInt, kFloat, kString, kList, kMap };
  struct Member;

  Kind kind = Kind::kNull;
  std::string text;             // of a scalar, as written
  std::vector<Node> items;      // of a list
  std::vector<Member> members;  // of a map, in the order written, keys unique
  int line = 0;                 // from 1; 0 if the node comes from nowhere in the text
  int column = 0;

  bool is_map() const { return kind == Kind::kMap; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_null() const { return kind == Kind::kNull; }

  // The member's value, owned by this node; null if absent or if this is no map.
  const Node* Find(std::string_view key) const;
  Node* Find(std::string_view key);

  // For messages: `the number 3`, `the list`, `"text"`.
  std::string Describe() const;
};

struct Node::Member {
  std::string key;
  Node value;
  int line = 0;  // of the key
  int column = 0;
};

// Every document of the text, anchors resolved and merge keys (<<) applied; a document without
// content is a kNull node. Plain scalars get the types that Kubernetes gives them (YAML 1.1: also
// yes, no, on and off are booleans). InvalidArgument `<name>:<line>:<column>: why` for text that is
// not YAML, a key that stands twice, or a tree beyond the bounds (1 MiB, 64 levels, 100,000 nodes).
Result<std::vector<Node>> ParseYaml(std::string_view text, std::string_view name);

// `<name>:<line>:<column>: message`, without what is not known of the place.
Status ErrorAt(std::string_view name, int line, int column, std::string_view message);

}  // namespace trainyard
