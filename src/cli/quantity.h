// Sizes and durations as people write them on a command line. Pure, thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace trainyard::cli {

// "64Mi", "1.5G", "4096": a number of bytes with one of Kubernetes' suffixes (k, M, G, T: powers of
// 1000; Ki, Mi, Gi, Ti: of 1024). nullopt for other text, negative and huge numbers.
std::optional<int64_t> ParseSize(std::string_view text);

// "60s", "1m30s", "2h", "250ms", "0": as kubectl reads them. nullopt for other text.
std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text);

}  // namespace trainyard::cli
