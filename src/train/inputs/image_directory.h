// Pictures from a directory with one folder per class.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "train/input.h"
#include "train/inputs/array_input.h"
#include "train/inputs/skip_counter.h"

namespace trainyard::train {

struct ImageDirectoryOptions {
  int height = 256;
  int width = 256;
  int channels = 3;  // 1: grey, 3: RGB, 4: RGBA; pictures are converted
  // The classes and their order; empty: the sorted names of the folders.
  std::vector<std::string> class_names;
  // A new random order of all files in each epoch. Cheap: only names are shuffled.
  bool shuffle = true;
  std::optional<uint64_t> seed;
  int num_threads = 1;  // that read and decode
  Shard shard;          // a worker's part of the files
  // Not null: pictures that cannot be read or decoded are left out and counted.
  std::shared_ptr<SkipCounter> skip_broken;
};

struct ImageDirectory {
  InputPtr input;  // examples: "image" float [height,width,channels] in 0..255, int32 labels []
  std::vector<std::string> class_names;  // the name of each label
  int64_t num_files = 0;                 // of all shards
};

// As keras.utils.image_dataset_from_directory with labels inferred and label_mode "int", without
// its batching, which the pipeline does. Takes .bmp, .gif (the first picture), .jpeg, .jpg and .png
// files, whatever the case, also in folders within a class's folder; hidden folders are no classes.
// Pictures are decoded by TensorFlow's DecodeImage and resized bilinearly, as tf.image.resize.
//
// NotFound if the directory is not there; InvalidArgument if it has no classes or pictures, a class
// that was asked for is not there, or an option is out of range; also if workers that share files
// in random order have no seed. An iterator's error names the file.
//
//   ASSIGN_OR_RETURN(ImageDirectory flowers, ReadImageDirectory("flowers", {.seed = 1}));
//   Pipeline(flowers.input).Repeat().BatchUp({.batch_size = 32}).Prefetch().Build()
Result<ImageDirectory> ReadImageDirectory(const std::string& directory,
                                          ImageDirectoryOptions options);

}  // namespace trainyard::train
