// One durable actor among stand-ins, whose committer loses answers: nothing that is on disk stays unheard, and nothing that was asked is forgotten.

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "actors/protocol.hpp"
#include "tests/unit/actors/engine.hpp"

namespace stellwerk::testing {
namespace {

using namespace stellwerk::actors;

enum class Fate {
  write,
  lose,  ///< it is written, and nobody hears so
  drop,  ///< it is not written, and nobody knows
};

/// Everything around one durable actor: what it sends is kept, and what is for itself comes back to it.
class Stage {
 public:
  Stage() {
    must(keeper_->begin_incarnation("nod_1", "host"));
    auto library = must(load_library(*keeper_, tenant, files(), clock_.now()));
    auto deps = std::make_shared<Deps>();
    deps->clock = &clock_;
    deps->definitions = library.definitions;
    deps->connectors = library.connectors;
    deps->incarnation = "nod_1";
    DurableDeps all{.deps = deps, .dispatcher = dispatcher(), .committer = committer(), .timers = timers(), .loaders = {loader()}, .sentry = timers()};
    actor_ = spawn_durable(system_, all, id);
    others_ = {all.dispatcher, all.committer, all.timers, all.loaders.front(), all.sentry};
  }
  ~Stage() {
    for (const auto& other : others_) caf::anon_send_exit(other, caf::exit_reason::kill);
    caf::anon_send_exit(actor_, caf::exit_reason::kill);
  }

  const TenantId tenant{"ten_1"};
  const ActorId id = make_id<ActorId>("svc");
  std::atomic<Fate> fate = Fate::write;

  Result<Answer> give(Deliver deliver) {
    deliver.actor = id;
    return wait_for<Answer>([&](auto done) {
      deliver.reply = std::make_shared<ReplySlot>(done);
      caf::anon_send(actor_, share(deliver));
    });
  }
  Result<Answer> create() {
    return give({.event = event(workflows::Born{attributes()}), .create = CreateRequest{.kind = "service", .prefix = "svc", .workflow = "lifting", .attributes = attributes(), .customer = "cus_1",
                                                                                        .caller = {tenant, "usr_1", "staff", ""}, .trace = {}, .idempotency = {}}});
  }
  Result<Answer> command(const std::string& name, Json payload = JsonObject{}) { return give({.event = event(workflows::Command{name, std::move(payload)})}); }
  /// Of itself: nobody waits for an answer.
  EventId tell(workflows::Body body) {
    auto deliver = share(Deliver{.actor = id, .event = event(std::move(body))});
    caf::anon_send(actor_, deliver);
    return deliver->event.id;
  }

  /// Puts the actor's row there without its having a hand in it.
  void put_row(const std::string& workflow) {
    storage::Commit commit{.id = "dec_0", .changes = {{}}, .required = {}, .actions = {}, .idempotency = {}};
    auto& row = commit.changes[0].row;
    row = {.id = id, .tenant = tenant, .kind = "service", .workflow = workflow, .revision = 1, .state = "idle", .status = "active", .customer = {}, .version = 1, .decision = "dec_0"};
    BOOST_REQUIRE((must(keeper_->commit({&commit, 1})).at(0).status == storage::CommitStatus::committed));
  }
  storage::LoadedActor loaded() { return must(keeper_->load(id)); }

  /// Waits until something of this type was sent that fits.
  template <class T>
  bool sent(std::function<bool(const T&)> fits) {
    std::unique_lock lock{mutex_};
    return heard_.wait_for(lock, deadline, [&] { return std::ranges::any_of(kept<T>(), [&](const auto& one) { return fits(*one); }); });
  }
  bool eventually(const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + deadline;
    std::unique_lock lock{mutex_};
    while (!holds() && std::chrono::steady_clock::now() < end) heard_.wait_for(lock, std::chrono::milliseconds{20});
    return holds();
  }
  bool timer_told(Time due) {
    std::unique_lock lock{mutex_};
    return heard_.wait_for(lock, deadline, [&] { return std::ranges::find(timers_, to_micros(due)) != timers_.end(); });
  }

 private:
  static std::vector<std::pair<std::string, std::string>> files() {
    auto all = test_library();
    std::erase_if(all, [](const auto& file) { return !file.first.ends_with("/crane.yaml") && !file.first.ends_with("/lifting.yaml"); });
    return all;
  }
  static Json attributes() { return JsonObject{{"server", "srv_1"}}; }
  static workflows::Event event(workflows::Body body) { return {.id = make_id<EventId>("evt"), .by = {"usr_1", "staff"}, .trace = {}, .depth = 0, .body = std::move(body)}; }

  template <class T>
  auto& kept() {
    if constexpr (std::is_same_v<T, Deliver>) return delivers_;
    else if constexpr (std::is_same_v<T, Work>) return works_;
    else if constexpr (std::is_same_v<T, Settle>) return settles_;
    else return wakes_;
  }
  template <class T>
  void keep(const Shared<T>& one) {
    const std::lock_guard lock{mutex_};
    kept<T>().push_back(one);
    heard_.notify_all();
  }

