#include "monitoring/log.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>
#include <memory>
#include <mutex>

#include "core/clock.hpp"
#include "core/utf8.hpp"

namespace stellwerk::monitoring {
namespace {

/// Hands each line to the test's callback while there is one, else to standard error.
class SwitchSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  // The pattern belongs to the inner sink: what the logger sets stays with this one.
  SwitchSink() { standard_error_.set_pattern("%v"); }
  void set_callback(void (*callback)(std::string_view)) { callback_.store(callback); }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (auto* callback = callback_.load(); callback != nullptr) callback({message.payload.data(), message.payload.size()});
    else standard_error_.log(message);
  }
  void flush_() override { standard_error_.flush(); }
  void set_pattern_(const std::string& pattern) override { standard_error_.set_pattern(pattern); }

 private:
  spdlog::sinks::stderr_sink_st standard_error_;  // base_sink holds the lock
  std::atomic<void (*)(std::string_view)> callback_{nullptr};
};

struct Output {
  std::shared_ptr<SwitchSink> sink = std::make_shared<SwitchSink>();
  spdlog::logger logger{"stellwerk", sink};
};

Output& output() {
  static auto& output = *new Output;  // lines are written while statics are destroyed, too
  return output;
}

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::debug: return spdlog::level::debug;
    case Level::info: return spdlog::level::info;
    case Level::warning: return spdlog::level::warn;
    case Level::error: return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string_view to_string(Level level) {
  switch (level) {
    case Level::debug: return "debug";
    case Level::info: return "info";
    case Level::warning: return "warning";
    case Level::error: return "error";
  }
  return "info";
}

/// As a JSON string. Text of vendors may be anything, a line must not: malformed bytes become U+FFFD.
void append_quoted(std::string& line, std::string_view text) {
  line += '"';
  for (std::size_t at = 0; at < text.size();) {
    const auto length = utf8_length(text, at);
    const char c = text[at];
    if (length == 0) line += "\\ufffd";
    else if (c == '"' || c == '\\') (line += '\\') += c;
    else if (c == '\n') line += "\\n";
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) line += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else line += text.substr(at, length);
    at += length == 0 ? 1 : length;
  }
  line += '"';
}

void append_member(std::string& line, std::string_view name, std::string_view value) {
  line += line.empty() ? '{' : ',';
  append_quoted(line, name);
  line += ':';
  append_quoted(line, value);
}

void write(Level level, std::string_view message, std::initializer_list<LogField> fields, const Error* error) {
  auto& logger = output().logger;
  if (!logger.should_log(to_spdlog(level))) return;
  std::string line;
  append_member(line, "ts", format_time(wall_now()));
  append_member(line, "level", to_string(level));
  append_member(line, "msg", message);
  for (const auto& [name, value] : fields) append_member(line, name, value);
  if (error != nullptr) {
    append_member(line, "code", stellwerk::to_string(error->code));
    append_member(line, "error", describe(*error));
  }
  line += '}';
  logger.log(to_spdlog(level), spdlog::string_view_t{line.data(), line.size()});
}

}  // namespace

void set_log_level(std::string_view level) {
  const auto value = level == "debug" ? Level::debug : level == "warning" ? Level::warning : level == "error" ? Level::error : Level::info;
  output().logger.set_level(to_spdlog(value));
}

void set_log_sink(void (*sink)(std::string_view line)) { output().sink->set_callback(sink); }

void log(Level level, std::string_view message, std::initializer_list<LogField> fields) { write(level, message, fields, nullptr); }

void log_error(std::string_view message, const Error& error, std::initializer_list<LogField> fields) { write(Level::error, message, fields, &error); }

}  // namespace stellwerk::monitoring
