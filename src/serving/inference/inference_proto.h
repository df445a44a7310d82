// Classify, Regress and MultiInference between the wire's messages and serving's own values.
//
// Thread-safe: no state.
#pragma once

#include <span>
#include <string>

#include "serving/inference/classify.h"
#include "serving/inference/examples.h"
#include "serving/servable.h"
#include "tensorflow/serving/classification.pb.h"
#include "tensorflow/serving/regression.pb.h"

namespace trainyard::serving {

// Borrows from `input`. A request without an input has no examples.
Examples ExamplesOf(const ::tensorflow::serving::Input& input);

void ToProto(const ClassifyResult& result, ::tensorflow::serving::ClassificationResult* proto);
void ToProto(std::span<const float> values, ::tensorflow::serving::RegressionResult* proto);

// The signature a request asks for: "serving_default" if it leaves the name empty.
std::string SignatureNameOf(const ::tensorflow::serving::ModelSpec& asked);

// Who answered: name and version of `id`, and the signature asked for. A label is not repeated.
void FillModelSpec(const ServableId& id, const ::tensorflow::serving::ModelSpec& asked,
                   ::tensorflow::serving::ModelSpec* spec);

}  // namespace trainyard::serving
