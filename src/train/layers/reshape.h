// Layers that move or join values and compute nothing.
#pragma once

#include <string>
#include <vector>

#include "train/model_builder.h"

namespace trainyard::train {

// Keeps dimension 0 and gives the others `shape`, in which one size may be -1 for "what is left":
// [batch,784] with {28,28,1} -> [batch,28,28,1]. Any element type. The sizes of x after the first
// must be known. As tf.keras.layers.Reshape.
tf::Output Reshape(ModelBuilder& model, const tf::Output& x, const tf::Shape& shape,
                   const std::string& name = "reshape");

// Joins tensors that differ in size along `axis` alone; -1 is the last dimension, which holds
// channels or features. All of one element type, two of them or more. As
// tf.keras.layers.Concatenate.
//
//   x = Concatenate(model, {narrow, wide});
tf::Output Concatenate(ModelBuilder& model, const std::vector<tf::Output>& xs, int axis = -1,
                       const std::string& name = "concatenate");

struct ZeroPadding2DOptions {
  int64_t top = 1;
  int64_t bottom = 1;
  int64_t left = 1;
  int64_t right = 1;
  std::string name = "zero_padding2d";
};

// Rows and columns of zeros around images [batch,height,width,channels] -> [batch,top + height +
// bottom,left + width + right,channels]. As tf.keras.layers.ZeroPadding2D.
tf::Output ZeroPadding2D(ModelBuilder& model, const tf::Output& x,
                         const ZeroPadding2DOptions& options = {});

}  // namespace trainyard::train
