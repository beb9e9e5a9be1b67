#pragma once
// One actor in the hand of a test: applies events through advance() as the durable actor does, keeps what a store would keep, and
// lets the test answer the tries in hand and move the clock. Each decision is made twice and compared; after each the cursor goes
// through its JSON and back. What is found wrong stands in `problems`.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "workflows/decision.hpp"
#include "workflows/mailbox.hpp"

namespace stellwerk::testing {

/// All of a decision as text.
inline std::string fingerprint(const workflows::Definition& definition, const workflows::Decision& d) {
  std::string text = d.state + "|" + dump_json(Json(d.journal)) + dump_json(workflows::encode_cursor(d.next.cursor));
  for (std::size_t i = 0; i < d.next.attributes.size(); ++i) text += "|" + dump_json(workflows::encode(definition.attributes[i].field.type, d.next.attributes[i]));
  for (const auto& m : d.messages) text += fmt::format("|send {} {} {} {}", m.id.str(), m.receiver, m.event, dump_json(m.payload));
  for (const auto& n : d.notices) text += fmt::format("|notice {} {} {}", n.id.str(), n.type, dump_json(n.data));
  for (const auto& c : d.created) text += fmt::format("|create {} {} {}", c.id.str(), c.workflow, dump_json(c.attributes));
  for (const auto& i : d.incidents) text += fmt::format("|incident {} {} {}", i.id.str(), i.code, i.text);
  for (const auto& a : d.attempts_changed) text += "|try " + a.str();
  for (const auto& [run, lane] : d.attempts_ended) text += fmt::format("|ended {} {}", run.str(), lane);
  for (const auto& a : d.actions) text += fmt::format("|action {} {} {}", a.key, a.name, dump_json(a.input));
  for (const auto& n : d.needs) text += "|needs " + n.id;
  for (const auto& r : d.runs) text += fmt::format("|run {} {} {}", r.id.str(), r.status, r.ended);
  return text;
}

class ScriptedActor {
 public:
  using Decided = Result<workflows::Decision>;

  explicit ScriptedActor(std::shared_ptr<const workflows::Definition> of, std::string id = "svc_01jnq0000000000000000000aa") : definition{std::move(of)} {
    snapshot.id = ActorId{std::move(id)};
    snapshot.tenant = TenantId{"ten_01jnq0000000000000000000aa"};
    snapshot.customer = "cus_01jnq0000000000000000000aa";
    snapshot.attributes.resize(definition->attributes.size());
    for (const auto& setting : definition->settings)
      snapshot.settings.push_back(setting.field.fallback ? workflows::decode(setting.field.type, *setting.field.fallback) : workflows::cel::Value{});
  }

