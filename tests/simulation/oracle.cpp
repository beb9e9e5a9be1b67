#include "tests/simulation/oracle.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <tuple>

#include "workflows/replay.hpp"

namespace stellwerk::simulation {
namespace {

using storage::ActorRow;
using workflows::Definition;

/// How late a timer may be, and how long a message may lie.
constexpr auto timer_grace = std::chrono::seconds{10};
constexpr auto message_grace = std::chrono::seconds{60};

class Oracle {
 public:
  Oracle(const World& world, const Yard& yard, const Load& load) : world_{world}, state_{world.state()}, yard_{yard}, load_{load} { read_ledger(); }

  std::vector<std::string> judge() {
    judge_always();
    for (const auto& [id, row] : state_.actors) {
      check_awake(row);
      check_stock(row);
      if (row.workflow == "plant") check_yard(row);
      if (row.workflow == "stall") check_stall(row);
    }
    check_stock_of_nobody();
    check_runs();
    check_mailboxes();
    return std::move(wrongs_);
  }

  std::vector<std::string> judge_restless() {
    judge_always();
    check_stuck();
    return std::move(wrongs_);
  }

 private:
  /// An event as the journals tell of it.
  struct Told {
    int applied = 0, deferred = 0, refused = 0, failed = 0;
    std::size_t first = 0;  ///< when it was applied first: position in the ledger
  };

  /// What holds at any moment.
  void judge_always() {
    for (const auto& what : yard_.wrongs()) wrong("vendor: {}", what);
    check_writers();
    check_requests();
    check_keys();
    check_asked();
    check_messages();
    for (auto& what : judge_automation(world_)) wrongs_.push_back(std::move(what));
    for (const auto& [id, row] : state_.actors) {
      check_history(row);
      check_journal(row);
    }
  }

  template <class... Args>
  void wrong(fmt::format_string<Args...> text, Args&&... args) {
    wrongs_.push_back(fmt::format(text, std::forward<Args>(args)...));
  }

  void read_ledger() {
    std::size_t at = 0;
    for (const auto& written : world_.ledger()) {
      ++at;
      for (const auto& change : written.commit.changes) {
        changes_[change.row.id].push_back(&change);
        if (change.expected_version == 0) ++tokens_[text_of(change.row.attributes, "token")];
        for (const auto& entry : change.journal.as_array()) read_entry(change.row.id, entry, at);
      }
    }
  }

  void read_entry(const ActorId& actor, const Json& entry, std::size_t at) {
    const auto type = text_of(entry, "type");
    if (type != "event" && type != "event_deferred" && type != "event_refused" && type != "edited") return;
    auto& told = told_[{actor, text_of(entry, "id")}];
    if (type == "event_deferred") ++told.deferred;
    if (type == "event_refused") ++told.refused;
    if (type != "event" && type != "edited") return;
    if (told.applied++ == 0) told.first = at;
    const auto* payload = find_member(entry, "payload");
    if (payload != nullptr) ++tokens_[text_of(*payload, text_of(*payload, "token").empty() ? "note" : "token")];
  }

  /// §1, §8: one writer at a time; who was succeeded writes nothing any more.
  void check_writers() {
    std::size_t latest = 0;
    for (const auto& written : world_.ledger()) {
      const auto& all = world_.incarnations();
      const auto index = static_cast<std::size_t>(std::ranges::find(all, written.incarnation) - all.begin());
      if (index < latest) wrong("decision {} was written by {}, whom {} had succeeded", written.commit.id, written.incarnation, all[latest]);
      latest = std::max(latest, index);
    }
  }

  /// §1: no effect before its intent is on disk. §4: every try of a key sends the same bytes.
  void check_requests() {
    std::map<std::string, Duration> intended;
    for (const auto& written : world_.ledger())
      for (const auto& change : written.commit.changes)
        for (const auto& attempt : change.attempts) intended.try_emplace(attempt.key, written.when);
    std::map<std::string, std::string> bytes;
    for (const auto& sent : world_.sent()) {
      const auto& request = sent.request;
      if (request.key.empty() || request.method == "GET") continue;
      const auto intent = intended.find(request.key);
      if (intent == intended.end() || intent->second > sent.when) wrong("{} {} with key {} was sent before its decision was on disk", request.method, request.url, request.key);
      const auto said = request.method + " " + request.url + " " + request.body;
      const auto [known, first] = bytes.try_emplace(request.key, said);
      if (!first && known->second != said) wrong("key {} was sent with other bytes: {} and {}", request.key, known->second, said);
    }
  }

