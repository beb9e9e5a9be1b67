#include "tests/property/generator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace stellwerk::testing {
namespace {

constexpr int saved_attributes = 8;

Json text(std::string_view value) { return Json(boost::json::string(value)); }
JsonArray texts(const std::vector<std::string>& values) {
  JsonArray all;
  for (const auto& value : values) all.push_back(text(value));
  return all;
}
JsonObject one(std::string_view key, Json value) {
  JsonObject object;
  object[key] = std::move(value);
  return object;
}

class Generator {
 public:
  Generator(Choices& choices, std::string name) : c_{choices}, name_{std::move(name)} {}

  Json workflow() {
    waiting_ = 1 + static_cast<int>(c_.below(3));
    working_ = static_cast<int>(c_.below(4));
    for (int i = 0; i < waiting_; ++i) names_.push_back(fmt::format("w{}", i));
    for (int i = 0; i < working_; ++i) names_.push_back(fmt::format("s{}", i));
    names_.emplace_back("over");
    JsonObject file{{"language", 1}, {"workflow", text(name_)}, {"kind", "service"}, {"title", "Generated"}};
    file["settings"] = JsonObject{{"silence", JsonObject{{"type", "duration"}, {"default", "P3D"}}}, {"cycle", JsonObject{{"type", "period"}, {"default", "P1M"}}}};
    file["attributes"] = attributes();
    auto states = this->states();  // what they need decides which events there are
    file["events"] = events();
    if (auto on = top_level(); !on.empty()) file["on"] = std::move(on);
    if (auto schedules = this->schedules(); !schedules.empty()) file["schedule"] = std::move(schedules);
    file["initial"] = "w0";
    file["states"] = std::move(states);
    return file;
  }

 private:
  JsonObject attributes() {
    JsonObject all{{"name", JsonObject{{"type", "string"}, {"default", "box"}}},
                   {"c0", JsonObject{{"type", "int"}, {"default", 0}}},
                   {"c1", JsonObject{{"type", "int"}, {"default", 0}}},
                   {"due", JsonObject{{"type", "date"}}},
                   {"moment", JsonObject{{"type", "timestamp"}}},
                   {"items", JsonObject{{"type", "list"}, {"of", JsonObject{{"type", "string"}}}, {"default", texts({"a", "b"})}}},
                   {"note", JsonObject{{"type", "string"}, {"edit", texts({"staff"})}}},
                   {"limit", JsonObject{{"type", "date"}, {"edit", texts({"staff"})}}},
                   {"key", JsonObject{{"type", "secret"}, {"edit", texts({"staff"})}}},
                   {"plan", JsonObject{{"type", "ref"}, {"kind", "plan"}}},
                   {"child", JsonObject{{"type", "ref"}, {"kind", "ticket"}}}};
    for (int i = 0; i < saved_attributes; ++i) all[fmt::format("k{}", i)] = JsonObject{{"type", "int"}};
    if (c_.chance(40)) all["twice"] = JsonObject{{"type", "int"}, {"value", "self.c0 * 2"}};
    if (c_.chance(40)) all["end_at"] = JsonObject{{"type", "date"}, {"value", "self.due == null ? null : self.due + P10D"}};
    if (c_.chance(20)) all["cores"] = JsonObject{{"type", "int"}, {"value", "self.plan == null ? 0 : self.plan.cores"}};
    return all;
  }

  JsonObject events() {
    JsonObject all;
    for (std::size_t i = 1; i < names_.size(); ++i) all["go_" + names_[i]] = JsonObject{{"allow", texts({"staff"})}};
    for (int i = 0; i < 4; ++i) {
      JsonObject event{{"allow", texts(c_.chance(30) ? std::vector<std::string>{"customer", "staff"} : std::vector<std::string>{"staff"})}, {"with", payload()}};
      if (c_.chance(50)) event["busy"] = "defer";
      all[fmt::format("e{}", i)] = std::move(event);
    }
    for (int i = 0; i < 2; ++i) all[fmt::format("m{}", i)] = JsonObject{{"from", texts({"invoice"})}, {"with", payload()}};
    return all;
  }
  static JsonObject payload() { return {{"n", JsonObject{{"type", "int"}, {"default", 1}}}, {"on", JsonObject{{"type", "date"}}}, {"plan", JsonObject{{"type", "ref"}, {"kind", "plan"}}}}; }

  JsonObject states() {
    JsonObject all;
    for (int i = 0; i < waiting_; ++i) all[names_[static_cast<std::size_t>(i)]] = waiting(i);
    for (int i = 0; i < working_; ++i) all[names_[static_cast<std::size_t>(waiting_ + i)]] = working();
    all["over"] = JsonObject{{"status", "cancelled"}, {"final", true}};
    return all;
  }

