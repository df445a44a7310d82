// What a training graph holds for synchronous updates by replicas that share parameter servers.
#pragma once

#include <vector>

#include "tf/graph.h"

namespace trainyard::train {

// Which replicas average their gradients. A replica is a chief or a worker; the chief is number 0,
// worker i is number i + 1.
struct SynchronousReplicas {
  int to_aggregate = 0;  // gradients per update; 0: each replica updates by itself
  int total = 1;
  int index = 0;  // of this process
};

// Time is divided into rounds, one per update, numbered upwards. A replica computes its gradients
// from the variables of a round and adds them, marked with the round, to accumulators beside the
// variables; those of an earlier round are dropped there. Made by Minimize; driven by ReplicaSync.
struct SynchronousUpdate {
  tf::Output stamp;          // fed with every step, int64 scalar: the round it was begun in
  tf::Output round;          // int64 scalar: the round under way
  tf::Output accumulated;    // int32 scalar: replicas whose gradients are complete in this round
  tf::Output contributions;  // int64 [replicas]: the last round each has added gradients to
  // Ends a round: takes the means and updates the variables, the global step and the round. Run
  // only when `accumulated` has reached `num_required` (fed, int32 scalar): it would wait else.
  tf::Output num_required;
  tf::Operation apply = nullptr;
  // A new beginning, run one after the other: old gradients are refused from `new_round` (fed,
  // int64 scalar) on; what has been added before is thrown away; the round begins.
  tf::Output new_round;
  tf::Output round_exists;  // bool scalar
  std::vector<tf::Operation> refuse_older;
  std::vector<tf::Operation> clear;
  tf::Operation begin_round = nullptr;
};

}  // namespace trainyard::train
