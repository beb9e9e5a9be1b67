#include "tests/support/scratch.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace stellwerk::testing {

ScratchFolder::ScratchFolder(const std::string& name) {
  auto pattern = (std::filesystem::temp_directory_path() / ("stellwerk_" + name + "_XXXXXX")).string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make a scratch folder " + pattern + ": " + std::strerror(errno));
  path_ = pattern;
}

ScratchFolder::~ScratchFolder() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
  if (error) std::fprintf(stderr, "scratch folder %s is left: %s\n", path_.c_str(), error.message().c_str());
}

}  // namespace stellwerk::testing
