#include "workflows/proof/tester.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "workflows/advance/deciding.hpp"
#include "workflows/formats.hpp"
#include "workflows/proof/expectations.hpp"

namespace stellwerk::workflows::proof {
namespace {

/// An id of an actor of this kind; senders that are no actors (connector, billing, system) have none.
std::string sender_of(std::string_view kind) {
  const auto prefix = prefix_of(kind);
  return prefix == "act" ? std::string{} : format_id(prefix, derive_uuid(Uuid{}, fmt::format("sender {}", kind)));
}

bool is_role(std::string_view word) { return word == "customer" || word == "reseller" || word == "staff" || word == "admin" || word == "system"; }

Result<void> send(VirtualActor& actor, const Line& line) {
  const auto& events = actor.definition().events;
  const auto spec = events.find(line.name);
  const bool declared = spec != events.end();
  if (is_role(line.by) || (line.by.empty() && (!declared || !spec->second.allow.empty()))) {
    const auto role = !line.by.empty() ? line.by : declared ? spec->second.allow.front() : std::string{"staff"};
    return actor.command(line.name, line.values, role);
  }
  const auto kind = !line.by.empty() ? line.by : spec->second.from.empty() ? std::string{} : spec->second.from.front();
  return actor.message(line.name, line.values, sender_of(kind));
}

Remedy::What remedy_of(std::string_view word) {
  using enum Remedy::What;
  if (word == "skip") return skip;
  if (word == "edit") return edit;
  if (word == "done") return done;
  return word == "fail" ? Remedy::What::fail : retry;
}

/// One case on its way.
class Running {
 public:
  Running(const Tests& tests, const Case& of, const std::shared_ptr<const Definition>& definition, const Catalog& catalog)
      : tests_{tests}, case_{of}, actor_{definition, catalog, setup_of(tests)} {
    result_.name = of.name;
    result_.place = of.place;
    actor_.watch = [this](const Decision&) { check_always(); };
    for (const auto& [name, list] : tests.answers) actor_.answer(name, list);
  }

  CaseResult run(Reached& reached) {
    begin();
    for (std::size_t i = 0; i < case_.script.size() && result_.failures.empty(); ++i) {
      journal_from_ = before_line_;
      before_line_ = actor_.journal.size();
      one(i);
    }
    if (result_.passed()) check_incidents();
    result_.decisions = actor_.decisions;
    reached.states.insert(actor_.entered.begin(), actor_.entered.end());
    reached.transitions.insert(actor_.taken.begin(), actor_.taken.end());
    reached.steps.insert(actor_.stepped.begin(), actor_.stepped.end());
    if (!result_.passed())
      for (auto i = journal_from_; i < actor_.journal.size(); ++i) result_.journal.push_back(describe(actor_.journal[i], tests_.calendar));
    return std::move(result_);
  }

 private:
  void differ(config::Place place, std::string what, std::string expected, std::string actual) { result_.failures.push_back({place, std::move(what), std::move(expected), std::move(actual)}); }

  /// `answer` lines say how the world answers what the line before them leads to: they hold from that line on.
  void answers_after(std::size_t first) {
    for (auto i = first; i < case_.script.size() && case_.script[i].what == Line::What::answer; ++i) {
      for (const auto& [name, list] : case_.script[i].answers) actor_.answer(name, list);
      answered_ = i + 1;
    }
  }

  void begin() {
    place_ = case_.place;
    answers_after(0);
    auto born = actor_.be_born(case_.given);
    if (born) born = actor_.run();
    if (!born) differ(case_.place, "birth", "an actor is born", told(born.error()));
    line_ends();
  }

  void one(std::size_t index) {
    const auto& line = case_.script[index];
    place_ = line.place;
    if (line.what == Line::What::expect) {
      for (auto& [place, what, expected, actual] : compare(line.expect, actor_, marks_, tests_.calendar)) differ(place, what, expected, actual);
      if (line.expect.find("incident") != nullptr)
        for (const auto& open : actor_.incidents) known_incidents_.insert(open.id.str());
      marks_ = Marks::of(actor_);
      return;
    }
    if (line.what == Line::What::answer) {
      if (index >= answered_)
        for (const auto& [name, list] : line.answers) actor_.answer(name, list);
    } else {
      answers_after(index + 1);
      refused(line, carry_out(actor_, line));
    }
    if (auto ran = actor_.run(); !ran && result_.passed()) differ(line.place, "run", "the actor comes to rest", told(ran.error()));
    line_ends();
  }

  void refused(const Line& line, const Result<void>& done) {
    if (line.refused) {
      const auto what = fmt::format("{} is refused", line.name);
      if (done) return differ(line.place, what, line.refused->empty() ? "a refusal" : *line.refused, "it was not refused");
      const auto reason = done.error().reason.empty() ? std::string{to_string(done.error().code)} : done.error().reason;
      if (!line.refused->empty() && reason != *line.refused) differ(line.place, what, *line.refused, fmt::format("{}: {}", reason, told(done.error())));
    } else if (!done) {
      differ(line.place, line.name.empty() ? "line" : line.name, "it is carried out", told(done.error()));
    }
  }

  void line_ends() { check_always(); }

