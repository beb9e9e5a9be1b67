// Static types and the names an expression may use.

#include <fmt/format.h>

#include "workflows/cel/cel.hpp"

namespace stellwerk::workflows::cel {
namespace {

std::string_view base_name(Type::Base base) {
  switch (base) {
    case Type::Base::dyn: return "dyn";
    case Type::Base::null: return "null";
    case Type::Base::boolean: return "bool";
    case Type::Base::integer: return "int";
    case Type::Base::uinteger: return "uint";
    case Type::Base::real: return "double";
    case Type::Base::string: return "string";
    case Type::Base::bytes: return "bytes";
    case Type::Base::list: return "list";
    case Type::Base::map: return "map";
    case Type::Base::timestamp: return "timestamp";
    case Type::Base::duration: return "duration";
    case Type::Base::type: return "type";
    case Type::Base::date: return "date";
    case Type::Base::period: return "period";
    case Type::Base::decimal: return "decimal";
    case Type::Base::money: return "money";
  }
  return "dyn";
}

}  // namespace

Type Type::list_of(Type element) {
  Type type = of(Base::list);
  type.element = std::make_shared<const Type>(std::move(element));
  return type;
}

Type Type::map_of(Type value) {
  Type type = of(Base::map);
  type.element = std::make_shared<const Type>(std::move(value));
  return type;
}

Type Type::record(std::map<std::string, Type, std::less<>> fields) {
  Type type = of(Base::map);
  type.fields = std::make_shared<const std::map<std::string, Type, std::less<>>>(std::move(fields));
  return type;
}

std::string Type::name() const {
  if (base == Base::list && element) return fmt::format("list({})", element->name());
  if (base == Base::map && element) return fmt::format("map({})", element->name());
  return std::string{base_name(base)};
}

void Environment::add(std::string name, Type type, int slot) { variables_.insert_or_assign(std::move(name), Variable{std::move(type), slot}); }

void Environment::add_member(const std::string& record, std::string member, Type type, int slot) {
  records_[record].insert_or_assign(std::move(member), Variable{std::move(type), slot});
}

void Environment::add_ran(std::string name, int slot) { add_member("ran", std::move(name), Type::of(Type::Base::boolean), slot); }

void Environment::add_ran_step(std::string name, int slot) { ran_steps_.insert_or_assign(std::move(name), slot); }

void Environment::add_reference(std::string path, Type record, int slot) { references_.insert_or_assign(std::move(path), Reference{std::move(record), slot, {}, {}}); }

void Environment::refuse_reference(std::string path, std::string message, std::string hint) {
  references_.insert_or_assign(std::move(path), Reference{{}, -1, std::move(message), std::move(hint)});
}

const Environment::Reference* Environment::find_reference(std::string_view path) const {
  const auto found = references_.find(path);
  return found == references_.end() ? nullptr : &found->second;
}

int Environment::ran_step_slot(std::string_view name) const {
  const auto found = ran_steps_.find(name);
  return found == ran_steps_.end() ? -1 : found->second;
}

const Environment::Variable* Environment::find(std::string_view name) const {
  const auto found = variables_.find(name);
  return found == variables_.end() ? nullptr : &found->second;
}

const Environment::Variable* Environment::find_member(std::string_view record, std::string_view member) const {
  const auto found = records_.find(record);
  if (found == records_.end()) return nullptr;
  const auto variable = found->second.find(member);
  return variable == found->second.end() ? nullptr : &variable->second;
}

bool Environment::has_record(std::string_view record) const { return records_.find(record) != records_.end(); }

std::vector<std::string> Environment::names() const {
  std::vector<std::string> names;
  for (const auto& [name, variable] : variables_) names.push_back(name);
  for (const auto& [name, members] : records_) names.push_back(name);
  return names;
}

std::vector<std::string> Environment::members(std::string_view record) const {
  std::vector<std::string> names;
  if (const auto found = records_.find(record); found != records_.end()) {
    for (const auto& [name, variable] : found->second) names.push_back(name);
  }
  return names;
}

}  // namespace stellwerk::workflows::cel
