// Rows of a CSV file, parsed into one block.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/status.h"
#include "train/inputs/csv_input.h"
#include "train/inputs/csv_reader.h"
#include "train/inputs/row.h"

namespace trainyard::train {

// Where in the rows of a file the columns are.
struct CsvLayout {
  std::string path;
  size_t num_fields = 0;
  std::vector<size_t> field_of;  // in the order of the options' columns
};

// Takes rows one after another, and gives them as a block. Borrows its arguments.
// Thread-compatible.
class CsvBlockBuilder {
 public:
  CsvBlockBuilder(const CsvLayout& layout, const CsvOptions& options);

  // DataLoss with file:line:column if the row has another number of fields, or one of them is no
  // value of its column; the block is then as if there had been no such row.
  Status Add(const std::vector<CsvField>& fields);

  size_t num_rows() const { return num_rows_; }

  // The rows so far, of which there must be one or more. The builder is empty then.
  std::shared_ptr<const Block> Finish();

 private:
  using Values = std::variant<std::vector<int32_t>, std::vector<int64_t>, std::vector<float>,
                              std::vector<double>, std::vector<std::string>>;

  static Values EmptyOf(tf::DataType dtype);
  Status AddValues(const std::vector<CsvField>& fields);
  Status AddValue(const CsvColumn& column, const CsvField& field, Values* values) const;

  const CsvLayout& layout_;
  const CsvOptions& options_;
  std::vector<Values> columns_;
  size_t num_rows_ = 0;
};

}  // namespace trainyard::train
