// The fuzz targets of kube, by what they read (base/testing/fuzz.h).
#pragma once

#include <vector>

#include "base/testing/fuzz.h"

namespace trainyard::kube {

std::vector<FuzzTarget> ObjectTargets();      // JSON, lists, events of a watch, times
std::vector<FuzzTarget> StreamTargets();      // lines, pages, logs, messages of WebSockets
std::vector<FuzzTarget> CredentialTargets();  // kubeconfigs, manifests, what plugins answer
std::vector<FuzzTarget> AnswerTargets();      // failures, headers

}  // namespace trainyard::kube