  /// §4: an attempt keeps its key and its input, however often it is tried.
  void check_keys() {
    std::map<AttemptId, std::pair<std::string, std::string>> known;
    for (const auto& written : world_.ledger())
      for (const auto& change : written.commit.changes)
        for (const auto& attempt : change.attempts) {
          const std::pair now{attempt.key, dump_json(attempt.input)};
          const auto [before, first] = known.try_emplace(attempt.id, now);
          if (!first && before->second != now) wrong("attempt {} has become another: {} {} was {} {}", attempt.id.str(), now.first, now.second, before->second.first, before->second.second);
        }
  }

  /// §1, §2: acknowledged = applied once; refused = never; unanswered = at most once.
  void check_asked() {
    for (const auto& what : load_.asked()) {
      const auto found = tokens_.find(what->token);
      const int times = what->kind == Asked::Kind::edit ? edits_with(what->token) : found == tokens_.end() ? 0 : found->second;
      const auto name = fmt::format("{} {} on {} ({} tries)", what->token, what->kind == Asked::Kind::create ? "create" : what->name, what->actor.str(), what->tries);
      if (times > 1) wrong("{} was applied {} times", name, times);
      if (!what->answer) continue;
      if (*what->answer && what->foreign) wrong("{} was asked by tenant {}, whose actor it is not, and acknowledged", name, what->tenant.str());
      if (!*what->answer) {
        if (times > 0) wrong("{} was refused ({}), and applied", name, describe(what->answer->error()));
        continue;
      }
      const auto& answer = (*what->answer).value();
      if (!bool_of(answer.body, "deferred")) {
        if (times != 1) wrong("{} was acknowledged, and applied {} times", name, times);
        continue;
      }
      const auto event = text_of(answer.body, "event");
      const auto told = told_.find({what->actor, event});
      if (told == told_.end() || told->second.deferred != 1) wrong("{} was deferred, but the journal knows nothing of it", name);
      else check_end_of_deferral(what->actor, event, told->second);
    }
  }

  void check_end_of_deferral(const ActorId& actor, const std::string& event, const Told& told) {
    const bool waits = lies_waiting(actor, event);
    const int ends = told.applied + told.refused + (waits ? 1 : 0);
    if (ends == 1) return;
    if (ends == 0 && has_failed_event(actor)) return;  // a person let it go
    wrong("event {} of {} was deferred, then applied {} times, refused {} times, and {} in the mailbox", event, actor.str(), told.applied, told.refused, waits ? "is" : "is not");
  }

  [[nodiscard]] bool lies_waiting(const ActorId& receiver, const std::string& event) const {
    return std::ranges::any_of(state_.mailbox, [&](const auto& entry) { return entry.second.receiver == receiver && entry.second.event_id.str() == event; });
  }

  [[nodiscard]] bool has_failed_event(const ActorId& actor) const {
    return std::ranges::any_of(state_.incidents, [&](const auto& entry) { return entry.second.actor == actor && entry.second.kind != "held_run"; });
  }

  [[nodiscard]] int edits_with(const std::string& token) const {
    int times = 0;
    for (const auto& [actor, changes] : changes_)
      for (const auto* change : changes)
        for (const auto& entry : change->journal.as_array())
          if (const auto* attributes = find_member(entry, "attributes"); attributes != nullptr && text_of(entry, "type") == "set" && text_of(*attributes, "label") == token) ++times;
    return times;
  }

