// The hyperparameters of a run, as TensorBoard's HParams plugin reads them. Pure.
// Source: tensorboard/plugins/hparams/{plugin_data,api}.proto, summary_v2.py.
#pragma once

#include <map>
#include <string>
#include <variant>

namespace trainyard::records {

// A serialized Summary with the tag _hparams_/session_start_info. `start_time` in seconds since
// 1970.
std::string FormatHparams(
    const std::map<std::string, std::variant<double, bool, std::string>>& values,
    double start_time);

}  // namespace trainyard::records
