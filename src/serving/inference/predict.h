// Answering Predict and GetModelMetadata from one loaded version, whatever the front end.
//
// Thread-safe: no state of its own. Error codes and texts are TensorFlow Serving's.
#pragma once

#include <span>

#include "base/status.h"
#include "serving/inference/signature_method.h"
#include "serving/inference/signature_run.h"
#include "serving/run_limits.h"
#include "serving/servable.h"
#include "serving/tensor_proto.h"
#include "tensorflow/serving/metadata.pb.h"
#include "tensorflow/serving/predict.pb.h"

namespace trainyard::serving {

// Runs the request's signature. The response carries the version that answered and the signature's
// name, "serving_default" if the request left it empty. On failure the response is unspecified.
Status Predict(const Servable& servable, TensorEncoding encoding, MethodNames names,
               const ::tensorflow::serving::PredictRequest& request, const RunLimits& limits,
               ::tensorflow::serving::PredictResponse* response);

// The two halves of Predict, for who does not wait in between: what is to be run, with the
// request's tensors decoded; and the values of its outputs as the response.
Result<SignatureRun> BeginPredict(const Servable& servable, MethodNames names,
                                  const ::tensorflow::serving::PredictRequest& request);
Status EndPredict(const Servable& servable, TensorEncoding encoding,
                  const ::tensorflow::serving::PredictRequest& request, const SignatureRun& run,
                  std::span<const tf::Tensor> values,
                  ::tensorflow::serving::PredictResponse* response);

// Checks the metadata fields asked for; to be called before the model is looked up, so that the
// answer to a wrong request does not depend on what is loaded.
Status CheckMetadataRequest(const ::tensorflow::serving::GetModelMetadataRequest& request);

// The signatures of the model, packed as clients expect them.
void DescribeModel(const Servable& servable,
                   ::tensorflow::serving::GetModelMetadataResponse* response);

}  // namespace trainyard::serving
