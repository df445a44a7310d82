// The `spec` of a TFJob in each API version, read into the one struct. Internal to parse_tfjob.cc.
#pragma once

#include "base/status.h"
#include "spec/reader.h"
#include "spec/tfjob.h"

namespace trainyard::spec {

// kubeflow.org/v1: run policy under runPolicy, or flat as in v1.0.0 and before.
Status ReadSpecV1(const Reader& reader, const Node& spec, TFJob* job);

// kubeflow.org/v1alpha2, v1beta1, v1beta2: run policy flat; cleanPodPolicy defaults to Running.
Status ReadSpecBeta(const Reader& reader, const Node& spec, TFJob* job);

// kubeflow.org/v1alpha1: a list of replica specs, MASTER WORKER PS.
Status ReadSpecV1Alpha1(const Reader& reader, const Node& spec, TFJob* job);

}  // namespace trainyard::spec