  JsonObject waiting(int number) {
    JsonObject state{{"status", c_.chance(50) ? "active" : "pending"}};
    if (c_.chance(25)) state["entry"] = JsonArray{one("set", one("c1", text("${self.c1 + 1}")))};
    if (c_.chance(15)) state["exit"] = JsonArray{one("emit", text("left"))};
    JsonObject on;
    if (number == 0)
      for (std::size_t i = 1; i < names_.size(); ++i) on["go_" + names_[i]] = one("to", text(names_[i]));
    bool in_place = false;
    for (int i = 0; i < 3; ++i)
      if (c_.chance(55)) on[fmt::format("e{}", i)] = candidates({.event = true, .in_place = &in_place});
    for (int i = 0; i < 2; ++i)
      if (c_.chance(40)) on[fmt::format("m{}", i)] = candidates({.event = true, .in_place = &in_place});
    if (in_place && c_.chance(60)) on["e3"] = JsonObject{{"interrupt", c_.chance(50) ? "keep" : "undo"}, {"to", text(target())}};
    if (!on.empty()) state["on"] = std::move(on);
    static const std::vector<std::string> delays{"P2D", "PT5M", "settings.silence", "P1M", "self.moment", "settings.cycle", "self.due"};
    JsonObject after;
    for (std::size_t i = c_.below(3); i > 0; --i) after[c_.of(delays)] = candidates({.in_place = &in_place});
    // one that is always there, or none is needed
    if (after.empty() || c_.chance(60)) state["rest"] = true;
    else after["P40D"] = one("to", text(target()));
    if (!after.empty()) state["after"] = std::move(after);
    return state;
  }

  JsonObject working() {
    JsonObject state{{"status", c_.chance(50) ? "active" : "pending"}};
    state["steps"] = steps();
    state["done"] = ending();
    if (c_.chance(30)) state["failed"] = "incident";
    else state["failed"] = ending();
    JsonObject on;
    for (int i = 0; i < 2; ++i)
      if (c_.chance(40)) on[fmt::format("e{}", i)] = JsonObject{{"interrupt", c_.chance(30) ? "keep" : "undo"}, {"to", text(target())}};
    if (!on.empty()) state["on"] = std::move(on);
    return state;
  }

  /// Any state, rarely the end.
  const std::string& target() { return c_.chance(8) ? names_.back() : names_[c_.below(names_.size() - 1)]; }
  const std::string& waiting_target() { return names_[c_.below(static_cast<std::size_t>(waiting_))]; }

  /// What follows a run: mostly rest, so that runs do not chase one another.
  Json ending() {
    JsonArray list;
    if (c_.chance(25)) list.push_back(JsonObject{{"when", text(condition())}, {"to", text(target())}});
    JsonObject last = effects(false);
    last["to"] = text(c_.chance(80) ? waiting_target() : target());
    if (list.empty()) return last;
    list.push_back(std::move(last));
    return list;
  }

  struct Place {
    bool event = false;
    bool* in_place = nullptr;  ///< steps may stand here; set when they do
  };

  Json candidates(const Place& place) {
    if (!c_.chance(20)) return transition(place);
    JsonArray list;
    auto first = transition(place);
    if (!first.contains("when")) first["when"] = text(condition());
    list.push_back(std::move(first));
    list.push_back(transition(place));
    return list;
  }

  JsonObject transition(const Place& place) {
    JsonObject made;
    if (c_.chance(25)) made["when"] = text(condition());
    if (c_.chance(10)) made["require"] = "self.plan == null || self.plan.cores != 99";
    for (auto& member : effects(place.event)) made[member.key()] = std::move(member.value());
    if (place.in_place != nullptr && c_.chance(25)) {
      *place.in_place = true;
      made["steps"] = steps();
      if (c_.chance(60)) made["done"] = effects(false);
      if (c_.chance(30)) made["failed"] = "incident";
      else if (c_.chance(50)) made["failed"] = JsonObject{{"emit", "not_done"}, {"to", text(waiting_target())}};
    } else if (c_.chance(45)) {
      made["to"] = text(target());
    }
    return made;
  }

  std::string condition() {
    static const std::vector<std::string> all{"self.c0 < 4", "self.c0 % 2 == 0", "self.c1 < 3", "self.due == null", "self.status == 'active'", "size(self.items) > 1", "self.plan == null || self.plan.cores > 0"};
    return c_.of(all);
  }

