#include "net/internal/http_head.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "net/internal/chunked.h"
#include "net/internal/coding.h"

namespace trainyard::net {
namespace {

TEST(HttpHeadTest, FindsItsEnd) {
  EXPECT_EQ(FindHeadEnd("GET / HTTP/1.1\r\n\r\nmore"), 18u);
  EXPECT_EQ(FindHeadEnd("\r\n\r\nGET / HTTP/1.1\r\nA: b\r\n\r\n"), 28u);
  EXPECT_EQ(FindHeadEnd(""), 0u);
  EXPECT_EQ(FindHeadEnd("\r\n"), 0u);
  EXPECT_EQ(FindHeadEnd("GET / HTTP/1.1\r\nA: b\r\n"), 0u);
  EXPECT_EQ(FindHeadEnd("GET / HTTP/1.1\n\n"), std::string::npos);
  EXPECT_EQ(FindHeadEnd("\n"), std::string::npos);
}

HttpHead Parse(const std::string& text) {
  HttpHead head;
  const auto refusal = ParseHead(text + "\r\n", &head);
  EXPECT_FALSE(refusal) << text << refusal->text;
  return head;
}

TEST(HttpHeadTest, ReadsRequests) {
  HttpHead head = Parse("POST /a?b HTTP/1.1\r\nHost:h\r\nContent-Length: 12\r\nX:  y z \r\n");
  EXPECT_EQ(head.method, "POST");
  EXPECT_EQ(head.target, "/a?b");
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(head.content_length, 12u);
  EXPECT_EQ(*FindHeader(head.headers, "x"), "y z");
  head = Parse("GET / HTTP/1.0\r\n");
  EXPECT_FALSE(head.keep_alive);
  EXPECT_EQ(head.minor_version, 0);
  EXPECT_TRUE(Parse("GET / HTTP/1.0\r\nConnection: x, Keep-Alive\r\n").keep_alive);
  EXPECT_FALSE(Parse("GET / HTTP/1.1\r\nConnection: Close\r\n").keep_alive);
  EXPECT_TRUE(Parse("PUT / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n").is_chunked);
  EXPECT_TRUE(Parse("PUT / HTTP/1.1\r\nExpect: 100-continue\r\n").expects_continue);
  EXPECT_EQ(Parse("PUT / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 5\r\n").content_length,
            5u);
  EXPECT_EQ(Parse("PUT / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n").content_length,
            UINT64_MAX);
}

// What proxies and servers have read in different ways, and what is no request at all.
TEST(HttpHeadTest, RefusesWhatIsDoubtful) {
  for (const auto& [text, status] : std::vector<std::pair<const char*, int>>{
           {"hello\r\n", 400},
           {"GET /\r\n", 400},
           {"GET / HTTP/2.0\r\n", 505},
           {"GET / HTTP/1.1x\r\n", 505},
           {"GET / FTP/1.1\r\n", 400},
           {"GET /a b HTTP/1.1\r\n", 400},
           {"G@T / HTTP/1.1\r\n", 400},
           {"GET / HTTP/1.1\r\nno colon\r\n", 400},
           {"GET / HTTP/1.1\r\nA : b\r\n", 400},
           {"GET / HTTP/1.1\r\nA: b\r\n folded\r\n", 400},
           {"GET / HTTP/1.1\r\n: b\r\n", 400},
           {"GET / HTTP/1.1\r\nA: \x01\r\n", 400},
           {"PUT / HTTP/1.1\r\nContent-Length: -1\r\n", 400},
           {"PUT / HTTP/1.1\r\nContent-Length: +1\r\n", 400},
           {"PUT / HTTP/1.1\r\nContent-Length: 1 2\r\n", 400},
           {"PUT / HTTP/1.1\r\nContent-Length:\r\n", 400},
           {"PUT / HTTP/1.1\r\nContent-Length: 1, 1\r\n", 400},
           {"PUT / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n", 400},
           {"PUT / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n", 400},
           {"PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n", 400},
           {"PUT / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n", 501},
           {"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 501},
           {"PUT / HTTP/1.1\r\nExpect: miracles\r\n", 417}}) {
    HttpHead head;
    const auto refusal = ParseHead(std::string(text) + "\r\n", &head);
    ASSERT_TRUE(refusal) << text;
    EXPECT_EQ(refusal->status, status) << text;
  }
}

// How a text ends when it is read in one piece, and byte by byte.
std::pair<ChunkedReader::State, std::string> ReadChunks(std::string_view text, size_t max_bytes) {
  ChunkedReader whole;
  std::string body;
  std::string_view rest = text;
  const ChunkedReader::State state = whole.Read(&rest, max_bytes, &body);
  ChunkedReader pieces;
  std::string same;
  ChunkedReader::State last = ChunkedReader::State::kMore;
  for (size_t i = 0; i < text.size() && last == ChunkedReader::State::kMore; ++i) {
    std::string_view piece = text.substr(i, 1);
    last = pieces.Read(&piece, max_bytes, &same);
  }
  EXPECT_EQ(state, last) << text;
  if (state == ChunkedReader::State::kDone) {
    EXPECT_EQ(body, same) << text;
  }
  return {state, body + "|" + std::string(rest)};
}

TEST(ChunkedReaderTest, PutsBodiesTogether) {
  using State = ChunkedReader::State;
  EXPECT_EQ(ReadChunks("3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nT: r\r\n\r\nGET", 100),
            (std::pair(State::kDone, std::string("abc0123456789|GET"))));
  EXPECT_EQ(ReadChunks("0\r\n\r\n", 0).first, State::kDone);
  EXPECT_EQ(ReadChunks("3\r\nab", 10).first, State::kMore);
  EXPECT_EQ(ReadChunks("3\r\nabc\r\n", 2).first, State::kTooLarge);
  EXPECT_EQ(ReadChunks("2\r\nab\r\n2\r\nab\r\n", 3).first, State::kTooLarge);
  for (const char* text : {"\r\n", "x\r\n", "3\nabc", "3\r\nabcd", "-1\r\n", "0\r\na\n",
                           "fffffffffffffffff\r\n", " 3\r\n"}) {
    EXPECT_EQ(ReadChunks(text, 10).first, State::kMalformed) << text;
  }
  EXPECT_EQ(ReadChunks("0\r\n" + std::string(20'000, 'x'), 10).first, State::kMalformed);
  EXPECT_EQ(ReadChunks("1;" + std::string(20'000, 'x'), 10).first, State::kMalformed);
}

TEST(CodingTest, PacksAndUnpacks) {
  std::string body;
  for (int i = 0; i < 10'000; ++i) body += std::to_string(i);
  const std::string packed = PackGzip(body);
  EXPECT_LT(packed.size(), body.size() / 2);
  EXPECT_EQ(*Unpack(packed, body.size()), body);
  EXPECT_EQ(Unpack(packed, body.size() - 1).error().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(Unpack(packed.substr(0, packed.size() / 2), body.size()).error().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(*Unpack(PackGzip(""), 0), "");
  EXPECT_EQ(Unpack("not packed", 100).error().code(), StatusCode::kInvalidArgument);
}

TEST(CodingTest, ABombIsDefusedBeforeItGrows) {
  const std::string bomb = PackGzip(std::string(100u << 20, 'x'));
  EXPECT_EQ(Unpack(bomb, 1u << 20).error().code(), StatusCode::kResourceExhausted);
}

TEST(CodingTest, KnowsWhoTakesGzip) {
  for (const char* header : {"gzip", "deflate, gzip", "*", "gzip;q=0.5, *;q=0", "x-gzip"}) {
    EXPECT_TRUE(AcceptsGzip(header)) << header;
  }
  for (const char* header : {"", "deflate", "gzip;q=0", "gzip; q=0.000", "*;q=0", "identity"}) {
    EXPECT_FALSE(AcceptsGzip(header)) << header;
  }
}

}  // namespace
}  // namespace trainyard::net
