#include "serving/inference/signature_plan.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

namespace trainyard::serving {
namespace {

using Names = std::set<std::string>;

// Protobuf maps have no order; messages and plans should have one.
template <class Map>
Names KeysOf(const Map& map) {
  Names keys;
  for (const auto& [key, value] : map) keys.insert(key);
  return keys;
}

std::string Join(const Names& names) { return fmt::format("{}", fmt::join(names, ",")); }

Names Difference(const Names& a, const Names& b) {
  Names difference;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(),
                      std::inserter(difference, difference.end()));
  return difference;
}

Status CheckInputCount(const Names& wanted, const Names& given) {
  if (given.size() == wanted.size()) return OkStatus();
  return InvalidArgumentError(
      "input size does not match signature: {}!={} len({{{}}}) != len({{{}}}). Sent extra: {{{}}}. "
      "Missing but required: {{{}}}.",
      given.size(), wanted.size(), Join(given), Join(wanted), Join(Difference(given, wanted)),
      Join(Difference(wanted, given)));
}

Status PlanInputs(const ::tensorflow::SignatureDef& signature, const Names& given,
                  SignaturePlan* plan) {
  const Names wanted = KeysOf(signature.inputs());
  const bool has_defaults = !signature.defaults().empty();
  if (given.size() > wanted.size() || !has_defaults) {
    RETURN_IF_ERROR(CheckInputCount(wanted, given));
  }
  for (const std::string& alias : wanted) {
    if (given.contains(alias)) {
      plan->from_request.push_back(alias);
    } else if (signature.defaults().contains(alias)) {
      plan->from_defaults.push_back(alias);
    } else {
      return InvalidArgumentError(
          "Signature input alias: {}(feed name: {}) not found in request and no default value "
          "provided. Inputs expected to be in the request {{{}}}, or default input alias set: {}",
          alias, signature.inputs().at(alias).name(), Join(wanted),
          Join(KeysOf(signature.defaults())));
    }
  }
  if (plan->from_request.size() == given.size()) return OkStatus();
  return InvalidArgumentError(
      "Inputs contains invalid name. Used request inputs: {}, request input: {}",
      fmt::join(plan->from_request, ","), Join(given));
}

Status PlanOutputs(const ::tensorflow::SignatureDef& signature,
                   const std::vector<std::string>& output_filter, SignaturePlan* plan) {
  const Names offered = KeysOf(signature.outputs());
  if (output_filter.empty()) {
    plan->outputs.assign(offered.begin(), offered.end());
    return OkStatus();
  }
  Names seen;
  for (const std::string& alias : output_filter) {
    if (!offered.contains(alias)) {
      return InvalidArgumentError(
          "output tensor alias not found in signature: {} Outputs expected to be in the set "
          "{{{}}}.",
          alias, Join(offered));
    }
    if (!seen.insert(alias).second) {
      return InvalidArgumentError("duplicate output tensor alias: {}", alias);
    }
    plan->outputs.push_back(alias);
  }
  return OkStatus();
}

}  // namespace

Result<SignaturePlan> PlanSignature(const ::tensorflow::SignatureDef& signature,
                                    const std::set<std::string>& given,
                                    const std::vector<std::string>& output_filter) {
  SignaturePlan plan;
  RETURN_IF_ERROR(PlanInputs(signature, given, &plan));
  RETURN_IF_ERROR(PlanOutputs(signature, output_filter, &plan));
  return plan;
}

}  // namespace trainyard::serving
