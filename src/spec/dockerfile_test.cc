#include "spec/dockerfile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace trainyard::spec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

ImageConfig Parse(std::string_view text) {
  const auto image = ParseDockerfile(text, "Dockerfile");
  EXPECT_TRUE(image.ok()) << image.status();
  return image.value_or(ImageConfig{});
}

std::string Problem(std::string_view text) {
  const auto image = ParseDockerfile(text, "Dockerfile");
  EXPECT_FALSE(image.ok()) << text;
  EXPECT_EQ(image.status().message().find('\n'), std::string::npos);
  return image.status().message();
}

TEST(ParseDockerfileTest, ReadsATrainingImage) {
  const ImageConfig image = Parse(R"(FROM tensorflow/tensorflow:1.3.0
# what it needs
RUN pip install \
    # a comment inside
    numpy \

    scipy
ENV LOG_LEVEL=info DATA="/data sets"
WORKDIR /app
copy train.py model.py ./
ADD --chown=1:1 config /etc/config
entrypoint ["python", "/app/train.py"]
CMD ["--steps", "10"]
EXPOSE 2222
)");
  EXPECT_THAT(image.entrypoint, ElementsAre("python", "/app/train.py"));
  EXPECT_THAT(image.command, ElementsAre("--steps", "10"));
  EXPECT_EQ(image.working_dir, "/app");
  EXPECT_THAT(image.env, ElementsAre(Pair("DATA", "/data sets"), Pair("LOG_LEVEL", "info")));
  EXPECT_THAT(image.copies, ElementsAre(Pair("train.py", "/app/"), Pair("model.py", "/app/"),
                                        Pair("config", "/etc/config")));
}

TEST(ParseDockerfileTest, CommandsHaveAShellFormAndAnExecForm) {
  for (const auto& [text, words] :
       std::initializer_list<std::pair<std::string_view, std::vector<std::string>>>{
           {"CMD python train.py --x=$HOME", {"/bin/sh", "-c", "python train.py --x=$HOME"}},
           {"CMD [\"python\", \"a b\"]", {"python", "a b"}},
           {"CMD ['python']", {"/bin/sh", "-c", "['python']"}},  // no JSON
           {"CMD [\"python\", 3]", {"/bin/sh", "-c", "[\"python\", 3]"}},
           {"SHELL [\"/bin/bash\", \"-ec\"]\nCMD a", {"/bin/bash", "-ec", "a"}},
           {"CMD []", {}},
           {"CMD a\nCMD [\"b\"]", {"b"}}}) {
    EXPECT_EQ(Parse(fmt::format("FROM x\n{}", text)).command, words) << text;
  }
}

TEST(ParseDockerfileTest, AnEntrypointKeepsTheCommandOfItsOwnStage) {
  const ImageConfig image = Parse("FROM x\nCMD [\"a\"]\nENTRYPOINT [\"e\"]");
  EXPECT_THAT(image.command, ElementsAre("a"));
  EXPECT_THAT(image.entrypoint, ElementsAre("e"));
}

TEST(ParseDockerfileTest, OnlyTheLastStageCounts) {
  const ImageConfig image = Parse(R"(FROM golang AS build
WORKDIR /src
ENV A=1
ENTRYPOINT ["make"]
COPY . .
FROM scratch
COPY --from=build /src/program /program
CMD ["/program"])");
  EXPECT_THAT(image.entrypoint, IsEmpty());
  EXPECT_THAT(image.command, ElementsAre("/program"));
  EXPECT_EQ(image.working_dir, "");
  EXPECT_THAT(image.env, IsEmpty());
  EXPECT_THAT(image.copies, IsEmpty());
}

