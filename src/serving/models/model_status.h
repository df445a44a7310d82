// Answering GetModelStatus, whatever the front end. Thread-safe: no state. Error codes and texts
// are TensorFlow Serving's.
#pragma once

#include <map>
#include <string>

#include "base/status.h"
#include "serving/versions/reports.h"
#include "tensorflow/serving/status.pb.h"

namespace trainyard::serving {

// The state of the version asked for, or of all versions of `model`, newest first. Pure. A label in
// the request is ignored.
Status DescribeVersions(const std::string& model, const std::map<int64_t, VersionReport>& reports,
                        const ::tensorflow::serving::GetModelStatusRequest& request,
                        ::tensorflow::serving::GetModelStatusResponse* response);

}  // namespace trainyard::serving
