#pragma once
// Leases where several hosts reach one database: PostgreSQL and memory. Backends offer `let_pass(Duration)`: the database's time goes on.

#include "tests/contract/node_contract.hpp"

BOOST_AUTO_TEST_SUITE(lease)

BOOST_AUTO_TEST_CASE_TEMPLATE(another_host_waits_for_a_silent_lease, Backend, SharedBackends) {
  Backend backend;
  auto first = must(backend.database->open_store());
  must(first->begin_incarnation("nod_1", "host-a", std::chrono::seconds{30}));
  auto second = must(backend.database->open_store());
  const auto refused = second->begin_incarnation("nod_2", "host-b", std::chrono::seconds{30});
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == ErrorCode::conflict && refused.error().reason == "held"));
  BOOST_TEST(refused.error().message.find("host-a") != std::string::npos);
  BOOST_TEST(first->heartbeat().has_value());

  backend.let_pass(std::chrono::seconds{29});
  BOOST_TEST(!second->begin_incarnation("nod_2", "host-b"));
  BOOST_TEST(first->heartbeat().has_value());  // it counts from here again
  backend.let_pass(std::chrono::seconds{29});
  BOOST_TEST(!second->begin_incarnation("nod_2", "host-b"));
  backend.let_pass(std::chrono::seconds{2});
  BOOST_TEST(second->begin_incarnation("nod_2", "host-b").has_value());
  BOOST_TEST((first->heartbeat().error().code == ErrorCode::cancelled));
  BOOST_TEST(!first->commit(std::vector{create("svc_b")}));
  BOOST_TEST(second->heartbeat().has_value());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_holders_own_promise_counts_not_the_takers, Backend, SharedBackends) {
  Backend backend;
  auto first = must(backend.database->open_store());
  must(first->begin_incarnation("nod_1", "host-a", std::chrono::seconds{60}));
  auto second = must(backend.database->open_store());
  backend.let_pass(std::chrono::seconds{50});
  BOOST_TEST(!second->begin_incarnation("nod_2", "host-b", std::chrono::seconds{1}));
  backend.let_pass(std::chrono::seconds{11});
  must(second->begin_incarnation("nod_2", "host-b", std::chrono::seconds{1}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_clean_end_hands_over_at_once, Backend, SharedBackends) {
  Backend backend;
  auto first = must(backend.database->open_store());
  must(first->begin_incarnation("nod_1", "host-a", std::chrono::minutes{5}));
  auto second = must(backend.database->open_store());
  BOOST_TEST(!second->begin_incarnation("nod_2", "host-b"));
  first->end_incarnation("nod_1");
  must(second->begin_incarnation("nod_2", "host-b"));
}

BOOST_AUTO_TEST_SUITE_END()