  // --- what may reach it
  Decided born(const Json& attributes = JsonObject{}) { return apply({.body = workflows::Born{attributes}}); }
  Decided command(std::string name, const Json& payload = JsonObject{}, std::string role = "staff") {
    return apply({.by = {"usr_1", std::move(role)}, .body = workflows::Command{std::move(name), payload}});
  }
  Decided message(std::string name, const Json& payload = JsonObject{}, std::string sender = {}, int depth = 0) {
    return apply({.depth = depth, .body = workflows::Message{std::move(name), payload, std::move(sender), ++last_seq_}});
  }
  /// Of the first try in hand; the clock goes to its due time first.
  Decided answer(Outcome outcome) {
    if (attempt() == nullptr) return fail(ErrorCode::not_found, "no try is in hand");
    return answer(attempt()->lane, std::move(outcome));
  }
  /// Of the try in this lane (the branch of a `parallel`).
  Decided answer(int lane, Outcome outcome) {
    const auto* in_hand = attempt(lane);
    if (in_hand == nullptr) return fail(ErrorCode::not_found, fmt::format("no try is in hand in lane {}", lane));
    const auto tried = *in_hand;
    now = std::max(now, tried.due);
    return apply({.body = workflows::Tried{tried.id, tried.number, std::move(outcome)}});
  }
  /// The same, when what was decided about it could not be written, for this reason: it is put before a person.
  Decided answer_in_vain(Outcome outcome, Error why) {
    const auto tried = *attempt();
    now = std::max(now, tried.due);
    return apply({.body = workflows::Tried{tried.id, tried.number, std::move(outcome)}, .refused = std::move(why)});
  }
  Decided answer(int lane, OutcomeClass is) { return answer(lane, Outcome{.is = is}); }
  Decided done(int lane, const Json& output) { return answer(lane, Outcome{.is = OutcomeClass::done, .output = output}); }
  Decided answer(OutcomeClass is) { return answer(Outcome{.is = is}); }
  Decided done(const Json& output = JsonObject{}) { return answer(Outcome{.is = OutcomeClass::done, .output = output}); }
  Decided remedy(workflows::Remedy::What what, const Json& given = JsonObject{}) {
    if (incidents.empty()) return fail(ErrorCode::not_found, "no incident is open");
    return apply({.by = {"usr_1", "staff"}, .body = workflows::Remedy{what, incidents.begin()->second.id, "seen", given, given}});
  }
  /// retry, by somebody who has looked: it has not happened.
  Decided retry_as_absent() {
    if (incidents.empty()) return fail(ErrorCode::not_found, "no incident is open");
    return apply({.by = {"usr_1", "staff"}, .body = workflows::Remedy{workflows::Remedy::What::retry, incidents.begin()->second.id, "seen", JsonObject{}, JsonObject{}, true}});
  }
  Decided edit(const Json& values, std::string role = "staff") { return apply({.by = {"usr_1", std::move(role)}, .body = workflows::Edit{values}}); }
  Decided refresh() { return apply({.body = workflows::Refresh{}}); }
  Decided fire(const std::string& timer, Time due) { return apply({.body = workflows::TimerDue{timer, due}}); }
  /// The clock moves on; what is due meanwhile fires in order.
  void pass(Duration duration) {
    const auto until = now + duration;
    for (;;) {
      const auto& timers = snapshot.cursor.timers;
      const auto next = std::min_element(timers.begin(), timers.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
      if (next == timers.end() || next->second > until) break;
      const auto [name, due] = *next;
      now = std::max(now, due);
      if (!fire(name, due)) break;
    }
    now = std::max(now, until);
  }
  /// The process ends and another takes over: everything comes from its JSON again, and the tries that may have left are looked at.
  void restart() {
    reload();
    const auto in_hand = attempts();
    for (const auto& tried : in_hand)
      if (auto outcome = workflows::outcome_of_restart(tried, now)) (void)apply({.body = workflows::Tried{tried.id, tried.number, std::move(*outcome)}});
  }

  // --- what it is now
  [[nodiscard]] const workflows::State& state() const { return definition->states[static_cast<std::size_t>(snapshot.state)]; }
  [[nodiscard]] const std::string& in() const { return state().name; }
  [[nodiscard]] const workflows::Run* run() const { return snapshot.cursor.run ? &*snapshot.cursor.run : nullptr; }
  /// The tries in hand: several while the branches of a `parallel` run.
  [[nodiscard]] std::vector<workflows::Attempt> attempts() const { return run() != nullptr ? run()->attempts : std::vector<workflows::Attempt>{}; }
  /// The first of them; nullptr when there is none.
  [[nodiscard]] const workflows::Attempt* attempt() const { return run() != nullptr && !run()->attempts.empty() ? &run()->attempts.front() : nullptr; }
  [[nodiscard]] const workflows::Attempt* attempt(int lane) const {
    if (run() == nullptr) return nullptr;
    const auto& all = run()->attempts;
    const auto found = std::find_if(all.begin(), all.end(), [&](const workflows::Attempt& a) { return a.lane == lane; });
    return found == all.end() ? nullptr : &*found;
  }
  [[nodiscard]] bool held() const { return run() != nullptr && run()->phase == workflows::Phase::held; }
  [[nodiscard]] bool waits() const { return run() != nullptr && run()->waiting.has_value(); }
  [[nodiscard]] const workflows::Work& work() const { return definition->work(run()->work); }
  /// What the executor of the try gets: of the first one in hand, or of the one in this lane.
  [[nodiscard]] const Json& input() const { return workflows::input_of(*run(), *attempt()); }
  [[nodiscard]] const Json& input(int lane) const { return workflows::input_of(*run(), *attempt(lane)); }
  /// Of the first try in hand, else the one begun last.
  [[nodiscard]] const workflows::Step& step() const { return workflows::step_at(work(), attempt() != nullptr ? attempt()->at : run()->begun.back().at); }
  /// Operation and the entry in hand of a composite one: "vendor.create" or "vendor.create/clone"; empty without a try.
  [[nodiscard]] std::string doing() const { return attempt() == nullptr ? std::string{} : doing(*attempt()); }
  [[nodiscard]] std::string doing(int lane) const { return attempt(lane) == nullptr ? std::string{} : doing(*attempt(lane)); }
  [[nodiscard]] std::string doing(const workflows::Attempt& tried) const {
    const auto* call = std::get_if<workflows::CallStep>(&workflows::step_at(work(), tried.at).body);
    if (call == nullptr || tried.sub < 0) return tried.operation;
    const auto& operation = run()->phase == workflows::Phase::undoing ? *call->undo_operation : call->operation;
    return tried.operation + "/" + operation.subs[static_cast<std::size_t>(tried.sub)];
  }
  [[nodiscard]] Json attribute(std::string_view name) const {
    const auto index = static_cast<std::size_t>(definition->find_attribute(name));
    return workflows::encode(definition->attributes[index].field.type, snapshot.attributes[index]);
  }
  [[nodiscard]] bool is_offered(const std::string& remedy) const {
    if (incidents.empty()) return false;
    const auto& offered = incidents.begin()->second.remedies;
    return std::find(offered.begin(), offered.end(), remedy) != offered.end();
  }
  [[nodiscard]] std::size_t count(std::string_view type) const {
    return static_cast<std::size_t>(std::count_if(journal.begin(), journal.end(), [&](const Json& e) { return text_of(e, "type") == type; }));
  }
  /// The newest entry of this type; null when there is none.
  [[nodiscard]] Json last(std::string_view type) const {
    for (auto entry = journal.rbegin(); entry != journal.rend(); ++entry)
      if (text_of(*entry, "type") == type) return *entry;
    return {};
  }

  std::shared_ptr<const workflows::Definition> definition;
  workflows::Snapshot snapshot;
  Time now = from_micros(1'772'438'400'000'000);  ///< 2026-03-02T08:00:00Z
  JsonArray journal;
  std::vector<workflows::OutgoingMessage> messages;
  std::vector<workflows::Notice> notices;
  std::vector<workflows::NewActor> created;
  std::map<std::string, workflows::IncidentOpened> incidents;  ///< open ones
  std::map<std::string, workflows::Row, std::less<>> rows;      ///< what references find, by id
  std::vector<std::string> problems;

 private:
  struct Waiting {
    std::int64_t seq;
    std::string name;
    Json payload;
    bool command;
    workflows::Principal by;
  };

  Decided apply(workflows::Event event) {
    event.id = EventId{format_id("evt", derive_uuid(Uuid{}, fmt::format("{}:{}", snapshot.id.str(), ++events_)))};
    auto decided = workflows::advance(*definition, snapshot, event, now);
    for (int asked = 0; decided && !decided->needs.empty(); ++asked) {
      if (asked > 8) return fail(ErrorCode::internal, "asks for rows without end");
      for (const auto& needed : decided->needs) {
        const auto row = rows.find(needed.id);
        snapshot.rows[needed.id] = row != rows.end() ? row->second : workflows::Row{.kind = needed.kind, .version = 0, .fields = JsonObject{}, .missing = true};
      }
      decided = workflows::advance(*definition, snapshot, event, now);
    }
    const auto again = workflows::advance(*definition, snapshot, event, now);
    if (decided.has_value() != again.has_value()) problems.emplace_back("decided differently when asked twice");
    if (!decided) return decided;
    if (fingerprint(*definition, *decided) != fingerprint(*definition, *again)) problems.emplace_back("decided differently when asked twice");
    if (workflows::is_nothing(*decided)) return decided;
    keep(event, *decided);
    offer_deferred();
    return decided;
  }

  void keep(const workflows::Event& event, const workflows::Decision& decision) {
    snapshot = decision.next;
    ++snapshot.version;
    snapshot.rows.clear();  // read anew for every decision
    journal.insert(journal.end(), decision.journal.begin(), decision.journal.end());
    messages.insert(messages.end(), decision.messages.begin(), decision.messages.end());
    notices.insert(notices.end(), decision.notices.begin(), decision.notices.end());
    created.insert(created.end(), decision.created.begin(), decision.created.end());
    for (const auto& closed : decision.incidents_closed) incidents.erase(closed.id.str());
    for (const auto& opened : decision.incidents) incidents.emplace(opened.id.str(), opened);
    for (const auto seq : decision.consumed) std::erase_if(deferred_, [&](const Waiting& w) { return w.seq == seq; });
    if (decision.defer) deferred_.push_back({++last_seq_, decision.defer->event, decision.applied_payload, std::holds_alternative<workflows::Command>(event.body), event.by});
    snapshot.deferred.clear();
    for (const auto& waiting : deferred_) snapshot.deferred.push_back({waiting.seq, waiting.name});
    inspect(decision);
    reload();
  }

  void offer_deferred() {
    if (offering_) return;
    offering_ = true;
    for (;;) {
      std::vector<workflows::Waits> waits;
      for (const auto& row : deferred_) waits.push_back({row.seq, row.name, true});
      const auto seq = workflows::next_in_line(*definition, snapshot, waits);
      const auto of_seq = [&](const Waiting& w) { return w.seq == *seq; };
      if (!seq) break;
      const auto next = *std::find_if(deferred_.begin(), deferred_.end(), of_seq);
      (void)apply({.by = next.by, .body = workflows::Turn{next.name, next.payload, next.seq, next.command}});
      if (std::any_of(deferred_.begin(), deferred_.end(), of_seq)) {
        problems.push_back(fmt::format("deferred {} was offered in {} and not consumed", next.name, in()));
        break;
      }
    }
    offering_ = false;
  }

  void inspect(const workflows::Decision& decision) {
    const auto wrong = [&](std::string what) { problems.push_back(fmt::format("in {}: {}", in(), what)); };
    if (state().works() && run() == nullptr) wrong("a working state without a run");
    if (run() != nullptr && !state().works() && !work().in_place) wrong("a run of another state");
    if (decision.busy != (run() != nullptr ? work().name : "")) wrong("busy says " + decision.busy);
    if (run() != nullptr) inspect_run(decision);
    if (run() == nullptr && !decision.attempts_changed.empty()) wrong("a try is to be carried out without a run");
    if (state().final && (run() != nullptr || !snapshot.cursor.timers.empty())) wrong("final, and still something to do");
    const auto& schedules = snapshot.cursor.schedules;
    const bool waits_for_its_condition = std::any_of(schedules.begin(), schedules.end(), [](const auto& s) { return s.second.waits; });
    if (!state().final && run() == nullptr && !state().rest && snapshot.cursor.timers.empty() && snapshot.cursor.failed.empty() && !waits_for_its_condition) wrong("nothing would wake it");
  }

  void inspect_run(const workflows::Decision& decision) {
    const auto wrong = [&](std::string what) { problems.push_back(fmt::format("in {}: {}", in(), what)); };
    const auto& all = run()->attempts;
    if (static_cast<int>(!all.empty()) + static_cast<int>(waits()) + static_cast<int>(held()) != 1) wrong("a run has a try in hand, or waits, or is held");
    if (held() && incidents.count(run()->incident.str()) == 0) wrong("held without an open incident");
    if (waits() && snapshot.cursor.timers.count("wait:" + workflows::step_at(work(), run()->waiting->at).name) == 0) wrong("waits without end");
    std::set<int> lanes;
    for (const auto& tried : all) {
      if (!lanes.insert(tried.lane).second) wrong(fmt::format("two tries in lane {}", tried.lane));
      (void)workflows::begun_of(*run(), tried);  // asserts that there is one
    }
    for (const auto& id : decision.attempts_changed)
      if (workflows::find_attempt(snapshot, id) == nullptr) wrong("a try is to be carried out that is not there");
    for (const auto& id : decision.settle)
      if (workflows::find_attempt(snapshot, id) == nullptr) wrong("a try is to be given up that is not there");
    for (const auto& [of_run, lane] : decision.attempts_ended)
      if (of_run == run()->id && lanes.count(lane) > 0) wrong("a try in hand is ended");
  }

  void reload() {
    const auto text = dump_json(workflows::encode_cursor(snapshot.cursor));
    auto parsed = parse_json(text);
    auto cursor = parsed ? workflows::decode_cursor(*parsed) : Result<workflows::Cursor>{fail(parsed.error())};
    if (!cursor || dump_json(workflows::encode_cursor(*cursor)) != text) return problems.push_back("the cursor does not survive its JSON: " + text);
    snapshot.cursor = std::move(*cursor);
    for (std::size_t i = 0; i < snapshot.attributes.size(); ++i) {
      const auto& type = definition->attributes[i].field.type;
      const auto json = parse_json(dump_json(workflows::encode(type, snapshot.attributes[i])));
      const auto read = workflows::decode(type, *json);
      const bool both_null = read.is_null() && snapshot.attributes[i].is_null();
      if (!both_null && !(read == snapshot.attributes[i])) problems.push_back("attribute " + definition->attributes[i].field.name + " does not survive its JSON");
      snapshot.attributes[i] = read;
    }
  }

  std::vector<Waiting> deferred_;
  std::int64_t last_seq_ = 0;
  int events_ = 0;
  bool offering_ = false;
};

}  // namespace stellwerk::testing
