#!/usr/bin/env python3
"""Writes deploy/crd/tfjobs.yaml: the TFJob resource in its five versions.

usage: tools/make_crd.py [--check]

The versions are stored as they were written (conversion None), so each schema knows every field of
all of them: nothing is lost on the way in or out. What a version may hold beyond its own fields is
refused by its rules. --check compares the file instead, and exits 1 if it is not up to date.
"""

import json
import pathlib
import re
import sys
import textwrap

FILE = pathlib.Path(__file__).resolve().parent.parent / "deploy/crd/tfjobs.yaml"
HEADER = "# Written by tools/make_crd.py; change that.\n"
WIDTH = 100

TYPES = ["ps", "worker", "chief", "master", "evaluator"]
FLAT = ["cleanPodPolicy", "ttlSecondsAfterFinished", "activeDeadlineSeconds", "backoffLimit"]
ONLY_V1 = ["runPolicy", "successPolicy", "enableDynamicWorker"]
ONLY_ALPHA = ["tfImage", "terminationPolicy", "schedulerName", "RuntimeId", "cleanupPodPolicy"]
LABEL_SIZE = 63
MAX_REPLICAS = 10000
NUMBER = r"(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))"
QUANTITY = rf"^(\+|-)?{NUMBER}(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?{NUMBER}))?$"


# ---------------------------------------------------------------------------- pieces of a schema


def rule(cel, message, path=None, reason=None):
    result = {"rule": cel, "message": message}
    if path:
        result["fieldPath"] = path
    if reason:
        result["reason"] = reason
    return result


def any_of(fields):
    """CEL: whether one of the fields is there."""
    return " || ".join(f"has(self.{field})" for field in fields)


def text(max_length, description=None, **more):
    return described({"type": "string", "maxLength": max_length, **more}, description)


def enum(*values, description=None):
    return described({"type": "string", "enum": list(values)}, description)


def number(bits=32, minimum=0, maximum=None, description=None):
    result = {"type": "integer", "format": f"int{bits}", "minimum": minimum}
    if maximum is not None:
        result["maximum"] = maximum
    return described(result, description)


def boolean(description=None):
    return described({"type": "boolean"}, description)


def fields(properties, rules=(), keeps_unknown=False, description=None, required=()):
    result = {"type": "object"}
    if required:
        result["required"] = list(required)
    if keeps_unknown:
        result["x-kubernetes-preserve-unknown-fields"] = True
    if rules:
        result["x-kubernetes-validations"] = list(rules)
    if properties:
        result["properties"] = properties
    return described(result, description)


def described(schema, description):
    return {"description": description, **schema} if description else schema


def texts():
    return {"type": "object", "additionalProperties": {"type": "string"}}


ANYTHING = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


# ---------------------------------------------------------------------------- pod templates


def container():
    return fields(
        {"name": text(LABEL_SIZE), "image": text(4096)},
        keeps_unknown=True,
        required=["name"],
        rules=[
            rule(
                "has(self.image) && self.image != ''",
                "must be required: every container needs an image",
                ".image",
                "FieldValueRequired",
            )
        ],
    )


def pod_template():
    containers = {
        "type": "array",
        "maxItems": 64,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
        "items": container(),
    }
    metadata = fields({"labels": texts(), "annotations": texts()}, keeps_unknown=True)
    return fields(
        {
            "metadata": metadata,
            "spec": fields({"containers": containers}, keeps_unknown=True),
        },
        keeps_unknown=True,
        description="A PodTemplateSpec of core/v1.",
    )


def template_rules():
    """For what holds a `template`."""
    found = (
        "has(self.template) && has(self.template.spec) && has(self.template.spec.containers)"
        " && size(self.template.spec.containers) > 0"
    )
    named = "self.template.spec.containers.exists(c, c.name == 'tensorflow')"
    return [
        rule(
            found,
            "must be specified: template.spec.containers needs at least one container",
            ".template",
            "FieldValueRequired",
        ),
        rule(
            f"!({found}) || {named}",
            "template.spec.containers must have at least one container with name tensorflow",
            ".template",
        ),
    ]


# ---------------------------------------------------------------------------- from v1alpha2 on


