// Configuration files that are messages written as text.
#pragma once

#include <string>

#include "base/status.h"

namespace google::protobuf {
class Message;
}

namespace trainyard::serving {

// Replaces `*message`. The file's error if it cannot be read; InvalidArgument, beginning with
// TensorFlow Serving's `Invalid protobuf file: 'PATH'` and naming the place, if it is no such
// message. What stands there is not repeated: it may be a key.
Status ReadTextProto(const std::string& path, google::protobuf::Message* message);

}  // namespace trainyard::serving
