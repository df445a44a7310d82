#include "local/launch/image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"

namespace trainyard::local {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ImageMappingTest, MatchesWithOrWithoutTagAndPrefersTheExactOne) {
  const std::vector<ImageMapping> mappings = {{"me/mnist", "any"},
                                              {"me/mnist:1.0", "one"},
                                              {"me/mnist@sha256:ab", "ab"},
                                              {"host:5000/x", "port"},
                                              {"y:latest", "y"}};
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"me/mnist", "any"},
      {"me/mnist:2.0", "any"},
      {"me/mnist:1.0", "one"},
      {"me/mnist@sha256:ab", "ab"},
      {"host:5000/x:3", "port"},
      {"y", "y"},
      {"me/mnist:1.0@sha256:cd", "one"},
      {"you/mnist", "none"},
      {"y:2", "none"},
  };
  for (const auto& [image, expected] : rows) {
    const ImageMapping* found = FindImageMapping(mappings, image);
    EXPECT_EQ(found == nullptr ? "none" : found->target, expected) << image;
  }
}

class LocalImageTest : public testing::Test {
 protected:
  void Write(const std::string& name, std::string_view content) {
    const std::string path = In(name);
    ASSERT_TRUE(MakeDirectories(path.substr(0, path.rfind('/'))).ok());
    ASSERT_TRUE(WriteFileAtomically(path, content).ok());
  }
  std::string In(const std::string& name) { return JoinPath(directory_.path(), name); }
  Result<LocalImage> Open(const std::string& target) {
    mappings_ = {{"me/mnist", target}};
    return OpenImage("me/mnist:1.0", mappings_, directory_.path());
  }

  TemporaryDirectory directory_;
  std::vector<ImageMapping> mappings_;
  spec::Container container_{.image = "me/mnist:1.0"};
};

TEST_F(LocalImageTest, ADirectoryIsTheImagesFilesAndWhatTheyWereCopiedFrom) {
  Write("build/Dockerfile",
        "FROM tensorflow/tensorflow:1.8.0\n"
        "WORKDIR /app\n"
        "COPY main.py start.py\n"
        "COPY lib/ /opt/lib\n"
        "COPY tools/*.sh conf.json /usr/bin/\n");
  for (const char* name : {"main.py", "lib/a.py", "tools/run.sh", "conf.json", "etc/passwd"}) {
    Write(std::string("build/") + name, "");
  }
  const auto image = Open("build");
  ASSERT_TRUE(image.ok()) << image.status();
  const std::pair<const char*, const char*> rows[] = {
      {"/app/start.py", "build/main.py"},         {"/opt/lib", "build/lib"},
      {"/opt/lib/a.py", "build/lib/a.py"},        {"/usr/bin/run.sh", "build/tools/run.sh"},
      {"/usr/bin/conf.json", "build/conf.json"},  {"/etc/passwd", "build/etc/passwd"},
      {"/app/../etc/passwd", "build/etc/passwd"},
  };
  for (const auto& [path, expected] : rows) EXPECT_EQ(image->Find(path), In(expected)) << path;
  for (const char* path : {"/", "/app/none", "/opt/library", "/usr/bin/none.sh"}) {
    EXPECT_EQ(image->Find(path), std::nullopt) << path;
  }
}

TEST_F(LocalImageTest, TheLastCopyLiesOnTop) {
  Write("Dockerfile", "FROM x\nCOPY . /app\nCOPY new/main.py /app/main.py\n");
  Write("main.py", "");
  Write("new/main.py", "");
  EXPECT_EQ(Open(".")->Find("/app/main.py"), In("new/main.py"));
  EXPECT_EQ(Open(".")->Find("/app"), directory_.path());
}

TEST_F(LocalImageTest, TheEntryPointIsWhatTheContainerLeavesOpen) {
  Write("Dockerfile", "FROM x\nENTRYPOINT [\"python\", \"/main.py\"]\nCMD [\"--steps=1\"]\n");
  const auto command = [&] { return *ContainerCommand(container_, *Open(".")); };
  EXPECT_THAT(command(), ElementsAre("python", "/main.py", "--steps=1"));
  container_.args = {"--steps=2"};
  EXPECT_THAT(command(), ElementsAre("python", "/main.py", "--steps=2"));
  container_.command = {"sh"};
  EXPECT_THAT(command(), ElementsAre("sh", "--steps=2"));
  container_.args = {};
  EXPECT_THAT(command(), ElementsAre("sh"));
}

TEST_F(LocalImageTest, AProgramIsTheEntryPoint) {
  Write("train", "");
  container_.args = {"--x"};
  EXPECT_THAT(*ContainerCommand(container_, *Open("train")), ElementsAre(In("train"), "--x"));
}

TEST_F(LocalImageTest, SaysWhatToDoAboutAnUnknownEntryPoint) {
  EXPECT_THAT(
      ContainerCommand(container_, LocalImage()).status().message(),
      HasSubstr("image me/mnist:1.0 starts is not known here: add --map-image me/mnist=DIR"));
  EXPECT_THAT(ContainerCommand(container_, *Open(".")).status().message(),
              HasSubstr("/Dockerfile has neither ENTRYPOINT nor CMD"));
  EXPECT_THAT(Open("none").status().message(), HasSubstr("--map-image me/mnist=none: "));
  Write("Dockerfile", "FORM x\n");
  EXPECT_THAT(Open(".").status().message(), HasSubstr("/Dockerfile:1"));
}

}  // namespace
}  // namespace trainyard::local