  JsonObject effects(bool event) {
    JsonObject made;
    if (c_.chance(50)) {
      JsonObject set{{"c0", text("${self.c0 + 1}")}};
      if (c_.chance(30)) set["moment"] = text("${now + duration('90m')}");
      if (c_.chance(30)) set["due"] = text("${today + P20D}");
      if (c_.chance(10)) set["due"] = nullptr;
      if (event && c_.chance(20)) set["plan"] = text("${event.plan}");
      made["set"] = std::move(set);
    }
    if (event && c_.chance(20)) made["save"] = one("limit", text("event.on"));
    if (c_.chance(15)) made["notify"] = "told";
    if (c_.chance(15)) made["emit"] = JsonObject{{"type", "seen"}, {"with", one("n", text("${self.c0}"))}};
    if (c_.chance(10)) made["send"] = JsonObject{{"actor", text("${self.child}")}, {"event", "hello"}};
    if (c_.chance(8)) made["action"] = "book.renew";
    if (c_.chance(8)) made["each"] = JsonObject{{"in", "self.items"}, {"as", "thing"}, {"do", JsonArray{one("emit", JsonObject{{"type", "one"}, {"with", one("of", text("${thing}"))}})}}};
    if (c_.chance(5)) made["create"] = JsonObject{{"kind", "ticket"}, {"workflow", "ticket"}, {"with", one("subject", text("x"))}, {"save", one("child", text("id"))}};
    return made;
  }

  // --- steps

  JsonArray steps() {
    saved_ = 0;
    step_ = 0;
    JsonArray list;
    std::vector<std::string> earlier;
    for (std::size_t left = 1 + c_.below(5); left > 0; --left) {
      const auto name = next_name();
      list.push_back(one(name, step(name, earlier)));
      // only what can be done anew
      for (const auto* word : {"call", "action", "set", "emit"})
        if (list.back().at(name).as_object().contains(word)) earlier.push_back(name);
    }
    return list;
  }

  std::string next_name() { return fmt::format("p{}", step_++); }

  JsonObject step(const std::string& name, const std::vector<std::string>& earlier) {
    JsonObject made;
    switch (c_.below(12)) {
      case 0:
      case 1:
      case 2:
      case 3: made = plain(name); break;
      case 4: made = plain(name); if (!earlier.empty() && made.contains("call")) made["on_error"] = JsonObject{{"conflict", JsonObject{{"redo", text(c_.of(earlier))}, {"times", 2}}}}; break;
      case 5: made = JsonObject{{"wait", JsonObject{{"for", c_.chance(50) ? "m0" : "e2"}, {"timeout", "P1D"}}}}; break;
      case 6: made = JsonObject{{"approve", JsonObject{{"by", texts({"staff"})}, {"timeout", "P2D"}}}}; break;
      case 7:
      case 8: {
        JsonArray branches;
        for (std::size_t left = 2 + c_.below(3); left > 0; --left) {
          const auto branch = next_name();
          branches.push_back(one(branch, plain(branch, false)));
        }
        made["parallel"] = std::move(branches);
        break;
      }
      case 9:
      case 10: {
        JsonArray inner;
        for (std::size_t left = 1 + c_.below(2); left > 0; --left) {
          const auto each = next_name();
          inner.push_back(one(each, plain(each)));
        }
        made["each"] = JsonObject{{"in", c_.chance(50) ? "self.items" : "[1, 2, 3]"}, {"as", "thing"}, {"steps", std::move(inner)}};
        break;
      }
      default:
        made = JsonObject{{"leave", one("to", text(waiting_target()))}, {"when", "self.c0 > 3"}};
        return made;
    }
    if (c_.chance(20)) made["when"] = text(condition());
    return made;
  }

  /// A call, an action or local effects: what may stand in a parallel.
  JsonObject plain(const std::string& name, bool alone = true) {
    JsonObject made;
    const auto thing = fmt::format("${{self.name}}-{}", name);
    switch (c_.below(8)) {
      case 0:
        // branches that run at the same time write different attributes
        if (alone) made["set"] = one("c1", text("${self.c1 + 1}"));
        else made["notify"] = "branch";
        return made;
      case 1: made = JsonObject{{"call", "vendor.create"}, {"with", JsonObject{{"name", text(thing)}, {"size", text("${self.c0}")}}}}; save(made, "result.id"); break;
      case 2: made = JsonObject{{"action", "stock.take"}, {"with", one("of", text("boxes"))}}; save(made, "result.n"); return made;
      case 3: made = JsonObject{{"call", "vendor.build"}, {"with", one("name", text(thing))}}; break;
      case 4:
        made = JsonObject{{"call", "vendor.change"}, {"with", JsonObject{{"name", text(thing)}, {"speed", 3}}}};
        if (c_.chance(50)) made["undo"] = JsonObject{{"call", "vendor.change"}, {"with", JsonObject{{"name", text(thing)}, {"speed", 0}}}};
        break;
      case 5: made = JsonObject{{"call", "vendor.charge"}, {"with", one("invoice", text(thing))}}; break;
      case 6: made = JsonObject{{"call", "vendor.look"}}; save(made, "result.count"); break;
      default: made["emit"] = "step"; return made;
    }
    made["on_server"] = "'srv_1'";
    if (c_.chance(20)) made["retry"] = JsonObject{{"attempts", 2}, {"delay", "PT1S"}};
    if (c_.chance(25)) made["on_error"] = c_.chance(40) ? "continue" : c_.chance(50) ? "incident" : "fail";
    return made;
  }

