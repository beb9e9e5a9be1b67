#include "workflows/proof/graph.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace stellwerk::workflows::proof {
namespace {

struct Edge {
  int from = -1;  ///< -1: every waiting, non-final state
  int to = -1;
  std::string kind;   ///< event, timer, schedule, done, failed, leave
  std::string label;
  std::string condition;
  bool in_place = false;
  bool interrupts = false;
  int line = 0;
  [[nodiscard]] bool is_timer() const { return kind == "timer" || kind == "schedule"; }
};

/// As it is written: a literal is compiled to a call that makes it.
std::string time_of(const After& after) {
  const auto& source = after.delay.source();
  if (!source.starts_with("duration(")) return source.empty() ? after.name : source;
  const auto literal = after.delay.evaluate({});
  return literal && literal->kind() == cel::Kind::duration ? format_duration(literal->as_span()) : source;
}

class Edges {
 public:
  explicit Edges(const Definition& definition) : definition_{definition} {
    for (const auto& [event, candidates] : definition.on) add(-1, "event", event, candidates);
    for (const auto& schedule : definition.schedules) add(-1, "schedule", schedule.name, schedule.then);
    for (std::size_t i = 0; i < definition.states.size(); ++i) add_state(static_cast<int>(i), definition.states[i]);
  }
  std::vector<Edge> all;

 private:
  void add_state(int index, const State& state) {
    for (const auto& [event, candidates] : state.on) add(index, "event", event, candidates);
    for (const auto& after : state.after) add(index, "timer", time_of(after), after.then);
    if (state.works()) add_work(index, definition_.work(state.work));
  }

  void add_work(int from, const Work& work) {
    add(from, "done", "done", work.done);
    add(from, "failed", "failed", work.failed);
    for (const auto& step : work.steps)
      if (const auto* leave = std::get_if<LeaveStep>(&step.body))
        all.push_back({from, leave->to, "leave", step.name, step.when ? step.when.source() : std::string{}, false, false, step.place.line});
  }

  void add(int from, const std::string& kind, const std::string& label, const Candidates& candidates) {
    for (const auto& candidate : candidates) {
      const bool stays = candidate.to < 0;
      all.push_back({from, stays ? from : candidate.to, kind, label, candidate.when ? candidate.when.source() : std::string{}, stays, candidate.interrupt != Interrupt::none, candidate.place.line});
      if (candidate.work < 0) continue;
      const auto& work = definition_.work(candidate.work);
      for (const auto* ends : {&work.done, &work.failed})
        for (const auto& end : *ends)
          if (end.to >= 0) all.push_back({from, end.to, ends == &work.done ? "done" : "failed", work.name, end.when ? end.when.source() : std::string{}, false, false, end.place.line});
    }
  }

  const Definition& definition_;
};

std::string label_of(const Edge& edge) {
  std::string text = edge.label;
  if (edge.kind == "timer") text = "after " + text;
  if (edge.kind == "schedule") text = "schedule " + text;
  if (!edge.condition.empty()) text += " [" + edge.condition + "]";
  if (edge.interrupts) text += " (interrupts)";
  return text;
}

/// Mermaid ends a label at these, and reads '#' as an entity.
std::string mermaid_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '#': out += "#35;"; break;
      case ':': out += "#58;"; break;
      case ';': out += "#59;"; break;
      case '"': out += "#34;"; break;
      case '<': out += "#60;"; break;
      case '>': out += "#62;"; break;
      case '\n': out += ' '; break;
      default: out += c;
    }
  }
  return out;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out + "\"";
}

std::vector<std::string> statuses_of(const Definition& definition) {
  std::vector<std::string> all;
  for (const auto& state : definition.states)
    if (std::find(all.begin(), all.end(), state.status) == all.end()) all.push_back(state.status);
  return all;
}

constexpr std::string_view palette[] = {"#dbeafe", "#dcfce7", "#fef3c7", "#fee2e2", "#ede9fe", "#e5e7eb"};
std::string_view colour(std::size_t status) { return palette[status % std::size(palette)]; }

const std::string anywhere = "any_waiting_state";

}  // namespace

