#include "examples/cursors/paths.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace weft::cursors {
namespace {

constexpr double kTurn = 2 * std::numbers::pi;
constexpr int kGroup = 20;  // maximum number of bots

struct Point {
  double x = 0, y = 0;
};

Point operator+(Point a, Point b) { return {a.x + b.x, a.y + b.y}; }
Point operator*(double scale, Point a) { return {scale * a.x, scale * a.y}; }

Point OnCircle(double angle) { return {std::cos(angle), std::sin(angle)}; }

double FractionOf(double number) { return number - std::floor(number); }

// 0 to 1, evenly distributed, and the same each time.
double Scatter(int number) { return FractionOf(number * std::numbers::phi); }

// The same in a square: powers of the plastic ratio do in a square what the golden ratio does on a
// line.
Point ScatterInSquare(int number) {
  constexpr double kPlastic = 1.324717957244746;
  return {FractionOf(0.1 + number / kPlastic), FractionOf(0.6 + number / kPlastic / kPlastic)};
}

// Each figure fits in a circle of radius 1, and `share` is how far the bot is ahead of the first
// one of its group, as a part of the whole path.
Point Ring(double share, double seconds) { return OnCircle(kTurn * (share + seconds / 9)); }

Point Lissajous(double share, double seconds) {
  const double angle = kTurn * (share + seconds / 16);
  return std::numbers::sqrt2 / 2 * Point{std::sin(3 * angle), std::sin(2 * angle + 0.8)};
}

Point Rose(double share, double seconds) {
  const double angle = kTurn * (share + seconds / 21);
  return std::cos(2 * angle) * OnCircle(angle);
}

// Each fish has a position in the shoal, which stretches when it hurries, and swims around it a
// little.
Point Shoal(double share, double seconds, int bot) {
  const double behind = seconds - 1.6 * share;
  const Point head = {0.5 * std::sin(behind * 0.53), 0.45 * std::sin(behind * 0.81 + 1)};
  const Point own = OnCircle(kTurn * Scatter(bot) + seconds * (0.9 + 0.4 * share));
  return head + (0.12 + 0.28 * Scatter(3 * bot)) * own;
}

Point InGroup(int group, int bot, double share, double seconds) {
  switch (group % 4) {
    case 0:
      return Ring(share, seconds);
    case 1:
      return Shoal(share, seconds, bot);
    case 2:
      return Lissajous(share, seconds);
    default:
      return Rose(share, seconds);
  }
}

uint16_t Fraction(double of_one) {
  return static_cast<uint16_t>(std::lround(std::clamp(of_one, 0.0, 1.0) * 65535));
}

}  // namespace

Place PlaceOfBot(int bot, int bots, double seconds) {
  const int groups = (bots + kGroup - 1) / kGroup;
  const int group = bot % groups;
  const double share = static_cast<double>(bot / groups) / ((bots + groups - 1) / groups);
  // Groups are distributed over the space, and each drifts around its position.
  const Point home = Point{0.24, 0.24} + 0.52 * ScatterInSquare(group);
  const Point drift = 0.05 * Point{std::sin(seconds / 7 + group), std::cos(seconds / 11 + group)};
  const double size = 0.11 + 0.06 * Scatter(7 * group + 2);
  const Point place = home + drift + size * InGroup(group, bot, share, seconds);
  return {.x = Fraction(place.x), .y = Fraction(place.y)};
}

}  // namespace weft::cursors