  void check_always() {
    if (violated_ || !actor_.is_born()) return;
    const auto frame = tests_.always.empty() ? std::vector<cel::Value>{} : actor_.frame();
    for (const auto& [program, place] : tests_.always) {
      const auto holds = program.test(frame);
      if (holds && *holds) continue;
      violated_ = true;
      const auto at = fmt::format("{} in state {}", format_time(actor_.now()), actor_.state().name);
      differ(place_, fmt::format("always (line {})", place.line), program.source(), holds ? "false at " + at : fmt::format("{} at {}", stellwerk::describe(holds.error()), at));
      for (std::size_t i = 0; i < actor_.definition().attributes.size(); ++i) {
        const auto& field = actor_.definition().attributes[i].field;
        if (program.source().find("self." + field.name) == std::string::npos) continue;
        result_.failures.back().actual += fmt::format("; {} is {}", field.name, dump_json(encode(field.type, actor_.snapshot().attributes[i])));
      }
    }
  }

  /// A person would be asked: a test that says nothing of it has not seen it.
  void check_incidents() {
    for (const auto& open : actor_.incidents)
      if (!known_incidents_.contains(open.id.str()))
        differ(place_, "incident", "none is left open that no 'expect' named", fmt::format("{} {} at step '{}': {}", open.kind, open.error_class, open.step, open.text));
  }

  const Tests& tests_;
  const Case& case_;
  VirtualActor actor_;
  CaseResult result_;
  Marks marks_;
  config::Place place_;
  std::size_t answered_ = 0;     ///< lines of `answer` up to here hold already
  std::size_t before_line_ = 0, journal_from_ = 0;
  std::set<std::string> known_incidents_;
  bool violated_ = false;
};

}  // namespace

bool TestReport::passed() const { return shortfalls.empty() && std::ranges::all_of(cases, &CaseResult::passed); }

VirtualActor::Setup setup_of(const Tests& tests) { return {.calendar = tests.calendar, .start = tests.start, .settings = tests.settings, .rows = tests.rows}; }

Result<void> carry_out(VirtualActor& actor, const Line& line) {
  switch (line.what) {
    using enum Line::What;
    case send: return stellwerk::workflows::proof::send(actor, line);
    case until:
      if (line.until < actor.now()) return fail(ErrorCode::invalid_argument, fmt::format("the clock stands at {} already and does not go back", format_time(actor.now())));
      return actor.run_until(line.until);
    case pass: return actor.run_until(actor.now() + line.pass);
    case edit: return actor.edit(line.values, line.by.empty() ? "staff" : line.by);
    case setting:
      for (const auto& value : line.values.get_object()) STELLWERK_CHECK(actor.change_setting(std::string{value.key()}, value.value()));
      return {};
    case row:
      for (const auto& [id, row] : line.rows) STELLWERK_CHECK(actor.change_row(row.kind, id, row.fields.get_object()));
      return {};
    case remedy: return actor.remedy(remedy_of(line.name), line.values, line.output, line.note.empty() ? "in a script" : line.note, line.verified_absent);
    case crash: return actor.restart();
    case answer:
      for (const auto& [name, list] : line.answers) actor.answer(name, list);
      return {};
    case expect: return {};
  }
  return {};
}

TestReport run_tests(const Tests& tests, const std::shared_ptr<const Definition>& definition, const Catalog& catalog) {
  TestReport report{.file = tests.file, .text = tests.text, .workflow = tests.workflow};
  Reached reached;
  for (const auto& one : tests.cases) report.cases.push_back(Running{tests, one, definition, catalog}.run(reached));
  report.coverage = cover(*definition, reached);
  if (!report.passed()) return report;  // what failed would have reached more
  for (const auto& goal : tests.goals)
    if (auto missing = shortfall(goal, report.coverage); !missing.empty())
      report.shortfalls.push_back({goal.place, "coverage of " + goal.what, fmt::format("{:.0f} %", goal.percent), std::move(missing)});
  return report;
}

namespace {

/// `months` on, the day clamped to the end of its month.
Time later(Time time, int months) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const auto month = date.year() / date.month() + std::chrono::months{months};
  const auto last = std::chrono::year_month_day_last{month.year(), std::chrono::month_day_last{month.month()}};
  return std::chrono::sys_days{month / std::min(date.day(), last.day())} + (time - day);
}

/// The same payload some months on: its dates move.
Json later(const Json& json, int months) {
  if (json.is_object()) {
    JsonObject object;
    for (const auto& member : json.get_object()) object[member.key()] = later(member.value(), months);
    return object;
  }
  if (!json.is_string() || !is_date(as_view(json.get_string()))) return json;
  const auto day = parse_time(std::string{as_view(json.get_string())} + "T00:00:00Z");
  return day ? Json(format_time(later(*day, months)).substr(0, 10)) : json;
}

}  // namespace

Result<int> live(const Tests& tests, const std::shared_ptr<const Definition>& definition, const Catalog& catalog, int years) {
  if (tests.cases.empty()) return fail(ErrorCode::invalid_argument, "there is no case whose script is the month");
  const auto& month = tests.cases.front();
  VirtualActor actor{definition, catalog, setup_of(tests)};
  for (const auto& [name, list] : tests.answers) actor.answer(name, list);
  STELLWERK_CHECK(actor.be_born(month.given));
  STELLWERK_CHECK(actor.run());
  for (int turn = 0; turn < years * 12; ++turn) {
    for (auto line : month.script) {
      line.values = later(line.values, turn);
      line.until = later(line.until, turn);
      STELLWERK_CHECK(carry_out(actor, line));
      STELLWERK_CHECK(actor.run());
    }
    actor.journal.clear();
    actor.calls.clear();
    actor.notices.clear();
    actor.messages.clear();
  }
  return actor.decisions;
}

}  // namespace stellwerk::workflows::proof
