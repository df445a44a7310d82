#include "serving/inference/signature_run.h"

#include <utility>

namespace trainyard::serving {
namespace {

Status AddFeeds(const BoundSignature& signature, const std::vector<std::string>& aliases,
                const NamedTensors& values, std::vector<tf::Feed>* feeds) {
  for (const std::string& alias : aliases) {
    ASSIGN_OR_RETURN(const tf::Output output, FindTensor(signature.inputs, alias));
    feeds->push_back({output, &values.at(alias)});
  }
  return OkStatus();
}

}  // namespace

Result<tf::Output> FindTensor(const std::map<std::string, tf::Output>& bound,
                              const std::string& alias) {
  const tf::Output output = bound.at(alias);
  if (!output) {
    return InvalidArgumentError("the signature's \"{}\" names a tensor that is not in the graph",
                                alias);
  }
  return output;
}

Result<SignatureRun> BindRun(const BoundSignature& signature, const SignaturePlan& plan,
                             NamedTensors given) {
  SignatureRun run{.given = std::move(given), .outputs = plan.outputs};
  RETURN_IF_ERROR(AddFeeds(signature, plan.from_request, run.given, &run.feeds));
  RETURN_IF_ERROR(AddFeeds(signature, plan.from_defaults, signature.defaults, &run.feeds));
  for (const std::string& alias : plan.outputs) {
    ASSIGN_OR_RETURN(const tf::Output output, FindTensor(signature.outputs, alias));
    run.fetches.push_back(output);
  }
  return run;
}

RunOutputs RunSignature(const Servable& servable, const SignatureRun& run,
                        const RunLimits& limits) {
  return servable.Run(run.feeds, run.fetches, limits);
}

}  // namespace trainyard::serving
