// Which models to serve, as users write it: the text of --model_config_file, and the message that
// HandleReloadConfigRequest carries.
//
// Thread-safe: no state. Input is untrusted. Source: tensorflow_serving/config/
// model_server_config.proto; error texts are TensorFlow Serving's where it has them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "serving/versions/model_settings.h"
#include "tensorflow/serving/model_config.pb.h"

namespace trainyard::serving {

// The models of a text file: a ModelServerConfig in protobuf's text format. InvalidArgument, in one
// line with the file's name, line and column where that is known.
Result<std::vector<ModelSettings>> ParseModelConfig(std::string_view text, const std::string& file);

// Checks all of the message. InvalidArgument for a model without a name or listed twice, a path
// that is not absolute, a platform that is not TensorFlow's, or storage that is not a directory
// here.
Result<std::vector<ModelSettings>> ToModelSettings(
    const ::tensorflow::serving::ModelServerConfig& config);

}  // namespace trainyard::serving
