// Text of CSV fields as numbers.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "tf/tensor.h"
#include "train/inputs/csv_reader.h"

namespace trainyard::train {

bool IsCsvType(tf::DataType dtype);

// A number (int32, int64, float, double), as tf.io.decode_csv takes it: with blanks around it.
// InvalidArgument (`"x7" is no int32`) if the text is none or out of range.
template <class T>
Status ParseCsvNumber(const std::string& text, T* value);

// Whether the text is a value of that type, with the same error.
Status CheckCsvValue(const std::string& text, tf::DataType dtype);

// The first of int32, int64, float, double and string that takes every field of the column; empty
// fields and `na_value` go with all.
tf::DataType InferCsvType(const std::vector<std::vector<CsvField>>& rows, size_t column,
                          const std::string& na_value);

}  // namespace trainyard::train
