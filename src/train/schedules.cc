#include "train/schedules.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "train/internal/arithmetic.h"

namespace trainyard::train {
namespace {

using internal::Binary;
using internal::Divide;
using internal::Maximum;
using internal::Minimum;
using internal::Number;
using internal::Plus;
using internal::Scale;
using internal::Select;
using internal::Unary;

double AsDouble(int64_t steps) { return static_cast<double>(steps); }

// A schedule whose numbers have been found wrong, or that computes `function`.
Schedule Checked(std::string problem, Schedule::Function function) {
  if (problem.empty()) return Schedule(std::move(function));
  return Schedule([problem = std::move(problem)](const tf::Scope& scope, const tf::Output&) {
    scope.graph().Fail(InvalidArgumentError("{}", problem));
    return tf::Output{};
  });
}

std::string NeedsSteps(const char* schedule, const char* option, int64_t steps) {
  return steps >= 1 ? ""
                    : fmt::format("{}: {} is {}, it must be at least 1", schedule, option, steps);
}

// step / steps
tf::Output Quotient(const tf::Scope& scope, const tf::Output& step, int64_t steps) {
  return Divide(scope, step, Number(scope, AsDouble(steps)));
}

// step / steps, not above 1.
tf::Output Progress(const tf::Scope& scope, const tf::Output& step, int64_t steps) {
  return Minimum(scope, Quotient(scope, step, steps), Number(scope, 1));
}

// (1 + cos(pi * progress)) / 2
tf::Output HalfWave(const tf::Scope& scope, const tf::Output& progress) {
  const tf::Output wave = Unary(scope, "Cos", Scale(scope, progress, std::numbers::pi));
  return Scale(scope, Plus(scope, wave, 1), 0.5);
}

// rate * (alpha + (1 - alpha) * share)
tf::Output Between(const tf::Scope& scope, const tf::Output& share, double rate, double alpha) {
  return Plus(scope, Scale(scope, share, rate * (1 - alpha)), rate * alpha);
}

}  // namespace

Schedule::Schedule(double constant)
    : function_([constant](const tf::Scope& scope, const tf::Output&) {
        return Number(scope, constant);
      }) {}

Schedule PiecewiseConstant(std::vector<int64_t> boundaries, std::vector<double> rates) {
  std::string problem;
  if (rates.size() != boundaries.size() + 1) {
    problem = fmt::format("PiecewiseConstant: {} boundaries need {} rates, but there are {}",
                          boundaries.size(), boundaries.size() + 1, rates.size());
  } else if (!std::is_sorted(boundaries.begin(), boundaries.end(), std::less_equal<>())) {
    problem = fmt::format("PiecewiseConstant: the boundaries {} do not rise",
                          fmt::join(boundaries, ", "));
  }
  return Checked(problem, [boundaries = std::move(boundaries), rates = std::move(rates)](
                              const tf::Scope& scope, const tf::Output& step) {
    tf::Output rate = Number(scope, rates.back());
    for (size_t i = boundaries.size(); i-- > 0;) {
      const tf::Output boundary = Number(scope, AsDouble(boundaries[i]));
      const tf::Output before = Binary(scope, "LessEqual", step, boundary);
      rate = Select(scope, before, Number(scope, rates[i]), rate);
    }
    return rate;
  });
}

Schedule ExponentialDecay(double rate, int64_t decay_steps, double decay_rate, bool staircase) {
  return Checked(NeedsSteps("ExponentialDecay", "decay_steps", decay_steps),
                 [=](const tf::Scope& scope, const tf::Output& step) {
                   tf::Output exponent = Quotient(scope, step, decay_steps);
                   if (staircase) exponent = Unary(scope, "Floor", exponent);
                   const tf::Output base = Number(scope, decay_rate);
                   return Scale(scope, Binary(scope, "Pow", base, exponent), rate);
                 });
}

Schedule InverseTimeDecay(double rate, int64_t decay_steps, double decay_rate, bool staircase) {
  return Checked(NeedsSteps("InverseTimeDecay", "decay_steps", decay_steps),
                 [=](const tf::Scope& scope, const tf::Output& step) {
                   tf::Output time = Quotient(scope, step, decay_steps);
                   if (staircase) time = Unary(scope, "Floor", time);
                   const tf::Output divisor = Plus(scope, Scale(scope, time, decay_rate), 1);
                   return Divide(scope, Number(scope, rate), divisor);
                 });
}

Schedule CosineDecay(double rate, int64_t decay_steps, double alpha, int64_t warmup_steps) {
  return Checked(
      NeedsSteps("CosineDecay", "decay_steps", decay_steps),
      [=](const tf::Scope& scope, const tf::Output& step) {
        const tf::Output decaying = Plus(scope, step, -AsDouble(warmup_steps));
        const tf::Output progress =
            Progress(scope, Maximum(scope, decaying, Number(scope, 0)), decay_steps);
        const tf::Output decayed = Between(scope, HalfWave(scope, progress), rate, alpha);
        if (warmup_steps <= 0) return decayed;
        // The first step is number 0 and should learn something too.
        return tf::Mul(scope, decayed, Progress(scope, Plus(scope, step, 1), warmup_steps));
      });
}

Schedule CosineDecayRestarts(double rate, int64_t first_decay_steps,
                             const CosineRestartsOptions& options) {
  std::string problem = NeedsSteps("CosineDecayRestarts", "first_decay_steps", first_decay_steps);
  if (!(options.t_mul >= 1)) {
    problem = fmt::format("CosineDecayRestarts: t_mul is {}, it must be at least 1", options.t_mul);
  }
  return Checked(problem, [=](const tf::Scope& scope, const tf::Output& step) {
    // In periods of the first one's length: how many are over, and how far the present one is.
    const tf::Output time = Quotient(scope, step, first_decay_steps);
    tf::Output restarts;
    tf::Output progress;
    if (options.t_mul == 1) {
      restarts = Unary(scope, "Floor", time);
      progress = tf::Sub(scope, time, restarts);
    } else {
      const tf::Output t_mul = Number(scope, options.t_mul);
      const tf::Output power = Plus(scope, Scale(scope, time, options.t_mul - 1), 1);
      restarts = Unary(scope, "Floor",
                       Divide(scope, Unary(scope, "Log", power), Unary(scope, "Log", t_mul)));
      const tf::Output length = Binary(scope, "Pow", t_mul, restarts);
      const tf::Output begin = Scale(scope, Plus(scope, length, -1), 1 / (options.t_mul - 1));
      progress = Divide(scope, tf::Sub(scope, time, begin), length);
    }
    const tf::Output height = Binary(scope, "Pow", Number(scope, options.m_mul), restarts);
    const tf::Output share = tf::Mul(scope, height, HalfWave(scope, progress));
    return Between(scope, share, rate, options.alpha);
  });
}

Schedule PolynomialDecay(double rate, int64_t decay_steps, double end_rate, double power,
                         bool cycle) {
  return Checked(NeedsSteps("PolynomialDecay", "decay_steps", decay_steps),
                 [=](const tf::Scope& scope, const tf::Output& step) {
                   tf::Output progress = Progress(scope, step, decay_steps);
                   if (cycle) {
                     const tf::Output rounds =
                         Maximum(scope, Unary(scope, "Ceil", Quotient(scope, step, decay_steps)),
                                 Number(scope, 1));
                     progress = Divide(scope, step, Scale(scope, rounds, AsDouble(decay_steps)));
                   }
                   const tf::Output left = tf::Sub(scope, Number(scope, 1), progress);
                   const tf::Output curve = Binary(scope, "Pow", left, Number(scope, power));
                   return Plus(scope, Scale(scope, curve, rate - end_rate), end_rate);
                 });
}

Schedule WarmUp(Schedule after, int64_t steps, double first) {
  return Checked(NeedsSteps("WarmUp", "steps", steps),
                 [=, after = std::move(after)](const tf::Scope& scope, const tf::Output& step) {
                   const tf::Output past = Plus(scope, step, -AsDouble(steps));
                   // Of one schedule at one step, which is 0 during the warm-up: then its first
                   // rate.
                   const tf::Output rate = after(scope, Maximum(scope, past, Number(scope, 0)));
                   const tf::Output rise =
                       tf::Mul(scope, Progress(scope, step, steps), Plus(scope, rate, -first));
                   const tf::Output warming = Binary(scope, "Less", past, Number(scope, 0));
                   return Select(scope, warming, Plus(scope, rise, first), rate);
                 });
}

}  // namespace trainyard::train