def replica():
    return fields(
        {
            "replicas": number(maximum=MAX_REPLICAS, description="How many; 1 if not given."),
            "restartPolicy": enum(
                "Always",
                "OnFailure",
                "Never",
                "ExitCode",
                description="When a replica runs again; Never if not given. ExitCode: after 128 "
                "and more, while 1 to 127 fail the job.",
            ),
            "template": pod_template(),
        },
        rules=template_rules(),
    )


def replica_specs():
    return {
        "description": "The replicas of each type: PS, Worker, Chief or Master, Evaluator.",
        "type": "object",
        "minProperties": 1,
        "maxProperties": len(TYPES),
        "additionalProperties": replica(),
    }


def clean_pod_policy(default=None):
    result = enum(
        "All", "Running", "None", description="Which pods go when the job ends; None if not given."
    )
    if default:
        result = {**enum("All", "Running", "None"), "default": default}
    return result


def limits():
    return {
        "ttlSecondsAfterFinished": number(
            description="Delete the job so long after its end; never if not given."
        ),
        "activeDeadlineSeconds": number(
            bits=64, description="Fail the job when it has been active so long."
        ),
        "backoffLimit": number(description="Restarts allowed over the whole job."),
    }


def scheduling_policy():
    queue = text(253, description="The queue; immutable.")
    queue["x-kubernetes-validations"] = [
        rule("self == oldSelf", "spec.runPolicy.schedulingPolicy.queue is immutable")
    ]
    amount = {
        "anyOf": [{"type": "integer"}, {"type": "string"}],
        "pattern": QUANTITY,
        "x-kubernetes-int-or-string": True,
    }
    return fields(
        {
            "minAvailable": number(description="All replicas if not given."),
            "queue": queue,
            "minResources": {"type": "object", "additionalProperties": amount},
            "priorityClass": text(253),
            "scheduleTimeoutSeconds": number(),
        },
        description="For a gang scheduler.",
    )


def run_policy():
    return fields(
        {
            "cleanPodPolicy": clean_pod_policy(),
            **limits(),
            "suspend": boolean("Stop every replica, and start them again when it is false."),
            "managedBy": enum(
                "kubeflow.org/training-operator",
                "kueue.x-k8s.io/multikueue",
                description="Who runs the job; immutable. The operator leaves another's alone.",
            ),
            "schedulingPolicy": scheduling_policy(),
        },
        description="When the job ends, and what happens then.",
    )


# ---------------------------------------------------------------------------- v1alpha1

ALPHA_TYPE = "(has({0}.tfReplicaType) ? {0}.tfReplicaType : 'MASTER')"


def alpha_replica():
    is_master = ALPHA_TYPE.format("self") + " == 'MASTER'"
    return fields(
        {
            "tfReplicaType": enum("MASTER", "WORKER", "PS"),
            "replicas": number(maximum=MAX_REPLICAS),
            "tfPort": number(minimum=1, maximum=65535),
            "template": pod_template(),
        },
        rules=[
            *template_rules(),
            rule(
                f"!({is_master}) || !has(self.replicas) || self.replicas == 1",
                "The MASTER must have Replicas = 1",
            ),
        ],
    )


def alpha_replica_specs():
    same = f"{ALPHA_TYPE.format('s')} == {ALPHA_TYPE.format('r')}"
    return {
        "description": "The replicas of each type in the form of v1alpha1.",
        "type": "array",
        "minItems": 1,
        "maxItems": 3,
        "x-kubernetes-list-type": "atomic",
        "x-kubernetes-validations": [
            rule(
                f"self.all(r, self.exists_one(s, {same}))",
                "a second spec for the same tfReplicaType",
            )
        ],
        "items": alpha_replica(),
    }


def termination_policy():
    chief = fields({"replicaName": text(LABEL_SIZE), "replicaIndex": number()})
    return fields({"chief": chief})


