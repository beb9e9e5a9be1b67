// Guards are evaluated for every event and timer: they must not touch the heap.

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <new>

#include "tests/unit/workflows/cel_support.hpp"

namespace {

thread_local std::size_t allocations = 0;

}  // namespace

// not inlined: the compiler would pair malloc with the delete of others and warn
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc{};
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

using namespace cel_tests;

BOOST_AUTO_TEST_SUITE(cel_allocation)

BOOST_AUTO_TEST_CASE(evaluates_a_guard_without_touching_the_heap) {
  using enum Type::Base;
  cel::Environment environment;
  environment.add_member("self", "status", Type::of(string), 0);
  environment.add_member("self", "cancel_at", Type::of(timestamp, true), 1);
  environment.add_member("self", "cores", Type::of(integer), 2);
  environment.add("event", Type::record({{"reason", Type::of(string)}}), 3);
  environment.add("now", Type::of(timestamp), 4);
  environment.add_member("self", "price", Type::of(money), 5);
  environment.set_zone_slot(6);
  const auto program = cel::compile(
      "self.status in ['active', 'suspended'] && self.cancel_at == null && self.cores + 1 > 2 && event.reason.startsWith('over') && "
      "now + P3D > timestamp('2026-01-01T00:00:00Z') && event.reason.matches('^[a-z]+$') && !(event.reason == 'abuse') && "
      "date(now) + P1M * 2 > date('2026-01-31') && self.price * 2 < money('100 EUR') && timestamp(date(now)) <= now",
      environment);
  BOOST_REQUIRE(program.has_value());
  const std::vector<Value> frame{Value::of_string("suspended"), {}, Value::of_int(4), Value::of_map({{Value::of_string("reason"), Value::of_string("overdue")}}), Value::of_timestamp(1'772'438'400, 0), Value::of_money({1299, *stellwerk::Currency::of("EUR")}),
                                 Value::of_string("America/New_York")};
  BOOST_REQUIRE(program->test(frame).value());  // the first match builds the automaton of the pattern and reads the zone
  const std::size_t before = allocations;
  const auto result = program->test(frame);
  const std::size_t after = allocations;
  BOOST_REQUIRE(result.has_value());
  BOOST_TEST(*result);
  BOOST_TEST(after - before == 0);
}

BOOST_AUTO_TEST_CASE(shows_the_time_of_a_guard_over_five_fields) {
  using enum Type::Base;
  cel::Environment environment;
  for (int i = 0; i < 5; ++i) environment.add_member("self", std::string{static_cast<char>('a' + i)}, Type::of(i == 0 ? string : integer), i);
  const auto program = cel::compile("self.a == 'active' && self.b > 1 && self.c != 7 && self.d <= 100 && self.e == 5", environment);
  BOOST_REQUIRE(program.has_value());
  const std::vector<Value> frame{Value::of_string("active"), Value::of_int(2), Value::of_int(3), Value::of_int(4), Value::of_int(5)};
  constexpr int rounds = 100'000;
  int held = 0;
  const auto started = std::chrono::steady_clock::now();
  for (int i = 0; i < rounds; ++i) held += program->test(frame).value() ? 1 : 0;
  const auto spent = std::chrono::steady_clock::now() - started;
  BOOST_TEST(held == rounds);
  BOOST_TEST_MESSAGE("ns for one guard: " << std::chrono::duration_cast<std::chrono::nanoseconds>(spent).count() / rounds);
}

BOOST_AUTO_TEST_SUITE_END()
