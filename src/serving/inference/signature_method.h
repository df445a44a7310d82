// The method a signature says it is for ("tensorflow/serving/classify"), and the shapes that
// Classify and Regress ask of a signature.
//
// TensorFlow 2 exports say "predict" for every signature, so that the name is looked at only on
// request (--enable_signature_method_name_check). Pure. Thread-safe: no state. Error codes and
// texts are TensorFlow Serving's.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "tensorflow/signature.pb.h"

namespace trainyard::serving {

inline constexpr char kPredictMethod[] = "tensorflow/serving/predict";
inline constexpr char kClassifyMethod[] = "tensorflow/serving/classify";
inline constexpr char kRegressMethod[] = "tensorflow/serving/regress";

// Aliases that the methods go by.
inline constexpr char kExamplesInput[] = "inputs";
inline constexpr char kClassesOutput[] = "classes";
inline constexpr char kScoresOutput[] = "scores";
inline constexpr char kRegressOutput[] = "outputs";

enum class MethodNames { kIgnored, kChecked };

// Internal if names are checked and this one is none of the three.
Status CheckPredictSignature(const ::tensorflow::SignatureDef& signature, MethodNames names);

// The aliases to fetch: "classes", "scores" or both, in this order. InvalidArgument if the
// signature is not one input "inputs" and one or two outputs with at least one of these.
Result<std::vector<std::string>> PlanClassify(const ::tensorflow::SignatureDef& signature,
                                              MethodNames names);

// InvalidArgument if the signature is not one input "inputs" and one output "outputs".
Status CheckRegressSignature(const ::tensorflow::SignatureDef& signature, MethodNames names);

}  // namespace trainyard::serving