def alpha_chief_rules():
    chief = "has(self.terminationPolicy) && has(self.terminationPolicy.chief)"
    name = (
        f"({chief} && has(self.terminationPolicy.chief.replicaName)"
        " ? self.terminationPolicy.chief.replicaName : 'MASTER')"
    )
    index = (
        f"({chief} && has(self.terminationPolicy.chief.replicaIndex)"
        " ? self.terminationPolicy.chief.replicaIndex : 0)"
    )
    has_master = f"self.replicaSpecs.exists(r, {ALPHA_TYPE.format('r')} == 'MASTER')"
    return [
        rule(
            f"!has(self.replicaSpecs) || {name} != 'MASTER' || {has_master}",
            "Missing ReplicaSpec for chief: MASTER",
        ),
        rule(
            f"!has(self.replicaSpecs) || ({index} == 0 && ({name} == 'MASTER'"
            f" || ({name} == 'WORKER' && !{has_master})))",
            "terminationPolicy.chief: expected MASTER 0, or WORKER 0 in a job without MASTER",
        ),
    ]


# ---------------------------------------------------------------------------- the versions


def spec_fields(version):
    """Every field of every version; typed where the version may hold it."""
    is_alpha = version == "v1alpha1"
    is_v1 = version == "v1"
    return {
        "tfReplicaSpecs": ANYTHING if is_alpha else replica_specs(),
        "runPolicy": run_policy() if is_v1 else ANYTHING,
        "successPolicy": enum(
            "",
            "AllWorkers",
            description="Without a chief: AllWorkers, or worker 0 (or all workers) if not given.",
        ),
        "enableDynamicWorker": boolean("Workers may be lost and come again."),
        "cleanPodPolicy": clean_pod_policy(default=None if is_alpha or is_v1 else "Running"),
        **limits(),
        "replicaSpecs": (
            alpha_replica_specs()
            if is_alpha or is_v1
            else {"type": "array", "x-kubernetes-list-type": "atomic", "items": ANYTHING}
        ),
        "tfImage": text(4096),
        "terminationPolicy": termination_policy(),
        "schedulerName": text(253),
        "RuntimeId": text(LABEL_SIZE),
        "cleanupPodPolicy": enum("All", "Running", "None"),
    }


def shape_rules(version):
    required = "FieldValueRequired"
    if version == "v1alpha1":
        others = ["tfReplicaSpecs", *ONLY_V1, *FLAT]
        return [
            rule("has(self.replicaSpecs)", "must be required", ".replicaSpecs", required),
            rule(
                f"!({any_of(others)})",
                "has fields of a newer version; write it through kubeflow.org/v1",
            ),
        ]
    present = rule("has(self.tfReplicaSpecs)", "must be required", ".tfReplicaSpecs", required)
    if version != "v1":
        others = ["replicaSpecs", *ONLY_V1, *ONLY_ALPHA]
        return [
            present,
            rule(
                f"!({any_of(others)})",
                "has fields of another version; write it through kubeflow.org/v1",
            ),
        ]
    present["rule"] = "has(self.tfReplicaSpecs) || has(self.replicaSpecs)"
    return [
        present,
        rule(
            f"!has(self.runPolicy) || !({any_of(FLAT)})",
            f"{', '.join(FLAT)}: stands beside spec.runPolicy; move it there",
        ),
        rule(
            f"!has(self.tfReplicaSpecs) || !({any_of(['replicaSpecs', *ONLY_ALPHA])})",
            f"replicaSpecs, {', '.join(ONLY_ALPHA)} are of v1alpha1: not beside tfReplicaSpecs",
        ),
        rule(
            f"!has(self.replicaSpecs) || !({any_of([*ONLY_V1, *FLAT])})",
            f"{', '.join([*ONLY_V1, *FLAT])} are not of v1alpha1: not beside replicaSpecs",
        ),
    ]


def managed_by_rule():
    def value(of):
        return (
            f"(has({of}.runPolicy) && has({of}.runPolicy.managedBy)"
            f" ? {of}.runPolicy.managedBy : '')"
        )

    return rule(
        f"{value('self')} == {value('oldSelf')}",
        "spec.runPolicy.managedBy: field is immutable",
    )


def spec(version):
    rules = shape_rules(version)
    if version == "v1":
        rules.append(managed_by_rule())
    if version in ("v1", "v1alpha1"):
        rules += alpha_chief_rules()
    return fields(spec_fields(version), rules=rules)


def old_status():
    """The older versions show a status that is written through v1."""
    kind = fields({"type": text(316)}, keeps_unknown=True)
    conditions = {"type": "array", "maxItems": 32, "items": kind}
    return fields({"conditions": conditions}, keeps_unknown=True)


