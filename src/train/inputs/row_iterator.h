// The base of iterators that hand on rows as they are.
#pragma once

#include "train/input.h"

namespace trainyard::train {

// NextRow is what it defines.
class RowIterator : public BatchIterator {
 public:
  Result<std::optional<Batch>> Next() final {
    ASSIGN_OR_RETURN(std::optional<Row> row, NextRow());
    if (!row.has_value()) return std::optional<Batch>();
    return std::optional<Batch>(std::move(*row).ToExample());
  }
  Result<std::optional<Row>> NextRow() override = 0;
};

}  // namespace trainyard::train
