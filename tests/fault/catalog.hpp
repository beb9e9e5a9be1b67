#pragma once
// Signatures for workflows of tests: a vendor with every effect that an operation can have, and a stock.

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "workflows/catalog.hpp"

namespace stellwerk::testing {

inline workflows::Catalog vendor_catalog() {
  using workflows::Effect;
  using workflows::Field;
  using enum workflows::TypeSpec::Base;
  const auto field = [](std::string name, workflows::TypeSpec::Base base, bool required = false) { return Field{.name = std::move(name), .type = {.base = base}, .required = required}; };
  workflows::Catalog catalog;
  const auto operation = [&](workflows::OperationSignature signature) { catalog.operations[signature.name] = std::move(signature); };
  operation({.name = "vendor.create", .effect = Effect::creates, .input = {field("name", string, true), field("size", integer), field("password", secret)},
             .output = {field("id", integer), field("label", string)}, .undo = "vendor.remove"});
  operation({.name = "vendor.remove", .effect = Effect::destroys, .input = {field("name", string, true)}});
  operation({.name = "vendor.build", .effect = Effect::creates, .input = {field("name", string, true), field("size", integer)}, .output = {field("id", integer)},
             .subs = {"clone", "configure"}, .undo = "vendor.demolish"});
  operation({.name = "vendor.demolish", .effect = Effect::destroys, .input = {field("name", string, true)}, .subs = {"stop", "delete"}});
  operation({.name = "vendor.charge", .effect = Effect::charges, .input = {field("invoice", string, true)}, .output = {field("id", integer)}, .undo = "vendor.refund", .repeatable = false});
  operation({.name = "vendor.refund", .effect = Effect::destroys, .input = {field("invoice", string, true)}});
  operation({.name = "vendor.change", .effect = Effect::sets, .input = {field("name", string, true), field("speed", integer)}, .output = {field("speed", integer)}});
  operation({.name = "vendor.look", .effect = Effect::reads, .input = {field("name", string)}, .output = {field("there", boolean), field("count", integer)}});
  const auto action = [&](std::string name, std::vector<Field> input, std::vector<Field> output, std::string undo = {}) {
    catalog.actions[name] = {.name = name, .input = std::move(input), .output = std::move(output), .undo = std::move(undo)};
  };
  action("stock.take", {field("of", string)}, {field("n", integer, true)}, "stock.give");
  action("stock.give", {field("n", integer, true), field("block", boolean)}, {});
  action("book.renew", {}, {});
  action("book.check", {}, {field("open", boolean, true)});
  catalog.kinds["plan"] = {.fields = {field("cores", integer), field("title", string), field("days", integer)}, .open = true};
  catalog.kinds["customer"] = {.fields = {field("status", string)}, .open = true};
  catalog.kinds["service"] = {.fields = {field("status", string)}, .open = true};
  return catalog;
}

}  // namespace stellwerk::testing
