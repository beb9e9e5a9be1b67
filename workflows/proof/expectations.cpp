#include "workflows/proof/expectations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "workflows/loader/reader.hpp"

namespace stellwerk::workflows::proof {

using config::Yaml;

namespace {

/// Something that happened: by its name, with its details.
struct Happening {
  std::string name;
  Json detail;
};
using Happenings = std::vector<Happening>;

std::string names_of(const Happenings& all) {
  if (all.empty()) return "[]";
  std::vector<std::string> names;
  for (const auto& one : all) names.push_back(one.name);
  return fmt::format("[{}]", fmt::join(names, ", "));
}

std::string shown(const Yaml& yaml) { return yaml.is_text() ? yaml.text : dump_json(yaml.to_json()); }
std::string shown(const Json& json) { return json.is_string() ? std::string{as_view(json.get_string())} : dump_json(json); }

/// One `expect`.
class Comparison {
 public:
  Comparison(const Yaml& expect, const VirtualActor& actor, const Marks& since, const Calendar& calendar)
      : expect_{expect}, actor_{actor}, since_{since}, calendar_{calendar} {}

  std::vector<Mismatch> all() {
    for (const auto& [key, place, value] : expect_.entries)
      if (key != "times") one(key, value);
    if (const auto* value = expect_.find("times")) times(*value);  // of what the others name
    return std::move(found_);
  }

 private:
  void differ(const Yaml& at, std::string what, std::string expected, std::string actual) { found_.push_back({at.place, std::move(what), std::move(expected), std::move(actual)}); }

  void text(const std::string& what, const Yaml& expected, const std::string& actual) {
    const bool none = expected.is_null() || (expected.kind == Yaml::Kind::boolean && !expected.boolean);
    if (none ? !actual.empty() : expected.text != actual) differ(expected, what, none ? "(none)" : shown(expected), actual.empty() ? "(none)" : actual);
  }

  void one(const std::string& key, const Yaml& value) {
    if (key == "state") return text(key, value, actor_.state().name);
    if (key == "status") return text(key, value, actor_.state().status);
    if (key == "busy") return text(key, value, actor_.busy());
    if (key == "calls" || key == "actions") return happened(key, value, calls(key == "actions"));
    if (key == "notified") return happened(key, value, notices(true));
    if (key == "emitted") return happened(key, value, notices(false));
    if (key == "sent") return happened(key, value, messages());
    if (key == "created") return happened(key, value, created());
    if (key == "timers") return timers(value);
    if (key == "incident") return incident(value);
    if (key == "deferred") return list(key, value, actor_.deferred(), false);
    if (key == "journal") return journal(value);
    if (key == "allowed") return allowed(value);
    if (key == "attributes") {
      for (const auto& [name, place, expected] : value.entries) attribute(name, expected);
      return;
    }
    attribute(key, value);
  }

  void attribute(const std::string& name, const Yaml& expected) {
    const int index = actor_.definition().find_attribute(name);
    if (index < 0) return differ(expected, name, shown(expected), "(no such attribute)");
    const auto& type = actor_.definition().attributes[static_cast<std::size_t>(index)].field.type;
    const auto actual = encode(type, actor_.snapshot().attributes[static_cast<std::size_t>(index)]);
    const auto wanted = expected.to_json();
    if (fits(encode(type, decode(type, wanted)), actual)) return;
    const bool alike = shown(expected) == shown(actual);  // a text that looks like a number: the quotes tell
    differ(expected, name, alike ? dump_json(wanted) : shown(expected), alike ? dump_json(actual) : shown(actual));
  }

  // --- what happened since the last `expect`
  [[nodiscard]] Happenings calls(bool actions) const {
    Happenings all;
    for (auto i = since_.calls; i < actor_.calls.size(); ++i)
      if (actor_.calls[i].action == actions) all.push_back({actor_.calls[i].name, actor_.calls[i].input});
    return all;
  }
  [[nodiscard]] Happenings notices(bool notifications) const {
    Happenings all;
    for (auto i = since_.notices; i < actor_.notices.size(); ++i) {
      const auto& notice = actor_.notices[i];
      if ((notice.type == "notification") == notifications) all.push_back({notifications ? text_of(notice.data, "template") : notice.type, notice.data});
    }
    return all;
  }
  [[nodiscard]] Happenings messages() const {
    Happenings all;
    for (auto i = since_.messages; i < actor_.messages.size(); ++i) {
      const auto& message = actor_.messages[i];
      all.push_back({message.event, JsonObject{{"event", message.event}, {"to", message.receiver}, {"with", message.payload}}});
    }
    return all;
  }
  [[nodiscard]] Happenings created() const {
    Happenings all;
    for (auto i = since_.created; i < actor_.created.size(); ++i) {
      const auto& made = actor_.created[i];
      all.push_back({made.kind, JsonObject{{"kind", made.kind}, {"workflow", made.workflow}, {"with", made.attributes}}});
    }
    return all;
  }

