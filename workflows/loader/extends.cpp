// `extends`: a workflow and its base become one, before anything of it is understood.
#include <fmt/format.h>

#include <algorithm>

#include "workflows/loader/loader.hpp"

namespace stellwerk::workflows {
namespace loading {
namespace {

constexpr int base_file = 1;

void mark_file(Yaml& yaml, int file) {
  yaml.place.file = file;
  for (auto& item : yaml.items) mark_file(item, file);
  for (auto& entry : yaml.entries) {
    entry.key_place.file = file;
    mark_file(entry.value, file);
  }
}

YamlEntry* entry_of(Yaml& map, std::string_view key) {
  const auto found = std::ranges::find(map.entries, key, &YamlEntry::key);
  return found == map.entries.end() ? nullptr : &*found;
}

/// Keys under which null is a value, not a key taken away.
bool gives_values(std::string_view key) { return key == "set" || key == "with"; }

/// Maps by key, all else replaced. A key of the base that is written as null would be taken away, which nothing may do.
void merge(Report& report, Yaml& base, const Yaml& own, bool null_is_value) {
  for (const auto& entry : own.entries) {
    auto* known = entry_of(base, entry.key);
    if (!known) {
      base.entries.push_back(entry);
    } else if (entry.value.is_null() && !known->value.is_null() && !null_is_value) {
      report.add(code::bad_extends, entry.value.place, fmt::format("'{}' of the base cannot be taken away", entry.key), "replace it, or leave the key out");
    } else if (known->value.is_map() && entry.value.is_map()) {
      merge(report, known->value, entry.value, null_is_value || gives_values(entry.key));
    } else {
      *known = entry;
    }
  }
}

/// In the order in which a file begins.
void sort_head(Yaml& root) {
  std::size_t next = 0;
  for (const auto* key : {"language", "workflow", "kind", "title"}) {
    const auto found = std::ranges::find(root.entries, key, &YamlEntry::key);
    if (found == root.entries.end()) continue;
    std::rotate(root.entries.begin() + static_cast<std::ptrdiff_t>(next), found, found + 1);
    ++next;
  }
}

bool is_true(const Yaml* yaml) { return yaml && yaml->kind == Yaml::Kind::boolean && yaml->boolean; }

/// What keeps `base` from being extended; told at `place`.
bool check_base(Report& report, const Yaml& own, const Yaml& base, const std::string& name, Place place) {
  const auto before = report.count();
  if (is_true(own.find("abstract"))) {
    report.add(code::bad_extends, place, "an abstract workflow extends nothing: there is one level", "leave out 'extends', or 'abstract'");
  }
  const auto* base_name = base.find("workflow");
  if (base_name && base_name->text != name) report.add(code::unknown_base, place, fmt::format("the workflow found for '{}' calls itself '{}'", name, base_name->text));
  if (base.find("extends")) report.add(code::bad_extends, place, fmt::format("'{}' extends another workflow itself: there is one level", name), "extend that one");
  else if (!is_true(base.find("abstract"))) report.add(code::bad_extends, place, fmt::format("'{}' is a workflow of its own, not a base", name), "a base says 'abstract: true'");
  return report.count() == before;
}

}  // namespace

tl::expected<Resolved, std::vector<config::Problem>> resolve(const std::string& file_name, const std::string& text, const FindBase& find_base) {
  auto file = config::read_yaml(file_name, text);
  if (!file) return tl::unexpected(std::move(file).error());
  Resolved resolved{.root = std::move(file->root), .files = {file_name}, .base = {}, .extends = {}};
  const auto* extends = resolved.root.find("extends");
  if (!extends) return resolved;

  Report report{file_name};
  const auto place = extends->place;
  const auto name = read_word(report, extends, "extends");
  const auto source = name && find_base ? find_base(*name) : std::nullopt;
  if (name && !source) report.add(code::unknown_base, place, fmt::format("there is no workflow '{}' to extend", *name), "publish it, or check it in the same folder");
  if (!source) return tl::unexpected(report.take());

  auto base = config::read_yaml(source->name, source->text);
  if (!base) return tl::unexpected(std::move(base).error());
  if (!base->root.is_map() || !check_base(report, resolved.root, base->root, *name, place)) {
    if (!base->root.is_map()) report.add(code::bad_extends, place, fmt::format("'{}' holds no workflow", *name));
    return tl::unexpected(report.take());
  }
  mark_file(base->root, base_file);
  std::erase_if(base->root.entries, [](const YamlEntry& entry) { return entry.key == "abstract" || entry.key == "title"; });
  std::erase_if(resolved.root.entries, [](const YamlEntry& entry) { return entry.key == "extends" || (entry.key == "abstract" && entry.value.kind == Yaml::Kind::boolean); });
  merge(report, base->root, resolved.root, false);
  if (report.count() > 0) return tl::unexpected(report.take());
  sort_head(base->root);
  // what is published is read again without the base, and has the bounds of every file
  if (auto whole = config::read_yaml(file_name, config::write_yaml(base->root)); !whole) return tl::unexpected(std::move(whole).error());
  resolved.root = std::move(base->root);
  resolved.files.push_back(source->name);
  resolved.base = *name;
  resolved.extends = place;
  return resolved;
}

}  // namespace loading

tl::expected<std::string, std::vector<config::Problem>> resolve_workflow(const std::string& file_name, const std::string& text, const FindBase& find_base) {
  auto resolved = loading::resolve(file_name, text, find_base);
  if (!resolved) return tl::unexpected(std::move(resolved).error());
  return resolved->extends ? config::write_yaml(resolved->root) : text;
}

}  // namespace stellwerk::workflows
