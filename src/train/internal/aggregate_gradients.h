// The mean of several replicas' gradients, on the parameter servers.
#pragma once

#include <vector>

#include "train/gradient.h"
#include "train/strategies/synchronous_update.h"

namespace trainyard::train::internal {

// Adds an accumulator per variable, on the variable's device, in the manner of
// tf.train.SyncReplicasOptimizer (its names: "<variable>/grad_accum"), and one more, the gate, to
// which a replica adds last. The gate is also the first that an update takes from. So a gradient
// that the gate has counted is in all accumulators: an update that begins once the gate is full
// never waits. A replica killed between two accumulators leaves a part of a gradient, of the
// round's own weights, in the means of some variables.
//
// A sparse gradient's mean is over all replicas, as that of a dense one: a row that one of two
// replicas has read gets half of its gradient. (SyncReplicasOptimizer divides each row by the
// number of replicas that have read it, which is another loss than that of the joint batch.)
class AggregatedGradients {
 public:
  AggregatedGradients(ModelBuilder& model, const std::vector<Gradient>& gradients,
                      const SynchronousReplicas& replicas);

  // Valid within SynchronousUpdate::apply only.
  const std::vector<Gradient>& means() const { return means_; }
  // This replica's part of a step: its gradients are in all accumulators, or were too late.
  tf::Operation contribute() const { return contribute_; }
  // `updated` updates the variables and the global step with the means.
  SynchronousUpdate Finish(tf::Operation updated) const;

 private:
  struct Accumulator {
    tf::Output handle;
    tf::Output count;
    tf::Scope scope;
    const Gradient* gradient = nullptr;  // none: the gate
  };
  Accumulator Add(const tf::Scope& scope, const std::string& name, tf::DataType dtype,
                  const tf::Shape& shape, const Gradient* gradient) const;
  tf::Operation AddGradient(const Accumulator& accumulator) const;
  tf::Operation Take(const Accumulator& accumulator, const tf::Output& num_required,
                     tf::Operation after) const;
  void AddMeans(ModelBuilder& model, const std::vector<Accumulator>& accumulators,
                const Accumulator& gate);
  void AddBeginning(const std::vector<Accumulator>& accumulators,
                    tf::Operation clear_contributions);
  tf::Operation SetRound(const tf::Output& round, tf::Operation after) const;

  tf::Scope scope_;  // where the global step is
  tf::Output round_handle_;
  std::vector<Gradient> means_;
  tf::Operation contribute_ = nullptr;
  SynchronousUpdate update_;
};

}  // namespace trainyard::train::internal
