#pragma once
// A folder of one test, removed with everything in it.

#include <filesystem>
#include <string>

namespace stellwerk::testing {

class ScratchFolder {
 public:
  /// Mode 0700, below $TMPDIR. Throws std::runtime_error when it cannot be made.
  explicit ScratchFolder(const std::string& name = "test");
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder();
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// The path of a file in it.
  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace stellwerk::testing
