// Talking to a model server over gRPC (TensorFlow Serving's PredictionService, ours or another's).
//
//   PredictClient client({.host = "localhost", .port = 8500, .timeout = 10s});
//   ASSIGN_OR_RETURN(auto signature, client.GetSignature(spec));
//
// Thread-compatible. Errors are one line for people: what was asked of whom, why it failed, what to
// do. Only one server is asked, without retries.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/status.h"
#include "tensorflow/serving/model.pb.h"
#include "tensorflow/serving/predict.pb.h"
#include "tensorflow/signature.pb.h"

namespace trainyard::cli {

class PredictClient {
 public:
  struct Options {
    std::string host = "localhost";
    int port = 8500;
    std::chrono::milliseconds timeout{10'000};  // for all calls together, from the construction
  };

  explicit PredictClient(const Options& options);
  ~PredictClient();

  // The signature `spec` names. NotFound, with the names there are, if the model has none so
  // called.
  Result<::tensorflow::SignatureDef> GetSignature(const ::tensorflow::serving::ModelSpec& spec);

  Result<::tensorflow::serving::PredictResponse> Predict(
      const ::tensorflow::serving::PredictRequest& request);

 private:
  struct Connection;
  std::unique_ptr<Connection> connection_;
};

}  // namespace trainyard::cli
