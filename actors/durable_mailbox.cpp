// The durable actor: its mailbox, what is put aside for a person, and how it falls asleep.

#include <fmt/format.h>

#include <algorithm>

#include "actors/durable.hpp"
#include "actors/encode.hpp"
#include "core/match.hpp"
#include "core/utf8.hpp"
#include "monitoring/log.hpp"
#include "monitoring/metrics.hpp"
#include "workflows/mailbox.hpp"
#include "workflows/secrets.hpp"

namespace stellwerk::actors {
namespace {

constexpr int most_failures = 3;
constexpr auto wake_delay = std::chrono::milliseconds{500};
constexpr auto unwritable_delay = std::chrono::milliseconds{30'000};
constexpr std::size_t longest_reason = 4'000;

/// Fit for every database, whatever was found in a row.
std::string storable(const std::string& why) { return printable(why.substr(0, longest_reason)); }

workflows::Event event_of(const storage::MailboxRow& row) {
  workflows::Event event{.id = row.event_id, .by = {text_of(row.meta, "by"), text_of(row.meta, "role", "system")}, .trace = text_of(row.meta, "trace"),
                         .depth = static_cast<int>(int_of(row.meta, "depth")), .body = {}};
  if (row.deferred) event.body = workflows::Turn{row.event, row.payload, row.seq, bool_of(row.meta, "command")};
  else event.body = workflows::Message{row.event, row.payload, row.sender.str(), row.seq};
  return event;
}

}  // namespace

void Durable::on_wake() {
  const auto woken = [this] {
    if (!quarantine_.empty()) return open_quarantine(quarantine_);
    next_turn();
  };
  load([this, woken] { guarded(nullptr, woken); }, [this](const Error& error) {
    if (error.code == ErrorCode::not_found) return;  // the receiver never was, or is gone
    monitoring::log_error("a mailbox cannot be read; it is looked at again", error, {{"actor", id_.str()}});
    if (is_transient(error.code)) wake_later();
  });
}

void Durable::wake_later() { self_->delayed_send(all_.dispatcher, wake_delay, share(Wake{id_})); }

void Durable::next_turn() {
  if (!loaded_ || !quarantine_.empty()) return;
  // While it works, deferred rows matter only to a `wait` in hand.
  const bool waiting = !snapshot_.cursor.run || snapshot_.cursor.run->waiting.has_value();
  const auto look_again = [this] { load([this] { guarded(nullptr, [this] { next_turn(); }); }, [this](const Error&) { wake_later(); }); };
  if (mailbox_stale_ && waiting) return look_again();
  if (const auto back = std::find_if(mailbox_.begin(), mailbox_.end(), [](const storage::MailboxRow& m) { return m.returned; }); back != mailbox_.end()) return take_back(*back);
  std::vector<workflows::Waits> rows;
  rows.reserve(mailbox_.size());
  for (const auto& message : mailbox_) rows.push_back({message.seq, message.event, message.deferred});
  if (const auto next = workflows::next_in_line(*definition_, snapshot_, rows))
    return take_turn(*std::find_if(mailbox_.begin(), mailbox_.end(), [&](const storage::MailboxRow& m) { return m.seq == *next; }));
  if (std::exchange(mailbox_more_, false)) look_again();
}

void Durable::take_turn(const storage::MailboxRow& message) {
  static auto& delivered = monitoring::counter("stellwerk_messages_delivered_total");
  delivered.add();
  const auto deliver = share(Deliver{.actor = id_, .event = event_of(message)});
  guarded(deliver, [&] { decide(deliver); });
}

std::int64_t Durable::row_of(const workflows::Event& event) {
  if (const auto* message = std::get_if<workflows::Message>(&event.body)) return message->seq;
  if (const auto* turn = std::get_if<workflows::Turn>(&event.body)) return turn->seq;
  return 0;
}

void Durable::not_applied(std::int64_t seq, const std::string& what) {
  const auto row = std::find_if(mailbox_.begin(), mailbox_.end(), [&](const storage::MailboxRow& m) { return m.seq == seq; });
  std::optional<workflows::Event> event;
  if (row != mailbox_.end()) event = event_of(*row);
  const auto why = told(what, event ? &*event : nullptr);
  monitoring::log(monitoring::Level::error, "a message cannot be applied", {{"actor", id_.str()}, {"tenant", row_.tenant.str()}, {"error", why}});
  if (row != mailbox_.end() && ++failures_[seq] >= most_failures) return set_aside(*row, why);
  forget();
  wake_later();
}

/// The actor keeps it as an event that failed: a person lets it be applied again, or drops it.
void Durable::set_aside(const storage::MailboxRow& message, const std::string& why) {
  const auto incident = make_id<IncidentId>("inc");
  auto next = snapshot_;
  next.cursor.failed.push_back({incident, "message", message.event, message.payload});
  std::erase_if(next.deferred, [&](const workflows::Deferred& d) { return d.seq == message.seq; });
  auto change = change_beside("set_aside");
  change.row.cursor = encode_kept(*definition_, next.cursor, id_, keys());
  change.consumed = {message.seq};
  change.journal = JsonArray{JsonObject{{"type", "incident_opened"}, {"incident", incident.str()}, {"kind", "message"}, {"event", message.event}, {"id", message.event_id.str()}, {"text", why}}};
  change.incidents.push_back({.id = incident, .tenant = row_.tenant, .kind = "message", .actor = id_, .actor_kind = row_.kind, .run = {}, .step = {}, .error_class = "internal",
                              .code = "not_applied", .text = why,
                              .detail = JsonObject{{"event", message.event}, {"payload", workflows::shown_payload(*definition_, message.event, message.payload)},
                                                   {"sender", message.sender.str()}, {"meta", message.meta}},
                              .remedies = {"retry", "skip"}, .opened_at = change.row.updated_at});
  const auto event = event_of(message);
  mask_told(known_secrets(&event), change);
  seal_beside(change);
  write_beside(std::move(change), nullptr, [this, next, seq = message.seq] {
    snapshot_ = next;
    snapshot_.version = row_.version;
    failures_.erase(seq);
    std::erase_if(mailbox_, [&](const storage::MailboxRow& m) { return m.seq == seq; });
    next_turn();
  });
}

void Durable::take_back(const storage::MailboxRow& message) {
  const auto reason = text_of(message.meta, "reason", "missing");
  monitoring::counter("stellwerk_messages_returned_total", {reason}).add();
  monitoring::log_warning(reason == "final" ? "a message came back: its receiver has ended" : "a message came back: its receiver does not exist",
                          {{"actor", id_.str()}, {"tenant", row_.tenant.str()}, {"event", message.event}, {"receiver", message.sender.str()}});
  auto change = change_beside("message_returned");
  change.documents_kept = true;
  change.consumed = {message.seq};
  change.journal = JsonArray{JsonObject{{"type", "message_returned"}, {"event", message.event}, {"id", message.event_id.str()}, {"to", message.sender.str()}, {"reason", reason}}};
  write_beside(std::move(change), nullptr, [this, seq = message.seq] {
    snapshot_.version = row_.version;
    std::erase_if(mailbox_, [&](const storage::MailboxRow& m) { return m.seq == seq; });
    next_turn();
  });
}

void Durable::send_back(std::int64_t seq, storage::ActorChange& change) const {
  const auto row = std::find_if(mailbox_.begin(), mailbox_.end(), [&](const storage::MailboxRow& m) { return m.seq == seq; });
  if (row == mailbox_.end() || row->sender.empty() || row->sender == id_ || bool_of(row->meta, "command")) return;
  change.messages.push_back({.receiver = row->sender, .sender = id_, .event_id = row->event_id, .event = row->event, .payload = JsonObject{},
                             .meta = JsonObject{{"reason", "final"}}, .deferred = false, .at = change.row.updated_at, .returned = true});
}

// --- quarantine

void Durable::refuse_quarantined(const Shared<Deliver>& deliver) {
  const auto* remedy = std::get_if<workflows::Remedy>(&deliver->event.body);
  if (remedy != nullptr && deliver->reply && !held_by_.empty() && remedy->incident == held_by_) return leave_quarantine(deliver);
  if (deliver->reply) deliver->reply->answer(fail(ErrorCode::unavailable, fmt::format("actor {} is quarantined: {}", id_.str(), quarantine_), "quarantined"));
  open_quarantine(quarantine_, deliver);
}

void Durable::open_quarantine(const std::string& why, const Shared<Deliver>& event) {
  quarantine_ = why;
  if (row_.version == 0 || !held_by_.empty()) return;
  const auto incident = make_id<IncidentId>("inc");
  const auto text = storable(why);
  auto change = change_beside("quarantined");
  change.documents_kept = true;
  change.journal = JsonArray{JsonObject{{"type", "incident_opened"}, {"incident", incident.str()}, {"kind", "quarantined"}, {"text", text}}};
  change.incidents.push_back({.id = incident, .tenant = row_.tenant, .kind = "quarantined", .actor = id_, .actor_kind = row_.kind, .run = {}, .step = {},
                              .error_class = "internal", .code = "quarantined", .text = text,
                              .detail = JsonObject{{"workflow", row_.workflow}, {"revision", row_.revision}, {"state", row_.state}}, .remedies = {"retry"},
                              .opened_at = change.row.updated_at});
  monitoring::log(monitoring::Level::error, "an actor is quarantined", {{"actor", id_.str()}, {"tenant", row_.tenant.str()}, {"error", text}});
  // What came of an attempt must not be lost before somebody is told to look after it. Mailbox rows stay, and whoever waits was answered.
  const bool comes_again = event && !event->reply && row_of(event->event) == 0;
  write_beside(std::move(change), nullptr, [this, incident] { held_by_ = incident; }, [this, event, comes_again](bool soon) {
    if (comes_again) self_->delayed_send(all_.dispatcher, soon ? wake_delay : unwritable_delay, event);
  });
}

/// A person says that the cause is gone: what was repaired stands in the database, not here.
void Durable::leave_quarantine(const Shared<Deliver>& deliver) {
  load([this, deliver] { guarded(deliver, [&] { close_quarantine(deliver); }); }, [this, deliver](const Error& error) { not_loaded(deliver, error); });
}

/// The actor goes on where it stood; its attempt is looked at as after a restart.
void Durable::close_quarantine(const Shared<Deliver>& deliver) {
  const auto& remedy = std::get<workflows::Remedy>(deliver->event.body);
  if (remedy.incident != held_by_) return deliver->reply->answer(fail(ErrorCode::not_found, fmt::format("incident {} is not open", remedy.incident.str()), "incident_not_open"));
  if (remedy.what != workflows::Remedy::What::retry)
    return deliver->reply->answer(fail(ErrorCode::invalid_argument, "a quarantined actor can only be tried again, once the cause is gone", "remedy_not_offered"));
  if (!trouble_.empty())
    return deliver->reply->answer(fail(ErrorCode::conflict, fmt::format("actor {} still cannot be processed: {}", id_.str(), storable(trouble_)), "still_quarantined"));
  auto change = change_beside("remedy");
  change.documents_kept = true;
  const auto& by = deliver->event.by;
  change.journal = JsonArray{JsonObject{{"type", "incident_closed"}, {"incident", remedy.incident.str()}, {"remedy", "retry"}, {"note", remedy.note}, {"by", {{"id", by.id}, {"role", by.role}}}}};
  change.incidents.push_back({.id = remedy.incident, .tenant = row_.tenant, .actor = id_, .state = "closed", .closed_by = by.id, .closed_how = "retry", .note = remedy.note,
                              .closed_at = change.row.updated_at});
  seal_beside(change);
  std::vector<storage::AttemptRow> attempts;
  if (const auto& run = snapshot_.cursor.run)
    for (const auto& attempt : run->attempts) attempts.push_back(make_attempt(*definition_, change.row, *run, attempt, deps_->incarnation));
  write_beside(std::move(change), deliver->reply, [this, deliver, attempts] {
    deliver->reply->answer(Answer{202, JsonObject{{"event", deliver->event.id.str()}, {"run", nullptr}, {"deferred", false}}, false});
    forget();
    for (const auto& attempt : attempts) self_->send(all_.dispatcher, share(Deliver{.actor = id_, .event = {}, .resume = Resume::recover, .attempt = attempt}));
    self_->send(all_.dispatcher, share(Wake{id_}));
  });
}

storage::ActorChange Durable::change_beside(std::string_view event) const {
  storage::ActorChange change;
  change.row = row_;
  change.row.version = row_.version + 1;
  change.row.updated_at = now();
  change.expected_version = row_.version;
  change.applied = {.id = make_id<EventId>("evt"), .event = std::string{event}, .payload = JsonObject{}, .principal = {}, .role = "system"};
  return change;
}

void Durable::write_beside(storage::ActorChange change, const std::shared_ptr<ReplySlot>& reply, Written then, NotWritten otherwise) {
  storage::Commit commit{.id = format_id("dec", make_uuid()), .changes = {}, .required = {}, .actions = {}, .idempotency = {}};
  change.row.decision = commit.id;
  commit.changes.push_back(std::move(change));
  const auto request = share(CommitRequest{std::move(commit)});
  const auto not_written = [this, reply, otherwise = std::move(otherwise)](const std::string& why, bool again) {
    monitoring::log(monitoring::Level::error, "an incident could not be written; the actor is loaded again", {{"actor", id_.str()}, {"error", why}});
    if (reply) reply->answer(fail(ErrorCode::conflict, fmt::format("actor {} was changed meanwhile; try again", id_.str()), "changed"));
    forget();
    if (again) wake_later();
    if (otherwise) otherwise(again);
  };
  // It may be on disk, and only the answer was lost: the decision in the row tells.
  using Give = std::function<void(const std::string&, bool)>;
  const auto look = [this](const Shared<CommitRequest>& asked, const Give& give_up, const Written& done, const std::string& why) {
    load([this, asked, give_up, done, why] {
      if (row_.decision != asked->commit.id) return give_up(why, true);
      guarded(nullptr, [&] {
        announce(asked->commit);
        done();
      });
    }, [give_up, why](const Error&) { give_up(why, true); });
  };
  self_->request(all_.committer, caf::infinite, request).await(
      [this, request, not_written, look, then](const Shared<CommitReply>& written) {
        const auto& [status, error, code] = written->result;
        if (status == storage::CommitStatus::conflict) return look(request, not_written, then, "its version has changed");
        if (status != storage::CommitStatus::committed) return not_written(error, false);
        guarded(nullptr, [&] {
          row_ = request->commit.changes.front().row;
          remember_key(request->commit.changes.front());
          announce(request->commit);
          then();
        });
      },
      [request, not_written, then, look](const caf::error&) { look(request, not_written, then, "the database is away"); });
}

// --- passivation

void Durable::received() {
  ++received_;
  rest();
}

void Durable::rest() {
  // What was sent before is handled first, and what it is deciding is written.
  if (row_.version == 0 || deps_->admission->is_crowded()) self_->send(self_, rest_atom::value, received_);
  else arm_idle();
}

void Durable::on_rest(std::uint64_t seen) {
  if (seen != received_ || ending_) return;
  const bool waits_for_its_end = !actions_in_hand_.empty() || !waiters_.empty();
  if (waits_for_its_end) return;  // then it rests again
  // How often a message has failed is known here only.
  if ((row_.version > 0 && !deps_->admission->is_crowded()) || !is_free() || !failures_.empty()) return arm_idle();
  leave();
}

void Durable::arm_idle() {
  if (std::exchange(idle_armed_, true)) return;
  self_->delayed_send(self_, std::chrono::ceil<std::chrono::milliseconds>(deps_->passivate_after), tick_atom::value, received_);
}

void Durable::on_idle(std::uint64_t seen) {
  idle_armed_ = false;
  if (seen != received_ || !is_free()) return arm_idle();
  leave();
}

/// The dispatcher lets it go unless something is on its way here; then that lets it rest again.
void Durable::leave() { self_->send(all_.dispatcher, share(Idle{id_, received_})); }

void Durable::became_free() {
  end_if_free();
  if (!ending_) rest();
}

void Durable::end_if_free() {
  if (!ending_ || !is_free()) return;
  static auto& passivated = monitoring::counter("stellwerk_actors_passivated_total");
  passivated.add();
  self_->quit();
}

}  // namespace stellwerk::actors
