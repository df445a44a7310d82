#include "tabular/make_clicks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <numbers>

#include "train/inputs/random.h"

namespace tabular {

using trainyard::train::Random;

namespace {

constexpr uint64_t kUsers = 1;
constexpr uint64_t kFilms = 2;
constexpr uint64_t kRows = 3;

using Taste = std::array<double, 3>;

// Box and Muller; the standard library's distributions differ from one to the next.
double Normal(Random& random) {
  const double radius = std::sqrt(-2 * std::log(1 - random.Uniform()));
  return radius * std::cos(2 * std::numbers::pi * random.Uniform());
}

Taste MakeTaste(Random& random) { return {Normal(random), Normal(random), Normal(random)}; }

}  // namespace

std::vector<Click> MakeClicks(int count, uint64_t stream, const ClicksOptions& options) {
  std::vector<Taste> users, films;
  std::vector<double> liked;
  Random of_users = Random::Of({options.seed, kUsers});
  for (int i = 0; i < options.users; ++i) users.push_back(MakeTaste(of_users));
  Random of_films = Random::Of({options.seed, kFilms});
  for (int i = 0; i < options.films; ++i) {
    films.push_back(MakeTaste(of_films));
    liked.push_back(0.5 * Normal(of_films));
  }
  Random random = Random::Of({options.seed, kRows, stream});
  std::vector<Click> clicks(static_cast<size_t>(count));
  for (Click& click : clicks) {
    const size_t user = random.Below(users.size());
    const size_t film = random.Below(films.size());
    click.user = static_cast<int>(user);
    click.film = static_cast<int>(film);
    click.hour = static_cast<float>(24 * random.Uniform());
    double logit = -0.5 + liked[film];
    for (size_t i = 0; i < Taste{}.size(); ++i) logit += 1.2 * users[user][i] * films[film][i];
    logit += 0.8 * std::cos(2 * std::numbers::pi * (click.hour - 21) / 24);
    click.probability = 1 / (1 + std::exp(-logit));
    click.clicked = random.Uniform() < click.probability;
  }
  return clicks;
}

double BestAuc(const std::vector<Click>& clicks) {
  std::vector<const Click*> order;
  for (const Click& click : clicks) order.push_back(&click);
  std::sort(order.begin(), order.end(),
            [](const Click* a, const Click* b) { return a->probability < b->probability; });
  // The share of pairs of a click and a non-click whose click has the higher probability.
  double misses = 0, hits = 0, right = 0;
  for (const Click* click : order) {
    if (click->clicked) {
      ++hits;
      right += misses;
    } else {
      ++misses;
    }
  }
  return hits == 0 || misses == 0 ? 0 : right / (hits * misses);
}

std::string UserName(int user) { return fmt::format("u{:04}", user); }
std::string FilmName(int film) { return fmt::format("f{:03}", film); }

std::string FormatCsv(const std::vector<Click>& clicks) {
  std::string text = "user,film,hour,clicked\n";
  for (const Click& click : clicks) {
    fmt::format_to(std::back_inserter(text), "{},{},{:.2f},{}\n", UserName(click.user),
                   FilmName(click.film), click.hour, click.clicked ? 1 : 0);
  }
  return text;
}

}  // namespace tabular