  void happened(const std::string& what, const Yaml& expected, const Happenings& actual) {
    if (expected.is_map()) return counted(what, expected, actual);
    if (expected.is_text()) return listed(what, expected, {expected.text}, actual);
    if (!expected.is_list()) return differ(expected, what, "a list", "nothing that can be compared");
    const bool names_only = std::ranges::all_of(expected.items, [](const Yaml& item) { return item.is_scalar(); });
    if (names_only) {
      std::vector<std::string> names;
      for (const auto& item : expected.items) names.push_back(item.text);
      return listed(what, expected, names, actual);
    }
    for (const auto& item : expected.items) {
      if (item.is_scalar()) count(what, item, item.text, nullptr, actual);
      else if (describes(item)) described(what, item, actual);
      else counted(what, item, actual);
    }
  }

  /// Just these, in this order.
  void listed(const std::string& what, const Yaml& at, const std::vector<std::string>& names, const Happenings& actual) {
    named_.insert(named_.end(), names.begin(), names.end());
    happenings_.insert(happenings_.end(), actual.begin(), actual.end());
    if (!std::ranges::equal(names, actual, [](const std::string& name, const Happening& one) { return name == one.name; }))
      differ(at, what, fmt::format("[{}]", fmt::join(names, ", ")), names_of(actual));
  }

  /// { event: x, to: y, with: { … } } and its like, against { name: 2 }.
  [[nodiscard]] static bool describes(const Yaml& map) {
    return map.is_map() && std::ranges::all_of(map.entries, [](const config::YamlEntry& entry) { return reading::contains({"event", "to", "with", "kind", "workflow"}, entry.key); });
  }

  void described(const std::string& what, const Yaml& at, const Happenings& actual) {
    const auto wanted = at.to_json();
    if (std::ranges::any_of(actual, [&](const Happening& one) { return fits(wanted, one.detail); })) return;
    std::vector<std::string> details;
    for (const auto& one : actual) details.push_back(dump_json(one.detail));
    differ(at, what, dump_json(wanted), fmt::format("[{}]", fmt::join(details, ", ")));
  }

  void counted(const std::string& what, const Yaml& map, const Happenings& actual) {
    for (const auto& [name, place, value] : map.entries) count(what, value, name, &value, actual);
  }

  void count(const std::string& what, const Yaml& at, const std::string& name, const Yaml* rule, const Happenings& actual) {
    const auto* with = rule != nullptr ? rule->find("with") : nullptr;
    const auto* times = rule == nullptr ? nullptr : rule->kind == Yaml::Kind::integer ? rule : rule->find("times");
    const auto wanted = with != nullptr ? with->to_json() : Json(JsonObject{});
    const auto matches = [&](const Happening& one) {
      if (one.name != name) return false;
      // what a call got is its detail; what a notice or message carries stands beside whom it goes to
      const auto* inner = with == nullptr ? nullptr : find_member(one.detail, "with");
      return fits(wanted, one.detail) || (inner != nullptr && fits(wanted, *inner));
    };
    const auto number = std::ranges::count_if(actual, matches);
    const bool good = times == nullptr ? number > 0 : number == times->integer;
    if (good) return;
    const auto expected = fmt::format("{}{} {}", name, with != nullptr ? " with " + dump_json(wanted) : "", times == nullptr ? "at least once" : fmt::format("{} times", times->integer));
    std::string got = fmt::format("{} times", number);
    if (with != nullptr) {
      for (const auto& one : actual)
        if (one.name == name) got += "\n                " + dump_json(one.detail);
    }
    differ(at, what, expected, got + "; in all " + names_of(actual));
  }

  /// Each name of the lists.
  void times(const Yaml& value) {
    if (value.kind != Yaml::Kind::integer) return differ(value, "times", "a number", shown(value));
    for (const auto& name : named_) {
      const auto number = std::ranges::count_if(happenings_, [&](const Happening& one) { return one.name == name; });
      if (number != value.integer) differ(value, "times", fmt::format("{} {} times", name, value.integer), fmt::format("{} times", number));
    }
  }

  void list(const std::string& what, const Yaml& expected, std::vector<std::string> actual, bool as_set) {
    std::vector<std::string> names;
    if (expected.is_list())
      for (const auto& item : expected.items) names.push_back(item.text);
    else if (!expected.is_null())
      names.push_back(expected.text);
    if (as_set) {
      std::ranges::sort(names);
      std::ranges::sort(actual);
    }
    if (names != actual) differ(expected, what, fmt::format("[{}]", fmt::join(names, ", ")), fmt::format("[{}]", fmt::join(actual, ", ")));
  }

