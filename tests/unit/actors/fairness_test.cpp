// One tenant's hundred thousand due timers, and the handful of another.

#include "tests/unit/actors/engine.hpp"

using namespace stellwerk;
using namespace stellwerk::testing;

namespace {

class Crowded : public RunningEngine {
 public:
  /// So many actors like `pattern`, with its timer, of this tenant.
  void clone(const ActorId& pattern, const std::string& tenant_id, int count) {
    const auto numbers = "with recursive n(i) as (select 1 union all select i + 1 from n where i < " + std::to_string(count) + ") ";
    const auto id = "'svc_" + tenant_id + "_' || n.i";
    sql("insert into actor " + numbers + "select " + id + ", '" + tenant_id + "', kind, workflow, revision, state, status, customer, attributes, cursor, version, shard, live, decision, created_at, "
        "updated_at from actor, n where id = '" + pattern.str() + "'");
    sql("insert into timer (actor, tenant, name, due) " + numbers + "select " + id + ", '" + tenant_id + "', name, due from timer, n where actor = '" + pattern.str() + "'");
  }
  int count(const std::string& where) { return std::stoi(ask_sql("select cast(count(*) as text) from actor where " + where)); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(fairness)

BOOST_FIXTURE_TEST_CASE(timers_of_one_tenant_fire_while_a_hundred_thousand_of_another_wait, Crowded) {
  const auto pattern = create_service();
  must(command(pattern, "lift"));
  until_state(pattern, "lifted");
  clone(pattern, "ten_crowd", 100'000);
  clone(pattern, "ten_few", 7);
  const std::string few = "tenant = 'ten_few' and state = 'rusty'", crowd = "tenant = 'ten_crowd' and state = 'rusty'";
  advance_clock(std::chrono::hours{73});
  until("the few are rusty", [&] { return count(few) == 7; });
  // What of the crowd was decided before them, by the order of their decisions: what was under way, and no more.
  BOOST_TEST(count(crowd + " and updated_at <= (select max(updated_at) from actor where " + few + ")") <= 1'000);
  until("the crowd has its turn as well", [&] { return count(crowd) > 3'000; });
  BOOST_TEST(metric("stellwerk_timers_under_way") <= 1'100);
}

BOOST_AUTO_TEST_SUITE_END()
