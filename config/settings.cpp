// Where settings come from: defaults, then the file, then the environment.
#include "config/settings.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <set>
#include <utility>

#include "config/setting_table.hpp"

namespace stellwerk::config {
namespace {

constexpr std::string_view prefix = "STELLWERK_";
constexpr std::string_view default_file = "/etc/stellwerk/stellwerk.yaml";
/// Read elsewhere: the path of the file itself, and the fault points of test builds.
const std::set<std::string, std::less<>> other_variables{"STELLWERK_CONFIG", "STELLWERK_CRASH_AT"};

const Setting* find_setting(std::string_view name) {
  const auto& table = setting_table();
  const auto found = std::find_if(table.begin(), table.end(), [&](const Setting& setting) { return setting.info.name == name; });
  return found == table.end() ? nullptr : &*found;
}

/// Kubernetes describes every Service of the namespace in variables such as STELLWERK_SERVICE_HOST and STELLWERK_PORT_8080_TCP;
/// a Service called "stellwerk" must not keep the server from starting.
bool is_service_link(std::string_view name) {
  if (name.find("__") != std::string_view::npos) return false;
  if (name.ends_with("_SERVICE_HOST") || name.ends_with("_PORT") || name.find("_SERVICE_PORT") != std::string_view::npos) return true;
  const auto port = name.find("_PORT_");
  return port != std::string_view::npos && port + 6 < name.size() && std::isdigit(static_cast<unsigned char>(name[port + 6])) != 0;
}

std::vector<std::string> setting_names() {
  std::vector<std::string> names;
  for (const auto& setting : setting_table()) names.push_back(setting.info.name);
  return names;
}

class Loader {
 public:
  explicit Loader(std::string file) : file_{std::move(file)} {}

  void read_file(const std::string& text) {
    auto file = read_yaml(file_, text);
    if (!file) {
      problems_ = std::move(file.error());
      return;
    }
    if (file->root.is_null()) return;
    if (!file->root.is_map())
      return add("SW901", file->root.place, "a map of settings is expected", "write for example 'http: { listen: \"127.0.0.1:8080\" }'");
    read_map("", file->root);
  }

  void read_environment(const std::map<std::string, std::string>& environment) {
    std::map<std::string, const Setting*, std::less<>> values, files;
    for (const auto& setting : setting_table()) {
      values[environment_name(setting.info.name)] = &setting;
      if (setting.is_secret()) files[environment_name(setting.info.name) + "_FILE"] = &setting;
    }
    for (const auto& [name, value] : environment) {
      if (!name.starts_with(prefix) || other_variables.contains(name)) continue;
      if (const auto found = values.find(name); found != values.end()) {
        set_variable(name, *found->second, value);
      } else if (const auto file = files.find(name); file != files.end()) {
        if (environment.contains(environment_name(file->second->info.name)))
          add_variable(name, "SW901", fmt::format("{} is set as well", environment_name(file->second->info.name)), "set one of the two");
        else set_from_file(name, *file->second, value);
      } else if (!is_service_link(name)) {
        std::vector<std::string> known;
        for (const auto& [variable, setting] : values) known.push_back(variable);
        for (const auto& [variable, setting] : files) known.push_back(variable);
        const auto meant = closest(name, known);
        add_variable(name, "SW900", "no such setting",
                     meant.empty() ? "'stellwerk config reference' lists all" : fmt::format("did you mean {}?", meant));
      }
    }
  }

  [[nodiscard]] tl::expected<Settings, std::vector<Problem>> finish() {
    if (!problems_.empty()) return tl::unexpected(std::move(problems_));
    return std::move(settings_);
  }

 private:
  void add(std::string code, Place place, std::string message, std::string hint) {
    problems_.push_back({std::move(code), file_, place, std::move(message), std::move(hint)});
  }
  void add_variable(const std::string& name, std::string code, std::string message, std::string hint) {
    problems_.push_back({std::move(code), name, {0, 0}, std::move(message), std::move(hint)});
  }