  [[nodiscard]] std::string timer_named(const std::string& name) const {
    const auto& timers = actor_.snapshot().cursor.timers;
    if (timers.contains(name)) return name;
    if (timers.contains("schedule:" + name)) return "schedule:" + name;
    if (timers.contains("wait:" + name)) return "wait:" + name;
    if (name == "after")
      for (const auto& [timer, due] : timers)
        if (timer.starts_with("after:")) return timer;
    return {};
  }

  void timers(const Yaml& expected) {
    if (!expected.is_map()) return differ(expected, "timers", "a map from timers to moments", shown(expected));
    for (const auto& [name, place, value] : expected.entries) {
      const auto timer = timer_named(name);
      const auto actual = timer.empty() ? std::string{"(not armed)"} : format_time(actor_.snapshot().cursor.timers.at(timer));
      if (value.is_null()) {
        if (!timer.empty()) differ(value, "timer " + name, "(not armed)", actual);
        continue;
      }
      const auto moment = read_moment(value.text, calendar_);
      if (!moment) differ(value, "timer " + name, value.text + " (no moment)", actual);
      else if (timer.empty() || actor_.snapshot().cursor.timers.at(timer) != *moment) differ(value, "timer " + name, format_time(*moment), actual);
    }
  }

  void incident(const Yaml& expected) {
    const bool none = expected.is_null() || (expected.kind == Yaml::Kind::boolean && !expected.boolean);
    JsonArray open;
    bool matched = false;
    for (const auto& one : actor_.incidents) {
      const JsonObject detail{{"class", one.error_class}, {"code", one.code}, {"step", one.step}, {"kind", one.kind}, {"text", one.text}};
      open.push_back(detail);
      matched = matched || (expected.is_map() ? fits(expected.to_json(), detail) : expected.text == one.error_class || expected.text == one.code);
    }
    if (none ? !open.empty() : !matched) differ(expected, "incident", none ? "(none)" : shown(expected), open.empty() ? "(none)" : dump_json(open));
  }

  /// In this order, with others between them.
  void journal(const Yaml& expected) {
    std::vector<std::string> wanted;
    if (expected.is_list())
      for (const auto& item : expected.items) wanted.push_back(item.text);
    else wanted.push_back(expected.text);
    std::vector<std::string> types;
    for (auto i = since_.journal; i < actor_.journal.size(); ++i) types.push_back(text_of(actor_.journal[i].entry, "type"));
    auto at = types.begin();
    for (const auto& type : wanted) {
      at = std::find(at, types.end(), type);
      if (at == types.end()) return differ(expected, "journal", fmt::format("[{}]", fmt::join(wanted, ", ")), fmt::format("[{}]", fmt::join(types, ", ")));
      ++at;
    }
  }

  void allowed(const Yaml& expected) {
    if (!expected.is_map()) return list("allowed", expected, allowed_commands(actor_.definition(), actor_.snapshot(), "staff"), true);
    for (const auto& [role, place, value] : expected.entries) list("allowed to " + role, value, allowed_commands(actor_.definition(), actor_.snapshot(), role), true);
  }

  const Yaml& expect_;
  const VirtualActor& actor_;
  const Marks& since_;
  const Calendar& calendar_;
  std::vector<Mismatch> found_;
  std::vector<std::string> named_;
  Happenings happenings_;
};

}  // namespace

const std::vector<std::string>& expect_keys() {
  static const std::vector<std::string> keys{"state", "status", "busy", "calls", "actions", "times", "notified", "sent", "emitted", "created",
                                             "timers", "incident", "deferred", "journal", "allowed", "attributes"};
  return keys;
}

Marks Marks::of(const VirtualActor& actor) { return {actor.calls.size(), actor.messages.size(), actor.notices.size(), actor.created.size(), actor.journal.size()}; }

bool fits(const Json& expected, const Json& actual) {
  if (expected.is_object()) {
    if (!actual.is_object()) return false;
    return std::ranges::all_of(expected.get_object(), [&](const auto& member) {
      const auto* found = actual.get_object().if_contains(member.key());
      return found == nullptr ? member.value().is_null() : fits(member.value(), *found);
    });
  }
  if (expected.is_array()) {
    if (!actual.is_array() || actual.get_array().size() != expected.get_array().size()) return false;
    return std::ranges::equal(expected.get_array(), actual.get_array(), [](const Json& a, const Json& b) { return fits(a, b); });
  }
  if (expected.is_number() && actual.is_number()) return expected == actual || expected.to_number<double>() == actual.to_number<double>();
  return expected == actual;
}

std::vector<Mismatch> compare(const Yaml& expect, const VirtualActor& actor, const Marks& since, const Calendar& calendar) {
  return Comparison{expect, actor, since, calendar}.all();
}

}  // namespace stellwerk::workflows::proof
