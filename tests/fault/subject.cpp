#include "tests/fault/subject.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "workflows/advance/deciding.hpp"

namespace stellwerk::testing {

using namespace workflows;

Json sample(const TypeSpec& type, unsigned variant) {
  using enum TypeSpec::Base;
  switch (type.base) {
    case integer: return static_cast<std::int64_t>(type.min.value_or(1));
    case boolean: return variant % 2 == 0;
    case real: return type.min.value_or(1);
    case decimal: return "1.50";
    case money: return JsonObject{{"minor", 1299}, {"currency", "EUR"}};
    case date: return "2026-04-02";
    case timestamp: return "2026-04-02T08:00:00Z";
    case duration: return "PT1H";
    case period: return "P1M";
    case enumeration: return Json(boost::json::string(type.values[variant / 2 % type.values.size()]));
    case list: {
      JsonArray items;
      const auto least = static_cast<std::size_t>(type.min.value_or(0));
      const auto many = std::max<std::size_t>(least, variant % 2 == 1 && type.of ? 2 : 0);
      for (std::size_t i = 0; i < many && type.of && (!type.unique || i == 0); ++i) items.push_back(sample(*type.of, static_cast<unsigned>(i)));
      return items;
    }
    case map: return JsonObject{};
    case ref: return type.kind == "server" ? "srv_1" : "prd_01jnq0000000000000000000aa";
    case url: return "https://host.example.com";
    case string: return type.format == "ip" ? "192.0.2.1" : type.format == "email" ? "ada@example.com" : type.format == "uuid" ? "01956d5e-5a00-7000-8000-00000000aa00" : "v1.example.com";
    case secret:
    case any: return "text";
  }
  return {};
}

Json sample(const std::vector<Field>& fields, unsigned variant) {
  JsonObject values;
  for (const auto& field : fields)
    if (field.required || (variant % 2 == 1 && !field.fallback)) values[field.name] = sample(field.type, variant);
    else if (variant > 1 && field.type.base == TypeSpec::Base::enumeration) values[field.name] = sample(field.type, variant);
  return values;
}

std::string fingerprint(const Definition& definition, const Decision& d) {
  std::string text = fmt::format("{}|{}|{}|{}|{}|{}", d.state, d.status, d.busy, d.live, d.guarded, d.started_run.str()) + dump_json(Json(d.journal)) + dump_json(encode_cursor(d.next.cursor));
  const auto add = [&](const auto&... parts) { ((text += '|', text += fmt::format("{}", parts)), ...); };
  for (std::size_t i = 0; i < d.next.attributes.size(); ++i) add(dump_json(encode(definition.attributes[i].field.type, d.next.attributes[i])));
  for (const auto& n : d.needs) add("needs", n.id, n.kind);
  for (const auto& t : d.timers_set) add("set", t);
  for (const auto& t : d.timers_cleared) add("cleared", t);
  for (const auto& a : d.attempts_changed) add("changed", a.str());
  for (const auto& [run, lane] : d.attempts_ended) add("ended", run.str(), lane);
  for (const auto& a : d.settle) add("settle", a.str());
  for (const auto& a : d.actions) add("action", a.id.str(), a.key, a.name, dump_json(a.input));
  for (const auto& r : d.requires_) add("requires", r.id, r.kind, r.version);
  for (const auto& m : d.messages) add("send", m.id.str(), m.receiver, m.event, dump_json(m.payload));
  for (const auto& n : d.notices) add("notice", n.id.str(), n.type, dump_json(n.data));
  for (const auto& c : d.created) add("create", c.id.str(), c.kind, c.workflow, dump_json(c.attributes), c.event.str());
  for (const auto& i : d.incidents) add("incident", i.id.str(), i.kind, i.step, i.code, i.text, dump_json(i.detail), fmt::to_string(i.remedies.size()));
  for (const auto& i : d.incidents_closed) add("closed", i.id.str(), i.how);
  for (const auto& r : d.runs) add("run", r.id.str(), r.event, r.state, r.status, r.step, r.ended);
  if (d.defer) add("defer", d.defer->seq, d.defer->event);
  for (const auto seq : d.consumed) add("consumed", seq);
  add(d.applied_event, dump_json(d.applied_payload));
  return text;
}

Subject::Subject(std::shared_ptr<const Definition> of, const Catalog* catalog) : definition{std::move(of)}, catalog_{catalog} {
  snapshot.id = ActorId{"svc_01jnq0000000000000000000aa"};
  snapshot.tenant = TenantId{"ten_01jnq0000000000000000000aa"};
  snapshot.customer = "cus_01jnq0000000000000000000aa";
  snapshot.attributes.resize(definition->attributes.size());
  for (const auto& setting : definition->settings) snapshot.settings.push_back(setting.field.fallback ? decode(setting.field.type, *setting.field.fallback) : cel::Value{});
}

// --- what may reach it

Subject::Decided Subject::born(const Json& attributes) { return apply({.body = Born{attributes}}); }

Subject::Decided Subject::command(const std::string& name, const Json& payload, const std::string& role) {
  return apply({.by = {"usr_1", role}, .body = Command{name, payload}});
}

void Subject::message(const std::string& name, const Json& payload, const std::string& sender) {
  mailbox_.push_back({.seq = ++last_seq_, .event = name, .payload = payload, .by = {}, .sender = sender});
  take_turns();
}

Subject::Decided Subject::edit(const Json& values, const std::string& role) { return apply({.by = {"usr_1", role}, .body = Edit{values}}); }

Subject::Decided Subject::refresh() { return apply({.body = Refresh{}}); }

Subject::Decided Subject::answer(const Attempt& tried, Outcome outcome) {
  now = std::max(now, tried.due);
  return apply({.body = Tried{tried.id, tried.number, std::move(outcome)}});
}

Subject::Decided Subject::answer_stale(const Attempt& tried, Outcome outcome) {
  auto decided = apply({.body = Tried{tried.id, tried.number - 1, std::move(outcome)}});
  if (decided && !is_nothing(*decided)) wrong("a stale outcome changed something");
  return decided;
}

Subject::Decided Subject::remedy(Remedy::What what, const std::string& incident, const Json& given) {
  return apply({.by = {"usr_1", "staff"}, .body = Remedy{what, IncidentId{incident}, "seen", given, given}});
}

Subject::Decided Subject::fire(const std::string& timer, Time due) { return apply({.body = TimerDue{timer, due}}); }

bool Subject::fire_next() {
  const auto& timers = snapshot.cursor.timers;
  const auto next = std::min_element(timers.begin(), timers.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  if (next == timers.end()) return false;
  const auto [name, due] = *next;
  now = std::max(now, due);
  const auto before = decisions;
  const auto fired = fire(name, due);
  if (!fired) wrong(fmt::format("timer {} was refused: {}", name, describe(fired.error())));
  if (decisions == before && snapshot.cursor.timers.count(name) > 0 && snapshot.cursor.timers.at(name) == due) wrong(fmt::format("timer {} does not fire", name));
  return true;
}

void Subject::pass(Duration duration, int most) {
  const auto until = now + duration;
  while (most-- > 0) {
    const auto& timers = snapshot.cursor.timers;
    const auto next = std::min_element(timers.begin(), timers.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    if (next == timers.end() || next->second > until) break;
    if (!problems.empty() || !fire_next()) break;
  }
  now = std::max(now, until);
}

void Subject::restart() {
  reload();
  if (run() == nullptr) return;
  const auto in_hand = run()->attempts;
  for (const auto& attempt : in_hand) {
    const auto outcome = outcome_of_restart(attempt, now);
    if (outcome && find_attempt(snapshot, attempt.id) != nullptr) (void)apply({.body = Tried{attempt.id, attempt.number, *outcome}});
  }
}

// --- what it is now

const Attempt* Subject::next_try() const {
  if (run() == nullptr || run()->attempts.empty()) return nullptr;
  return &*std::min_element(run()->attempts.begin(), run()->attempts.end(), [](const Attempt& a, const Attempt& b) { return std::pair{a.due, a.lane} < std::pair{b.due, b.lane}; });
}

const Step* Subject::awaits() const { return run() != nullptr && run()->waiting && run()->phase == Phase::forward ? &step_at(work(), run()->waiting->at) : nullptr; }

Json Subject::attribute(std::size_t index) const { return encode(definition->attributes[index].field.type, snapshot.attributes[index]); }

Json Subject::attributes() const {
  JsonObject all;
  for (std::size_t i = 0; i < definition->attributes.size(); ++i) all[definition->attributes[i].field.name] = attribute(i);
  return all;
}

// --- one event

Subject::Decided Subject::apply(Event event) {
  event.id = EventId{format_id("evt", derive_uuid(Uuid{}, fmt::format("{}:{}", snapshot.id.str(), ++events_)))};
  auto decided = decide(event);
  if (!decided || is_nothing(*decided)) return decided;
  keep(event, *decided);
  take_turns();
  return decided;
}

/// Reads what is needed, carries out the actions, and asks again when one is refused.
Subject::Decided Subject::decide(Event& event) {
  for (int asked = 0; asked < 4; ++asked) {
    auto decided = advance(*definition, snapshot, event, now);
    const auto again = advance(*definition, snapshot, event, now);
    if (decided.has_value() != again.has_value() || (decided && fingerprint(*definition, *decided) != fingerprint(*definition, *again))) wrong("decided differently when asked twice");
    if (!decided) return decided;
    if (!decided->needs.empty()) {
      read_rows(decided->needs);
      continue;
    }
    std::optional<Error> refused;
    for (const auto& action : decided->actions)
      if (!refused && carry_out) refused = carry_out(action);
    if (!refused) return decided;
    if (event.refused) return wrong("an action is carried out although one has been refused"), decided;
    const bool told = std::holds_alternative<Command>(event.body) || std::holds_alternative<Edit>(event.body) || std::holds_alternative<Remedy>(event.body) || std::holds_alternative<Born>(event.body);
    if (told) return fail(ErrorCode::conflict, describe(*refused), "action_refused");
    event.refused = refused;
  }
  wrong("asks for rows again and again");
  return fail(ErrorCode::internal, "no decision");
}

void Subject::read_rows(const std::vector<NeededRow>& needs) {
  for (const auto& need : needs) {
    Row row;
    workflows::Row read{.kind = need.kind, .version = 1};
    const auto* kind = catalog_ == nullptr ? nullptr : [&]() -> const KindSignature* {
      const auto found = catalog_->kinds.find(need.kind);
      return found == catalog_->kinds.end() ? nullptr : &found->second;
    }();
    read.missing = kind == nullptr;
    if (kind != nullptr) read.fields = sample(kind->fields, 1);
    snapshot.rows[need.id] = std::move(read);
  }
}

void Subject::keep(const Event& event, const Decision& decision) {
  const auto before = snapshot;
  ++decisions;
  snapshot = settled(decision, before.version + 1);
  for (auto& deferred : snapshot.deferred) {
    if (deferred.seq != 0) continue;
    deferred.seq = ++last_seq_;
    mailbox_.push_back({.seq = deferred.seq, .event = deferred.event, .payload = decision.applied_payload, .by = event.by, .sender = {},
                        .command = std::holds_alternative<Command>(event.body), .deferred = true});
  }
  for (const auto seq : decision.consumed) std::erase_if(mailbox_, [&](const Row& row) { return row.seq == seq; });
  journal.insert(journal.end(), decision.journal.begin(), decision.journal.end());
  for (const auto& opened : decision.incidents) incidents.emplace(opened.id.str(), opened);
  for (const auto& closed : decision.incidents_closed) incidents.erase(closed.id.str());
  inspect(before, decision);
  if (const auto* timer = std::get_if<TimerDue>(&event.body)) {
    // late or not, it acts at its own time, unless the actor's clock has passed that already
    const auto at = std::max(timer->due, before.cursor.last);
    if (snapshot.cursor.last != at) wrong(fmt::format("timer {} acted at {} instead of {}", timer->name, format_time(snapshot.cursor.last), format_time(at)));
  }
  reload();
  if (seen) seen(before, event, decision);
}

void Subject::take_turns() {
  if (taking_) return;
  taking_ = true;
  for (int turns = 0; is_born() && turns < 200; ++turns) {
    std::vector<Waits> rows;
    for (const auto& row : mailbox_) rows.push_back({row.seq, row.event, row.deferred});
    const auto next = next_in_line(*definition, snapshot, rows);
    if (!next) break;
    const auto row = *std::find_if(mailbox_.begin(), mailbox_.end(), [&](const Row& r) { return r.seq == *next; });
    Event event{.by = row.by};
    if (row.deferred) event.body = Turn{row.event, row.payload, row.seq, row.command};
    else event.body = Message{row.event, row.payload, row.sender, row.seq};
    const auto decided = apply(std::move(event));
    const bool still = std::any_of(mailbox_.begin(), mailbox_.end(), [&](const Row& r) { return r.seq == *next; });
    if (!decided) wrong(fmt::format("{} of the mailbox was refused: {}", row.event, describe(decided.error())));
    if (still) wrong(fmt::format("{} had its turn and was not consumed", row.event));
    if (still || !decided) break;
  }
  taking_ = false;
}

// --- what must hold after each decision

void Subject::wrong(std::string what) {
  problems.push_back(fmt::format("in {}{}: {}", is_born() ? state().name : "no state", run() == nullptr ? "" : ", busy with " + work().name, what));
}

void Subject::inspect(const Snapshot& before, const Decision& decision) {
  const auto& cursor = snapshot.cursor;
  const auto has = [&](const AttemptId& id) { return find_attempt(snapshot, id) != nullptr; };
  // who does what
  if (state().works() && (run() == nullptr || run()->work != state().work)) wrong("a working state without its run");
  if (run() != nullptr && work().state >= 0 && work().state != snapshot.state) wrong("the run in hand belongs to another state");
  if (decision.busy != (run() != nullptr && work().in_place ? work().name : std::string{}) && decision.busy != (run() != nullptr ? work().name : std::string{})) wrong("it shows to be busy with " + decision.busy);
  // a live wake-up, always
  if (run() != nullptr) {
    const bool waits = run()->waiting && std::any_of(cursor.timers.begin(), cursor.timers.end(), [](const auto& t) { return t.first.starts_with("wait:"); });
    const bool held = is_held() && incidents.count(run()->incident.str()) > 0;
    if (run()->attempts.empty() && !waits && !held) wrong("nothing would wake its run");
    if (is_held() && (!held || !run()->attempts.empty())) wrong("a held run has an open incident and no try in hand");
  } else if (!state().final && !state().rest && cursor.timers.empty() && cursor.failed.empty()) {
    wrong("nothing would wake it");
  }
  for (const auto& failed : cursor.failed)
    if (incidents.count(failed.incident.str()) == 0) wrong("an event is kept without an open incident");
  if (state().final && (run() != nullptr || !cursor.timers.empty() || !cursor.late.empty())) wrong("final, and still something to do");
  if (decision.live == state().final) wrong("a final actor is live, or another is not");
  // tries
  std::set<int> lanes;
  std::set<std::string> keys;
  if (run() != nullptr)
    for (const auto& attempt : run()->attempts)
      if (!lanes.insert(attempt.lane).second || !keys.insert(attempt.key).second) wrong("two tries with one lane or one key: " + attempt.key);
  for (const auto& id : decision.attempts_changed)
    if (!has(id)) wrong("a try is to be carried out that is not there");
  for (const auto& [id, lane] : decision.attempts_ended) {
    const bool again = run() != nullptr && run()->id == id && std::any_of(run()->attempts.begin(), run()->attempts.end(), [&, l = lane](const Attempt& a) {
      return a.lane == l && std::find(decision.attempts_changed.begin(), decision.attempts_changed.end(), a.id) == decision.attempts_changed.end();
    });
    if (again) wrong("the row of a try in hand goes");
  }
  if (before.cursor.run)
    for (const auto& attempt : before.cursor.run->attempts) {
      const bool ended = std::find(decision.attempts_ended.begin(), decision.attempts_ended.end(), std::pair{before.cursor.run->id, attempt.lane}) != decision.attempts_ended.end();
      const bool lane_taken = run() != nullptr && run()->id == before.cursor.run->id && lanes.count(attempt.lane) > 0;
      if (!ended && !lane_taken) wrong("a try is gone, but its row stays: " + attempt.key);
    }
  // bounds
  if (decision.timers_set.size() > static_cast<std::size_t>(snapshot.limits.timers)) wrong("sets too many timers");
  if (decision.messages.size() > static_cast<std::size_t>(snapshot.limits.messages)) wrong("sends too many messages");
  if (snapshot.deferred.size() > static_cast<std::size_t>(snapshot.limits.deferred)) wrong("too many deferred events");
  if (cursor.moves > snapshot.limits.steps) wrong("too many moves");
  if (dump_json(attributes()).size() > static_cast<std::size_t>(snapshot.limits.attributes) + 64 * definition->attributes.size()) wrong("its attributes are too large");
  // time
  if (cursor.last < before.cursor.last || cursor.entered > cursor.last) wrong("time runs backwards");
}

void Subject::reload() {
  const auto text = dump_json(encode_cursor(snapshot.cursor));
  auto parsed = parse_json(text);
  auto cursor = parsed ? decode_cursor(*parsed) : Result<Cursor>{fail(parsed.error())};
  if (!cursor || dump_json(encode_cursor(*cursor)) != text) return wrong("the cursor does not survive its JSON: " + text);
  snapshot.cursor = std::move(*cursor);
  for (std::size_t i = 0; i < snapshot.attributes.size(); ++i) {
    const auto& type = definition->attributes[i].field.type;
    const auto json = parse_json(dump_json(encode(type, snapshot.attributes[i])));
    auto read = decode(type, *json);
    const bool both_null = read.is_null() && snapshot.attributes[i].is_null();
    if (!both_null && !(read == snapshot.attributes[i])) wrong(fmt::format("attribute {} does not survive its JSON", definition->attributes[i].field.name));
    snapshot.attributes[i] = std::move(read);
  }
}

}  // namespace stellwerk::testing
