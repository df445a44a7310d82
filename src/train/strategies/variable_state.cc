#include "train/strategies/variable_state.h"

#include <cstring>

#include "tf/ops.h"

namespace trainyard::train {

VariableState::VariableState(ModelGraph* model) {
  tf::Graph* graph = model->mutable_graph();
  const tf::Scope scope = tf::Scope(graph).Inside("trainyard");
  for (const Variable& variable : model->model().variables()) {
    const size_t element = tf::DataTypeSize(variable.dtype);
    if (element == 0) {
      graph->Fail(UnimplementedError(
          "variable \"{}\" is not made of numbers: it cannot be sent to other workers",
          variable.name));
      return;
    }
    num_bytes_ += element * static_cast<size_t>(tf::NumElements(variable.shape));
    values_.push_back(variable.value);
    shapes_.push_back(variable.shape);
    fed_.push_back(tf::Placeholder(scope, variable.dtype, variable.shape, "received"));
    assign_.push_back(scope.Op("AssignVariableOp", "assign_received")
                          .In(variable.handle)
                          .In(fed_.back())
                          .Type("dtype", variable.dtype)
                          .Finish());
  }
}

Result<std::vector<char>> VariableState::Read(tf::Session* session) const {
  ASSIGN_OR_RETURN(const std::vector<tf::Tensor> values, session->Run({}, values_, {}));
  std::vector<char> bytes;
  bytes.reserve(num_bytes_);
  for (const tf::Tensor& value : values) {
    const char* begin = static_cast<const char*>(value.raw());
    bytes.insert(bytes.end(), begin, begin + value.num_bytes());
  }
  CHECK(bytes.size() == num_bytes_);
  return bytes;
}

Status VariableState::Write(tf::Session* session, const std::vector<char>& bytes) const {
  CHECK(bytes.size() == num_bytes_);
  std::vector<tf::Tensor> tensors;
  tensors.reserve(fed_.size());
  std::vector<tf::Feed> feeds;
  size_t at = 0;
  for (size_t i = 0; i < fed_.size(); ++i) {
    tensors.push_back(tf::Tensor::Allocate(tf::OutputType(fed_[i]), shapes_[i]));
    const size_t size = tensors.back().num_bytes();
    if (size > 0) std::memcpy(tensors.back().raw(), bytes.data() + at, size);
    at += size;
    feeds.push_back({fed_[i], &tensors.back()});
  }
  return session->Run(feeds, {}, assign_).status();
}

}  // namespace trainyard::train
