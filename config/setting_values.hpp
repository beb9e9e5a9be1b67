#pragma once
// The checks behind single settings. Each gives nothing for a good value.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/setting_table.hpp"

namespace stellwerk::config {

/// "127.0.0.1:8080", "[::1]:0", "localhost:8080".
[[nodiscard]] std::optional<Refusal> check_listen(std::string_view text);
/// Comma separated CIDR networks or addresses; empty allows nobody.
[[nodiscard]] std::optional<Refusal> check_networks(std::string_view text);
/// debug, info, warning, error.
[[nodiscard]] std::optional<Refusal> check_level(std::string_view text);
/// Empty, sqlite:FILE or postgresql://…. Never repeats the value: it may hold a password.
[[nodiscard]] std::optional<Refusal> check_database(std::string_view text);
/// Empty or http(s)://….
[[nodiscard]] std::optional<Refusal> check_base_url(std::string_view text);
/// A name of the zone database of this system ("Europe/Berlin"), or UTC.
[[nodiscard]] std::optional<Refusal> check_zone(std::string_view text);
[[nodiscard]] std::optional<Refusal> check_not_empty(std::string_view text);
[[nodiscard]] inline std::optional<Refusal> check_nothing(std::string_view) { return std::nullopt; }

/// A whole number, or with `suffixes` also KiB, MiB, GiB behind it. Nothing: it is not one, or beyond 64 bits.
[[nodiscard]] std::optional<std::int64_t> parse_number(std::string_view text, bool suffixes);
/// "06:00": from 00:00 to 23:59. Nothing: it is no time of day.
[[nodiscard]] std::optional<Duration> parse_time_of_day(std::string_view text);
[[nodiscard]] std::string format_time_of_day(Duration time);
/// 16384 → "16KiB"; numbers that are no whole KiB stay as they are.
[[nodiscard]] std::string format_bytes(std::int64_t bytes);

}  // namespace stellwerk::config
