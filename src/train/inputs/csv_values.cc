#include "train/inputs/csv_values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <system_error>

namespace trainyard::train {
namespace {

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

template <class T>
bool ParseNumber(std::string_view text, T* value) {
  text = Trim(text);
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && !text.empty() && end == text.data() + text.size();
}

template <class T>
bool Fits(const std::string& text) {
  T value{};
  return ParseNumber(text, &value);
}

constexpr tf::DataType kTypes[] = {tf::DataType::kInt32, tf::DataType::kInt64, tf::DataType::kFloat,
                                   tf::DataType::kDouble, tf::DataType::kString};

}  // namespace

bool IsCsvType(tf::DataType dtype) { return std::ranges::find(kTypes, dtype) != std::end(kTypes); }

template <class T>
Status ParseCsvNumber(const std::string& text, T* value) {
  if (ParseNumber(text, value)) return OkStatus();
  return InvalidArgumentError("\"{}\" is no {}", text.substr(0, 60),
                              tf::DataTypeName(tf::DataTypeOf<T>));
}
template Status ParseCsvNumber(const std::string&, int32_t*);
template Status ParseCsvNumber(const std::string&, int64_t*);
template Status ParseCsvNumber(const std::string&, float*);
template Status ParseCsvNumber(const std::string&, double*);

Status CheckCsvValue(const std::string& text, tf::DataType dtype) {
  const auto check = [&]<class T>(T value) { return ParseCsvNumber(text, &value); };
  switch (dtype) {
    case tf::DataType::kInt32:
      return check(int32_t{});
    case tf::DataType::kInt64:
      return check(int64_t{});
    case tf::DataType::kFloat:
      return check(float{});
    case tf::DataType::kDouble:
      return check(double{});
    default:
      return OkStatus();
  }
}

tf::DataType InferCsvType(const std::vector<std::vector<CsvField>>& rows, size_t column,
                          const std::string& na_value) {
  size_t type = 0;
  for (const auto& row : rows) {
    if (column >= row.size()) continue;
    const std::string& text = row[column].text;
    if (text.empty() || text == na_value) continue;
    if (type == 0 && !Fits<int32_t>(text)) ++type;
    if (type == 1 && !Fits<int64_t>(text)) ++type;
    if (type == 2 && !Fits<float>(text)) ++type;
    if (type == 3 && !Fits<double>(text)) ++type;
  }
  return kTypes[type];
}

}  // namespace trainyard::train
