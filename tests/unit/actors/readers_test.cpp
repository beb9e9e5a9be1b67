#include "actors/readers.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <future>
#include <stdexcept>

using namespace stellwerk;
using namespace stellwerk::actors;

namespace {

std::vector<std::unique_ptr<Views>> sessions(int count) {
  std::vector<std::unique_ptr<Views>> out;
  for (int i = 0; i < count; ++i) out.push_back(std::make_unique<Views>(nullptr, nullptr, nullptr, nullptr, config::MasterKey{}));
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(readers)

BOOST_AUTO_TEST_CASE(refuses_more_than_may_wait_and_runs_the_rest) {
  Readers readers{sessions(1), 2};
  std::promise<void> begun, go_on;
  std::atomic<int> done{0};
  BOOST_TEST(readers.ask([&](Views&) { begun.set_value(), go_on.get_future().wait(), ++done; }));
  begun.get_future().wait();
  BOOST_TEST(readers.ask([&](Views&) { ++done; }));
  BOOST_TEST(readers.ask([&](Views&) { ++done; }));
  BOOST_TEST(!readers.ask([&](Views&) { ++done; }));
  go_on.set_value();
  readers.stop();
  BOOST_TEST(done.load() == 3);
  BOOST_TEST(!readers.ask([&](Views&) { ++done; }));
}

BOOST_AUTO_TEST_CASE(goes_on_after_a_question_that_throws) {
  Readers readers{sessions(1), 10};
  std::promise<void> answered;
  BOOST_TEST(readers.ask([](Views&) { throw std::runtime_error("a bad question"); }));
  BOOST_TEST(readers.ask([&](Views&) { answered.set_value(); }));
  BOOST_TEST((answered.get_future().wait_for(std::chrono::seconds{20}) == std::future_status::ready));
}

BOOST_AUTO_TEST_CASE(asks_several_sessions_side_by_side) {
  Readers readers{sessions(2), 10};
  std::promise<void> first, second;
  BOOST_TEST(readers.ask([&](Views&) { first.set_value(), second.get_future().wait(); }));
  BOOST_TEST(readers.ask([&](Views&) { first.get_future().wait(), second.set_value(); }));
  readers.stop();
}

BOOST_AUTO_TEST_SUITE_END()
