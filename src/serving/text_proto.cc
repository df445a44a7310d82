#include "serving/text_proto.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>

#include "base/files.h"

namespace trainyard::serving {
namespace {

// Keeps the place of the first mistake.
class FirstError final : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, google::protobuf::io::ColumnNumber column,
                const std::string& /*message*/) override {
    if (place_.empty()) place_ = fmt::format("line {}, column {}", line + 1, column + 1);
  }
  const std::string& place() const { return place_; }

 private:
  std::string place_;
};

}  // namespace

Status ReadTextProto(const std::string& path, google::protobuf::Message* message) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  google::protobuf::TextFormat::Parser parser;
  FirstError error;
  parser.RecordErrorsTo(&error);
  parser.SetRecursionLimit(100);
  if (parser.ParseFromString(text, message)) return OkStatus();
  return InvalidArgumentError("Invalid protobuf file: '{}': no {} at {}", path,
                              message->GetTypeName(), error.place());
}

}  // namespace trainyard::serving
