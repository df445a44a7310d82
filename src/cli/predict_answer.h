// Understanding a model's signature and its answer. Pure and thread-safe; what a server sends is
// untrusted.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "cli/image.h"
#include "tensorflow/serving/predict.pb.h"
#include "tensorflow/signature.pb.h"

namespace trainyard::cli {

// The input of a signature that takes one picture.
struct ImageInput {
  std::string alias;
  ::tensorflow::DataType dtype = ::tensorflow::DT_FLOAT;  // DT_FLOAT or DT_UINT8
  int width = 28;
  int height = 28;
  std::vector<int64_t> shape;  // of a batch of one
};

// The single input, or the one called image, images or input. InvalidArgument, naming the inputs
// there are, if none is a grey picture: [batch, height, width, 1], [batch, height, width] or
// [batch, pixels].
Result<ImageInput> ChooseImageInput(const ::tensorflow::SignatureDef& signature);

// The picture as the input wants it: float from 0 to 1, or bytes from 0 to 255.
::tensorflow::TensorProto MakeImageTensor(const ImageInput& input, const GreyImage& image);

// What the model says about the picture.
struct Answer {
  std::string label;                  // the class as the model names it, "4"
  int index = -1;                     // its place in `probabilities`, -1 if unknown
  std::vector<double> probabilities;  // of all classes; empty if the model gives none
};

// Reads classes or class_ids, and probabilities or scores; without the former, the most probable
// class. FailedPrecondition, naming the outputs there are, if there is neither.
Result<Answer> ReadAnswer(const ::tensorflow::serving::PredictResponse& response);

}  // namespace trainyard::cli
