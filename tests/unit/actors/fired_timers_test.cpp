// Which timers are under way, and when there is room for more.
#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/fired_timers.hpp"

using namespace stellwerk;
using namespace std::chrono_literals;
using actors::FiredTimers;
using storage::TimerRow;

namespace {

struct Fixture {
  int woken = 0;
  FiredTimers fired{[this] { ++woken; }};
  std::vector<std::shared_ptr<actors::TimerTicket>> tickets;

  static TimerRow timer(int number, const std::string& tenant = "ten_1") { return {ActorId{"svc_" + std::to_string(number)}, TenantId{tenant}, "PT1H", from_micros(number)}; }
  void fire(int from, int count, const std::string& tenant = "ten_1") {
    for (int i = from; i < from + count; ++i) {
      tickets.push_back(fired.fire(timer(i, tenant), 0s));
      BOOST_REQUIRE(tickets.back() != nullptr);
    }
  }
  /// The last ones, decided or not.
  void end(int count, bool decided = true) {
    for (int i = 0; i < count; ++i) {
      if (decided) tickets.back()->decided();
      tickets.pop_back();
    }
  }
};

const TenantId one{"ten_1"}, other{"ten_2"};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(fired_timers, Fixture)

BOOST_AUTO_TEST_CASE(a_tenant_whose_timers_are_not_decided_gets_no_more_and_the_others_do) {
  fire(0, FiredTimers::batch);
  BOOST_TEST(fired.has_room(one));
  fire(FiredTimers::batch, FiredTimers::batch);
  BOOST_TEST((!fired.has_room(one) && fired.missing(one) == FiredTimers::batch && fired.has_room(other)));
  end(FiredTimers::batch - 1);
  fired.settle(1s);
  BOOST_TEST((!fired.has_room(one) && fired.missing(one) == 1));
  end(1);
  fired.settle(1s);
  BOOST_TEST((fired.has_room(one) && fired.under_way() == FiredTimers::batch));
}

BOOST_AUTO_TEST_CASE(all_tenants_together_have_a_bound_too) {
  for (int i = 0; i < FiredTimers::most / FiredTimers::batch; ++i) fire(i * FiredTimers::batch, FiredTimers::batch, "ten_" + std::to_string(i));
  BOOST_TEST(!fired.has_room(TenantId{"ten_new"}));
  end(FiredTimers::batch);
  fired.settle(1s);
  BOOST_TEST(fired.has_room(TenantId{"ten_new"}));
}

BOOST_AUTO_TEST_CASE(who_waits_for_room_is_woken_once_when_enough_have_ended) {
  fire(0, 10);
  end(2);
  fired.wake_when_ended(4);
  BOOST_TEST(woken == 0);
  end(2);
  BOOST_TEST(woken == 1);
  end(6);
  BOOST_TEST(woken == 1);
  fired.wake_when_ended(3);  // they have ended already
  BOOST_TEST(woken == 2);
}

BOOST_AUTO_TEST_CASE(one_that_is_under_way_is_not_fired_again_however_long_it_takes) {
  fire(0, 1);
  fired.settle(24h);
  BOOST_TEST((fired.knows(timer(0)) && fired.fire(timer(0), 24h) == nullptr));
  auto copy = tickets.back();
  end(1);
  fired.settle(25h);
  BOOST_TEST(fired.knows(timer(0)));  // somebody holds a copy of the event
  copy.reset();
  fired.settle(25h);
  BOOST_TEST(!fired.knows(timer(0)));
}

BOOST_AUTO_TEST_CASE(one_that_led_to_nothing_is_fired_again_after_a_while_and_one_that_is_decided_is_forgotten) {
  fire(0, 2);
  end(1, true);
  end(1, false);
  fired.settle(1s);
  BOOST_TEST((!fired.knows(timer(1)) && fired.knows(timer(0)) && fired.under_way() == 0));
  fired.settle(FiredTimers::again_after);
  BOOST_TEST(fired.knows(timer(0)));
  fired.settle(FiredTimers::again_after + 1s);
  BOOST_TEST(!fired.knows(timer(0)));
}

BOOST_AUTO_TEST_CASE(what_stands_is_fired_at_once_when_it_was_let_go) {
  fire(0, 2);
  end(1, false);
  fired.settle(1s);
  fired.forget();
  BOOST_TEST((!fired.knows(timer(1)) && fired.knows(timer(0))));  // that one is under way
  end(1, false);
  fired.settle(1s);
  BOOST_TEST((!fired.knows(timer(0)) && fired.under_way() == 0));
}

BOOST_AUTO_TEST_CASE(a_ticket_may_outlive_the_one_who_gave_it) {
  std::shared_ptr<actors::TimerTicket> left;
  int called = 0;
  {
    FiredTimers gone{[&] { ++called; }};
    left = gone.fire(timer(0), 0s);
    gone.wake_when_ended(1);
  }
  left.reset();
  BOOST_TEST(called == 0);
}

BOOST_AUTO_TEST_SUITE_END()
