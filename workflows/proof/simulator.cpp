#include "workflows/proof/simulator.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "workflows/proof/expectations.hpp"
#include "workflows/proof/script_reader.hpp"

namespace stellwerk::workflows::proof {
namespace {

/// Prints what has come since it was asked last.
class Teller {
 public:
  Teller(const VirtualActor& actor, const Calendar& calendar, const Print& print) : actor_{actor}, calendar_{calendar}, print_{print} {}

  void news() {
    for (; journal_ < actor_.journal.size(); ++journal_) print_("  " + describe(actor_.journal[journal_], calendar_));
    for (; calls_ < actor_.calls.size(); ++calls_) {
      const auto& call = actor_.calls[calls_];
      print_(fmt::format("  {} {}{} {} -> {}", call.action ? "action" : "call", call.name, call.undo ? " (undo)" : "", dump_json(call.input), fmt::join(call.outcomes, ", ")));
    }
    for (; notices_ < actor_.notices.size(); ++notices_) {
      const auto& notice = actor_.notices[notices_];
      print_(fmt::format("  notice {} {}", notice.type == "notification" ? text_of(notice.data, "template") : notice.type, dump_json(notice.data)));
    }
    for (; messages_ < actor_.messages.size(); ++messages_) {
      const auto& message = actor_.messages[messages_];
      print_(fmt::format("  message {} to {} {}", message.event, message.receiver, dump_json(message.payload)));
    }
  }

  void state() {
    const auto& at = actor_.state();
    auto text = fmt::format("= {} state {} ({})", describe_time(actor_.now()), at.name, at.status);
    if (!actor_.busy().empty()) text += ", busy: " + actor_.busy();
    for (const auto& open : actor_.incidents) text += fmt::format(", incident {} at {}", open.error_class, open.step);
    print_(text);
  }

  void attributes() {
    for (std::size_t i = 0; i < actor_.definition().attributes.size(); ++i) {
      const auto& field = actor_.definition().attributes[i].field;
      const bool secret = field.type.base == TypeSpec::Base::secret && !actor_.snapshot().attributes[i].is_null();
      print_(fmt::format("  {}: {}", field.name, secret ? "***" : dump_json(encode(field.type, actor_.snapshot().attributes[i]))));
    }
  }

  void timers() {
    std::vector<std::pair<Time, std::string>> sorted;
    for (const auto& [name, due] : actor_.snapshot().cursor.timers) sorted.emplace_back(due, name);
    std::ranges::sort(sorted);
    for (const auto& [due, name] : sorted) print_(fmt::format("  {} {}", describe_time(due), name));
    if (sorted.empty()) print_("  no timer is set");
  }

 private:
  /// In the tenant's zone, as the journal's lines have it.
  [[nodiscard]] std::string describe_time(Time time) const { return describe({time, JsonObject{{"type", ""}}}, calendar_).substr(0, 19); }

