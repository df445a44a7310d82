#include "train/layers/activation.h"

namespace trainyard::train {

tf::Output Relu(const tf::Scope& scope, const tf::Output& x) {
  return scope.Op("Relu").In(x).Out();
}

tf::Output Sigmoid(const tf::Scope& scope, const tf::Output& x) {
  return scope.Op("Sigmoid").In(x).Out();
}

tf::Output Tanh(const tf::Scope& scope, const tf::Output& x) {
  return scope.Op("Tanh").In(x).Out();
}

tf::Output Softmax(const tf::Scope& scope, const tf::Output& x) {
  return scope.Op("Softmax").In(x).Out();
}

}  // namespace trainyard::train