  /// §5: each message is applied once, those of one sender in their order; what nobody can take is in the journal of its receiver.
  void check_messages() {
    std::map<std::tuple<ActorId, ActorId, std::string>, std::size_t> last;
    for (const auto& written : world_.ledger())
      for (const auto& change : written.commit.changes)
        for (const auto& message : change.messages) {
          if (message.deferred || message.returned) continue;
          const auto id = message.event_id.str();
          const auto found = told_.find({message.receiver, id});
          const auto told = found == told_.end() ? Told{} : found->second;
          const bool waits = lies_waiting(message.receiver, id);
          const int ends = told.applied + told.refused + (waits ? 1 : 0);
          const auto name = fmt::format("message {} {} from {} to {}", id, message.event, message.sender.str(), message.receiver.str());
          const bool set_aside = ends == 0 && (has_failed_event(message.receiver) || !state_.actors.contains(message.receiver));
          if (ends != 1 && !set_aside) wrong("{} was applied {} times, refused {} times, and {} in the mailbox", name, told.applied, told.refused, waits ? "is" : "is not");
          if (told.applied != 1) continue;
          auto& before = last[{message.sender, message.receiver, message.event}];
          if (told.first < before) wrong("{} was overtaken by a later one", name);
          before = told.first;
        }
  }

  /// §1: one version after another, and time that never runs backwards (§6).
  void check_history(const ActorRow& row) {
    std::int64_t version = 0;
    Time at{};
    for (const auto* change : changes_[row.id]) {
      if (change->expected_version != version || change->row.version != version + 1)
        wrong("{} went from version {} to {} on the ground of {}", row.id.str(), version, change->row.version, change->expected_version);
      version = change->row.version;
      if (change->row.updated_at < at) wrong("the journal of {} runs backwards: {} after {}", row.id.str(), format_time(change->row.updated_at), format_time(at));
      at = change->row.updated_at;
    }
    if (version != row.version) wrong("{} has version {}, but {} decisions were written", row.id.str(), row.version, version);
  }

  /// §9: the journal explains the state.
  void check_journal(const ActorRow& row) {
    const auto definition = world_.definitions().find(row.workflow, row.revision);
    if (!definition || !row.cursor.is_object()) return;  // broken on purpose, and not repaired yet
    std::vector<Json> journal;
    for (const auto* change : changes_[row.id])
      for (const auto& entry : change->journal.as_array()) journal.push_back(entry);
    const auto replayed = workflows::replay(*definition, journal);
    if (!replayed) return wrong("the journal of {} contradicts itself: {}", row.id.str(), describe(replayed.error()));
    const auto state = replayed->state < 0 ? std::string{} : definition->states[static_cast<std::size_t>(replayed->state)].name;
    if (state != row.state) wrong("{} is in state {}, but its journal says {}", row.id.str(), row.state, state);
    for (const auto& [name, value] : replayed->attributes) {
      const auto* kept = find_member(row.attributes, name);
      if ((kept == nullptr ? Json{} : *kept) != value) wrong("{} of {} is {}, but its journal says {}", name, row.id.str(), kept == nullptr ? "nothing" : dump_json(*kept), dump_json(value));
    }
    std::map<std::string, Time> timers;
    for (const auto& [key, timer] : state_.timers)
      if (key.first == row.id) timers[key.second] = timer.due;
    if (timers != replayed->timers) wrong("{} has {} timers, but its journal says {}{}", row.id.str(), timers.size(), replayed->timers.size(), difference(timers, replayed->timers));
    std::set<std::string> open, told;
    for (const auto& [id, incident] : state_.incidents)
      if (incident.actor == row.id && incident.state == "open") open.insert(id.str());
    for (const auto& [id, kind] : replayed->incidents) told.insert(id);
    if (open != told) wrong("{} has {} open incidents, but its journal says {}", row.id.str(), open.size(), told.size());
    const auto* run = find_member(row.cursor, "run");
    const auto id = run == nullptr ? std::string{} : text_of(*run, "id");
    if (id != (replayed->run ? replayed->run->id.str() : std::string{})) wrong("{} has run '{}' in hand, but its journal says '{}'", row.id.str(), id, replayed->run ? replayed->run->id.str() : "");
  }

  [[nodiscard]] static std::string difference(const std::map<std::string, Time>& is, const std::map<std::string, Time>& said) {
    std::string out;
    for (const auto& [name, due] : is)
      if (const auto found = said.find(name); found == said.end() || found->second != due) out += fmt::format("; {} is at {}", name, format_time(due));
    for (const auto& [name, due] : said)
      if (const auto found = is.find(name); found == is.end() || found->second != due) out += fmt::format("; {} should be at {}", name, format_time(due));
    return out;
  }

