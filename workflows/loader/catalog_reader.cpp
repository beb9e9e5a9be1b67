// read_catalog(): signatures written by hand, for checking and testing workflows before their connectors exist.
//
//   catalog: 1
//   operations:
//     proxmox.backup_vm:              # <connector>.<operation>
//       effect: creates               # reads, sets, creates, destroys or charges; a must
//       input:  { vmid: { type: int, required: true } }   # fields as in 'attributes' of a workflow
//       output: { volume: { type: string } }
//       steps:  [ freeze, copy ]      # entries of a composite operation, for scripts that answer them one by one
//       undo: proxmox.delete_backup   # another operation, of this file or a loaded connector
//       settle: PT1M                  # how long "absent" after an unclear answer is not believed
//       repeatable: true              # false: never repeated after an unclear answer
//       answer: { volume: local:1 }   # what it gives in tests unless the script says otherwise; fits 'output'
//   actions:
//     billing.renew: { input: {…}, output: {…}, undo: billing.void, answer: {…} }
//   kinds:                            # what expressions read through a ref of this kind: self.plan.cores
//     plan: { fields: { cores: { type: int } }, open: true }   # open: members beyond these, of any type
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "workflows/catalog.hpp"
#include "workflows/loader/reader.hpp"

namespace stellwerk::workflows {
namespace {

using namespace reading;

const KeySet catalog_keys{"a catalogue", {"catalog", "operations", "actions", "kinds"}};
const KeySet operation_keys{"an operation", {"effect", "input", "output", "steps", "undo", "settle", "repeatable", "answer"}};
const KeySet action_keys{"an action", {"input", "output", "undo", "answer"}};
const KeySet kind_keys{"a kind", {"fields", "open"}};

const std::vector<std::pair<std::string, Effect>> effects{
    {"reads", Effect::reads}, {"sets", Effect::sets}, {"creates", Effect::creates}, {"destroys", Effect::destroys}, {"charges", Effect::charges}};

class CatalogReader {
 public:
  CatalogReader(Report& report, const Yaml& root, Catalog& catalog) : report_{report}, root_{root}, catalog_{catalog} {}

  void read() {
    if (!check_keys(report_, root_, catalog_keys)) return;
    header();
    each("operations", operation_keys, [&](const YamlEntry& entry) { operation(entry); });
    each("actions", action_keys, [&](const YamlEntry& entry) { action(entry); });
    each("kinds", kind_keys, [&](const YamlEntry& entry) { kind(entry); });
    check_undos();
  }

 private:
  void header() {
    const auto* version = find_key(root_, catalog_keys, "catalog");
    if (!version) report_.add(code::missing_key, {1, 1}, "the catalogue lacks 'catalog'", "begin the file with 'catalog: 1'");
    else if (version->kind != Yaml::Kind::integer || version->integer != 1) {
      report_.add(code::wrong_language, version->place, fmt::format("this version reads catalogue 1, not '{}'", version->text.substr(0, 80)), "write 'catalog: 1'");
    }
  }

  template <class Read>
  void each(std::string_view section, const KeySet& keys, const Read& read) {
    const auto* yaml = find_key(root_, catalog_keys, section);
    if (!yaml) return;
    if (!yaml->is_map()) return wrong_value(report_, *yaml, section, "a map by name");
    for (const auto& entry : yaml->entries) {
      if (check_keys(report_, entry.value, keys)) read(entry);
    }
  }

  /// "proxmox.backup_vm": two names and a dot.
  void check_full_name(const YamlEntry& entry, std::string_view what) {
    const auto dot = entry.key.find('.');
    if (dot == std::string::npos) {
      report_.add(code::bad_name, entry.key_place, fmt::format("'{}' cannot name {}", entry.key.substr(0, 80), what), "write <connector>.<operation>, such as proxmox.backup_vm");
      return;
    }
    check_name(report_, std::string_view{entry.key}.substr(0, dot), entry.key_place, fmt::format("the first part of {}", what), {});
    check_name(report_, std::string_view{entry.key}.substr(dot + 1), entry.key_place, what, {});
  }

  std::vector<Field> fields(const Yaml* yaml) {
    if (!yaml) return {};
    std::vector<config::Problem> problems;
    auto fields = read_fields(*yaml, report_.file(), problems);
    for (auto& problem : problems) report_.add(problem.code, problem.place, std::move(problem.message), std::move(problem.hint));
    if (yaml->is_map()) {
      for (const auto& entry : yaml->entries) check_name(report_, entry.key, entry.key_place, "a field", {});
    }
    return fields;
  }