TEST(ParseDockerfileTest, AStageBuiltOnAnotherInheritsFromIt) {
  const ImageConfig image = Parse(R"(FROM x AS Base
WORKDIR /app
ENV A=1
COPY a.py .
CMD ["old"]
FROM --platform=linux/amd64 base as final
WORKDIR code
ENTRYPOINT ["e"])");
  EXPECT_EQ(image.working_dir, "/app/code");
  EXPECT_THAT(image.env, ElementsAre(Pair("A", "1")));
  EXPECT_THAT(image.copies, ElementsAre(Pair("a.py", "/app/")));
  EXPECT_THAT(image.command, IsEmpty());  // it went with the other stage's entrypoint
}

TEST(ParseDockerfileTest, RelativePathsStartAtTheWorkingDirectory) {
  const ImageConfig image = Parse(R"(FROM x
COPY a b
WORKDIR app
WORKDIR ../srv/./code
COPY . .
COPY ./a.py /x.py ../../up.py lib/
COPY one.py two.py
COPY *.txt /
COPY ["with space.py", "/a b/"]
ADD https://example.com/f /f
ADD . /)");
  EXPECT_EQ(image.working_dir, "/srv/code");
  EXPECT_THAT(image.copies,
              ElementsAre(Pair("a", "/b"), Pair(".", "/srv/code/"), Pair("a.py", "/srv/code/lib/"),
                          Pair("x.py", "/srv/code/lib/"), Pair("up.py", "/srv/code/lib/"),
                          Pair("one.py", "/srv/code/two.py"), Pair("*.txt", "/"),
                          Pair("with space.py", "/a b/"), Pair(".", "/")));
}

