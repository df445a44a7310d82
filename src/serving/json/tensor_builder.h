// A tensor made of a JSON value as the value is read: its elements go straight into the memory that
// TensorFlow will read, and its shape is found on the way.
//
// Thread-compatible; input is untrusted. Error texts are TensorFlow Serving's. Complex numbers are
// lists of two: the real and the imaginary part.
//
//   TensorBuilder x(tf::DataType::kFloat, text.size());
//   RETURN_IF_ERROR(x.Read(&reader));       // "[[1, 2], [3, 4]]"
//   ASSIGN_OR_RETURN(tf::Tensor tensor, x.Finish());   // of shape [2,2]
#pragma once

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "serving/json/nested_shape.h"
#include "serving/json/reader.h"
#include "tf/tensor.h"

namespace trainyard::serving {

// Whether JSON can stand for values of the type.
bool IsJsonType(tf::DataType type);

// Whether the value here is {"b64": "..."}, which stands for bytes. Leaves the reader where it is.
bool IsBase64Object(JsonReader* reader);

// Reads such an object. InvalidArgument if it is none, or not base64.
Status ReadBase64Object(JsonReader* reader, std::string* bytes);

class TensorBuilder {
 public:
  // `text_bytes`: how much JSON there is to come, for a first guess of the memory needed.
  TensorBuilder(tf::DataType type, size_t text_bytes) : type_(type), text_bytes_(text_bytes) {}

  // Reads the whole tensor. After a failure the reader is !ok() if the JSON itself is wrong.
  Status Read(JsonReader* reader);
  Result<tf::Tensor> Finish();

  // Or reads one part of a batch after the other, each of the same shape.
  Status ReadInstance(JsonReader* reader);
  Result<tf::Tensor> FinishBatch();
  int64_t num_instances() const { return num_instances_; }

 private:
  struct Free {
    void operator()(std::byte* memory) const { std::free(memory); }
  };

  template <class T>
  Status ReadAs(JsonReader* reader);
  template <class T>
  Status ReadScalars(JsonReader* reader);
  template <class T>
  Status ReadOne(JsonReader* reader);
  Status ReadOneString(JsonReader* reader);
  template <class T>
  bool ReadNumbers(JsonReader* reader);
  template <class T>
  void Append(T value) {
    if (used_bytes_ + sizeof(T) > capacity_bytes_) [[unlikely]] {
      Grow();
    }
    std::memcpy(memory_.get() + used_bytes_, &value, sizeof(T));
    used_bytes_ += sizeof(T);
  }
  void Grow();
  Status CheckLevel(JsonReader* reader);
  Status TypeError(JsonReader* reader, size_t from, JsonKind kind) const;
  Status CheckSameShape();
  Result<tf::Tensor> Make(tf::Shape shape);

  tf::DataType type_;
  size_t text_bytes_;
  std::unique_ptr<std::byte, Free> memory_;
  size_t used_bytes_ = 0;
  size_t capacity_bytes_ = 0;
  std::vector<std::string> strings_;

  // Of the value being read.
  NestedShape nesting_;
  int64_t num_values_ = 0;

  // Of the first instance.
  std::vector<int64_t> instance_shape_;
  int64_t instance_size_ = 0;
  int64_t num_instances_ = 0;
};

}  // namespace trainyard::serving
