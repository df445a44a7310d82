#include "base/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace trainyard {
namespace {

using ::testing::ElementsAre;

TEST(FilesTest, WritesInOneStepAndReadsBack) {
  TemporaryDirectory dir;
  const std::string path = JoinPath(dir.path(), "a");
  ASSERT_TRUE(WriteFileAtomically(path, "old").ok());
  ASSERT_TRUE(WriteFileAtomically(path, std::string(200'000, 'x')).ok());
  EXPECT_EQ(ReadFile(path).value(), std::string(200'000, 'x'));
  EXPECT_THAT(ListDirectory(dir.path()).value(), ElementsAre("a"));
}

TEST(FilesTest, FailedWriteLeavesNothingBehind) {
  TemporaryDirectory dir;
  ASSERT_TRUE(MakeDirectories(JoinPath(dir.path(), "taken")).ok());
  const Status status = WriteFileAtomically(JoinPath(dir.path(), "taken"), "x");
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(ListDirectory(dir.path()).value(), ElementsAre("taken"));
}

TEST(FilesTest, MissingFileNamesThePath) {
  const Status status = ReadFile("/nowhere/at/all").status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "cannot open /nowhere/at/all: No such file or directory");
}

TEST(FilesTest, DirectoryBelowAFileIsRefused) {
  TemporaryDirectory dir;
  const std::string file = JoinPath(dir.path(), "f");
  ASSERT_TRUE(WriteFileAtomically(file, "").ok());
  EXPECT_FALSE(MakeDirectories(JoinPath(file, "sub")).ok());
  EXPECT_FALSE(CheckWritableDirectory(JoinPath(file, "sub")).ok());
  EXPECT_TRUE(CheckWritableDirectory(dir.path()).ok());
}

TEST(FilesTest, NormalPathsStayBelowTheRoot) {
  EXPECT_EQ(NormalPath("/a//b/./c/"), "/a/b/c");
  EXPECT_EQ(NormalPath("/a/../../b"), "/b");
  EXPECT_EQ(NormalPath("a/.."), "/");
  EXPECT_EQ(NormalPath("/"), "/");
  EXPECT_EQ(NormalPath(""), "/");
}

TEST(FilesTest, JoinKeepsAbsoluteSecondPart) {
  EXPECT_EQ(JoinPath("a/", "b"), "a/b");
  EXPECT_EQ(JoinPath("a", "/b"), "/b");
}

}  // namespace
}  // namespace trainyard
