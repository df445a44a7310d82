#include "serving/json/examples_body.h"

#include "serving/json/example.h"
#include "serving/json/quote.h"
#include "serving/json/reader.h"

namespace trainyard::serving {
namespace {

constexpr size_t kMaxExamples = 4u << 20;  // each takes some 100 bytes, however short its text is

class ExamplesReader {
 public:
  explicit ExamplesReader(const std::string& json) : json_(json), reader_(json) {}

  Result<ExamplesBody> Read() {
    Status status = ReadObject();
    if (status.ok()) return std::move(body_);
    // A text that is no JSON is that before anything else.
    JsonReader whole(json_);
    const size_t from = (whole.PeekChar(), whole.offset());
    if (!whole.Skip()) return whole.error();
    if (!is_about_all_) return status;
    return InvalidArgumentError("JSON Value: {} {}", QuoteJson(whole.TextSince(from)),
                                status.message());
  }

 private:
  // A failure whose text shows the whole document.
  Status About(std::string_view what) {
    is_about_all_ = true;
    return InvalidArgumentError("{}", what);
  }

  Status ReadObject() {
    if (!reader_.EnterObject()) return About("Is not object");
    for (std::string_view key; reader_.NextMember(&key);) RETURN_IF_ERROR(ReadMember(key));
    RETURN_IF_ERROR(reader_.error());
    if (has_examples_) return OkStatus();
    return About("When method is classify, key 'examples' is expected and was not found");
  }

  // Only the first of several members of the same name counts.
  Status ReadMember(std::string_view key) {
    if (key == "signature_name" && !has_signature_) {
      has_signature_ = true;
      std::string_view name;
      if (reader_.PeekChar() != '"') {
        return About("not formatted correctly. 'signature_name' key must be a string value.");
      }
      if (reader_.ReadString(&name)) body_.signature_name = name;
    } else if (key == "context" && !has_context_) {
      has_context_ = true;
      RETURN_IF_ERROR(ReadExample(&reader_, &body_.context));
    } else if (key == "examples" && !has_examples_) {
      has_examples_ = true;
      RETURN_IF_ERROR(ReadExamples());
    } else {
      reader_.Skip();
    }
    return reader_.error();
  }

  Status ReadExamples() {
    if (!reader_.EnterArray()) return About("Expecting 'examples' value to be an list/array");
    while (reader_.NextElement()) {
      if (body_.examples.size() == kMaxExamples) {
        return ResourceExhaustedError("more than {} examples in one request", kMaxExamples);
      }
      RETURN_IF_ERROR(ReadExample(&reader_, &body_.examples.emplace_back()));
    }
    if (reader_.ok() && body_.examples.empty()) return About("'examples' value is an empty array");
    return reader_.error();
  }

  const std::string& json_;
  JsonReader reader_;
  ExamplesBody body_;
  bool has_signature_ = false;
  bool has_context_ = false;
  bool has_examples_ = false;
  bool is_about_all_ = false;
};

}  // namespace

Result<ExamplesBody> ReadExamplesBody(const std::string& json) {
  return ExamplesReader(json).Read();
}

}  // namespace trainyard::serving
