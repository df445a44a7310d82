// Pictures from the bytes of their files, by TensorFlow's own decoders.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "tf/graph.h"
#include "tf/session.h"

namespace trainyard::train {

// A small graph with a session of its own: DecodeImage, then a bilinear resize with half-pixel
// centres (tf.image.resize). Thread-safe.
class ImageDecoder {
 public:
  struct Options {
    int height = 256;
    int width = 256;
    int channels = 3;
  };
  static Result<std::unique_ptr<ImageDecoder>> Create(const Options& options);

  // Float [height,width,channels] in 0..255. InvalidArgument if the bytes are no picture.
  Result<tf::Tensor> Decode(const std::string& bytes) const;

 private:
  ImageDecoder() = default;

  tf::Graph graph_;
  tf::Output bytes_;
  tf::Output image_;
  std::unique_ptr<tf::Session> session_;  // after the graph: gone before it
};

}  // namespace trainyard::train