TEST(ParseDockerfileTest, VariablesAreExpandedFromArgAndEnv) {
  const ImageConfig image = Parse(R"(ARG VERSION=1.3
ARG HIDDEN=x
FROM tensorflow:$VERSION
ARG VERSION
ARG STEPS=10 DIR="/my dir"
ENV STEPS=20
ENV A=$STEPS B=${VERSION} C=$HIDDEN D=${NONE:-d$VERSION} E=${STEPS:+set} F=\$A G='$A' H="$DIR"
ENV A=new I=$A
ENV OLD form "with" $A
ENV EMPTY=
ENV J=${EMPTY-x} K=${EMPTY:-${A}y} L=$ M=${STEPS#2} PATH=/opt:$PATH
WORKDIR /w/$STEPS
COPY $VERSION.txt ${DIR}/)");
  const std::map<std::string, std::string> expected = {
      {"STEPS", "20"},
      {"B", "1.3"},
      {"C", ""},
      {"D", "d1.3"},
      {"E", "set"},
      {"F", "$A"},
      {"G", "$A"},
      {"H", "/my dir"},
      {"A", "new"},
      {"I", "20"},
      {"OLD", "form with new"},
      {"EMPTY", ""},
      {"J", ""},
      {"K", "newy"},
      {"L", "$"},
      {"M", "${STEPS#2}"},
      {"PATH", "/opt:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}};
  EXPECT_EQ(image.env, expected);
  EXPECT_EQ(image.working_dir, "/w/20");
  EXPECT_THAT(image.copies, ElementsAre(Pair("1.3.txt", "/my dir/")));
}

TEST(ParseDockerfileTest, TheEscapeDirectiveChangesTheEscapeCharacter) {
  const ImageConfig image =
      Parse("# syntax=docker/dockerfile:1\n# escape=`\nFROM x\nENV A=C:\\dir `\n    B=2\n");
  EXPECT_THAT(image.env, ElementsAre(Pair("A", "C:\\dir"), Pair("B", "2")));
  // After anything else it is a comment.
  EXPECT_THAT(Parse("\n# escape=`\nFROM x\nENV A=1 \\\n B=2").env.size(), 2u);
  EXPECT_THAT(Problem("#escape=x\nFROM x"), HasSubstr("Dockerfile:1: expected escape="));
}

TEST(ParseDockerfileTest, HereDocumentsAreNoInstructions) {
  const ImageConfig image = Parse(
      "FROM x\r\nRUN <<EOF\r\nCMD no\r\nEOF\r\n"
      "COPY <<-\"END\" b.py /app/\r\n\tCMD no\r\n\tEND\r\n"
      "RUN python -c \"print(1 <<2)\"\r\nCMD [\"yes\"]\r\n");
  EXPECT_THAT(image.command, ElementsAre("yes"));
  EXPECT_THAT(image.copies, ElementsAre(Pair("b.py", "/app/")));
  EXPECT_THAT(Problem("FROM x\nRUN <<EOF\nno end"),
              HasSubstr("Dockerfile:2: the here-document <<EOF does not end"));
}

TEST(ParseDockerfileTest, SaysInWhichLineTheMistakeIs) {
  for (const auto& [text, message] : std::initializer_list<std::array<std::string_view, 2>>{
           {"", "Dockerfile: no FROM: this is not a Dockerfile"},
           {"# nothing", "Dockerfile: no FROM"},
           {"apiVersion: v1", "Dockerfile:1: unknown instruction \"APIVERSION:\""},
           {"FROM x\n\nENTRYPONT [\"a\"]",
            "Dockerfile:3: unknown instruction \"ENTRYPONT\"; did "
            "you mean ENTRYPOINT?"},
           {"ENV A=1\nFROM x", "Dockerfile:1: ENV stands before the first FROM"},
           {"FROM x y", "Dockerfile:1: expected FROM image, or FROM image AS name"},
           {"FROM x\nCMD", "Dockerfile:2: CMD needs an argument"},
           {"FROM x\nENV A", "Dockerfile:2: expected ENV name=value"},
           {"FROM x\nENV A=1 B", "expected ENV name=value, found \"B\""},
           {"FROM x\nENV A=\"1", "Dockerfile:2: a double quote is not closed"},
           {"FROM x\nENV A='1", "a single quote is not closed"},
           {"FROM x\nENV A=${B", "a brace is not closed"},
           {"FROM x\nCOPY a", "Dockerfile:2: expected COPY source ... place"},
           {"FROM x\nCOPY --from=y a", "expected COPY source ... place"},
           {"FROM x\nSHELL bash", "expected SHELL [\"program\", \"argument\"]"}}) {
    EXPECT_THAT(Problem(text), HasSubstr(message)) << text;
  }
}

TEST(ParseDockerfileTest, RefusesWhatWouldGrowWithoutBounds) {
  std::string doubling = "FROM x\nENV A=aaaaaaaa\n";
  for (int i = 0; i < 60; ++i) doubling += "ENV A=$A$A\n";
  EXPECT_THAT(Problem(doubling), HasSubstr("grows too long"));
  std::string nested = "FROM x\nENV A=";
  for (int i = 0; i < 1000; ++i) nested += "${A:-";
  EXPECT_THAT(Problem(nested), HasSubstr("variables nest too deep"));
  std::string folders = "FROM x\n";
  for (int i = 0; i < 20'000; ++i) folders += "WORKDIR folder\n";
  EXPECT_THAT(Problem(folders), HasSubstr("grow too long"));
  EXPECT_THAT(Problem(std::string(2 << 20, 'x')), HasSubstr("too large"));
}

TEST(ParseDockerfileTest, EveryTruncationIsHandled) {
  const std::string whole =
      "# escape=\\\nARG V=1\nFROM a:$V AS one\nENV A=\"${B:-x${C:+y}}\" D='e' \\\n  F=\\$\n"
      "COPY --chown=1 a b c/\nRUN <<E\nx\nE\nFROM one\nADD [\"a b\", \"c\"]\nWORKDIR $A/..\nCMD "
      "[\"x\"]\n";
  for (size_t size = 0; size < whole.size(); ++size) {
    const auto image = ParseDockerfile(whole.substr(0, size), "f");
    EXPECT_TRUE(image.ok() || !image.status().message().empty()) << size;
  }
}

}  // namespace
}  // namespace trainyard::spec
