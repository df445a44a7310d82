#include "spec/pod_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/document.h"

namespace trainyard::spec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

Result<PodTemplate> Read(std::string_view text, const TemplateRules& rules = {}) {
  ASSIGN_OR_RETURN(const std::vector<Node> documents, ParseYaml(text, "p.yaml"));
  return ReadPodTemplate(Reader("p.yaml"), documents.front(), "", rules);
}

PodTemplate Parse(std::string_view text, const TemplateRules& rules = {}) {
  const auto read = Read(text, rules);
  EXPECT_TRUE(read.ok()) << read.status();
  return read.value_or(PodTemplate{});
}

// A template whose container has these more fields, each indented by six.
std::string WithContainer(std::string_view fields, std::string_view pod_fields = "") {
  return fmt::format(
      "template:\n  spec:\n{}    containers:\n    - name: tensorflow\n      image: i\n{}",
      pod_fields, fields);
}

std::string Problem(std::string_view text) {
  const auto read = Read(text);
  EXPECT_FALSE(read.ok()) << text;
  EXPECT_EQ(read.status().message().find('\n'), std::string::npos);
  return read.status().message();
}

TEST(ReadPodTemplateTest, ReadsEverySourceOfAVariable) {
  const Container container = Parse(WithContainer(R"(
      env:
      - {name: PLAIN, value: "1"}
      - {name: EMPTY}
      - {name: FIELD, valueFrom: {fieldRef: {apiVersion: v1, fieldPath: "metadata.labels['app']"}}}
      - {name: CPU, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: 1m}}}
      - {name: OTHER, valueFrom: {resourceFieldRef: {containerName: x, resource: requests.memory, divisor: "0"}}}
      - {name: MAP, valueFrom: {configMapKeyRef: {name: settings, key: a.b, optional: true}}}
      - {name: WORD, valueFrom: {secretKeyRef: {name: login, key: word}}}
      - {name: FILE, valueFrom: {fileKeyRef: {path: p, key: k}}}
)"))
                                  .pod.container;
  EXPECT_THAT(
      container.env,
      ElementsAre(
          EnvVar{.name = "PLAIN", .value = "1"}, EnvVar{.name = "EMPTY"},
          EnvVar{.name = "FIELD", .field_path = "metadata.labels['app']"},
          EnvVar{.name = "CPU", .resource_field = "limits.cpu", .resource_divisor = 0.001},
          EnvVar{.name = "OTHER", .resource_field = "requests.memory", .resource_container = "x"},
          EnvVar{.name = "MAP",
                 .config_map_key = KeyRef{.object = "settings", .key = "a.b", .optional = true}},
          EnvVar{.name = "WORD", .secret_key = KeyRef{.object = "login", .key = "word"}},
          EnvVar{.name = "FILE", .other_source = "fileKeyRef"}));
}