  /// §3: a live actor has a live wake-up, and none is overdue.
  void check_awake(const ActorRow& row) {
    const auto definition = world_.definitions().find(row.workflow, row.revision);
    const auto* run = find_member(row.cursor, "run");
    const bool works = run != nullptr && run->is_object();
    bool wakes = false;
    for (const auto& [key, attempt] : state_.attempts) {
      if (attempt.actor != row.id) continue;
      if (attempt.incarnation != world_.incarnation()) wrong("{} waits for attempt {} ({}), which belongs to {}", row.id.str(), attempt.key, attempt.mode, attempt.incarnation);
      wakes = true;
    }
    for (const auto& [key, timer] : state_.timers) {
      if (key.first != row.id) continue;
      wakes = true;
      if (timer.due + timer_grace < world_.now() && !is_quarantined(row) && !state_.held.contains(key)) wrong("timer {} of {} is overdue since {}", timer.name, row.id.str(), format_time(timer.due));
    }
    for (const auto& [id, incident] : state_.incidents) wakes = wakes || (incident.actor == row.id && incident.state == "open");
    for (const auto& [seq, message] : state_.mailbox) wakes = wakes || (message.receiver == row.id && !message.deferred);
    const auto at = definition->find_state(row.state);
    const bool rests = !works && at >= 0 && definition->states[static_cast<std::size_t>(at)].rest;
    if (row.live && !wakes && !rests) wrong("{} ({} in state {}) lives, but nothing will ever wake it", row.id.str(), row.workflow, row.state);
    if (!row.live && (wakes || works)) wrong("{} is final, but something is left of its life", row.id.str());
  }

  [[nodiscard]] bool is_quarantined(const ActorRow& row) const {
    return std::ranges::any_of(state_.incidents, [&](const auto& entry) { return entry.second.actor == row.id && entry.second.state == "open" && entry.second.kind == "quarantined"; });
  }

  /// What nobody does although it is to be done. The world was given time enough.
  void check_stuck() {
    constexpr auto patience = std::chrono::minutes{5};
    if (world_.incarnation().empty()) return;
    std::map<std::string, Duration> last;  ///< when a request of the key left
    for (const auto& sent : world_.sent()) last[sent.request.key] = sent.when;
    for (const auto& [key, attempt] : state_.attempts) {
      const auto& row = state_.actors.at(attempt.actor);
      if (is_quarantined(row) || held_run(attempt.actor)) continue;
      if (attempt.incarnation != world_.incarnation()) wrong("{} waits for attempt {} ({}), which belongs to {}", row.id.str(), attempt.key, attempt.mode, attempt.incarnation);
      else if (attempt.due + patience < world_.now() && (!last.contains(attempt.key) || last[attempt.key] + patience < world_.elapsed()))
        wrong("attempt {} of {} ({}) is due since {}, and nobody carries it out", attempt.key, row.id.str(), attempt.mode, format_time(attempt.due));
    }
    for (const auto& [key, timer] : state_.timers)
      if (timer.due + patience < world_.now() && !state_.held.contains(key) && !is_quarantined(state_.actors.at(key.first)))
        wrong("timer {} of {} is overdue since {}", timer.name, key.first.str(), format_time(timer.due));
    for (const auto& [seq, message] : state_.mailbox)
      if (!message.deferred && message.at + patience < world_.now() && state_.actors.contains(message.receiver) && !is_quarantined(state_.actors.at(message.receiver)) && !held_run(message.receiver))
        wrong("message {} for {} lies in its mailbox, and could be taken", message.event, message.receiver.str());
  }

  [[nodiscard]] bool held_run(const ActorId& actor) const {
    return std::ranges::any_of(state_.incidents, [&](const auto& entry) { return entry.second.actor == actor && entry.second.state == "open"; });
  }

