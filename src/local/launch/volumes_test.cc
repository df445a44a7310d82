#include "local/launch/volumes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/files.h"

namespace trainyard::local {
namespace {

using spec::Volume;
using testing::ElementsAre;
using testing::HasSubstr;

class VolumesTest : public testing::Test {
 protected:
  VolumesTest() {
    options_.objects.config_maps["conf"] = {{"a.json", "{}"}, {"b.json", "[]"}};
    options_.objects.secrets["token"] = {{"key", "s3cret"}};
  }

  void Mount(const Volume& volume, const std::string& path, const std::string& sub_path = "") {
    pod_.volumes.push_back(volume);
    pod_.container.volume_mounts.push_back(
        {.volume = volume.name, .mount_path = path, .sub_path = sub_path});
  }
  Result<Volumes> Plan() { return PlanVolumes(pod_, "worker-0", work_.path(), options_, {}); }
  // Where the container's path is, without the work directory.
  std::string Place(std::string_view path) {
    const auto volumes = Plan();
    if (!volumes.ok()) return volumes.status().message();
    const std::string place = MapPath(path, volumes->mounts).value_or("nowhere");
    return place.starts_with(work_.path()) ? place.substr(work_.path().size()) : place;
  }
  std::string In(const std::string& name) { return JoinPath(work_.path(), name); }

  TemporaryDirectory work_;
  LaunchOptions options_;
  spec::PodSpec pod_;
};

TEST_F(VolumesTest, EveryKindHasItsPlace) {
  Mount({.name = "data", .kind = Volume::Kind::kClaim, .source = "mnist"}, "/data");
  Mount({.name = "tmp", .kind = Volume::Kind::kEmptyDir}, "/scratch/");
  Mount({.name = "conf", .kind = Volume::Kind::kConfigMap, .source = "conf"}, "/etc/conf");
  Mount({.name = "here", .kind = Volume::Kind::kHostPath, .source = work_.path()}, "/host");
  Mount({.name = "gone", .kind = Volume::Kind::kHostPath, .source = "/no/such"}, "/gone");
  Mount({.name = "share", .kind = Volume::Kind::kNfs, .source = "server:/x"}, "/share");
  Mount({.name = "data", .kind = Volume::Kind::kClaim, .source = "mnist"}, "/data/deep", "a/b");
  const std::pair<const char*, const char*> rows[] = {
      {"/data", "/volumes/mnist"},
      {"/data/x/", "/volumes/mnist/x/"},
      {"/database", "nowhere"},
      {"/scratch/x", "/volumes/worker-0/tmp/x"},
      {"/etc/conf", "/volumes/worker-0/conf"},
      {"/host/x", "/x"},
      {"/gone", "/volumes/gone"},
      {"/share", "/volumes/share"},
      {"/data/deep/x", "/volumes/mnist/a/b/x"},
  };
  for (const auto& [path, expected] : rows) EXPECT_EQ(Place(path), expected) << path;
  EXPECT_THAT(Plan()->notes, ElementsAre(HasSubstr("/data, /scratch, ")));
}

TEST_F(VolumesTest, GivenDirectoriesWin) {
  Mount({.name = "data", .kind = Volume::Kind::kClaim, .source = "mnist"}, "/data");
  Mount({.name = "disk", .kind = Volume::Kind::kOther, .source = "csi"}, "/disk");
  EXPECT_EQ(Place("/data"),
            "volume disk is of the kind csi, which only a cluster has: add --volume disk=DIR");
  options_.volumes = {{"mnist", "/my/mnist"}, {"disk", "/my/disk"}};
  EXPECT_EQ(Place("/data"), "/my/mnist");
  EXPECT_EQ(Place("/disk"), "/my/disk");
  options_.volumes = {{"data", "/my/data"}, {"disk", "/my/disk"}};
  EXPECT_EQ(Place("/data"), "/my/data");
}

TEST_F(VolumesTest, MistakesAreNamed) {
  pod_.container.volume_mounts = {{.volume = "none", .mount_path = "/x"}};
  EXPECT_THAT(Place("/x"), HasSubstr("the mount at /x: there is no volume none"));
  pod_ = {};
  Mount({.name = "c", .kind = Volume::Kind::kConfigMap, .source = "gone"}, "/c");
  EXPECT_THAT(Place("/c"), HasSubstr("volume c: there is no ConfigMap \"gone\""));
  pod_.volumes[0] = {
      .name = "c", .kind = Volume::Kind::kConfigMap, .source = "conf", .items = {{"c.json", "x"}}};
  EXPECT_THAT(Place("/c"), HasSubstr("has no key \"c.json\"; its keys: a.json, b.json"));
  pod_ = {};
  Mount({.name = "d", .kind = Volume::Kind::kClaim, .source = "d"}, "/d", "../x");
  EXPECT_THAT(Place("/d"), HasSubstr("subPath ../x leaves the volume"));
  pod_ = {};
  Mount({.name = "d", .kind = Volume::Kind::kClaim, .source = "worker-1"}, "/d");
  EXPECT_THAT(Place("/d"), HasSubstr("has the name of a replica"));
}

TEST_F(VolumesTest, FilesAreWrittenAndEmptyDirsEmptiedBeforeEachStart) {
  Mount({.name = "data", .kind = Volume::Kind::kClaim, .source = "mnist"}, "/data");
  Mount({.name = "tmp", .kind = Volume::Kind::kEmptyDir}, "/tmp2");
  Mount({.name = "conf",
         .kind = Volume::Kind::kConfigMap,
         .source = "conf",
         .items = {{"a.json", "deep/a.json"}}},
        "/conf");
  Mount({.name = "token", .kind = Volume::Kind::kSecret, .source = "token"}, "/run/token");
  const auto volumes = Plan();
  ASSERT_TRUE(PrepareVolumes(volumes->directories).ok());
  EXPECT_EQ(ReadFile(In("volumes/worker-0/conf/deep/a.json")).value_or(""), "{}");
  EXPECT_FALSE(PathExists(In("volumes/worker-0/conf/b.json")));
  struct stat info{};
  ASSERT_EQ(stat(In("volumes/worker-0/token/key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  ASSERT_EQ(stat(In("volumes/worker-0/token").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700U);

  ASSERT_TRUE(WriteFileAtomically(In("volumes/mnist/kept"), "").ok());
  ASSERT_TRUE(WriteFileAtomically(In("volumes/worker-0/tmp/gone"), "").ok());
  ASSERT_TRUE(PrepareVolumes(volumes->directories).ok());
  EXPECT_TRUE(PathExists(In("volumes/mnist/kept")));
  EXPECT_FALSE(PathExists(In("volumes/worker-0/tmp/gone")));

  RemoveSecretVolumes(volumes->directories);
  EXPECT_FALSE(PathExists(In("volumes/worker-0/token")));
  EXPECT_TRUE(PathExists(In("volumes/worker-0/conf")));
}

}  // namespace
}  // namespace trainyard::local