  void read_map(const std::string& path, const Yaml& map) {
    for (const auto& entry : map.entries) {
      const auto name = path.empty() ? entry.key : path + "." + entry.key;
      if (const auto* setting = find_setting(name); setting != nullptr) {
        set_entry(*setting, entry);
      } else if (is_group(name)) {
        if (entry.value.is_map()) read_map(name, entry.value);
        else if (!entry.value.is_null())
          add("SW901", entry.value.place, fmt::format("'{}' is a group of settings", name), "write its settings below it, indented");
      } else {
        const auto meant = closest(name, setting_names());
        add("SW900", entry.key_place, fmt::format("no setting is called '{}'", name.substr(0, 80)),
            meant.empty() ? "'stellwerk config reference' lists all" : fmt::format("did you mean '{}'?", meant));
      }
    }
  }

  static bool is_group(const std::string& name) {
    const auto& table = setting_table();
    return std::any_of(table.begin(), table.end(), [&](const Setting& setting) { return setting.info.name.starts_with(name + "."); });
  }

  void set_entry(const Setting& setting, const YamlEntry& entry) {
    const auto& [name, key_place, value] = entry;
    // the line of a secret is never shown: column 0 leaves it out
    const auto place = setting.is_secret() ? Place{key_place.line, 0} : value.place;
    if (!seen_.insert(setting.info.name).second)
      return add("SW005", key_place, fmt::format("'{}' is set twice", setting.info.name), "remove one of the two");
    if (!value.is_scalar() || value.is_null())
      return add("SW901", place, fmt::format("'{}' takes one value of type {}", setting.info.name, setting.info.type),
                 "leave the key out for the default");
    if (auto refusal = setting.set(settings_, value.text))
      add(refusal->code, place, fmt::format("{}: {}", setting.info.name, refusal->message), refusal->hint);
  }

  void set_variable(const std::string& name, const Setting& setting, std::string_view value) {
    if (auto refusal = setting.set(settings_, value)) add_variable(name, refusal->code, refusal->message, refusal->hint);
  }

  void set_from_file(const std::string& name, const Setting& setting, const std::string& path) {
    constexpr std::size_t max_bytes = 64 * 1024;
    errno = 0;
    std::string text(max_bytes, '\0');
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{std::fopen(path.c_str(), "re"), &std::fclose};
    text.resize(file ? std::fread(text.data(), 1, text.size(), file.get()) : 0);
    if (!file || std::ferror(file.get()) != 0)
      return add_variable(name, "SW901", fmt::format("cannot read the file {}: {}", path, std::strerror(errno)), "");
    if (text.size() == max_bytes) return add_variable(name, "SW902", fmt::format("the file {} is longer than {} bytes", path, max_bytes - 1), "");
    while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();  // editors and `kubectl create secret` add one
    set_variable(name, setting, text);
  }

  std::string file_;
  Settings settings_;
  std::vector<Problem> problems_;
  std::set<std::string> seen_;
};

}  // namespace

const std::vector<SettingInfo>& setting_reference() {
  static const auto reference = [] {
    std::vector<SettingInfo> all;
    for (const auto& setting : setting_table()) all.push_back(setting.info);
    return all;
  }();
  return reference;
}

std::string render_reference() {
  std::string text = "| Setting | Environment | Type | Default | Bounds | Unit | Meaning |\n|---|---|---|---|---|---|---|\n";
  const auto code = [](const std::string& value) { return value.empty() ? std::string{} : fmt::format("`{}`", value); };
  for (const auto& info : setting_reference()) {
    auto variable = code(environment_name(info.name));
    if (info.type == "secret") variable += " or " + code(environment_name(info.name) + "_FILE");
    text += fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", code(info.name), variable, info.type, code(info.default_value), code(info.bounds),
                        info.unit, info.sentence);
  }
  return text;
}

tl::expected<Settings, std::vector<Problem>> load_settings(const std::string& file_name, const std::string& file_text,
                                                           const std::map<std::string, std::string>& environment) {
  Loader loader{file_name};
  loader.read_file(file_text);
  loader.read_environment(environment);
  return loader.finish();
}

std::string settings_path(const std::string& explicit_path, const std::map<std::string, std::string>& environment) {
  if (!explicit_path.empty()) return explicit_path;
  if (const auto found = environment.find("STELLWERK_CONFIG"); found != environment.end() && !found->second.empty()) return found->second;
  return ::access(std::string{default_file}.c_str(), F_OK) == 0 ? std::string{default_file} : std::string{};
}

}  // namespace stellwerk::config
