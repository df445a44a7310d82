#include "kube/internal/request_builder.h"

#include <utility>

namespace trainyard::kube {
namespace {

constexpr char kAuthorization[] = "Authorization";

std::string HostOf(const std::string& server) {
  const size_t begin = server.find("://");
  if (begin == std::string::npos) return server;
  return server.substr(begin + 3, server.find('/', begin + 3) - (begin + 3));
}

// A header's value must not hold line breaks; names from a kubeconfig might.
std::string OneLine(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return text;
}

net::Headers ImpersonationOf(const Config& config) {
  net::Headers headers;
  if (config.as_user.empty()) return headers;
  headers.emplace_back("Impersonate-User", OneLine(config.as_user));
  if (!config.as_uid.empty()) headers.emplace_back("Impersonate-Uid", OneLine(config.as_uid));
  for (const std::string& group : config.as_groups) {
    headers.emplace_back("Impersonate-Group", OneLine(group));
  }
  for (const auto& [key, values] : config.as_extra) {
    for (const std::string& value : values) {
      headers.emplace_back("Impersonate-Extra-" + net::PercentEncode(key), OneLine(value));
    }
  }
  return headers;
}

}  // namespace

RequestBuilder::RequestBuilder(const Config& config)
    : server_(config.server),
      host_(HostOf(config.server)),
      impersonation_(ImpersonationOf(config)) {}

net::HttpRequest RequestBuilder::Build(const ApiRequest& request,
                                       const ShownCredentials& shown) const {
  net::HttpRequest built{.method = request.method,
                         .url = Url(request.path, request.query),
                         .headers = CommonHeaders(shown),
                         .body = request.body,
                         .timeout = request.timeout};
  built.headers.emplace_back("Accept", request.accept);
  if (!request.body.empty()) built.headers.emplace_back("Content-Type", request.content_type);
  return built;
}

std::string RequestBuilder::Url(const std::string& path, const Query& query) const {
  std::string url;
  url.reserve(server_.size() + path.size() + 64);
  url.append(server_).append(path);
  if (!query.empty()) url.append("?").append(net::EncodeQuery(query));
  return url;
}

net::Headers RequestBuilder::CommonHeaders(const ShownCredentials& shown) const {
  net::Headers headers;
  headers.reserve(impersonation_.size() + 3);
  if (shown.authorization) headers.emplace_back(kAuthorization, *shown.authorization);
  headers.insert(headers.end(), impersonation_.begin(), impersonation_.end());
  return headers;
}

void SetCredentials(const ShownCredentials& shown, net::HttpRequest* request) {
  std::erase_if(request->headers,
                [](const auto& header) { return header.first == kAuthorization; });
  if (shown.authorization) request->headers.emplace_back(kAuthorization, *shown.authorization);
}

std::string AttemptOf(const ApiRequest& request) {
  return request.attempt.empty() ? request.method + " " + request.path : request.attempt;
}

}  // namespace trainyard::kube
