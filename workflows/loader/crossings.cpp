// What `create` and `send` say to other workflows, written down while the file is read, for check_across().
#include <set>

#include "workflows/loader/loader.hpp"

namespace stellwerk::workflows::loading {
namespace {

/// The members of `with`; of one that an expression makes nothing is known.
void note_with(Crossing& crossing, const Yaml* with, const Scope& scope) {
  if (!with) return;
  crossing.whole = with->is_map();
  for (const auto& [name, place, value] : with->entries) {
    Crossing::Given given{.name = name, .type = {}, .literal = {}, .place = place};
    if (const auto made = compile_quietly(value, scope)) {
      given.type = made.type();
      const auto literal = made.evaluate({});  // one that reads anything has no frame to read from
      if (made.is_literal() && literal) given.literal = cel::to_json(*literal);
    }
    crossing.with.push_back(std::move(given));
  }
}

/// Whom `${path}` means: its kind by what is declared, and the workflow when it is this one.
void note_receiver(const Context& context, Crossing& crossing, std::string_view path) {
  const auto& definition = context.definition;
  if (path == "self.id") {
    crossing.kind = definition.kind;
    crossing.workflow = definition.name;
    return;
  }
  constexpr std::string_view self = "self.";
  if (path.starts_with(self)) {
    const int attribute = definition.find_attribute(path.substr(self.size()));
    if (attribute >= 0) crossing.kind = definition.attributes[static_cast<std::size_t>(attribute)].field.type.kind;
    return;
  }
  constexpr std::string_view event = "event.", run_event = "run.event.";
  if (path.starts_with(run_event)) path.remove_prefix(run_event.size());
  else if (path.starts_with(event)) path.remove_prefix(event.size());
  else return;
  // events may mean different kinds by one name
  std::set<std::string> kinds;
  for (const auto& reference : definition.references) {
    if (reference.source == Reference::Source::event && reference.name == path) kinds.insert(reference.kind);
  }
  if (kinds.size() == 1) crossing.kind = *kinds.begin();
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

void note_create(Context& context, const std::string& kind, const Yaml& workflow, const Yaml* with, const Scope& scope) {
  Crossing crossing{.kind = kind, .workflow = {}, .event = {}, .with = {}, .place = workflow.place};
  if (workflow.is_text() && workflow.text.find("${") == std::string::npos) crossing.workflow = workflow.text;
  note_with(crossing, with, scope);
  context.definition.crossings.push_back(std::move(crossing));
}

void note_send(Context& context, const Yaml& actor, const std::string& event, Place place, const Yaml* with, const Scope& scope) {
  Crossing crossing{.kind = {}, .workflow = {}, .event = event, .with = {}, .place = place};
  if (std::string_view text = actor.text; actor.is_text() && text.starts_with("${") && text.ends_with("}")) {
    note_receiver(context, crossing, trimmed(text.substr(2, text.size() - 3)));
  }
  note_with(crossing, with, scope);
  context.definition.crossings.push_back(std::move(crossing));
}

}  // namespace stellwerk::workflows::loading
