// A WebSocket between a test and the code that it tests. Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kube/client.h"

namespace trainyard::kube {

// The server's side of a FakeWebSocket.
class FakePeer {
 public:
  void Send(std::string message) {
    const std::lock_guard lock(mutex_);
    to_client_.emplace_back(std::move(message));
    changed_.notify_all();
  }
  void SendEnd() {
    const std::lock_guard lock(mutex_);
    to_client_.emplace_back(std::nullopt);
    changed_.notify_all();
  }

  // What the client has written, once there are `count` messages; fewer after 30 s.
  std::vector<std::string> WaitForWritten(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(30), [&] { return written_.size() >= count; });
    return written_;
  }

  bool WaitUntilClosed() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] { return is_closed_; });
  }

 private:
  friend class FakeWebSocket;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::optional<std::string>> to_client_;
  std::vector<std::string> written_;
  bool is_closed_ = false;
};

class FakeWebSocket : public net::WebSocket {
 public:
  FakeWebSocket(std::shared_ptr<FakePeer> peer, std::string subprotocol)
      : peer_(std::move(peer)), subprotocol_(std::move(subprotocol)) {}
  ~FakeWebSocket() override { Close(); }

  const std::string& subprotocol() const override { return subprotocol_; }

  Result<std::optional<std::string>> Read(std::chrono::milliseconds timeout) override {
    std::unique_lock lock(peer_->mutex_);
    peer_->changed_.wait_for(lock, timeout,
                             [&] { return peer_->is_closed_ || !peer_->to_client_.empty(); });
    if (peer_->is_closed_) return CancelledError("closed");
    if (peer_->to_client_.empty()) return DeadlineExceededError("nothing came");
    std::optional<std::string> message = std::move(peer_->to_client_.front());
    if (message) peer_->to_client_.pop_front();
    return message;
  }

  Status Write(std::string_view message) override {
    const std::lock_guard lock(peer_->mutex_);
    if (peer_->is_closed_) return UnavailableError("closed");
    peer_->written_.emplace_back(message);
    peer_->changed_.notify_all();
    return OkStatus();
  }

  void Close() override {
    const std::lock_guard lock(peer_->mutex_);
    peer_->is_closed_ = true;
    peer_->changed_.notify_all();
  }

 private:
  const std::shared_ptr<FakePeer> peer_;  // shared with the test
  const std::string subprotocol_;
};

// A Client that has nothing but WebSockets: each call takes the next of `peers`.
class FakeSocketClient : public Client {
 public:
  const Config& config() const override { return config_; }
  Result<std::string> Send(const ApiRequest&) override { return UnimplementedError("fake"); }
  std::vector<Result<std::string>> SendAll(std::span<const ApiRequest>, int) override { return {}; }
  std::unique_ptr<ApiStream> Open(const ApiRequest&, std::chrono::milliseconds,
                                  LineHandler) override {
    return nullptr;
  }
  Result<std::unique_ptr<net::WebSocket>> OpenWebSocket(
      const std::string& path, const Query& query,
      const std::vector<std::string>& subprotocols) override {
    const std::lock_guard lock(mutex);
    asked_path = path;
    asked_query = query;
    asked_subprotocols = subprotocols;
    if (!failure.ok()) return failure;
    auto socket = std::make_unique<FakeWebSocket>(peers.front(), subprotocol);
    peers.pop_front();
    return socket;
  }

  std::mutex mutex;
  std::deque<std::shared_ptr<FakePeer>> peers;
  std::string subprotocol;
  Status failure;
  std::string asked_path;
  Query asked_query;
  std::vector<std::string> asked_subprotocols;

 private:
  const Config config_;
};

}  // namespace trainyard::kube