  const VirtualActor& actor_;
  const Calendar& calendar_;
  const Print& print_;
  std::size_t journal_ = 0, calls_ = 0, notices_ = 0, messages_ = 0;
};

std::string title_of(const Line& line) {
  using enum Line::What;
  switch (line.what) {
    case send: return fmt::format("send {} {}", line.name, dump_json(line.values));
    case answer: return "answer";
    case until: return "until " + format_time(line.until);
    case pass: return "pass " + format_duration(line.pass);
    case edit: return "edit " + dump_json(line.values);
    case setting: return "setting " + dump_json(line.values);
    case row: return "row";
    case remedy: return "remedy " + line.name;
    case crash: return "crash";
    case expect: return "expect";
  }
  return {};
}

}  // namespace

bool simulate(const Tests& script, const std::shared_ptr<const Definition>& definition, const Catalog& catalog, const Print& print) {
  if (script.cases.empty()) return false;
  const auto& one = script.cases.front();
  VirtualActor actor{definition, catalog, setup_of(script)};
  Teller teller{actor, script.calendar, print};
  for (const auto& [name, list] : script.answers) actor.answer(name, list);
  std::size_t answered = 0;
  const auto answers_after = [&](std::size_t first) {
    for (auto i = first; i < one.script.size() && one.script[i].what == Line::What::answer; ++i, answered = i)
      for (const auto& [name, list] : one.script[i].answers) actor.answer(name, list);
  };
  bool good = true;
  const auto carried = [&](const Result<void>& done, const std::optional<std::string>& refused) {
    teller.news();
    if (!done) print("  " + std::string{refused ? "refused, as expected: " : "REFUSED: "} + told(done.error()));
    good = good && done.has_value() == !refused.has_value();
  };
  answers_after(0);
  print(fmt::format("> birth {}", dump_json(one.given)));
  auto born = actor.be_born(one.given);
  if (born) born = actor.run();
  carried(born, std::nullopt);
  if (!born) return false;
  Marks marks;
  for (std::size_t i = 0; i < one.script.size(); ++i) {
    const auto& line = one.script[i];
    print(fmt::format("> {}", title_of(line)));
    if (line.what == Line::What::expect) {
      for (const auto& [place, what, expected, actual] : compare(line.expect, actor, marks, script.calendar)) {
        print(fmt::format("  {}:{}:{}: {}: expected {}, actual {}", script.file, place.line, place.column, what, expected, actual));
        good = false;
      }
      marks = Marks::of(actor);
      continue;
    }
    if (line.what != Line::What::answer || i >= answered) {
      answers_after(i + 1);
      carried(carry_out(actor, line), line.refused);
    }
    if (const auto ran = actor.run(); !ran) carried(ran, std::nullopt);
    teller.news();
    teller.state();
  }
  teller.attributes();
  teller.timers();
  return good;
}

namespace {

constexpr std::string_view help =
    "  send EVENT [{ field: value, … }] [by ROLE]   answer OPERATION OUTCOME…   until MOMENT   pass DURATION\n"
    "  edit { attribute: value }   setting { name: value }   remedy retry|skip|edit|done|fail   crash\n"
    "  state   timers   allowed [ROLE]   help   quit";

struct Words {
  std::string verb, rest;
};
Words split(const std::string& text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return {};
  const auto end = text.find_first_of(" \t", first);
  if (end == std::string::npos) return {text.substr(first), {}};
  const auto rest = text.find_first_not_of(" \t", end);
  return {text.substr(first, end - first), rest == std::string::npos ? std::string{} : text.substr(rest)};
}

/// A command typed by hand as the line of a script that means the same.
std::string as_line(const Words& words) {
  const auto& [verb, rest] = words;
  if (verb == "send") {
    auto [event, with] = split(rest);
    std::string by;
    if (const auto at = with.rfind("by "); at != std::string::npos && (at == 0 || with[at - 1] == ' ')) {
      by = with.substr(at + 3);
      with.erase(at);
    }
    const bool has_values = with.find_first_not_of(' ') != std::string::npos;
    return fmt::format("{{ send: {}{}{} }}", event, has_values ? ", with: " + with : "", by.empty() ? "" : ", by: " + by);
  }
  if (verb == "answer") {
    const auto [operation, outcomes] = split(rest);
    std::string list;
    for (auto left = split(outcomes); !left.verb.empty(); left = split(left.rest)) list += (list.empty() ? "" : ", ") + left.verb;
    return fmt::format("{{ answer: {{ \"{}\": [ {} ] }} }}", operation, list);
  }
  if (verb == "crash") return "{ crash: true }";
  return fmt::format("{{ {}: {} }}", verb, rest);
}

}  // namespace

bool simulate_by_hand(const Tests& setup, const std::shared_ptr<const Definition>& definition, const Catalog& catalog, const std::function<bool(std::string&)>& read,
                      const Print& print) {
  VirtualActor actor{definition, catalog, setup_of(setup)};
  Teller teller{actor, setup.calendar, print};
  for (const auto& [name, list] : setup.answers) actor.answer(name, list);
  auto born = actor.be_born(setup.cases.empty() ? Json(JsonObject{}) : setup.cases.front().given);
  if (born) born = actor.run();
  teller.news();
  if (!born) {
    print("  not born: " + told(born.error()));
    return false;
  }
  teller.state();
  print("  'help' lists the commands");
  for (std::string typed; read(typed);) {
    const auto words = split(typed);
    if (words.verb.empty()) continue;
    if (words.verb == "quit" || words.verb == "exit") return true;
    if (words.verb == "help") print(std::string{help});
    else if (words.verb == "state") teller.state(), teller.attributes();
    else if (words.verb == "timers") teller.timers();
    else if (words.verb == "allowed") print(fmt::format("  {}", fmt::join(allowed_commands(*definition, actor.snapshot(), words.rest.empty() ? "staff" : words.rest), ", ")));
    else {
      const auto yaml = config::read_yaml("input", "- " + as_line(words) + "\n");
      reading::Report report{"input"};
      std::vector<Line> lines;
      if (yaml) {
        Reading in{report, *definition, catalog, setup.calendar};
        lines = read_script(in, yaml->root);
      }
      const auto problems = yaml ? report.take() : yaml.error();
      for (const auto& problem : problems) print(fmt::format("  {}{}", problem.message, problem.hint.empty() ? "" : "; " + problem.hint));
      if (!problems.empty()) continue;
      for (const auto& line : lines) {
        auto done = carry_out(actor, line);
        if (done) done = actor.run();
        teller.news();
        if (!done) print("  refused: " + told(done.error()));
      }
      teller.state();
    }
  }
  return true;
}

}  // namespace stellwerk::workflows::proof
