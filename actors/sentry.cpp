// The sentry writes what the mass-action guard holds, asks a person about it and carries their answers out; it turns the emergency stop
// on and off. One after the other, so that a hold and an answer never pass each other. It may block; nobody waits for it but people.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "actors/lasting_session.hpp"
#include "actors/protocol.hpp"
#include "monitoring/log.hpp"
#include "monitoring/metrics.hpp"

namespace stellwerk::actors {
namespace {

using storage::GuardQuestion;
using storage::Store;
using storage::TimerRow;

constexpr auto beat_interval = std::chrono::seconds{60};
constexpr auto again_after = std::chrono::seconds{1};
constexpr auto gathering = std::chrono::milliseconds{20};  ///< holds that come together are written together
constexpr int most_questions = 10'000;
constexpr std::size_t most_examples = 10;

class Sentry {
 public:
  static inline const char* name = "sentry";
  explicit Sentry(caf::event_based_actor* self) : self_{self} {}

  caf::behavior behavior(std::shared_ptr<const Deps> deps, const caf::actor& timers, std::unique_ptr<storage::Store> store) {
    deps_ = std::move(deps);
    timers_ = timers;
    session_.emplace(*deps_, std::move(store));
    return {
        // the dispatcher is spawned after us and introduced when work begins
        [this](const caf::actor& dispatcher) {
          dispatcher_ = dispatcher;
          guarded([&] { on_tick(); });
        },
        [this](const Shared<Hold>& hold) {
          pending_.insert_or_assign({hold->wish.timer.actor, hold->wish.timer.name}, hold->wish);
          order_flush(gathering);
        },
        [this](flush_atom) {
          flush_ordered_ = false;
          guarded([&] { flush(); });
        },
        [this](const Shared<GuardOrder>& order) { guarded([&] { on_answer(order->answer, *order->reply); }); },
        [this](const Shared<StopOrder>& order) { guarded([&] { on_stop(order->request, *order->reply); }); },
        [this](tick_atom) { guarded([&] { on_tick(); }); },
        [this](clock_atom) { guarded([&] { look_after(); }); },
        [this](stop_atom) {
          dispatcher_ = nullptr;
          timers_ = nullptr;
          self_->quit();
        },
    };
  }

 private:
  template <class Work>
  void guarded(Work&& work) {
    if (!survive("the sentry could not do its work", std::forward<Work>(work))) order_flush(again_after);
  }

  [[nodiscard]] Time now() const { return deps_->clock->now(); }

  void order_flush(Duration delay) {
    if (std::exchange(flush_ordered_, true)) return;
    self_->delayed_send(self_, std::chrono::ceil<std::chrono::milliseconds>(delay), flush_atom::value);
  }

  /// True when it was written; else it is tried again soon, unless this node has lost the database.
  bool written(const Result<void>& done, const char* what) {
    if (done) return true;
    if (done.error().code == ErrorCode::cancelled) {
      deps_->on_fatal(describe(done.error()));
      return false;
    }
    monitoring::log_error(what, done.error());
    order_flush(again_after);
    return false;
  }

  Result<void> reload_guard() {
    return session_->run([this](Store& store) { return deps_->guard->read_questions(store, now()); });
  }

  // --- holding
  void flush() {
    if (stop_unknown_) reload_stop();
    std::map<Guard::Line, std::vector<TimerRow>> lines;
    for (const auto& [key, wish] : pending_) lines[{wish.tenant, wish.kind}].push_back(wish.timer);
    for (auto& [line, timers] : lines) hold(line, std::move(timers));
  }

  void hold(const Guard::Line& line, std::vector<TimerRow> timers) {
    if (!deps_->guard->knows_live(line, now())) {
      const auto live = session_->call(&Store::count_live, line.first, line.second);
      if (!live) {
        monitoring::log_error("the live actors of a kind cannot be counted", live.error(), {{"tenant", line.first.str()}, {"kind", line.second}});
        return order_flush(again_after);
      }
      deps_->guard->tell_live(line, *live, now());
    }
    auto question = deps_->guard->question_for(line, now());
    if (!question) {
      unwritten_.erase(line);
      return let_go(timers);
    }
    // A question that may be written already, though we do not know it, keeps its id.
    const auto [unwritten, is_new] = unwritten_.try_emplace(line, *question);
    if (!is_new) question = unwritten->second;
    std::stable_sort(timers.begin(), timers.end(), [](const TimerRow& a, const TimerRow& b) { return a.due < b.due; });
    const bool asks = question->examples.empty();
    for (std::size_t i = 0; asks && i < std::min(timers.size(), most_examples); ++i) question->examples.emplace_back(timers[i].actor.str());
    const auto done = session_->call(&Store::hold_timers, *question, timers);
    if (!done && done.error().code == ErrorCode::conflict) {
      // Another question of this line stands in the database: what we remember is not what is written.
      unwritten_.erase(line);
      if (!written(reload_guard(), "what the mass-action guard has asked cannot be read")) return;
      return order_flush(again_after);
    }
    if (!written(done, "timers that the mass-action guard holds cannot be marked")) return;
    unwritten_.erase(line);
    deps_->guard->put(*question);
    for (const auto& timer : timers) pending_.erase({timer.actor, timer.name});
    monitoring::counter("stellwerk_guard_counted_total", {line.second, "held"}).add(static_cast<double>(timers.size()));
    if (asks) told(*question);
    show();
  }

