#include "core/id.hpp"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <atomic>

namespace stellwerk {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::string_view alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

void put_time(Uuid& uuid, std::uint64_t millis) {
  for (int i = 0; i < 6; ++i) uuid.bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(millis >> (40 - 8 * i));
}

void put_version(Uuid& uuid) {
  uuid.bytes[6] = static_cast<std::uint8_t>((uuid.bytes[6] & 0x0f) | 0x70);
  uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3f) | 0x80);
}

std::uint64_t mix(std::uint64_t x) {  // splitmix64 finaliser
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

/// Up to eight bytes as a number, the same on every machine.
template <class Bytes>
std::uint64_t word(const Bytes& bytes, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = at, end = std::min(at + 8, bytes.size()); i < end; ++i) value |= std::uint64_t{static_cast<std::uint8_t>(bytes[i])} << (8 * (i - at));
  return value;
}

std::uint64_t digest(std::uint64_t seed, const Uuid& parent, std::string_view salt) {
  std::uint64_t h = mix(mix(mix(seed) ^ word(parent.bytes, 0)) ^ word(parent.bytes, 8));
  for (std::size_t at = 0; at < salt.size(); at += 8) h = mix(h ^ word(salt, at));
  return mix(h ^ salt.size());
}

/// The value of each character of the alphabet; 32 for others.
constexpr auto digits = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(32);
  for (std::size_t i = 0; i < alphabet.size(); ++i) values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return values;
}();

/// What a seeded thread draws from: a counter in place of the clock, and a generator in place of the kernel.
struct Seeded {
  std::uint64_t seed = 0;
  std::uint64_t drawn = 0;
};
thread_local std::optional<Seeded> seeded;

constexpr std::uint64_t first_seeded_millis = 1'700'000'000'000;

Uuid draw_seeded(Seeded& from) {
  const auto ticks = (first_seeded_millis << 12) + ++from.drawn;
  Uuid uuid;
  for (std::size_t half = 0; half < 2; ++half) {
    const auto bits = mix(mix(from.seed ^ half) ^ from.drawn);
    for (std::size_t i = 0; i < 8; ++i) uuid.bytes[8 * half + i] = static_cast<std::uint8_t>(bits >> (8 * i));
  }
  put_time(uuid, ticks >> 12);
  uuid.bytes[6] = static_cast<std::uint8_t>((ticks >> 8) & 0x0f);
  uuid.bytes[7] = static_cast<std::uint8_t>(ticks);
  put_version(uuid);
  return uuid;
}

}  // namespace

void seed_uuids(std::optional<std::uint64_t> seed) {
  seeded.reset();
  if (seed) seeded = Seeded{*seed, 0};
}

Uuid make_uuid() {
  if (seeded) return draw_seeded(*seeded);
  // Milliseconds and, in the 12 bits behind them, a counter: ids of one process increase even within a millisecond.
  static std::atomic<std::uint64_t> last{0};
  const auto millis = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(wall_now().time_since_epoch()).count());
  auto seen = last.load();
  std::uint64_t ticks = 0;
  do {
    ticks = std::max(millis << 12, seen + 1);
  } while (!last.compare_exchange_weak(seen, ticks));
  Uuid uuid;
  const auto got = getrandom(uuid.bytes.data(), uuid.bytes.size(), 0);
  STELLWERK_ASSERT(got == static_cast<ssize_t>(uuid.bytes.size()), "the kernel gives no random bytes");
  put_time(uuid, ticks >> 12);
  uuid.bytes[6] = static_cast<std::uint8_t>((ticks >> 8) & 0x0f);
  uuid.bytes[7] = static_cast<std::uint8_t>(ticks);
  put_version(uuid);
  return uuid;
}

Uuid derive_uuid(const Uuid& parent, std::string_view salt) {
  Uuid uuid = parent;
  const auto a = digest(1, parent, salt);
  const auto b = digest(2, parent, salt);
  for (std::size_t i = 0; i < 8; ++i) uuid.bytes[8 + i] = static_cast<std::uint8_t>(a >> (8 * i));
  uuid.bytes[6] = static_cast<std::uint8_t>(b);
  uuid.bytes[7] = static_cast<std::uint8_t>(b >> 8);
  put_version(uuid);
  return uuid;
}

std::string format_id(std::string_view prefix, const Uuid& uuid) {
  std::string text;
  text.reserve(prefix.size() + 27);
  text += prefix;
  text += '_';
  // 128 bits as 26 groups of five, the first group holding three
  Wide value = 0;
  for (const auto byte : uuid.bytes) value = value << 8 | byte;
  for (int shift = 125; shift >= 0; shift -= 5) text += alphabet[static_cast<std::size_t>(value >> shift & 31)];
  return text;
}

Result<Uuid> parse_id(std::string_view text) {
  const auto error = [&] { return fail(ErrorCode::invalid_argument, fmt::format("'{}' is not an id: a prefix, '_' and 26 characters are expected", text.substr(0, 64))); };
  const auto split = text.rfind('_');
  if (split == std::string_view::npos || split == 0 || text.size() - split != 27) return error();
  Wide value = 0;
  const auto suffix = text.substr(split + 1);
  if (suffix[0] > '7') return error();
  for (const char c : suffix) {
    const auto digit = digits[static_cast<unsigned char>(c)];
    if (digit == 32) return error();
    value = value << 5 | digit;
  }
  Uuid uuid;
  for (std::size_t i = 0; i < 16; ++i) uuid.bytes[i] = static_cast<std::uint8_t>(value >> (120 - 8 * i));
  return uuid;
}

std::string_view id_prefix(std::string_view text) {
  const auto split = text.rfind('_');
  return split == std::string_view::npos ? std::string_view{} : text.substr(0, split);
}

int shard_of(std::string_view id) {
  std::uint64_t h = 14695981039346656037ULL;
  for (const char c : id) h = (h ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return static_cast<int>(mix(h) % 1024);
}

}  // namespace stellwerk
