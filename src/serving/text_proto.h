// Configuration that is a message written as text.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace google::protobuf {
class Message;
}

namespace trainyard::serving {

// What a text that an error quotes may be, so that the error stays one short line.
std::string OneLine(const std::string& text);

// Whether an error may repeat what stands in the text: not where it may be a key.
enum class ErrorText { kQuoted, kHidden };

// Replaces `*message`. InvalidArgument, in one line that begins with TensorFlow Serving's `Invalid
// protobuf file: 'NAME'` and tells line and column, if the text is no such message. Input is
// untrusted. Thread-safe.
Status ParseTextProto(std::string_view text, const std::string& name, ErrorText errors,
                      google::protobuf::Message* message);

// The same of a file, hiding what stands there; or the file's error if it cannot be read.
Status ReadTextProto(const std::string& path, google::protobuf::Message* message);

}  // namespace trainyard::serving
