#include "core/text_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace stellwerk {

Result<std::string> read_text_file(const std::string& path) {
  std::error_code ec;
  // reading a folder as a stream would throw
  if (std::filesystem::is_directory(path, ec)) return fail(ErrorCode::invalid_argument, fmt::format("{} is a folder; name a file in it", path));
  errno = 0;
  std::ifstream in{path, std::ios::binary};
  std::ostringstream text;
  if (in) text << in.rdbuf();
  const bool empty = in && in.peek() == std::ifstream::traits_type::eof();
  if (!in.is_open() || (!text && !empty)) return fail(ErrorCode::unavailable, fmt::format("cannot read {}: {}", path, errno != 0 ? std::strerror(errno) : "reading failed"));
  return text.str();
}

}  // namespace stellwerk
