#pragma once
// Small workflows for tests of advance(): a vendor with a handful of operations, a stock with numbers, and loading from text.

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>

#include "tests/support/scripted_actor.hpp"
#include "workflows/definition.hpp"

namespace stellwerk::testing {

inline workflows::Catalog small_catalog() {
  using workflows::Effect;
  using enum workflows::TypeSpec::Base;
  const auto field = [](std::string name, workflows::TypeSpec::Base base, bool required = false) { return workflows::Field{.name = std::move(name), .type = {.base = base}, .required = required}; };
  workflows::Catalog catalog;
  const auto operation = [&](workflows::OperationSignature signature) { catalog.operations[signature.name] = std::move(signature); };
  operation({.name = "vendor.create", .effect = Effect::creates, .input = {field("name", string, true), field("size", integer)}, .output = {field("id", integer)},
             .undo = "vendor.remove", .settle = std::chrono::seconds{60}});
  operation({.name = "vendor.remove", .effect = Effect::destroys, .input = {field("name", string, true)}});
  operation({.name = "vendor.change", .effect = Effect::sets, .input = {field("name", string)}, .output = {field("speed", integer), field("note", string)}});
  operation({.name = "vendor.charge", .effect = Effect::charges, .input = {field("name", string)}, .undo = "vendor.remove", .repeatable = false});
  operation({.name = "vendor.build", .effect = Effect::creates, .input = {field("name", string, true), field("size", integer)}, .output = {field("id", integer), field("place", string)},
             .subs = {"clone", "configure"}, .undo = "vendor.demolish"});
  operation({.name = "vendor.demolish", .effect = Effect::destroys, .input = {field("name", string, true)}, .subs = {"stop", "delete"}});
  operation({.name = "vendor.sell", .effect = Effect::charges, .input = {field("name", string)}, .undo = "vendor.refund"});
  operation({.name = "vendor.refund", .effect = Effect::sets, .input = {field("name", string)}, .subs = {"ask", "pay"}, .repeatable = false});
  operation({.name = "vendor.ship", .effect = Effect::sets, .input = {field("name", string)}, .subs = {"pack", "send"}, .undo = "vendor.remove", .repeatable = false});
  catalog.actions["stock.take"] = {.name = "stock.take", .input = {field("of", string)}, .output = {field("n", integer, true)}, .undo = "stock.give"};
  catalog.actions["stock.give"] = {.name = "stock.give", .input = {field("n", integer, true), field("block", boolean)}};
  return catalog;
}

/// Problems of the text fail the test.
inline std::shared_ptr<const workflows::Definition> small_workflow(const std::string& text) {
  auto loaded = workflows::load_workflow("small.yaml", text, small_catalog());
  if (!loaded)
    for (const auto& problem : loaded.error()) BOOST_ERROR(config::render(problem, text));
  BOOST_REQUIRE(loaded);
  return *loaded;
}

/// A workflow that works at the command `go` and comes to `there` or `broken`; `steps` is the body under `steps:`, `more` goes
/// into the working state.
inline std::string working(const std::string& steps, const std::string& more = "    failed: { to: broken }\n") {
  return "language: 1\nworkflow: small\nkind: service\ntitle: Small\n"
         "attributes:\n  name: { type: string, default: box }\n  number: { type: int }\n  other: { type: int, default: 7 }\n  why: { type: string }\n  due: { type: timestamp }\n"
         "events:\n  go: { allow: [staff], with: { note: { type: string } } }\n  again: { allow: [staff], busy: defer }\n  stop: { allow: [staff, customer] }\n"
         "  only_there: { allow: [staff] }\n  told: { from: [order], with: { n: { type: int, required: true } } }\n"
         "initial: ready\nstates:\n"
         "  ready:\n    status: pending\n    rest: true\n    on:\n      stop: { to: stopped }\n      go: { to: busy }\n      again: { set: { other: \"${self.other + 1}\" } }\n      told: { set: { other: \"${event.n}\" } }\n"
         "  busy:\n    status: pending\n    steps:\n" + steps + "    done: { to: there }\n" + more +
         "  there:\n    status: active\n    rest: true\n    on:\n      go: { to: busy }\n      again: { set: { other: \"${self.other + 1}\" } }\n      told: { set: { other: \"${event.n}\" } }\n"
         "      only_there: { to: broken }\n"
         "  broken:\n    status: pending\n    rest: true\n    on:\n      go: { to: busy }\n      again: {}\n"
         "  stopped:\n    status: cancelled\n    final: true\n";
}

/// Born and working.
inline ScriptedActor started(const std::string& steps, const std::string& more = "    failed: { to: broken }\n") {
  ScriptedActor actor{small_workflow(working(steps, more))};
  BOOST_REQUIRE(actor.born());
  BOOST_REQUIRE(actor.command("go"));
  return actor;
}

inline const std::string stop_undoes = "    failed: { to: broken }\n    on: { stop: { interrupt: undo, to: stopped } }\n";
inline const std::string take_step = "      - take: { action: stock.take, save: { number: result.n } }\n";
inline const std::string create_step = "      - create: { call: vendor.create, on_server: \"'srv_1'\", with: { name: \"${self.name}\" } }\n";
inline const std::string change_step = "      - change: { call: vendor.change, on_server: \"'srv_1'\" }\n";

}  // namespace stellwerk::testing