  void let_go(const std::vector<TimerRow>& timers) {
    for (const auto& timer : timers) {
      pending_.erase({timer.actor, timer.name});
      self_->send(dispatcher_, share(Deliver{.actor = timer.actor, .event = {.id = make_id<EventId>("evt"), .by = {}, .trace = {}, .depth = 0,
                                                                            .body = workflows::TimerDue{timer.name, timer.due}}}));
    }
  }

  static void told(const GuardQuestion& question) {
    static auto& open_incidents = monitoring::gauge("stellwerk_incidents_open");
    open_incidents.add(1);
    monitoring::log_warning("the mass-action guard holds timers and asks a person",
                            {{"tenant", question.tenant.str()}, {"kind", question.kind}, {"question", question.id.str()}, {"why", question.why},
                             {"passed", std::to_string(question.passed)}, {"bound", std::to_string(question.bound)}, {"live", std::to_string(question.live)}});
  }

  // --- answers
  void on_answer(const GuardAnswer& answer, ReplySlot& reply) {
    flush();  // what was held until now is part of what is answered
    auto known = session_->call(&Store::guard_questions, answer.caller.tenant, Time{}, most_questions);
    if (!known) return reply.answer(fail(std::move(known).error()));
    const auto found = std::find_if(known->begin(), known->end(), [&](const GuardQuestion& q) { return q.id == answer.question; });
    if (found == known->end()) return reply.answer(fail(ErrorCode::not_found, fmt::format("the mass-action guard has asked no question {}", answer.question.str())));
    if (found->state == "released") return reply.answer(fail(ErrorCode::conflict, fmt::format("question {} is answered: it was released", answer.question.str()), "incident_not_open"));
    auto question = *found;
    const auto at = now();
    const auto& bounds = deps_->guard->bounds();
    question.state = answer.release ? "released" : "kept";
    question.until = at + (answer.release ? bounds.release : answer.pause > Duration{0} ? answer.pause : bounds.pause);
    question.number = answer.release ? answer.number.value_or(-1) : -1;
    JsonObject entry{{"how", answer.release ? "release" : "keep"}, {"by", answer.caller.user}, {"note", answer.note}, {"at", format_time(at)}, {"until", format_time(question.until)}};
    if (answer.release) entry["number"] = answer.number ? Json(*answer.number) : Json{};
    question.answers.push_back(std::move(entry));
    std::optional<GuardQuestion> rest;
    if (answer.release && question.number >= 0 && question.held > question.number)
      rest = GuardQuestion{.id = make_id<IncidentId>("inc"), .tenant = question.tenant, .kind = question.kind, .why = "rest", .passed = question.number, .bound = question.bound,
                           .live = question.live, .examples = question.examples, .answers = {}, .asked_at = at};
    const auto done = session_->call(&Store::put_guard_question, question, answer.release ? question.number : 0, rest);
    if (!done) {
      if (done.error().code == ErrorCode::cancelled) deps_->on_fatal(describe(done.error()));
      // Whether it is written is unknown: what is in memory follows what is there.
      written(reload_guard(), "what the mass-action guard has asked cannot be read");
      return reply.answer(fail(done.error()));
    }
    unwritten_.erase({question.tenant, question.kind});
    deps_->guard->put(question);
    if (rest) {
      deps_->guard->put(*rest);
      told(*rest);
    }
    if (answer.release) monitoring::gauge("stellwerk_incidents_open").add(-1);
    monitoring::log_info("a question of the mass-action guard was answered",
                         {{"tenant", question.tenant.str()}, {"kind", question.kind}, {"question", question.id.str()}, {"answer", question.state}, {"by", answer.caller.user}});
    self_->send(timers_, halt_atom::value);
    question.held = answer.release ? 0 : question.held;
    auto body = shown_question(question);
    if (rest) body["rest"] = rest->id.str();
    reply.answer(Answer{200, std::move(body), false});
    show();
  }

