// The fuzz targets of kube, by what they read (base/testing/fuzz.h).
#pragma once

#include <string_view>
#include <vector>

#include "base/testing/fuzz.h"

namespace trainyard::kube {

std::vector<FuzzTarget> ObjectTargets();      // JSON, lists, events of a watch, times
std::vector<FuzzTarget> StreamTargets();      // lines, pages, logs, messages of WebSockets
std::vector<FuzzTarget> CredentialTargets();  // kubeconfigs, manifests, what plugins answer
std::vector<FuzzTarget> AnswerTargets();      // failures, headers

// Does the text name a year that a time of nanoseconds cannot hold (before 1678, after 2261)?
// TODO(now): ParseTime() overflows then; once it does not, targets need not pass such texts over.
bool HasFarYear(std::string_view text);

}  // namespace trainyard::kube
