#include "train/inputs/mnist.h"

#include <filesystem>

#include "base/files.h"
#include "train/inputs/idx.h"

namespace trainyard::train {
namespace {

constexpr int64_t kSide = 28;
constexpr int kClasses = 10;

Result<tf::Tensor> ReadPart(const std::string& path) {
  if (!PathExists(path)) {
    return NotFoundError(
        "cannot read {}: no such file; give the directory that holds the four MNIST"
        " files, or fetch them with 'tools/setup.sh'",
        path);
  }
  return ReadIdx(path);
}

Result<tf::Tensor> ReadImages(const std::string& path) {
  ASSIGN_OR_RETURN(tf::Tensor images, ReadPart(path));
  const tf::Shape shape = images.shape();
  if (images.dtype() != tf::DataType::kUint8 || shape.size() != 3 || shape[1] != kSide ||
      shape[2] != kSide) {
    return DataLossError(
        "cannot use {} as digit images: uint8 [n,{},{}] was expected, it holds {}"
        " {}; is it the right file?",
        path, kSide, kSide, tf::DataTypeName(images.dtype()), tf::ShapeToString(shape));
  }
  return std::move(images).ReshapedTo({shape[0], kSide, kSide, 1});
}

Result<tf::Tensor> ReadLabels(const std::string& path) {
  ASSIGN_OR_RETURN(const tf::Tensor bytes, ReadPart(path));
  if (bytes.dtype() != tf::DataType::kUint8 || bytes.shape().size() != 1) {
    return DataLossError(
        "cannot use {} as labels: uint8 [n] was expected, it holds {} {}; is it the"
        " right file?",
        path, tf::DataTypeName(bytes.dtype()), tf::ShapeToString(bytes.shape()));
  }
  tf::Tensor labels = tf::Tensor::Allocate(tf::DataType::kInt32, bytes.shape());
  const std::span<int32_t> out = labels.data<int32_t>();
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] = bytes.data<uint8_t>()[i];
    if (out[i] >= kClasses) {
      return DataLossError(
          "cannot use {} as labels: number {} is {}, digits are 0 to 9; fetch the"
          " file again",
          path, i, out[i]);
    }
  }
  return labels;
}

}  // namespace

Result<Arrays> LoadMnist(const std::string& directory, MnistPart part) {
  const std::string stem = JoinPath(directory, part == MnistPart::kTrain ? "train" : "t10k");
  const std::string images_path = stem + "-images-idx3-ubyte";
  const std::string labels_path = stem + "-labels-idx1-ubyte";
  ASSIGN_OR_RETURN(tf::Tensor images, ReadImages(images_path));
  ASSIGN_OR_RETURN(tf::Tensor labels, ReadLabels(labels_path));
  if (images.shape()[0] != labels.shape()[0]) {
    return DataLossError(
        "{} holds {} images, but {} holds {} labels: the files do not belong"
        " together; fetch both again",
        images_path, images.shape()[0], labels_path, labels.shape()[0]);
  }
  Arrays arrays;
  arrays.features.emplace("image", std::move(images));
  arrays.labels = std::move(labels);
  return arrays;
}

std::string FindDataDirectory(const std::string& name) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  for (const fs::path& start :
       {fs::current_path(ignored), fs::read_symlink("/proc/self/exe", ignored)}) {
    for (fs::path dir = start; !dir.empty(); dir = dir.parent_path()) {
      std::string candidate = dir / name;
      if (IsDirectory(candidate)) return candidate;
      if (dir == dir.root_path()) break;
    }
  }
  return "";
}

}  // namespace trainyard::train
