#pragma once
// The simulator's memory on disk: one line of JSON for each batch of changes, rewritten when it has grown.

#include <cstdint>
#include <string>
#include <vector>

#include "core/json.hpp"
#include "core/result.hpp"

namespace stellwerk::sandbox {

/// One thread at a time. A batch is on disk (fsync) when append() returns, wholly or not at all.
class StateFile {
 public:
  /// Opens or creates (mode 0600). A last line that a crash has torn is dropped. Errors: unavailable, malformed (another line is no JSON).
  [[nodiscard]] static Result<StateFile> open(std::string path);
  StateFile(StateFile&& other) noexcept;
  StateFile& operator=(StateFile&& other) noexcept;
  ~StateFile();

  /// What open() found, in order; empty for a new file. May be called once.
  [[nodiscard]] std::vector<Json> take_records() { return std::move(records_); }
  /// Errors: unavailable; then the file is as before.
  [[nodiscard]] Result<void> append(const std::vector<Json>& records);
  /// Replaces the contents, through a temporary file. Errors: unavailable; then the file is as before.
  [[nodiscard]] Result<void> rewrite(const std::vector<Json>& records);
  /// True when most of the file is history.
  [[nodiscard]] bool is_overgrown() const { return size_ > 2 * compact_size_ + (4 << 20); }

 private:
  StateFile(std::string path, int fd) : path_{std::move(path)}, fd_{fd} {}
  [[nodiscard]] Result<void> load();

  std::string path_;
  int fd_ = -1;
  std::int64_t size_ = 0;
  std::int64_t compact_size_ = 0;
  std::vector<Json> records_;
};

}  // namespace stellwerk::sandbox
