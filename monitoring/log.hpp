#pragma once
// JSON log lines on standard error: {"ts":…,"level":…,"msg":…,"tenant":…,"actor":…,"run":…,"step":…,"trace":…}. Any thread.

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "core/error.hpp"

namespace stellwerk::monitoring {

enum class Level { debug, info, warning, error };

/// A named value of a line. Names beyond tenant, actor, run, step, trace are allowed; values are text.
using LogField = std::pair<std::string_view, std::string_view>;

/// Lines below `level` are dropped. "debug", "info", "warning", "error"; anything else is info.
void set_log_level(std::string_view level);
/// Where lines go; the default is standard error. For tests: a callback that gets each finished line.
void set_log_sink(void (*sink)(std::string_view line));

void log(Level level, std::string_view message, std::initializer_list<LogField> fields = {});
inline void log_info(std::string_view message, std::initializer_list<LogField> fields = {}) { log(Level::info, message, fields); }
inline void log_warning(std::string_view message, std::initializer_list<LogField> fields = {}) { log(Level::warning, message, fields); }
inline void log_error(std::string_view message, std::initializer_list<LogField> fields = {}) { log(Level::error, message, fields); }
/// The error's whole chain as the field `error`.
void log_error(std::string_view message, const Error& error, std::initializer_list<LogField> fields = {});

}  // namespace stellwerk::monitoring
