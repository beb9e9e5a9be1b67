#pragma once
// Parameters of simulated calls: what a call takes, and the check that refuses everything else. Facts: Proxmox VE API viewer, release 9.1.

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stellwerk::sandbox {

enum class ParameterType { text, integer, boolean, number };

/// Rules beyond type and bounds.
enum class ParameterFormat { none, dns_name, tags, url_encoded, ip_config, net, memory, size, node };

struct Parameter {
  std::string_view name;  ///< "cores"; a family of numbered names is written "net[n]"
  ParameterType type = ParameterType::text;
  bool required = false;
  std::optional<std::int64_t> minimum = std::nullopt;
  std::optional<std::int64_t> maximum = std::nullopt;
  std::size_t max_length = 0;     ///< in bytes; 0: no limit
  std::string_view choices = {};  ///< separated by spaces; empty: any value
  ParameterFormat format = ParameterFormat::none;
  int last_index = 0;  ///< of a family: the highest n
};

using Fields = std::vector<std::pair<std::string, std::string>>;  ///< as sent, in order
using Values = std::map<std::string, std::string, std::less<>>;   ///< checked; booleans are "0" or "1"
using FieldErrors = std::map<std::string, std::string>;           ///< parameter name → the text Proxmox VE gives

/// The declaration of `name`, e.g. of "net[n]" for "net0"; nullptr when there is none.
[[nodiscard]] const Parameter* find_parameter(std::span<const Parameter> parameters, std::string_view name);

/// Checks what was sent against the declarations. Puts the values into `values`, or returns one text per wrong, unknown or missing name.
[[nodiscard]] FieldErrors check_parameters(std::span<const Parameter> parameters, const Fields& fields, Values& values);

/// The bytes of a size such as "10G", "+512M" or "1.5T"; nothing when it is not one.
[[nodiscard]] std::optional<std::int64_t> parse_size(std::string_view text);
/// The shortest form with a whole number: 10737418240 → "10G".
[[nodiscard]] std::string format_size(std::int64_t bytes);

}  // namespace stellwerk::sandbox