  void save(JsonObject& step, const char* path) {
    if (saved_ < saved_attributes && c_.chance(60)) step["save"] = one(fmt::format("k{}", saved_++), text(path));
  }

  // --- of the actor

  JsonObject top_level() {
    JsonObject on;
    if (c_.chance(30)) on["e3"] = effects(true);
    if (c_.chance(30)) on["m1"] = effects(true);
    return on;
  }

  JsonObject schedules() {
    JsonObject all;
    const auto body = [&](JsonObject head) {
      if (c_.chance(40)) head["when"] = text("self.c1 < 5");
      if (head.contains("when") && !head.contains("every") && c_.chance(40)) head["skipped"] = c_.chance(50) ? "wait" : "drop";
      head["set"] = one("c0", text("${self.c0 + 1}"));
      if (c_.chance(25)) head["to"] = text(waiting_target());
      return head;
    };
    if (c_.chance(30)) all["once"] = body({{"at", "self.moment"}});
    if (c_.chance(30)) all["before"] = body({{"at", "self.due - P2D"}, {"per", "self.due"}});
    if (c_.chance(20)) all["listed"] = body({{"at", "self.due == null ? [] : [self.due, self.due + P3D]"}});
    if (c_.chance(20)) all["monthly"] = body({{"every", "P1M"}});
    if (c_.chance(10)) all["often"] = body({{"every", "PT36H"}});
    if (c_.chance(20)) {
      JsonObject clock{{"at", "duration('20h')"}, {"counts_in", texts({"w0"})}, {"notify", "slow"}};
      if (c_.chance(50)) clock["calendar"] = "workdays";
      if (c_.chance(50)) clock["ends_on"] = texts({"e0"});
      all["clock"] = std::move(clock);
    }
    return all;
  }

  Choices& c_;
  std::string name_;
  std::vector<std::string> names_;
  int waiting_ = 1, working_ = 0;
  int saved_ = 0, step_ = 0;
};

bool is_plain_key(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

void write(const Json& json, int depth, std::string& out) {
  const std::string indent(static_cast<std::size_t>(depth) * 2, ' ');
  const auto value = [&](const Json& below) {
    const bool nested = (below.is_object() && !below.get_object().empty()) || (below.is_array() && !below.get_array().empty());
    if (!nested) return out += " " + dump_json(below) + "\n", void();
    out += '\n';
    write(below, depth + 1, out);
  };
  if (json.is_object()) {
    for (const auto& member : json.get_object()) {
      const std::string key{member.key()};
      out += indent + (is_plain_key(key) ? key : "\"" + key + "\"") + ":";
      value(member.value());
    }
  } else {
    for (const auto& item : json.get_array()) {
      out += indent + "-";
      value(item);
    }
  }
}

}  // namespace

std::string to_yaml(const Json& json) {
  std::string out;
  write(json, 0, out);
  return out;
}

std::string generate_workflow(Choices& choices, const std::string& name) { return to_yaml(Generator{choices, name}.workflow()); }

std::pair<std::string, std::string> generate_extended(Choices& choices) {
  auto base = Generator{choices, "base-of-all"}.workflow();
  JsonObject header{{"language", 1}, {"workflow", "generated"}, {"extends", "base-of-all"}, {"title", "Extended"}};
  if (choices.chance(50)) header["settings"] = one("silence", one("default", text("P5D")));
  if (choices.chance(50)) header["attributes"] = one("extra", JsonObject{{"type", "int"}, {"default", 4}});
  if (choices.chance(50)) header["events"] = one("more", one("allow", texts({"admin"})));
  if (choices.chance(50)) header["states"] = one("w0", one("title", text("The first")));
  // a step list that the workflow must give
  auto& states = base.as_object()["states"].as_object();
  if (auto* working = states.if_contains("s0"); working != nullptr && choices.chance(60)) {
    if (!header.contains("states")) header["states"] = JsonObject{};
    header["states"].as_object()["s0"] = one("steps", working->as_object()["steps"]);
    working->as_object()["steps"] = "required";
  }
  base.as_object()["abstract"] = true;
  return {to_yaml(base), to_yaml(header)};
}

}  // namespace stellwerk::testing
