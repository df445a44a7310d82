#include "cli/predict_answer.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <initializer_list>
#include <set>

namespace trainyard::cli {
namespace {

using ::tensorflow::TensorProto;

constexpr int64_t kMaxSide = 4096;

template <class Map>
std::string Names(const Map& map) {
  std::set<std::string> names;
  for (const auto& [name, value] : map) names.insert(name);
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

Status SetSides(int64_t width, int64_t height, ImageInput* input) {
  if (width > kMaxSide || height > kMaxSide || width < 1 || height < 1) {
    return InvalidArgumentError("input \"{}\" takes pictures of {}x{}, which is out of reach",
                                input->alias, width, height);
  }
  input->width = static_cast<int>(width);
  input->height = static_cast<int>(height);
  return OkStatus();
}

// Fills in sides and shape from what the signature says; a size it leaves open is MNIST's.
Status SetShape(const ::tensorflow::TensorShapeProto& proto, ImageInput* input) {
  std::vector<int64_t> dims;
  for (const auto& dim : proto.dim()) dims.push_back(dim.size());
  if (proto.unknown_rank()) dims = {-1, -1, -1, 1};
  const auto or_default = [](int64_t size) { return size < 0 ? int64_t{28} : size; };
  if (dims.size() == 2) {
    const int64_t pixels = dims[1] < 0 ? 784 : dims[1];
    const auto side = static_cast<int64_t>(std::lround(std::sqrt(static_cast<double>(pixels))));
    if (side * side == pixels) {
      input->shape = {1, pixels};
      return SetSides(side, side, input);
    }
  } else if (dims.size() == 3 || (dims.size() == 4 && std::abs(dims[3]) == 1)) {
    input->shape = {1, or_default(dims[1]), or_default(dims[2])};
    if (dims.size() == 4) input->shape.push_back(1);
    return SetSides(input->shape[2], input->shape[1], input);
  }
  return InvalidArgumentError("input \"{}\" has shape [{}], which is no grey picture", input->alias,
                              fmt::join(dims, ","));
}

// The number of values a shape asks for, if the message can hold so many.
int64_t CountOf(const TensorProto& proto) {
  int64_t count = 1;
  for (const auto& dim : proto.tensor_shape().dim()) {
    if (dim.size() < 0 || __builtin_mul_overflow(count, dim.size(), &count)) return -1;
  }
  return count;
}

template <class T>
std::vector<double> FromContent(const std::string& content) {
  std::vector<T> values(content.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), content.data(), values.size() * sizeof(T));
  return {values.begin(), values.end()};
}

template <class T, class Field>
std::vector<double> Values(const TensorProto& proto, const Field& field) {
  if (!proto.tensor_content().empty()) return FromContent<T>(proto.tensor_content());
  return {field.begin(), field.end()};
}

// The numbers of a tensor; empty if it holds no numbers, or not as many as its shape says.
std::vector<double> Numbers(const TensorProto& proto) {
  std::vector<double> values;
  if (proto.dtype() == ::tensorflow::DT_FLOAT) values = Values<float>(proto, proto.float_val());
  if (proto.dtype() == ::tensorflow::DT_DOUBLE) values = Values<double>(proto, proto.double_val());
  if (proto.dtype() == ::tensorflow::DT_INT32) values = Values<int32_t>(proto, proto.int_val());
  if (proto.dtype() == ::tensorflow::DT_INT64) values = Values<int64_t>(proto, proto.int64_val());
  const int64_t count = CountOf(proto);
  // The wire format leaves out repetitions of the last value; a picture has few classes.
  constexpr int64_t kMaxClasses = 100'000;
  const auto given = static_cast<int64_t>(values.size());
  if (count > given && count <= kMaxClasses && given > 0) {
    values.resize(static_cast<size_t>(count), values.back());
  }
  if (count != static_cast<int64_t>(values.size())) values.clear();
  return values;
}

const TensorProto* FindOutput(const ::tensorflow::serving::PredictResponse& response,
                              std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const auto found = response.outputs().find(name);
    if (found != response.outputs().end()) return &found->second;
  }
  return nullptr;
}

// The first class of a tensor of numbers or strings, as text; "" if it holds none.
std::string FirstLabel(const TensorProto& classes) {
  if (classes.string_val_size() > 0) return classes.string_val(0);
  const std::vector<double> numbers = Numbers(classes);
  return numbers.empty() ? "" : fmt::format("{}", std::llround(numbers.front()));
}

// `label` as a place in a list of `size`, or -1.
int IndexOf(const std::string& label, size_t size) {
  int index = -1;
  const char* end = label.data() + label.size();
  const auto [rest, error] = std::from_chars(label.data(), end, index);
  const bool is_index = error == std::errc() && rest == end && index >= 0;
  return is_index && static_cast<size_t>(index) < size ? index : -1;
}

}  // namespace

Result<ImageInput> ChooseImageInput(const ::tensorflow::SignatureDef& signature) {
  const auto& inputs = signature.inputs();
  ImageInput input;
  if (inputs.size() == 1) input.alias = inputs.begin()->first;
  for (const char* name : {"input", "images", "image"}) {
    if (inputs.contains(name)) input.alias = name;
  }
  if (input.alias.empty()) {
    return InvalidArgumentError("the signature has no input for a picture; its inputs: {}",
                                Names(inputs));
  }
  const ::tensorflow::TensorInfo& info = inputs.at(input.alias);
  input.dtype = info.dtype();
  if (input.dtype != ::tensorflow::DT_FLOAT && input.dtype != ::tensorflow::DT_UINT8) {
    return InvalidArgumentError("input \"{}\" takes neither float nor uint8, so it is no picture",
                                input.alias);
  }
  RETURN_IF_ERROR(SetShape(info.tensor_shape(), &input));
  return input;
}

TensorProto MakeImageTensor(const ImageInput& input, const GreyImage& image) {
  TensorProto proto;
  proto.set_dtype(input.dtype);
  for (const int64_t size : input.shape) proto.mutable_tensor_shape()->add_dim()->set_size(size);
  if (input.dtype == ::tensorflow::DT_UINT8) {
    std::string bytes;
    for (const float pixel : image.pixels) {
      bytes += static_cast<char>(static_cast<uint8_t>(std::lround(pixel * 255)));
    }
    proto.set_tensor_content(std::move(bytes));
  } else {
    proto.set_tensor_content(image.pixels.data(), image.pixels.size() * sizeof(float));
  }
  return proto;
}

Result<Answer> ReadAnswer(const ::tensorflow::serving::PredictResponse& response) {
  const TensorProto* classes = FindOutput(response, {"class_ids", "classes"});
  const TensorProto* probabilities = FindOutput(response, {"probabilities", "scores"});
  Answer answer;
  if (probabilities != nullptr) answer.probabilities = Numbers(*probabilities);
  const auto most = std::max_element(answer.probabilities.begin(), answer.probabilities.end());
  const bool has_most = most != answer.probabilities.end();
  if (classes != nullptr) answer.label = FirstLabel(*classes);
  if (answer.label.empty() && has_most) {
    answer.label = std::to_string(most - answer.probabilities.begin());
  }
  if (answer.label.empty()) {
    return FailedPreconditionError(
        "the answer holds no classes, class_ids, probabilities or scores; its outputs: {}",
        Names(response.outputs()));
  }
  answer.index = IndexOf(answer.label, answer.probabilities.size());
  // Classes named by words: the named one is the most probable.
  if (answer.index < 0 && has_most)
    answer.index = static_cast<int>(most - answer.probabilities.begin());
  return answer;
}

}  // namespace trainyard::cli
