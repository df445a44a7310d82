// An example on its way from a source to a batch, cheap to keep and to move.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "train/batch.h"

namespace trainyard::train {

// Many examples in one batch, and how to get at a row of a feature without asking TensorFlow.
// Immutable, therefore thread-safe.
class Block {
 public:
  struct Column {
    const tf::Tensor* tensor = nullptr;  // dimension 0: the rows
    tf::DataType dtype = tf::DataType::kInvalid;
    tf::Shape row_shape;
    size_t row_values = 0;
    size_t row_bytes = 0;  // of numbers
    const char* values = nullptr;
  };

  explicit Block(Batch rows);
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  // Null if there is no such feature; "" are the labels.
  const Column* Find(const std::string& feature) const;
  Batch CopyRow(int64_t number) const;

 private:
  const Batch rows_;
  std::map<std::string, Column> columns_;
};

// One example: by itself, or a row of a block that others share. Copies share the values, which
// nobody changes. A step that keeps examples or reorders them (a cache, a shuffle) moves rows; only
// the batch that they end in copies what is in them. Thread-compatible.
class Row {
 public:
  Row() = default;  // holds nothing
  explicit Row(Batch example) : example_(std::make_shared<Batch>(std::move(example))) {}
  Row(std::shared_ptr<const Block> block, int64_t number)
      : block_(std::move(block)), number_(number) {}

  // Null for an example by itself.
  const Block* block() const { return block_.get(); }
  // Null for a row of a block.
  const Batch* example() const { return example_.get(); }
  int64_t number() const { return number_; }

  // The example with tensors of its own: without a copy where nobody shares it.
  Batch ToExample() &&;

 private:
  std::shared_ptr<Batch> example_;
  std::shared_ptr<const Block> block_;
  int64_t number_ = 0;
};

// The same examples in blocks, which take a fraction of the memory; those that are in blocks
// already, or whose shapes differ from their neighbours', stay as they are.
std::vector<Row> InBlocks(std::vector<Row> rows);

}  // namespace trainyard::train
