#include "serving/text_proto.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/text_format.h>

#include <limits>

namespace trainyard::serving {
namespace {

// Keeps the first error; those behind it are often its consequences.
class FirstError final : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, int column, const std::string& message) override {
    if (!text_.empty()) return;
    // Counted from 0; -1 where there is no place.
    text_ = line < 0 ? message : fmt::format("{}:{}: {}", line + 1, column + 1, message);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace

Status ParseTextProto(std::string_view text, const std::string& name,
                      google::protobuf::Message* message) {
  message->Clear();
  if (text.size() > static_cast<size_t>(std::numeric_limits<int>::max())) {
    return InvalidArgumentError("Invalid protobuf file: '{}': it has {} bytes", name, text.size());
  }
  google::protobuf::TextFormat::Parser parser;
  FirstError error;
  parser.RecordErrorsTo(&error);
  google::protobuf::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
  if (parser.Parse(&stream, message)) return OkStatus();
  return InvalidArgumentError("Invalid protobuf file: '{}': {}: {}", name, error.text(),
                              message->GetTypeName());
}

}  // namespace trainyard::serving
