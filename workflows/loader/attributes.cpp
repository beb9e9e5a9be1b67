// Attributes, and the order in which computed ones are reckoned.
#include <fmt/format.h>

#include <algorithm>

#include "workflows/loader/loader.hpp"

namespace stellwerk::workflows::loading {
namespace {

const std::vector<std::string> own_keys{"personal", "edit", "value", "show_to"};

const KeySet& attribute_keys() {
  static const auto keys = field_keys("an attribute", own_keys);
  return keys;
}

/// Who a one-time secret is shown to.
std::vector<std::string> read_show_to(Context& context, const Yaml* yaml, const Field& field) {
  static const std::vector<std::string> viewers{"owner"};
  std::vector<std::string> found;
  if (!yaml) return found;
  if (field.type.base != TypeSpec::Base::secret) {
    context.report.add(code::misplaced_type_key, yaml->place, fmt::format("'show_to' says who may see a secret once, but '{}' is no secret", field.name), "write 'type: secret', or leave it out");
  }
  for (auto& [viewer, place] : read_words(context.report, yaml, "show_to")) {
    if (!contains(viewers, viewer)) context.report.add(code::unknown_role, place, fmt::format("'show_to' does not know '{}'", viewer), suggest(viewer, viewers));
    else found.push_back(std::move(viewer));
  }
  return found;
}

/// What a value that is reckoned cannot have.
void refuse_contradictions(Context& context, const Yaml& yaml, const std::string& name) {
  for (const auto* key : {"required", "default", "edit"}) {
    const auto* entry = find_entry(yaml, attribute_keys(), key);
    if (entry) context.report.add(code::computed_attribute, entry->key_place, fmt::format("'{}' has no meaning for '{}': its value is computed", key, name), "leave it out");
  }
}

/// The attributes that the expression of this one reads, and are computed themselves.
std::vector<int> computed_among(const Definition& definition, const cel::Program& value) {
  std::vector<int> found;
  for (const int slot : value.slots()) {
    const int attribute = slot - definition.attribute_slot(0);
    const bool is_attribute = attribute >= 0 && attribute < static_cast<int>(definition.attributes.size());
    if (is_attribute && definition.attributes[static_cast<std::size_t>(attribute)].is_computed()) found.push_back(attribute);
  }
  return found;
}

/// Depth first; tells the first way back to an attribute that is being visited.
class Order {
 public:
  Order(Context& context, const std::vector<Place>& places) : context_{context}, definition_{context.definition}, places_{places}, marks_(definition_.attributes.size(), Mark::unseen) {}

  std::vector<int> make() {
    for (int i = 0; i < static_cast<int>(marks_.size()); ++i) {
      if (definition_.attributes[static_cast<std::size_t>(i)].is_computed()) visit(i);
    }
    return std::move(order_);
  }

 private:
  enum class Mark { unseen, open, done };

  void visit(int attribute) {
    auto& mark = marks_[static_cast<std::size_t>(attribute)];
    if (mark == Mark::done) return;
    if (mark == Mark::open) return tell(attribute);
    mark = Mark::open;
    way_.push_back(attribute);
    for (const int read : computed_among(definition_, definition_.attributes[static_cast<std::size_t>(attribute)].value)) visit(read);
    way_.pop_back();
    marks_[static_cast<std::size_t>(attribute)] = Mark::done;
    order_.push_back(attribute);
  }

  void tell(int attribute) {
    std::vector<std::string> names;
    for (auto at = std::ranges::find(way_, attribute); at != way_.end(); ++at) names.push_back(name(*at));
    names.push_back(name(attribute));
    context_.report.add(code::computed_cycle, places_[static_cast<std::size_t>(attribute)],
                        names.size() == 2 ? fmt::format("'{}' is computed from itself", names[0]) : fmt::format("'{}' is computed from itself: {}", names[0], fmt::join(names, " reads ")),
                        names.size() == 2 ? fmt::format("its 'value' must not read self.{}; to change it step by step, make it an ordinary attribute and 'set' it", names[0]) : "one of them must not be computed");
  }

  [[nodiscard]] const std::string& name(int attribute) const { return definition_.attributes[static_cast<std::size_t>(attribute)].field.name; }

  Context& context_;
  Definition& definition_;
  const std::vector<Place>& places_;
  std::vector<Mark> marks_;
  std::vector<int> way_, order_;
};

}  // namespace

void read_attributes(Context& context, const Yaml& root) {
  const auto* yaml = find_key(root, workflow_keys(), "attributes");
  if (!yaml) return;
  auto reserved = reserved_words();
  reserved.insert(reserved.end(), {"id", "state", "status", "customer"});  // self has them already
  auto fields = read_declared(context, *yaml, own_keys);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto& entry = yaml->entries[i];
    check_name(context.report, entry.key, entry.key_place, "an attribute", reserved);
    Attribute attribute{.field = std::move(fields[i])};
    attribute.place = entry.key_place;
    if (entry.value.is_map()) {
      const auto key = [&](std::string_view name) { return find_key(entry.value, attribute_keys(), name); };
      attribute.personal = read_flag(context.report, key("personal"), "personal");
      attribute.edit = read_roles(context, key("edit"), "edit");
      attribute.show_to = read_show_to(context, key("show_to"), attribute.field);
      attribute.titles = read_titles(context.report, key("title"), "title");
      if (key("value")) refuse_contradictions(context, entry.value, entry.key);
    }
    context.definition.attributes.push_back(std::move(attribute));
  }
}

void read_computed(Context& context, const Yaml& root, const Scope& base) {
  const auto* yaml = find_key(root, workflow_keys(), "attributes");
  if (!yaml || !yaml->is_map()) return;
  auto& attributes = context.definition.attributes;
  std::vector<Place> places(attributes.size());
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    const auto& entry = yaml->entries[i].value;
    const auto* value = entry.is_map() ? find_key(entry, attribute_keys(), "value") : nullptr;
    if (!value) continue;
    const auto& field = attributes[i].field;
    places[i] = value->place;
    auto program = read_expression(context, value, "value", base, {});
    if (const auto why = program ? misfit(field.type, program.type()) : std::string{}; !why.empty()) {
      context.report.add(code::wrong_type, value->place, fmt::format("'{}' {}", field.name, why));
    }
    attributes[i].value = std::move(program);
  }
  context.definition.computed_order = Order{context, places}.make();
}

}  // namespace stellwerk::workflows::loading