TEST(ReadPodTemplateTest, ReadsEnvFromWithItsPrefix) {
  const Container container = Parse(WithContainer(R"(
      envFrom:
      - configMapRef: {name: settings}
        prefix: S_
      - secretRef: {name: login, optional: true}
)"))
                                  .pod.container;
  EXPECT_THAT(
      container.env_from,
      ElementsAre(EnvFrom{.kind = EnvFrom::Kind::kConfigMap, .object = "settings", .prefix = "S_"},
                  EnvFrom{.kind = EnvFrom::Kind::kSecret, .object = "login", .optional = true}));
}

TEST(ReadPodTemplateTest, ReadsVolumesOfEveryKind) {
  const PodSpec pod = Parse(WithContainer("", R"(    volumes:
    - {name: scratch, emptyDir: {sizeLimit: 1Gi}}
    - {name: nothing}
    - {name: data, persistentVolumeClaim: {claimName: datasets}}
    - {name: settings, configMap: {name: s, optional: true, items: [{key: a, path: x/a.ini, mode: 256}]}}
    - {name: login, secret: {secretName: l, defaultMode: 256}}
    - {name: host, hostPath: {path: /mnt, type: Directory}}
    - {name: share, nfs: {server: nas, path: /export}}
    - {name: blob, csi: {driver: d}}
)"))
                          .pod;
  using Kind = Volume::Kind;
  EXPECT_THAT(pod.volumes,
              ElementsAre(Volume{.name = "scratch"}, Volume{.name = "nothing"},
                          Volume{.name = "data", .kind = Kind::kClaim, .source = "datasets"},
                          Volume{.name = "settings",
                                 .kind = Kind::kConfigMap,
                                 .source = "s",
                                 .items = {{"a", "x/a.ini"}},
                                 .optional = true},
                          Volume{.name = "login", .kind = Kind::kSecret, .source = "l"},
                          Volume{.name = "host", .kind = Kind::kHostPath, .source = "/mnt"},
                          Volume{.name = "share", .kind = Kind::kNfs, .source = "nas:/export"},
                          Volume{.name = "blob", .kind = Kind::kOther, .source = "csi"}));
}

TEST(ReadPodTemplateTest, ReadsMountsWithShortestPaths) {
  const Container container = Parse(WithContainer(R"(
      volumeMounts:
      - {name: a, mountPath: /data/}
      - {name: a, mountPath: /data//./train, subPath: x/y, readOnly: true}
      - {name: b, mountPath: /b, subPathExpr: $(POD)}
)",
                                                  R"(    volumes:
    - {name: a}
    - {name: b, persistentVolumeClaim: {claimName: c, readOnly: true}}
)"))
                                  .pod.container;
  EXPECT_THAT(
      container.volume_mounts,
      ElementsAre(
          VolumeMount{.volume = "a", .mount_path = "/data"},
          VolumeMount{
              .volume = "a", .mount_path = "/data/train", .sub_path = "x/y", .read_only = true},
          VolumeMount{
              .volume = "b", .mount_path = "/b", .sub_path_expr = "$(POD)", .read_only = true}));
}

TEST(ReadPodTemplateTest, ReadsAmountsOfProcessorsAndMemory) {
  const Container limited = Parse(WithContainer(R"(
      resources:
        limits: {cpu: 600m, memory: 2Gi, nvidia.com/gpu: 1}
        requests: {cpu: 0.5}
)"))
                                .pod.container;
  EXPECT_EQ(limited.limits, (ResourceLimits{.cpu = 0.6, .memory_bytes = int64_t{2} << 30}));
  EXPECT_EQ(limited.requests, (ResourceLimits{.cpu = 0.5, .memory_bytes = int64_t{2} << 30}));
  EXPECT_EQ(Parse(WithContainer("")).pod.container.limits, ResourceLimits());
  EXPECT_EQ(Parse(WithContainer("      resources: {limits: {memory: 100E}}\n"))
                .pod.container.limits.memory_bytes,
            std::numeric_limits<int64_t>::max());
}

TEST(ReadPodTemplateTest, ReadsTheTemplatesLabelsUnlessTheVersionIgnoresThem) {
  const std::string text =
      "template:\n  metadata: {labels: {app: mnist}, annotations: {note: any text}}\n" +
      WithContainer("").substr(std::string_view("template:\n").size());
  EXPECT_THAT(Parse(text).pod.labels, ElementsAre(Pair("app", "mnist")));
  EXPECT_THAT(Parse(text).pod.annotations, ElementsAre(Pair("note", "any text")));
  EXPECT_THAT(Parse(text, {.ignores_metadata = true}).pod.labels, IsEmpty());
}

TEST(ReadPodTemplateTest, NotesWhatOnlyAClusterHonours) {
  const std::string text = WithContainer(R"(
      livenessProbe: {httpGet: {port: 80}}
      startupProbe: {exec: {command: [a]}}
      readinessProbe:
      lifecycle: {preStop: {exec: {command: [a]}}, postStart: {exec: {command: [a]}}}
      volumeDevices: [{name: a, devicePath: /dev/x}]
      resources: {limits: {cpu: 1, memory: 1Gi, nvidia.com/gpu: 1}}
      securityContext: {runAsUser: 1}
    - {name: sidecar, image: s}
)",
                                         "    nodeSelector: {gpu: yes please}\n"
                                         "    initContainers: [{name: first, image: f}]\n");
  EXPECT_THAT(Parse(text).pod.cluster_only,
              ElementsAre("livenessProbe", "startupProbe", "volumeDevices", "limits.nvidia.com/gpu",
                          "lifecycle.postStart", "lifecycle.preStop", "initContainers",
                          "container sidecar"));
  EXPECT_THAT(Parse(WithContainer("")).pod.cluster_only, IsEmpty());
}

TEST(ReadPodTemplateTest, KnowsWhetherTheTemplateHasARestartPolicy) {
  EXPECT_FALSE(Parse(WithContainer("")).pod.has_own_restart_policy);
  const PodTemplate own = Parse(WithContainer("", "    restartPolicy: OnFailure\n"));
  EXPECT_TRUE(own.pod.has_own_restart_policy);
  EXPECT_EQ(own.restart_policy, RestartPolicy::kOnFailure);
}

TEST(ReadPodTemplateTest, TakesTheContainerThatCounts) {
  const std::string two =
      "template: {spec: {containers: [{name: first, image: f}, {name: tensorflow, image: t}]}}";
  EXPECT_EQ(Parse(two).pod.container.image, "t");
  const PodSpec pod = Parse(two, {.takes_first_container = true}).pod;
  EXPECT_EQ(pod.container.name, "first");
  EXPECT_THAT(pod.cluster_only, ElementsAre("container tensorflow"));
}

struct Mistake {
  std::string_view container;
  std::string_view pod;
  std::string_view message;
};

class BadPodTemplateTest : public testing::TestWithParam<Mistake> {};

TEST_P(BadPodTemplateTest, IsRefusedWithPlaceAndExpectation) {
  EXPECT_THAT(Problem(WithContainer(GetParam().container, GetParam().pod)),
              HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Environment, BadPodTemplateTest,
    testing::Values(
        Mistake{"      env: [{name: A=B}]\n", "",
                "p.yaml:6:20: template.spec.containers[0].env[0].name: expected printable ASCII "
                "characters without \"=\""},
        Mistake{"      env: [{value: x}]\n", "",
                "p.yaml:6:13: template.spec.containers[0].env[0].name: must be required"},
        Mistake{"      env: [A=B]\n", "", "env[0]: expected a map, found \"A=B\""},
        Mistake{"      env: [{name: A, value: 1}]\n", "",
                "env[0].value: expected a string, as in \"1\""},
        Mistake{"      env: [{name: A, value: x, valueFrom: {fieldRef: {fieldPath: a}}}]\n", "",
                "valueFrom: stands beside value"},
        Mistake{"      env: [{name: A, valueFrom: {}}]\n", "",
                "valueFrom: is empty; say where the value comes from"},
        Mistake{"      env: [{name: A, valueFrom: {fieldRef: {}, secretKeyRef: {}}}]\n", "",
                "secretKeyRef stands beside fieldRef; keep one of them"},
        Mistake{"      env: [{name: A, valueFrom: {secretKeyref: {}}}]\n", "",
                "unknown field \"secretKeyref\"; did you mean \"secretKeyRef\"?"},
        Mistake{"      env: [{name: A, valueFrom: {fieldRef: {fieldPath: metadata.nam}}}]\n", "",
                "fieldPath: expected metadata.name, "},
        Mistake{"      env: [{name: A, valueFrom: {resourceFieldRef: {resource: cpu}}}]\n", "",
                "resource: expected limits.cpu"},
        Mistake{"      env: [{name: A, valueFrom: {configMapKeyRef: {name: x}}}]\n", "",
                "configMapKeyRef.key: must be required"},
        Mistake{"      envFrom: [{prefix: x}]\n", "",
                "envFrom[0]: expected one of configMapRef and secretRef"},
        Mistake{"      envFrom: [{configMapRef: {}}]\n", "", "configMapRef.name: must be required"},
        Mistake{"      envFrom: [{prefix: a=b, secretRef: {name: x}}]\n", "",
                "prefix: expected printable ASCII"}));

INSTANTIATE_TEST_SUITE_P(
    Volumes, BadPodTemplateTest,
    testing::Values(
        Mistake{"      volumeMounts: [{name: a, mountPath: /a}]\n", "",
                "p.yaml:6:29: template.spec.containers[0].volumeMounts[0].name: there is no volume "
                "\"a\"; add it under volumes"},
        Mistake{"      volumeMounts: [{name: a, mountPath: data}]\n", "    volumes: [{name: a}]\n",
                "p.yaml:7:43: template.spec.containers[0].volumeMounts[0].mountPath: expected an "
                "absolute path without \"..\" and \":\", found \"data\""},
        Mistake{"      volumeMounts: [{name: a, mountPath: /a/../b}]\n",
                "    volumes: [{name: a}]\n", "expected an absolute path"},
        Mistake{"      volumeMounts: [{name: a, mountPath: /a}, {name: a, mountPath: /a/}]\n",
                "    volumes: [{name: a}]\n",
                "volumeMounts[1].mountPath: a second mount at \"/a\"; choose another place"},
        Mistake{"      volumeMounts: [{name: a, mountPath: /a, subPath: ../x}]\n",
                "    volumes: [{name: a}]\n", "subPath: expected a relative path without \"..\""},
        Mistake{"      volumeMounts: [{name: a, mountPath: /a, subPath: x, subPathExpr: y}]\n",
                "    volumes: [{name: a}]\n", "subPathExpr: stands beside subPath"},
        Mistake{"      volumeMounts: [{name: a}]\n", "    volumes: [{name: a}]\n",
                "mountPath: must be required"},
        Mistake{"", "    volumes: [{name: a}, {name: a}]\n",
                "volumes[1].name: a second volume \"a\"; give it another name"},
        Mistake{"", "    volumes: [{name: A_b}]\n", "volumes[0].name: expected lower-case letters"},
        Mistake{"", "    volumes: [{name: a, emptyDirr: {}}]\n", "did you mean \"emptyDir\"?"},
        Mistake{"", "    volumes: [{name: a, emptyDir: {}, nfs: {}}]\n",
                "nfs stands beside emptyDir; a volume is of one kind"},
        Mistake{"", "    volumes: [{name: a, persistentVolumeClaim: {}}]\n",
                "persistentVolumeClaim.claimName: must be required"},
        Mistake{"", "    volumes: [{name: a, secret: {name: x}}]\n", "unknown field \"name\""},
        Mistake{"", "    volumes: [{name: a, nfs: {server: s, path: x}}]\n",
                "path: expected an absolute path"},
        Mistake{"",
                "    volumes: [{name: a, configMap: {name: x, items: [{key: k, path: ../p}]}}]\n",
                "items[0].path: expected a relative path without \"..\""},
        Mistake{"",
                "    volumes: [{name: a, configMap: {name: x, items: [{key: k, path: p}, {key: k, "
                "path: q}]}}]\n",
                "items[1].key: \"k\" stands twice"}));

INSTANTIATE_TEST_SUITE_P(
    Containers, BadPodTemplateTest,
    testing::Values(
        Mistake{"      ports: [{name: a, containerPort: 1}, {name: a, containerPort: 2}]\n", "",
                "ports[1].name: a second port \"a\"; give it another name"},
        Mistake{"      ports: [{name: tensorflow-job-port, containerPort: 1}]\n", "",
                "ports[0].name: expected at most 15"},
        Mistake{
            "      ports: [{containerPort: 70000}]\n", "",
            "p.yaml:6:31: template.spec.containers[0].ports[0].containerPort: expected a number "
            "from 1 to 65535"},
        Mistake{"      ports: [{name: a}]\n", "", "containerPort: expected a number"},
        Mistake{"      resources: {limits: {memory: 1GB}}\n", "",
                "limits.memory: expected an amount >= 0, such as 2, 500m or 1Gi, found \"1GB\""},
        Mistake{"      resources: {requests: {cpu: -1}}\n", "", "requests.cpu: expected an amount"},
        Mistake{"    - {name: tensorflow, image: i}\n", "",
                "containers[1].name: a second container \"tensorflow\""},
        Mistake{"    - {name: Side_car, image: i}\n", "",
                "containers[1].name: expected lower-case letters"},
        Mistake{"    - {name: sidecar}\n", "", "containers[1].image: must be required"},
        Mistake{"    - {image: i}\n", "", "containers[1].name: must be required"},
        Mistake{"", "    restartPolicy: ExitCode\n",
                "restartPolicy: expected Always or OnFailure or Never, found \"ExitCode\""}));

}  // namespace
}  // namespace trainyard::spec
