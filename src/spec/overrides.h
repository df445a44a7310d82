// `--set key=value`: changes to a job file from the command line.
//
// A key is one of
//   spec.runPolicy.backoffLimit, metadata.name, spec.replicaSpecs[0].replicas
//                           a path from the root
//   Worker.replicas         short for spec.tfReplicaSpecs.Worker.replicas, or for that of the
//                           v1alpha1 list element
//   args.max_steps          the flag --max_steps in the arguments of every replica
//   Worker.args.max_steps   the same for one replica type
//
// The value is read as YAML reads it: 3 is a number, "3" in quotes a string. Pure, thread-safe.
#pragma once

#include <string_view>

#include "base/document.h"
#include "base/status.h"
#include "spec/tfjob.h"

namespace trainyard::spec {

// Sets the value in the document, making maps on the way as needed. Leaves `args.` keys alone.
// InvalidArgument if the text is no `key=value` or the path leads through something that is no map.
Status ApplyToDocument(std::string_view override, Node* root);

// Performs an `args.` override: changes `--flag=old` or `--flag old`, or appends `--flag=value`.
// Leaves other keys alone. InvalidArgument for a replica type that the job does not have.
Status ApplyToArguments(std::string_view override, TFJob* job);

}  // namespace trainyard::spec
