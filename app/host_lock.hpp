#pragma once
// Who this node is to its successors, and the proof that it is the only one of this name: a lock on a file of its data folder.

#include <memory>
#include <string>

#include "core/result.hpp"

namespace stellwerk::app {

/// The lock on <data.dir>/node.lock, held as long as this lives; the kernel ends it with the process, and with nothing else: a process
/// that is stopped keeps it. So who holds it knows that a former node of this name is no more. The file stays, and keeps the folder's id.
class HostLock {
 public:
  /// Errors: conflict with reason "data_dir" when another process holds it; unavailable.
  [[nodiscard]] static Result<std::shared_ptr<HostLock>> take(const std::string& data_dir);
  ~HostLock();
  HostLock(const HostLock&) = delete;
  HostLock& operator=(const HostLock&) = delete;

  /// "web-1 (hst_…)": the host's name, and the id of the data folder. Two folders on one host are two nodes.
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  explicit HostLock(int descriptor) : descriptor_{descriptor} {}
  [[nodiscard]] Result<std::string> folder_id(const std::string& path) const;

  int descriptor_;
  std::string name_;
};

}  // namespace stellwerk::app
