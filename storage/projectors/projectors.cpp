#include "storage/projectors/projectors.hpp"

namespace stellwerk::storage {

const std::map<std::string, Projector>& projectors() {
  static const std::map<std::string, Projector> all{{"service", project_services}, {"ticket", project_tickets}};
  return all;
}

}  // namespace stellwerk::storage