  /// A stall has its box while it stands, and leaves nothing behind.
  void check_stall(const ActorRow& row) {
    if (works(row)) return;
    std::map<std::string, std::int64_t> is, should;
    for (const auto& [name, box] : yard_.boxes())
      if (box.mark == row.id.str()) is[name] = box.speed;
    if (row.state == "standing") should[fmt::format("stall-{}", row.id.str())] = 0;
    if (is != should) wrong("{} in state {} should have {} at the vendor, and has {}", row.id.str(), row.state, names_of(should), names_of(is));
  }

  void check_mailboxes() {
    for (const auto& [seq, message] : state_.mailbox) {
      const auto receiver = state_.actors.find(message.receiver);
      if (receiver == state_.actors.end()) {
        wrong("message {} for {} waits for somebody who is not there", message.event, message.receiver.str());
        continue;
      }
      const auto* run = find_member(receiver->second.cursor, "run");
      const bool works = run != nullptr && run->is_object();
      const bool held = std::ranges::any_of(state_.incidents, [&](const auto& entry) { return entry.second.actor == message.receiver && entry.second.state == "open"; });
      if (message.deferred ? !works && !held : !held && message.at + message_grace < world_.now())
        wrong("{} {} for {} lies in its mailbox, and could be taken", message.deferred ? "deferred" : "message", message.event, message.receiver.str());
    }
  }

  void check_runs() {
    for (const auto& [id, run] : state_.runs) {
      const auto& actor = state_.actors.at(run.actor);
      const auto* in_hand = find_member(actor.cursor, "run");
      const bool is_in_hand = in_hand != nullptr && text_of(*in_hand, "id") == id.str();
      const bool ended = run.status == "done" || run.status == "failed" || run.status == "cancelled";
      if (ended == is_in_hand) wrong("run {} of {} is {}, and it is {} in hand", id.str(), run.actor.str(), run.status, is_in_hand ? "" : "not");
    }
  }

  /// §1: actions have their effect once, and nothing leaks: who holds what is what the actors say they hold.
  void check_stock(const ActorRow& row) {
    if (works(row)) return;
    const auto own = [&](const std::string& range) {
      std::set<std::int64_t> numbers;
      if (const auto found = state_.numbers.find({row.tenant, range}); found != state_.numbers.end())
        for (const auto& [number, holding] : found->second)
          if (holding.owner == row.id.str() && holding.state == "taken") numbers.insert(number);
      return numbers;
    };
    const auto says = [&](const char* name) {
      std::set<std::int64_t> numbers;
      if (const auto* value = find_member(row.attributes, name); value != nullptr && value->is_int64()) numbers.insert(value->as_int64());
      return numbers;
    };
    if (own("numbers") != says("number")) wrong("{} in state {} holds {} numbers, and names {}", row.id.str(), row.state, own("numbers").size(), says("number").size());
    if (own("spares") != says("spare")) wrong("{} in state {} holds {} spares, and names {}", row.id.str(), row.state, own("spares").size(), says("spare").size());
    std::set<std::string> addresses, named;
    for (const auto& [pool, all] : state_.addresses)
      for (const auto& [rank, address] : all)
        if (address.holding.owner == row.id.str() && address.holding.state == "taken") addresses.insert(address.address);
    if (const auto address = text_of(row.attributes, "address"); !address.empty()) named.insert(address);
    if (addresses != named) wrong("{} in state {} holds {} addresses, and names {}", row.id.str(), row.state, addresses.size(), named.size());
    const auto places = std::ranges::count_if(state_.places, [&](const auto& entry) { return entry.second.second == row.id; });
    if (places != (text_of(row.attributes, "place").empty() ? 0 : 1)) wrong("{} in state {} has {} places, and names '{}'", row.id.str(), row.state, places, text_of(row.attributes, "place"));
  }

  void check_stock_of_nobody() {
    for (const auto& [id, server] : state_.servers) {
      const auto places = std::ranges::count_if(state_.places, [&](const auto& entry) { return entry.second.first == id; });
      if (server.used != places) wrong("server {} counts {} places, but {} are taken", server.name, server.used, places);
    }
    for (const auto& [range, all] : state_.numbers)
      for (const auto& [number, holding] : all)
        if (holding.state == "taken" && !state_.actors.contains(ActorId{holding.owner})) wrong("number {} of {} belongs to {}, who is not there", number, range.second, holding.owner);
  }

