// From a file's tree of values (base/document.h) to what is sent or kept as JSON. Pure,
// thread-safe.
#pragma once

#include "base/document.h"
#include "kube/object.h"

namespace trainyard::kube {

// The same tree as JSON, scalars by their kinds. A number that JSON has no form for stays text.
Json ToJson(const Node& node);

}  // namespace trainyard::kube
