// The actor in virtual time: what reaches it, and what a decision leaves behind. Tries, timers and the clock: virtual_time.cpp.
#include "workflows/virtual_actor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "workflows/cel/time_text.hpp"
#include "workflows/advance/deciding.hpp"
#include "workflows/mailbox.hpp"

namespace stellwerk::workflows {
namespace {

constexpr int max_rounds = 16;  ///< of asking for referenced rows: a reference may lead to the next

Uuid seeded(std::string_view what) { return derive_uuid(Uuid{}, what); }

}  // namespace

VirtualActor::VirtualActor(std::shared_ptr<const Definition> definition, const Catalog& catalog, Setup setup)
    : definition_{std::move(definition)}, catalog_{&catalog}, outputs_{catalog}, now_{setup.start}, rows_{std::move(setup.rows)} {
  snapshot_.id = ActorId{format_id(prefix_of(definition_->kind), seeded(definition_->name))};
  snapshot_.tenant = TenantId{format_id("ten", seeded("tenant"))};
  snapshot_.customer = std::move(setup.customer);
  snapshot_.calendar = std::move(setup.calendar);
  snapshot_.attributes.resize(definition_->attributes.size());
  for (const auto& [field, titles, initial] : definition_->settings) {
    const auto given = setup.settings.find(field.name);
    const auto json = given != setup.settings.end() ? given->second : field.fallback.value_or(Json{});
    snapshot_.settings.push_back(decode(field.type, json));
  }
}

EventId VirtualActor::fresh_id() { return EventId{format_id("evt", seeded(fmt::format("{}:{}", snapshot_.id.str(), ++events_)))}; }

// --- what may reach it

Result<void> VirtualActor::be_born(const Json& attributes) {
  budget_ = max_decisions;
  return apply({.id = fresh_id(), .by = {}, .trace = {}, .body = Born{attributes}});
}

Result<void> VirtualActor::command(const std::string& name, const Json& payload, const std::string& role) {
  budget_ = max_decisions;
  return apply({.id = fresh_id(), .by = {"usr_1", role}, .trace = {}, .body = Command{name, payload}});
}

Result<void> VirtualActor::message(const std::string& name, const Json& payload, const std::string& sender) {
  budget_ = max_decisions;
  const auto id = fresh_id();
  mailbox_.push_back({.seq = ++last_seq_, .id = id, .event = name, .payload = payload, .sender = sender});
  const auto open = incidents.size();
  while (std::any_of(mailbox_.begin(), mailbox_.end(), [&](const Mail& m) { return m.id == id && !m.deferred; })) {
    STELLWERK_TRY(const bool took, take_mail());
    if (!took) return fail(ErrorCode::internal, fmt::format("message '{}' is never taken from the mailbox", name));
  }
  if (const auto refusal = refused_.find(id.str()); refusal != refused_.end()) return fail(refusal->second);
  if (incidents.size() > open && incidents.back().kind == "event_failed" && text_of(incidents.back().detail, "name") == name)
    return fail(ErrorCode::invalid_argument, incidents.back().text, incidents.back().code);
  return {};
}

Result<void> VirtualActor::edit(const Json& values, const std::string& role) {
  budget_ = max_decisions;
  return apply({.id = fresh_id(), .by = {"usr_1", role}, .trace = {}, .body = Edit{values}});
}

Result<void> VirtualActor::remedy(Remedy::What what, const Json& input, const Json& output, const std::string& note, bool verified_absent) {
  budget_ = max_decisions;
  if (incidents.empty()) return fail(ErrorCode::not_found, "no incident is open", "no_incident");
  return apply({.id = fresh_id(), .by = {"usr_1", "staff"}, .trace = {}, .body = Remedy{what, incidents.front().id, note, input, output, verified_absent}});
}

Result<void> VirtualActor::change_setting(const std::string& name, const Json& value) {
  budget_ = max_decisions;
  for (std::size_t i = 0; i < definition_->settings.size(); ++i) {
    const auto& field = definition_->settings[i].field;
    if (field.name != name) continue;
    std::vector<FieldProblem> problems;
    check_value(field.type, value, "/" + name, problems);
    if (!problems.empty()) return fail(Error{.code = ErrorCode::invalid_argument, .message = fmt::format("setting {} {}", name, problems.front().message), .fields = problems});
    snapshot_.settings[i] = decode(field.type, value.is_null() ? field.fallback.value_or(Json{}) : value);
    return is_born() ? apply({.id = fresh_id(), .by = {}, .trace = {}, .body = Refresh{}}) : Result<void>{};
  }
  return fail(ErrorCode::not_found, fmt::format("workflow {} has no setting '{}'", definition_->name, name));
}

Result<void> VirtualActor::change_row(const std::string& kind, const std::string& id, const JsonObject& fields) {
  budget_ = max_decisions;
  auto& row = rows_[id];
  row.kind = kind;
  row.missing = false;
  ++row.version;
  for (const auto& field : fields) row.fields.as_object()[field.key()] = field.value();
  return is_born() ? apply({.id = fresh_id(), .by = {}, .trace = {}, .body = Refresh{}}) : Result<void>{};
}

void VirtualActor::answer(const std::string& name, std::vector<proof::Answer> list) {
  answers_.set(name, std::move(list));
  standing_.clear();
}

Result<void> VirtualActor::restart() {
  budget_ = max_decisions;
  STELLWERK_TRY(const auto json, parse_json(dump_json(encode_cursor(snapshot_.cursor)), std::size_t{16} << 20));
  STELLWERK_TRY(snapshot_.cursor, decode_cursor(json));
  for (std::size_t i = 0; i < snapshot_.attributes.size(); ++i) {
    const auto& type = definition_->attributes[i].field.type;
    STELLWERK_TRY(const auto value, parse_json(dump_json(encode(type, snapshot_.attributes[i]))));
    snapshot_.attributes[i] = decode(type, value);
  }
  standing_.clear();
  if (!snapshot_.cursor.run) return {};
  for (const auto& attempt : std::vector<Attempt>{snapshot_.cursor.run->attempts})
    if (auto outcome = outcome_of_restart(attempt, now_)) STELLWERK_CHECK(give(attempt, std::move(*outcome)));
  return {};
}

// --- decisions

Result<Decision> VirtualActor::decide(Event event) {
  if (--budget_ < 0)
    return fail(ErrorCode::resource_exhausted, fmt::format("more than {} decisions at {}: workflow {} does not come to rest in state {}", max_decisions, format_time(now_),
                                                           definition_->name, is_born() ? state().name : "(unborn)"), "no_rest");
  snapshot_.rows.clear();  // what others committed meanwhile is read again
  for (int round = 0; round < max_rounds; ++round) {
    auto decision = advance(*definition_, snapshot_, event, now_);
    if (!decision) return decision;
    if (decision->needs.empty()) {
      if (event.refused || decision->actions.empty()) return decision;
      auto refusal = carry_out(decision->actions);
      if (!refusal) return decision;
      if (std::holds_alternative<Command>(event.body)) return fail(std::move(*refusal));
      event.refused = std::move(refusal);
      continue;
    }
    for (const auto& needed : decision->needs) {
      const auto found = rows_.find(needed.id);
      snapshot_.rows[needed.id] = found != rows_.end() ? found->second : Row{.kind = needed.kind, .missing = true};
    }
  }
  return fail(ErrorCode::internal, fmt::format("workflow {} asks for referenced rows again and again", definition_->name));
}

std::optional<Error> VirtualActor::carry_out(const std::vector<TransitionAction>& actions) {
  std::vector<VirtualCall> done;
  for (const auto& action : actions) {
    const auto [answer, repeats] = answers_.next(action.name, {});
    const bool given = answer != nullptr && answer->what == proof::Answer::What::outcome;
    const auto is = given ? answer->outcome.is : OutcomeClass::done;
    done.push_back({.at = now_, .name = action.name, .key = action.key, .input = action.input, .action = true, .outcomes = {std::string{to_string(is)}}});
    if (is == OutcomeClass::done || is == OutcomeClass::already) continue;
    const auto& outcome = answer->outcome;
    return Error{ErrorCode::conflict, fmt::format("action {} is refused: {}", action.name, outcome.text.empty() ? std::string{to_string(is)} : outcome.text), "action_refused"};
  }
  calls.insert(calls.end(), done.begin(), done.end());
  return std::nullopt;
}

Result<void> VirtualActor::apply(Event event) {
  STELLWERK_TRY(const auto decision, decide(event));
  if (is_nothing(decision)) return {};
  keep(event, decision);
  if (watch) watch(decision);
  const auto settle = std::exchange(to_settle_, {});
  for (const auto& id : settle) {
    const auto* attempt = find_attempt(snapshot_, id);
    // What has not begun is given up at once; what is under way comes to its own end.
    if (attempt == nullptr || attempt->due <= now_) continue;
    STELLWERK_CHECK(give(Attempt{*attempt}, {.is = OutcomeClass::retry, .code = "given_up", .text = "not begun: the run was interrupted", .sent = false}));
  }
  return {};
}

void VirtualActor::keep(const Event& event, const Decision& decision) {
  ++decisions;
  const int work_before = snapshot_.cursor.run ? snapshot_.cursor.run->work : -1;
  snapshot_ = settled(decision, snapshot_.version + 1);
  for (const auto& entry : decision.journal) {
    journal.push_back({now_, Json(entry, boost::json::storage_ptr{})});
    if (text_of(entry, "type") == "event_refused") refused_[text_of(entry, "id")] = Error{ErrorCode::conflict, text_of(entry, "text"), text_of(entry, "reason")};
  }
  std::erase_if(mailbox_, [&](const Mail& m) { return std::find(decision.consumed.begin(), decision.consumed.end(), m.seq) != decision.consumed.end(); });
  if (decision.defer) keep_deferral(event, decision);
  for (const auto& message : decision.messages) {
    messages.push_back(message);
    if (message.receiver == snapshot_.id.str())
      mailbox_.push_back({.seq = ++last_seq_, .id = message.id, .event = message.event, .payload = message.payload, .sender = message.receiver, .by = {}, .command = false, .deferred = false,
                          .depth = decision.next.cursor.depth + 1});
  }
  notices.insert(notices.end(), decision.notices.begin(), decision.notices.end());
  created.insert(created.end(), decision.created.begin(), decision.created.end());
  incidents.insert(incidents.end(), decision.incidents.begin(), decision.incidents.end());
  for (const auto& closed : decision.incidents_closed) std::erase_if(incidents, [&](const IncidentOpened& open) { return open.id == closed.id; });
  to_settle_.insert(to_settle_.end(), decision.settle.begin(), decision.settle.end());
  note_progress(decision, work_before);
}

/// The event in hand becomes a row of its own, with a new number.
void VirtualActor::keep_deferral(const Event& event, const Decision& decision) {
  Mail mail{.seq = ++last_seq_, .id = event.id, .event = decision.defer->event, .payload = decision.applied_payload, .sender = {}, .by = event.by,
            .command = std::holds_alternative<Command>(event.body), .deferred = true, .depth = event.depth};
  if (const auto* message = std::get_if<Message>(&event.body)) mail.sender = message->sender;
  for (auto& deferral : snapshot_.deferred)
    if (deferral.seq == 0) deferral.seq = mail.seq;
  mailbox_.push_back(std::move(mail));
}

/// For coverage.
void VirtualActor::note_progress(const Decision& decision, int work_before) {
  taken.insert(decision.taken.begin(), decision.taken.end());
  int work = work_before;
  for (const auto& entry : decision.journal) {
    const auto type = text_of(entry, "type");
    if (type == "state") entered.insert(definition_->find_state(text_of(entry, "to")));
    if (type == "run_started") {
      const auto name = text_of(entry, "work", text_of(entry, "state"));
      const auto found = std::find_if(definition_->works.begin(), definition_->works.end(), [&](const Work& w) { return w.name == name; });
      work = found == definition_->works.end() ? -1 : static_cast<int>(found - definition_->works.begin());
    }
    if (type == "step_started" || type == "step_done") stepped.emplace(work, text_of(entry, "step"));
  }
  if (snapshot_.cursor.run)
    for (const auto& begun : snapshot_.cursor.run->begun)
      stepped.emplace(snapshot_.cursor.run->work, step_at(definition_->work(snapshot_.cursor.run->work), begun.at).name);
}

// --- what it is

std::string VirtualActor::busy() const { return snapshot_.cursor.run ? definition_->work(snapshot_.cursor.run->work).name : std::string{}; }

Result<Json> VirtualActor::attribute(std::string_view name) const {
  const int index = definition_->find_attribute(name);
  if (index < 0) return fail(ErrorCode::not_found, fmt::format("workflow {} has no attribute '{}'", definition_->name, name));
  return encode(definition_->attributes[static_cast<std::size_t>(index)].field.type, snapshot_.attributes[static_cast<std::size_t>(index)]);
}

std::vector<std::string> VirtualActor::deferred() const {
  std::vector<std::string> names;
  for (const auto& mail : mailbox_)
    if (mail.deferred) names.push_back(mail.event);
  return names;
}

std::vector<cel::Value> VirtualActor::frame() const {
  std::vector<cel::Value> frame(definition_->frame_size());
  const auto put = [&](int slot, cel::Value value) { frame[static_cast<std::size_t>(slot)] = std::move(value); };
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now_).time_since_epoch().count();
  const auto local = seconds + cel::offset_at(snapshot_.calendar.zone, seconds).value_or(0);
  put(slot::now, cel::Value::of_time(now_));
  put(slot::today, cel::Value::of_date((local >= 0 ? local : local - 86'399) / 86'400));
  put(slot::zone, cel::Value::of_string(snapshot_.calendar.zone));
  put(slot::id, cel::Value::of_string(snapshot_.id.str()));
  put(slot::tenant, cel::Value::of_string(snapshot_.tenant.str()));
  put(slot::customer, cel::Value::of_string(snapshot_.customer));
  if (is_born()) {
    put(slot::state, cel::Value::of_string(state().name));
    put(slot::status, cel::Value::of_string(state().status));
  }
  for (const int empty : {slot::event, slot::run_event, slot::result, slot::steps}) put(empty, cel::Value::of_map({}));
  for (std::size_t i = 0; i < snapshot_.attributes.size(); ++i) put(definition_->attribute_slot(static_cast<int>(i)), snapshot_.attributes[i]);
  for (std::size_t i = 0; i < snapshot_.settings.size(); ++i) put(definition_->setting_slot(static_cast<int>(i)), snapshot_.settings[i]);
  for (std::size_t i = 0; i < definition_->references.size(); ++i) {
    const auto& reference = definition_->references[i];
    if (reference.source != Reference::Source::attribute || reference.attribute < 0) continue;
    const auto& id = snapshot_.attributes[static_cast<std::size_t>(reference.attribute)];
    const auto found = id.kind() == cel::Kind::string ? rows_.find(id.as_string()) : rows_.end();
    if (found == rows_.end() || found->second.missing) continue;
    put(definition_->reference_slot(static_cast<int>(i)), cel::from_json(found->second.fields, reference.type));
  }
  return frame;
}

}  // namespace stellwerk::workflows