  [[nodiscard]] static bool works(const ActorRow& row) {
    const auto* run = find_member(row.cursor, "run");
    return run != nullptr && run->is_object();
  }

  /// §3, §4: at the vendor there is exactly what the actor says; nothing half undone, nothing twice.
  void check_yard(const ActorRow& row) {
    if (works(row) || row.state == "halted") return;
    const auto id = row.id.str();
    std::map<std::string, std::int64_t> is, should;
    for (const auto& [name, box] : yard_.boxes())
      if (box.mark == id) is[name] = box.speed;
    for (const auto& [name, hall] : yard_.halls())
      if (hall.mark == id) is[name] = 0;
    if (row.state == "active") {
      const auto number = int_of(row.attributes, "number");
      const auto speed = int_of(row.attributes, "speed");
      should = {{fmt::format("box-{}", number), speed == 1 ? 0 : speed}, {fmt::format("hall-{}", number), 0}, {fmt::format("site-{}", number), 3},
                {fmt::format("part-a-{}", number), 1}, {fmt::format("part-b-{}", number), 2}};
      // A box that was tuned back to its first speed stands at 1.
      if (const auto box = is.find(fmt::format("box-{}", number)); speed == 1 && box != is.end() && box->second == 1) box->second = 0;
    }
    if (is != should) wrong("{} in state {} should have {} at the vendor, and has {}", id, row.state, names_of(should), names_of(is));
    check_books(row, "charge", yard_.charges());
    check_books(row, "credit", yard_.credits());
    const auto letters = std::ranges::count_if(yard_.letters(), [&](const auto& entry) { return entry.second == id && entry.first.find("-letter-") != std::string::npos; });
    if (letters != runs_done(row.id, "write")) wrong("{} wrote {} letters, and {} arrived", id, runs_done(row.id, "write"), letters);
  }

  void check_books(const ActorRow& row, std::string_view what, const std::multimap<std::string, Yard::Paid>& book) {
    std::int64_t standing = 0, extra = 0;
    const auto current = fmt::format("{}-{}", row.id.str(), int_of(row.attributes, "builds"));
    for (const auto& [reference, paid] : book) {
      if (paid.mark != row.id.str() || paid.taken_back) continue;
      if (reference.find("-extra-") != std::string::npos) ++extra;
      else if (reference == current && row.state == "active") ++standing;
      else wrong("{} in state {} has the {} {} still standing", row.id.str(), row.state, what, reference);
    }
    if (row.state == "active" && standing != 1) wrong("{} is active with {} times the {} {}", row.id.str(), standing, what, current);
    if (what == "credit" && extra != runs_done(row.id, "extend")) wrong("{} was extended {} times, and has {} credits for it", row.id.str(), runs_done(row.id, "extend"), extra);
  }

  [[nodiscard]] std::int64_t runs_done(const ActorId& actor, std::string_view event) const {
    return std::ranges::count_if(state_.runs, [&](const auto& entry) { return entry.second.actor == actor && entry.second.event == event && entry.second.status == "done"; });
  }

  [[nodiscard]] static std::string names_of(const std::map<std::string, std::int64_t>& things) {
    std::vector<std::string> names;
    for (const auto& [name, speed] : things) names.push_back(fmt::format("{}@{}", name, speed));
    return fmt::format("[{}]", fmt::join(names, " "));
  }

  const World& world_;
  const storage::MemoryState& state_;
  const Yard& yard_;
  const Load& load_;
  std::map<ActorId, std::vector<const storage::ActorChange*>> changes_;
  std::map<std::pair<ActorId, std::string>, Told> told_;  ///< by actor and event
  std::map<std::string, int> tokens_;    ///< how often each was applied
  std::vector<std::string> wrongs_;
};

}  // namespace

std::vector<std::string> judge(const World& world, const Yard& yard, const Load& load) { return Oracle{world, yard, load}.judge(); }
std::vector<std::string> judge_restless(const World& world, const Yard& yard, const Load& load) { return Oracle{world, yard, load}.judge_restless(); }

}  // namespace stellwerk::simulation