  void answer(const std::string& name, const Yaml* yaml, const std::vector<Field>& output) {
    if (!yaml) return;
    if (!yaml->is_map()) return wrong_value(report_, *yaml, "answer", "a map of what is given");
    auto checked = check_object(output, yaml->to_json());
    if (checked) {
      catalog_.answers[name] = std::move(*checked);
      return;
    }
    for (const auto& problem : checked.error().fields) {
      report_.add(code::wrong_type, yaml->place, fmt::format("the answer does not fit 'output': {} {}", problem.pointer.substr(problem.pointer.starts_with('/')), problem.message));
    }
    if (checked.error().fields.empty()) report_.add(code::wrong_type, yaml->place, fmt::format("the answer does not fit 'output': {}", checked.error().message));
  }

  void undo(const Yaml& map, const KeySet& keys, std::string& into, bool is_operation) {
    const auto* yaml = find_key(map, keys, "undo");
    if (auto word = read_word(report_, yaml, "undo")) {
      into = std::move(*word);
      undos_.push_back({into, yaml->place, is_operation});
    }
  }

  void operation(const YamlEntry& entry) {
    const auto& map = entry.value;
    const auto key = [&](std::string_view name) { return find_key(map, operation_keys, name); };
    check_full_name(entry, "an operation");
    OperationSignature signature{.name = entry.key};
    if (const auto word = read_word(report_, key("effect"), "effect")) {
      const auto found = std::ranges::find(effects, *word, &std::pair<std::string, Effect>::first);
      std::vector<std::string> words;
      for (const auto& [name, effect] : effects) words.push_back(name);
      if (found != effects.end()) signature.effect = found->second;
      else report_.add(code::wrong_value, key("effect")->place, fmt::format("'effect' takes {}, not '{}'", join(words), *word), suggest(*word, words));
    } else if (!key("effect")) {
      report_.add(code::missing_key, entry.key_place, fmt::format("the operation '{}' does not say what it does to the world", entry.key), "add 'effect: sets', or reads, creates, destroys, charges");
    }
    signature.input = fields(key("input"));
    signature.output = fields(key("output"));
    for (auto& [step, place] : read_words(report_, key("steps"), "steps")) {
      check_name(report_, step, place, "a step", {});
      signature.subs.push_back(std::move(step));
    }
    undo(map, operation_keys, signature.undo, true);
    signature.settle = read_duration(report_, key("settle"), "settle", Duration::zero()).value_or(signature.settle);
    if (key("repeatable")) signature.repeatable = read_flag(report_, key("repeatable"), "repeatable");
    answer(entry.key, key("answer"), signature.output);
    catalog_.operations[entry.key] = std::move(signature);
  }

  void action(const YamlEntry& entry) {
    check_full_name(entry, "an action");
    ActionSignature signature{.name = entry.key};
    signature.input = fields(find_key(entry.value, action_keys, "input"));
    signature.output = fields(find_key(entry.value, action_keys, "output"));
    undo(entry.value, action_keys, signature.undo, false);
    answer(entry.key, find_key(entry.value, action_keys, "answer"), signature.output);
    catalog_.actions[entry.key] = std::move(signature);
  }

  void kind(const YamlEntry& entry) {
    check_name(report_, entry.key, entry.key_place, "a kind", {});
    KindSignature signature{.fields = fields(find_key(entry.value, kind_keys, "fields")), .open = read_flag(report_, find_key(entry.value, kind_keys, "open"), "open")};
    catalog_.kinds[entry.key] = std::move(signature);
  }

  /// Once all names are known: the one that takes back may stand below the one taken back.
  void check_undos() {
    const auto names = [](const auto& signatures) {
      std::vector<std::string> all;
      for (const auto& [name, signature] : signatures) all.push_back(name);
      return all;
    };
    const auto operations = names(catalog_.operations), actions = names(catalog_.actions);
    for (const auto& [name, place, is_operation] : undos_) {
      const auto& known = is_operation ? operations : actions;
      if (contains(known, name)) continue;
      report_.add(code::unknown_operation, place, fmt::format("there is no {} '{}'", is_operation ? "operation" : "action", name), suggest(name, known));
    }
  }

  struct Undo {
    std::string name;
    Place place;
    bool is_operation = false;
  };

  Report& report_;
  const Yaml& root_;
  Catalog& catalog_;
  std::vector<Undo> undos_;
};

}  // namespace

std::vector<config::Problem> read_catalog(const std::string& file_name, const std::string& text, Catalog& catalog) {
  auto file = config::read_yaml(file_name, text);
  if (!file) return std::move(file).error();
  Report report{file_name};
  auto read = catalog;  // a file with mistakes changes nothing
  CatalogReader{report, file->root, read}.read();
  auto problems = report.take();
  if (problems.empty()) catalog = std::move(read);
  return first_of(std::move(problems));
}

}  // namespace stellwerk::workflows