  caf::actor dispatcher() {
    return system_.spawn([this](caf::event_based_actor* self) -> caf::behavior {
      return {
          [this, self](const Shared<Deliver>& deliver) { keep(deliver), self->send(actor_, deliver); },
          [this, self](const Shared<Wake>& wake) {
            keep(wake);
            if (wake->actor == id) self->send(actor_, wake);
          },
          [this](const Shared<Work>& work) { keep(work); },
          [this](const Shared<Settle>& settle) { keep(settle); },
          [](const Shared<Idle>&) {},
      };
    });
  }
  caf::actor committer() {
    auto store = std::shared_ptr<storage::Store>{must(database_->open_store())};
    store->use_incarnation("nod_1");
    return system_.spawn([this, store](caf::event_based_actor*) -> caf::behavior {
      return {[this, store](const Shared<CommitRequest>& request) -> caf::result<Shared<CommitReply>> {
        const auto what = fate.load();
        if (what == Fate::drop) return caf::make_error(caf::sec::request_receiver_down);
        auto written = store->commit({&request->commit, 1});
        if (!written || what == Fate::lose) return caf::make_error(caf::sec::request_receiver_down);
        return share(CommitReply{written->front()});
      }};
    });
  }
  caf::actor loader() {
    auto store = std::shared_ptr<storage::Store>{must(database_->open_store())};
    return system_.spawn([store](caf::event_based_actor*) -> caf::behavior {
      return {[store](const Shared<LoadRequest>& request) { return share(LoadReply{store->load(request->actor)}); },
              [store](const Shared<ReferenceRequest>& request) { return share(ReferenceReply{store->read_references(request->tenant, request->ids)}); }};
    });
  }
  caf::actor timers() {
    return system_.spawn([this](caf::event_based_actor*) -> caf::behavior {
      return {[this](timer_atom, std::int64_t due) {
        const std::lock_guard lock{mutex_};
        timers_.push_back(due);
        heard_.notify_all();
      }};
    });
  }

  OffsetClock clock_;
  std::shared_ptr<storage::Database> database_ = storage::make_memory_database();
  std::unique_ptr<storage::Store> keeper_ = [this] {
    auto store = must(database_->open_store());
    store->use_incarnation("nod_1");
    return store;
  }();
  std::mutex mutex_;
  std::condition_variable heard_;
  std::vector<Shared<Deliver>> delivers_;
  std::vector<Shared<Work>> works_;
  std::vector<Shared<Settle>> settles_;
  std::vector<Shared<Wake>> wakes_;
  std::vector<std::int64_t> timers_;
  caf::actor_system_config config_;
  caf::actor_system system_{config_};
  caf::actor actor_;
  std::vector<caf::actor> others_;
};

bool any(const Work&) { return true; }

}  // namespace

BOOST_AUTO_TEST_SUITE(durable)

BOOST_FIXTURE_TEST_CASE(settles_what_an_interrupt_forestalls_although_its_commit_was_never_answered, Stage) {
  must(create());
  must(command("lift2"));
  BOOST_REQUIRE(sent<Work>(any));
  fate = Fate::lose;
  BOOST_TEST(command("give_up").error().reason == "outcome_unknown");
  fate = Fate::write;
  BOOST_TEST(sent<Settle>([](const Settle& settle) { return settle.server == "srv_1"; }));
}

BOOST_FIXTURE_TEST_CASE(wakes_whom_it_wrote_to_although_its_commit_was_never_answered, Stage) {
  must(create());
  fate = Fate::lose;
  const auto order = make_id<ActorId>("ord");
  const auto before = loaded();
  tell(workflows::Message{"ask", JsonObject{{"order", order.str()}}, order.str(), 7});
  BOOST_TEST(sent<Wake>([&](const Wake& wake) { return wake.actor == order; }));
  BOOST_TEST(loaded().row.version == before.row.version + 1);
}

BOOST_FIXTURE_TEST_CASE(tells_the_clock_of_a_timer_although_its_commit_was_never_answered, Stage) {
  must(create());
  must(command("lift"));
  BOOST_REQUIRE(sent<Work>(any));
  const auto cursor = must(workflows::decode_cursor(loaded().row.cursor));
  const auto attempt = cursor.run->attempts.front();
  fate = Fate::lose;
  tell(workflows::Tried{attempt.id, attempt.number, {.is = OutcomeClass::done}});
  BOOST_REQUIRE(sent<Wake>([&](const Wake& wake) { return wake.actor == id; }));
  fate = Fate::write;
  const auto after = must(workflows::decode_cursor(loaded().row.cursor));
  BOOST_REQUIRE(after.timers.size() == 1U);
  BOOST_TEST(timer_told(after.timers.begin()->second));
}

BOOST_FIXTURE_TEST_CASE(asks_again_for_what_came_while_its_quarantine_could_not_be_written, Stage) {
  put_row("nowhere");
  fate = Fate::drop;
  const auto lost = tell(workflows::Tried{AttemptId{"att_1"}, 1, {.is = OutcomeClass::done}});
  BOOST_TEST(sent<Deliver>([&](const Deliver& deliver) { return deliver.event.id == lost; }));
  fate = Fate::write;
  BOOST_TEST(eventually([&] { return !loaded().quarantine.empty(); }));
}

BOOST_FIXTURE_TEST_CASE(seals_and_forgets_nothing_of_an_actor_without_personal_fields, Stage) {
  must(create());
  const auto before = loaded().row.version;
  must(give({.event = {.id = make_id<EventId>("evt"), .by = {"usr_1", "admin"}, .trace = {}, .depth = 0, .body = workflows::Refresh{}},
             .erase = EraseRequest{.customer = "cus_1", .note = "asked", .live = true, .caller = {tenant, "usr_1", "admin", ""}}}));
  BOOST_TEST(loaded().row.version == before);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::testing
