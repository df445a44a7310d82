// Protobuf in its text form, as TensorFlow Serving's configuration files have it.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace google::protobuf {
class Message;
}

namespace trainyard::serving {

// Replaces `*message`. InvalidArgument, in one line with `name` (a path, a flag) and the place of
// the first mistake, for text that is not of this message. Thread-safe.
Status ParseTextProto(std::string_view text, const std::string& name,
                      google::protobuf::Message* message);

}  // namespace trainyard::serving
