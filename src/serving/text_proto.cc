#include "serving/text_proto.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>

#include "base/files.h"

namespace trainyard::serving {
namespace {

constexpr size_t kMaxBytes = size_t{64} << 20;
constexpr int kMaxDepth = 100;

// Keeps the first error; those behind it are often its consequences.
class FirstError final : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, google::protobuf::io::ColumnNumber column,
                const std::string& message) override {
    if (!what_.empty()) return;
    what_ = OneLine(message);
    if (line >= 0) place_ = fmt::format("{}:{}", line + 1, column + 1);  // counted from 0
  }
  const std::string& place() const { return place_; }
  const std::string& what() const { return what_; }

 private:
  std::string place_ = "1:1";
  std::string what_;
};

}  // namespace

std::string OneLine(const std::string& text) {
  constexpr size_t kMost = 500;
  std::string line = text.substr(0, kMost);
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  return line;
}

Status ParseTextProto(std::string_view text, const std::string& name, ErrorText errors,
                      google::protobuf::Message* message) {
  if (text.size() > kMaxBytes) {
    return InvalidArgumentError("'{}' has {} bytes; a configuration may have {}", name, text.size(),
                                kMaxBytes);
  }
  google::protobuf::TextFormat::Parser parser;
  FirstError error;
  parser.RecordErrorsTo(&error);
  parser.SetRecursionLimit(kMaxDepth);
  google::protobuf::io::ArrayInputStream input(text.data(), static_cast<int>(text.size()));
  if (parser.Parse(&input, message)) return OkStatus();
  return InvalidArgumentError(
      "Invalid protobuf file: '{}': {}: {}", name, error.place(),
      errors == ErrorText::kQuoted ? error.what() : "this is no " + message->GetTypeName());
}

Status ReadTextProto(const std::string& path, google::protobuf::Message* message) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  return ParseTextProto(text, path, ErrorText::kHidden, message);
}

}  // namespace trainyard::serving