def status():
    time = {"type": "string", "format": "date-time"}
    condition = fields(
        {
            "type": text(316),
            "status": enum("True", "False", "Unknown"),
            "reason": text(1024),
            "message": text(32768),
            "lastUpdateTime": time,
            "lastTransitionTime": time,
        },
        required=["type", "status"],
        keeps_unknown=True,
    )
    count = {"type": "integer", "format": "int32"}
    replicas = fields(
        {
            "active": count,
            "succeeded": count,
            "failed": count,
            "selector": {"type": "string"},
            "labelSelector": ANYTHING,
        },
        keeps_unknown=True,
    )
    return fields(
        {
            "conditions": {
                "type": "array",
                "maxItems": 32,
                "x-kubernetes-list-type": "atomic",
                "items": condition,
            },
            "replicaStatuses": {"type": "object", "additionalProperties": replicas},
            "startTime": time,
            "completionTime": time,
            "lastReconcileTime": time,
            "observedGeneration": {"type": "integer", "format": "int64"},
            "phase": {"type": "string"},
            "state": {"type": "string"},
            "reason": {"type": "string"},
            "trainyard": described(ANYTHING, "What the operator remembers of the job."),
        },
        keeps_unknown=True,
    )


def root_rules(version):
    """About the job's name and its replica types.

    They do not hold for a job that has failed: the API server checks every rule again when a status
    is written, also for jobs that it stored before there were these rules, and their operator must
    be able to say that they have failed.
    """
    pattern = "[a-z]([-a-z0-9]*[a-z0-9])?"
    # "-", the type, "-", and the digits of the highest index.
    highest = "(has({0}.replicas) && {0}.replicas > 1 ? {0}.replicas - 1 : 0)"
    beta = (
        "!has(self.spec.tfReplicaSpecs) || self.spec.tfReplicaSpecs.all(k, size(self.metadata.name)"
        f" + size(k) + size(string({highest.format('self.spec.tfReplicaSpecs[k]')}))"
        f" <= {LABEL_SIZE - 2})"
    )
    alpha = (
        "!has(self.spec.replicaSpecs) || self.spec.replicaSpecs.all(r, size(self.metadata.name)"
        f" + size({ALPHA_TYPE.format('r')}) + size(string({highest.format('r')}))"
        f" <= {LABEL_SIZE - 2})"
    )
    fits = {"v1": f"({beta}) && ({alpha})", "v1alpha1": alpha}.get(version, beta)
    failed = (
        "has(self.status) && has(self.status.conditions)"
        " && self.status.conditions.exists(c, c.type == 'Failed')"
    )
    rules = [
        rule(
            f"self.metadata.name.matches('^{pattern}$')"
            f" && size(self.metadata.name) <= {LABEL_SIZE}",
            f"should match: {pattern} with at most {LABEL_SIZE} characters",
            ".metadata.name",
        ),
        rule(
            fits,
            "too long: a replica's name, <name>-<type>-<index>, has at most"
            f" {LABEL_SIZE} characters",
            ".metadata.name",
        ),
    ]
    if version != "v1alpha1":
        rules += type_rules()
    for each in rules:
        each["rule"] = f"{each['rule']} || {failed}"
    return rules


def type_rules():
    absent = "!has(self.spec.tfReplicaSpecs) || "
    keys = "', '".join(TYPES)
    of = "self.spec.tfReplicaSpecs"
    return [
        rule(
            f"{absent}{of}.all(k, k.lowerAscii() in ['{keys}'])",
            "unknown replica type; expected Chief, Master, Worker, PS or Evaluator",
            ".spec.tfReplicaSpecs",
        ),
        rule(
            f"{absent}{of}.all(k, {of}.exists_one(j, j.lowerAscii() == k.lowerAscii()))",
            "a second spec for the same replica type in another letter case",
            ".spec.tfReplicaSpecs",
        ),
        rule(
            f"{absent}size({of}.filter(k, k.lowerAscii() in ['chief', 'master'])) <= 1",
            "must not have more than 1 Chief or Master role",
            ".spec.tfReplicaSpecs",
        ),
    ]


