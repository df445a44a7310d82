// The best evaluation that was exported, remembered beside the exports.
//
// The file best_eval_result.txt has one line per metric, "<value> <name>". Model servers pass over
// it: they look at directories with numbers for names.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/status.h"

namespace trainyard::train {

// None if nothing was exported yet; DataLoss if the file is damaged.
Result<std::optional<std::map<std::string, double>>> ReadBestResult(const std::string& directory);
Status WriteBestResult(const std::string& directory, const std::map<std::string, double>& metrics);

}  // namespace trainyard::train
