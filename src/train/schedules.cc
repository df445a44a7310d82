#include "train/schedules.h"

#include <numbers>

#include "tf/ops.h"

namespace trainyard::train {
namespace {

tf::Output Number(const tf::Scope& scope, double value) {
  return tf::Const(scope, static_cast<float>(value));
}

tf::Output Unary(const tf::Scope& scope, const char* type, const tf::Output& x) {
  return scope.Op(type).In(x).Out();
}

tf::Output Binary(const tf::Scope& scope, const char* type, const tf::Output& a,
                  const tf::Output& b) {
  return scope.Op(type).In(a).In(b).Out();
}

tf::Output Scale(const tf::Scope& scope, const tf::Output& x, double factor) {
  return tf::Mul(scope, x, Number(scope, factor));
}

// step / steps, not above 1.
tf::Output Progress(const tf::Scope& scope, const tf::Output& step, int64_t steps) {
  return Binary(scope, "Minimum", Scale(scope, step, 1 / static_cast<double>(steps)),
                Number(scope, 1));
}

}  // namespace

Schedule::Schedule(double constant)
    : function_([constant](const tf::Scope& scope, const tf::Output&) {
        return Number(scope, constant);
      }) {}

Schedule ExponentialDecay(double rate, int64_t decay_steps, double decay_rate, bool staircase) {
  return Schedule([=](const tf::Scope& scope, const tf::Output& step) {
    tf::Output exponent =
        Binary(scope, "RealDiv", step, Number(scope, static_cast<double>(decay_steps)));
    if (staircase) exponent = Unary(scope, "Floor", exponent);
    return Scale(scope, Binary(scope, "Pow", Number(scope, decay_rate), exponent), rate);
  });
}

Schedule CosineDecay(double rate, int64_t decay_steps, double alpha, int64_t warmup_steps) {
  return Schedule([=](const tf::Scope& scope, const tf::Output& step) {
    const tf::Output decaying =
        tf::Sub(scope, step, Number(scope, static_cast<double>(warmup_steps)));
    const tf::Output progress =
        Progress(scope, Binary(scope, "Maximum", decaying, Number(scope, 0)), decay_steps);
    // alpha + (1 - alpha) * (1 + cos(pi * progress)) / 2
    const tf::Output wave = Unary(scope, "Cos", Scale(scope, progress, std::numbers::pi));
    const tf::Output decayed = tf::Add(scope, Scale(scope, wave, rate * (1 - alpha) / 2),
                                       Number(scope, rate * (1 + alpha) / 2));
    if (warmup_steps <= 0) return decayed;
    // The first step is number 0 and should learn something too.
    const tf::Output warmth = Progress(scope, tf::Add(scope, step, Number(scope, 1)), warmup_steps);
    return tf::Mul(scope, decayed, warmth);
  });
}

Schedule PolynomialDecay(double rate, int64_t decay_steps, double end_rate, double power) {
  return Schedule([=](const tf::Scope& scope, const tf::Output& step) {
    const tf::Output left = tf::Sub(scope, Number(scope, 1), Progress(scope, step, decay_steps));
    const tf::Output curve = Binary(scope, "Pow", left, Number(scope, power));
    return tf::Add(scope, Scale(scope, curve, rate - end_rate), Number(scope, end_rate));
  });
}

}  // namespace trainyard::train
