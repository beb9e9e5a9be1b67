#include "connectors/problems.hpp"

#include <algorithm>
#include <array>

#include "connectors/loader_reader.hpp"

namespace stellwerk::connectors {
namespace {

struct Explanation {
  std::string_view code, title, text;
};

constexpr std::array<Explanation, 15> explanations{{
    {code::file, "not a connector file",
     "A connector file begins with 'language: 1', gives its name as 'connector:' and the protocol it speaks as 'driver:'."},
    {code::unknown_key, "unknown key",
     "The key means nothing here. Most often it is misspelt or indented one level too far; the hint names the closest key that is known at this place."},
    {code::unsupported, "a key of the language that this version does not carry out",
     "The language has this key, but this version of Stellwerk does not act on it. It is refused rather than ignored, since an ignored limit or check would be missed "
     "only when it matters."},
    {code::shape, "a map, list or text was expected", "The value has another shape than the key takes. The message says which one is expected."},
    {code::missing, "something needed is missing", "The key is required here. The message names it and the hint shows its form."},
    {code::expression, "wrong expression",
     "An expression cannot be read or does not fit the declared types of inputs, settings and lookups. The caret stands below the place where it goes wrong."},
    {code::secret, "a secret would leave the requests",
     "Settings and inputs of type secret may be used in requests only: not in texts, outcomes, outputs or conditions, which end in the journal and in logs."},
    {code::unknown_name, "unknown lookup, poll, operation, input or outcome class", "The name is not declared in this file. The hint names the closest one that is."},
    {code::value, "a value out of its bounds", "The number, duration or word is not one of those that the key takes; the message states the bounds."},
    {code::request, "the request does not fit its use",
     "An operation has at most one changing request. What reads, and every lookup and poll, uses GET; what changes something states its effect."},
    {code::ownership, "ownership cannot be proven",
     "Before anything is stopped, reset or deleted, the connector proves that it is ours. An operation that destroys, or says 'owned: true', needs the connector's 'owns': "
     "the lookup to read and the condition that must hold."},
    {code::creation, "a create that could happen twice or stay behind",
     "An operation that creates names its identity (an input chosen and stored before the call, so that a second create collides), a probe that finds out after an "
     "unclear answer, and an undo that takes it back. Without them a lost answer could double or lose a resource; 'repeatable: false' makes such an operation an "
     "incident instead."},
    {code::composite, "wrong composite operation",
     "A composite operation lists simple operations of the same connector as steps, one level deep, each with the inputs it requires."},
    {code::unused, "nothing uses this", "A lookup, poll or setting that nothing uses is most often a misspelt name elsewhere."},
    {code::cycle, "lookups that need one another", "Lookups are read in the order of their 'needs'; a circle has no first one."},
}};

}  // namespace

std::string explain(std::string_view code) {
  const auto found = std::ranges::find(explanations, code, &Explanation::code);
  return found == explanations.end() ? std::string{} : std::string{found->text};
}

std::vector<std::pair<std::string, std::string>> problem_codes() {
  std::vector<std::pair<std::string, std::string>> codes;
  for (const auto& [code, title, text] : explanations) codes.emplace_back(code, title);
  return codes;
}

}  // namespace stellwerk::connectors