def version(name):
    columns = [
        {"name": "State", "type": "string", "jsonPath": ".status.conditions[-1:].type"},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
        {
            "name": "Workers",
            "type": "integer",
            "jsonPath": ".spec.tfReplicaSpecs.Worker.replicas",
            "priority": 1,
        },
        {
            "name": "Active",
            "type": "integer",
            "jsonPath": ".status.replicaStatuses.Worker.active",
            "priority": 1,
        },
        {
            "name": "Reason",
            "type": "string",
            "jsonPath": ".status.conditions[-1:].reason",
            "priority": 1,
        },
    ]
    scale = {
        "specReplicasPath": ".spec.tfReplicaSpecs.Worker.replicas",
        "statusReplicasPath": ".status.replicaStatuses.Worker.active",
        "labelSelectorPath": ".status.replicaStatuses.Worker.selector",
    }
    schema = fields(
        {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object", "properties": {"name": {"type": "string"}}},
            "spec": spec(name),
            "status": status() if name == "v1" else old_status(),
        },
        required=["spec"],
        rules=root_rules(name),
        description="One distributed TensorFlow training job.",
    )
    if name != "v1":
        schema = without_descriptions(schema)
    return {
        "name": name,
        "served": True,
        "storage": name == "v1",
        "subresources": {"status": {}, "scale": scale},
        "additionalPrinterColumns": columns,
        "schema": {"openAPIV3Schema": schema},
    }


def without_descriptions(schema):
    """People read about the newest version; the older ones stay small."""
    if isinstance(schema, dict):
        return {
            key: without_descriptions(value)
            for key, value in schema.items()
            if key != "description" or not isinstance(value, str)
        }
    if isinstance(schema, list):
        return [without_descriptions(item) for item in schema]
    return schema


def resource():
    names = {"kind": "TFJob", "listKind": "TFJobList", "plural": "tfjobs", "singular": "tfjob"}
    versions = ["v1", "v1beta2", "v1beta1", "v1alpha2", "v1alpha1"]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": "tfjobs.kubeflow.org",
            "labels": {"app.kubernetes.io/name": "trainyard"},
        },
        "spec": {
            "group": "kubeflow.org",
            "scope": "Namespaced",
            "names": names,
            "conversion": {"strategy": "None"},
            "versions": [version(name) for name in versions],
        },
    }


# ---------------------------------------------------------------------------- YAML

PLAIN = re.compile(r"^[A-Za-z/][A-Za-z0-9_./-]*$")
WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


def scalar(value):
    if isinstance(value, str) and PLAIN.match(value) and value.lower() not in WORDS:
        return value
    return json.dumps(value)


def flow(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(k)}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    return scalar(value)


def folded(key, value, indent):
    """A long string over several lines, which YAML joins with spaces again."""
    pad = " " * (indent + 2)
    yield f"{' ' * indent}{scalar(key)}: >-"
    for line in textwrap.wrap(value, WIDTH - len(pad), break_long_words=False,
                              break_on_hyphens=False):
        yield pad + line


def block(value, indent):
    """The lines of a map or list at this indent; on one line what fits there."""
    pad = " " * indent
    if isinstance(value, list):
        for item in value:
            if len(pad) + 2 + len(flow(item)) <= WIDTH or not isinstance(item, (dict, list)):
                yield f"{pad}- {flow(item)}"
            else:
                first, *rest = block(item, indent + 2)
                yield f"{pad}- {first.lstrip()}"
                yield from rest
        return
    for key, item in value.items():
        line = f"{pad}{scalar(key)}: {flow(item)}"
        if len(line) <= WIDTH:
            yield line
        elif not isinstance(item, (dict, list)):
            yield from folded(key, item, indent)
        else:
            yield f"{pad}{scalar(key)}:"
            yield from block(item, indent + (0 if isinstance(item, list) else 2))


def main():
    wanted = HEADER + "\n".join(block(resource(), 0)) + "\n"
    if sys.argv[1:] == ["--check"]:
        if FILE.read_text() != wanted:
            sys.exit(f"{FILE} is not up to date; run tools/make_crd.py")
    elif sys.argv[1:]:
        sys.exit(__doc__)
    else:
        FILE.write_text(wanted)


if __name__ == "__main__":
    main()
