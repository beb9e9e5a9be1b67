#include "workflows/cel/cel.hpp"

#include <fmt/format.h>

#include "workflows/cel/compiler.hpp"
#include "workflows/cel/evaluator.hpp"
#include "workflows/cel/parser.hpp"

namespace stellwerk::workflows::cel {

tl::expected<Compiled, std::vector<Mistake>> compile_tree(std::string_view source, const Environment& environment, const Type& expected, Mode mode) {
  auto tree = parse(source);
  if (!tree) return tl::unexpected(std::vector{std::move(tree).error()});
  auto root = std::make_shared<Node>(std::move(*tree));
  Checker checker{environment, mode};
  Type type = checker.check_root(*root, expected);
  if (!checker.mistakes().empty()) return tl::unexpected(std::move(checker.mistakes()));
  return Compiled{std::move(root), std::move(type)};
}

tl::expected<Program, std::vector<Mistake>> compile(std::string_view source, const Environment& environment, const Type& expected) {
  auto compiled = compile_tree(source, environment, expected, Mode::strict);
  if (!compiled) return tl::unexpected(std::move(compiled).error());
  Program program;
  program.root_ = std::move(compiled->root);
  program.type_ = std::move(compiled->type);
  program.source_ = source;
  program.zone_slot_ = environment.zone_slot();
  return program;
}

Result<Value> Program::evaluate(std::span<const Value> frame, Budget budget) const {
  STELLWERK_ASSERT(root_ != nullptr, "evaluation of an empty program");
  Run run{frame, budget, zone_slot_};
  return evaluate_value(*root_, run);
}

Result<bool> Program::test(std::span<const Value> frame) const {
  STELLWERK_ASSERT(root_ != nullptr, "evaluation of an empty program");
  Run run{frame, {}, zone_slot_};
  Value scratch;
  const Value* value = cel::evaluate(*root_, run, scratch);
  if (value == nullptr) {
    Failure failure = run.take_failure();
    return fail(failure.code, std::move(failure.message));
  }
  if (value->kind() != Kind::boolean) return fail(ErrorCode::invalid_argument, fmt::format("the condition gave {}, not bool", kind_name(value->kind())));
  return value->as_bool();
}

}  // namespace stellwerk::workflows::cel
