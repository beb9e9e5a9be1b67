#pragma once
// The workflows, connectors and migrations that are part of the binary.

#include <span>
#include <string_view>

namespace stellwerk {

struct EmbeddedFile {
  std::string_view path;  ///< from the project's root, e.g. "workflows/library/ticket.yaml"
  std::string_view text;
};

/// All of them, by path within their folder.
[[nodiscard]] std::span<const EmbeddedFile> embedded_files();

}  // namespace stellwerk