  // --- emergency stop
  void on_stop(const StopRequest& request, ReplySlot& reply) {
    const storage::StopRow stop{request.all ? TenantId{} : request.caller.tenant, request.on, request.caller.user, request.note, now()};
    const auto on = session_->call(&Store::stops);
    if (!on) return reply.answer(fail(on.error()));
    const bool is_on = std::any_of(on->begin(), on->end(), [&](const storage::StopRow& s) { return s.tenant == stop.tenant; });
    if (!stop.on && !is_on)
      return reply.answer(fail(ErrorCode::conflict, request.all ? "there is no emergency stop for all tenants" : "there is no emergency stop for this tenant", "not_stopped"));
    if (const auto done = session_->call(&Store::put_stop, stop, request.caller.tenant); !done) {
      if (done.error().code == ErrorCode::cancelled) deps_->on_fatal(describe(done.error()));
      stop_unknown_ = true;  // it may be written all the same
      order_flush(again_after);
      return reply.answer(fail(done.error()));
    }
    deps_->stop->put(stop);
    monitoring::log_warning(stop.on ? "emergency stop: no timer fires and no attempt begins" : "the emergency stop is lifted",
                            {{"tenant", stop.tenant.empty() ? "all" : stop.tenant.str()}, {"by", stop.by}, {"note", stop.note}});
    announce_stop();
    reply.answer(Answer{200, shown_stop(stop), false});
  }

  void reload_stop() {
    if (!written(session_->run([this](Store& store) { return deps_->stop->load(store); }), "whether there is an emergency stop cannot be read")) return;
    stop_unknown_ = false;
    announce_stop();
  }

  void announce_stop() {
    self_->send(timers_, halt_atom::value);
    self_->send(dispatcher_, halt_atom::value);
  }

  // --- every minute
  void on_tick() {
    self_->delayed_send(self_, beat_interval, tick_atom::value);
    look_after();
  }

  void look_after() {
    deps_->guard->beat(now(), deps_->clock->monotonic());
    if (const auto caution = deps_->guard->caution_to_write()) caution_ = caution;
    if (caution_) {  // before the sign of life that would make a restart forget the pause
      if (!written(session_->call(&Store::put_value, "guard_caution", *caution_), "that this process stood still cannot be written")) return;
      caution_.reset();
    }
    if (!written(session_->call(&Store::put_value, "guard_alive", std::to_string(to_micros(now()))), "the guard's sign of life cannot be written")) return;
    for (auto& question : deps_->guard->to_be_asked_again(now())) {
      question.state = "open";
      question.until = {};
      question.answers.push_back(JsonObject{{"how", "asked_again"}, {"by", ""}, {"note", ""}, {"at", format_time(now())}});
      if (!written(session_->call(&Store::put_guard_question, question, 0, std::nullopt), "a question of the mass-action guard cannot be asked again")) return;
      deps_->guard->put(question);
      monitoring::log_warning("the mass-action guard asks again", {{"tenant", question.tenant.str()}, {"kind", question.kind}, {"question", question.id.str()}});
    }
    if (!written(session_->call(&Store::forget_guard_entries, deps_->guard->needed_since(now())), "what the mass-action guard has counted cannot be tidied up")) return;
    show();
  }

  void show() {
    static auto& held = monitoring::gauge("stellwerk_guard_held_timers");
    static auto& open = monitoring::gauge("stellwerk_guard_questions_open");
    const auto questions = session_->call(&Store::guard_questions, TenantId{}, Time::max(), most_questions);
    if (!questions) return monitoring::log_error("what the mass-action guard holds cannot be counted", questions.error());
    double timers = 0, asked = 0;
    for (const auto& question : *questions) {
      timers += static_cast<double>(question.held);
      asked += question.state == "open" ? 1 : 0;
    }
    held.set(timers);
    open.set(asked);
  }

  caf::event_based_actor* self_;
  std::shared_ptr<const Deps> deps_;
  std::optional<LastingSession> session_;
  caf::actor timers_, dispatcher_;
  std::map<std::pair<ActorId, std::string>, GuardWish> pending_;  ///< to be marked as held
  std::map<Guard::Line, GuardQuestion> unwritten_;
  std::optional<std::string> caution_;
  bool flush_ordered_ = false;
  bool stop_unknown_ = false;
};

}  // namespace

caf::actor spawn_sentry(caf::actor_system& system, std::shared_ptr<const Deps> deps, const caf::actor& timers, std::unique_ptr<storage::Store> store) {
  auto box = std::make_shared<std::unique_ptr<storage::Store>>(std::move(store));
  return spawn_worker(system, deps->detached, [deps, timers, box](caf::stateful_actor<Sentry>* self) -> caf::behavior {
    return self->state.behavior(deps, timers, std::move(*box));
  });
}

}  // namespace stellwerk::actors