std::string mermaid(const Definition& definition) {
  std::string text = fmt::format("---\ntitle: {}\n---\nstateDiagram-v2\n", mermaid_text(definition.title.empty() ? definition.name : definition.title));
  const auto& states = definition.states;
  const auto name = [&](int state) { return state < 0 ? anywhere : states[static_cast<std::size_t>(state)].name; };
  const Edges edges{definition};
  for (const auto& state : states) {
    auto shown = state.name;
    if (state.works()) shown += " ⚙";
    if (shown != state.name) text += fmt::format("  {}: {}\n", state.name, shown);
  }
  text += fmt::format("  [*] --> {}\n", name(definition.initial));
  for (const auto& edge : edges.all) {
    const auto mark = edge.is_timer() ? "⏱ " : edge.in_place ? "↻ " : "";
    text += fmt::format("  {} --> {}: {}{}\n", name(edge.from), name(edge.to), mark, mermaid_text(label_of(edge)));
  }
  for (const auto& state : states)
    if (state.final) text += fmt::format("  {} --> [*]\n", state.name);
  const auto statuses = statuses_of(definition);
  for (std::size_t i = 0; i < statuses.size(); ++i) {
    std::string members;
    for (const auto& state : states)
      if (state.status == statuses[i]) members += (members.empty() ? "" : ",") + state.name;
    text += fmt::format("  classDef status_{} fill:{}\n  class {} status_{}\n", statuses[i], colour(i), members, statuses[i]);
  }
  return text;
}

Json graph_json(const Definition& definition) {
  JsonArray states;
  for (const auto& state : definition.states) {
    JsonArray steps;
    if (state.works())
      for (const auto& step : definition.work(state.work).steps) steps.push_back(boost::json::string(step.name));
    states.push_back(JsonObject{{"name", state.name}, {"status", state.status}, {"title", state.title}, {"works", state.works()}, {"final", state.final},
                                {"rest", state.rest}, {"steps", std::move(steps)}, {"line", state.place.line}});
  }
  const auto name = [&](int state) { return state < 0 ? Json{} : Json(boost::json::string(definition.states[static_cast<std::size_t>(state)].name)); };
  JsonArray edges;
  for (const auto& edge : Edges{definition}.all)
    edges.push_back(JsonObject{{"from", name(edge.from)}, {"to", name(edge.to)}, {"kind", edge.kind}, {"label", edge.label}, {"condition", edge.condition},
                               {"in_place", edge.in_place}, {"interrupts", edge.interrupts}, {"line", edge.line}});
  return JsonObject{{"workflow", definition.name}, {"kind", definition.kind}, {"title", definition.title}, {"initial", name(definition.initial)},
                    {"states", std::move(states)}, {"edges", std::move(edges)}};
}

std::string dot(const Definition& definition) {
  const auto name = [&](int state) { return quoted(state < 0 ? anywhere : definition.states[static_cast<std::size_t>(state)].name); };
  std::string text = fmt::format("digraph {} {{\n  rankdir=LR;\n  node [fontname=\"sans-serif\", style=\"rounded,filled\", fillcolor=white];\n  edge [fontname=\"sans-serif\", fontsize=10];\n",
                                 quoted(definition.name));
  const auto statuses = statuses_of(definition);
  text += fmt::format("  start [shape=point];\n  start -> {};\n", name(definition.initial));
  for (const auto& state : definition.states) {
    const auto status = static_cast<std::size_t>(std::find(statuses.begin(), statuses.end(), state.status) - statuses.begin());
    text += fmt::format("  {} [shape={}, fillcolor=\"{}\", tooltip={}{}];\n", quoted(state.name), state.works() ? "component" : "box", colour(status), quoted(state.status),
                        state.final ? ", peripheries=2" : "");
  }
  const Edges edges{definition};
  if (std::any_of(edges.all.begin(), edges.all.end(), [](const Edge& edge) { return edge.from < 0; }))
    text += fmt::format("  {} [shape=box, style=dotted, label=\"any waiting state\"];\n", anywhere);
  for (const auto& edge : edges.all)
    text += fmt::format("  {} -> {} [label={}{}];\n", name(edge.from), name(edge.to), quoted(label_of(edge)), edge.is_timer() ? ", style=dashed" : "");
  return text + "}\n";
}

}  // namespace stellwerk::workflows::proof
