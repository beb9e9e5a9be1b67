#pragma once
// Commands, journal and runs: the same for every kind of actor, so routes differ in nothing but their path.

#include "api/api.hpp"

namespace stellwerk::api {

/// Parses, submits, answers: POST …/{id}/commands/{name}. `command` empty: taken from the path.
void give_command(Api& api, Call&& call, const std::string& kind, std::string command = {});
/// PATCH …/{id}/attributes: an object of attributes that are declared `edit`, and their new values.
void edit_attributes(Api& api, Call&& call, const std::string& kind);
/// GET …/{id}/journal?limit&after=<version>
void show_journal(Api& api, Call&& call, const std::string& kind);
/// Adds …/commands/{name} and …/attributes under `base` ("/api/admin/services") and, for staff, …/journal and …/runs.
void add_actor_routes(Api& api, const std::string& base, Access access, const std::string& kind);

/// What the engine says, without what is the host's own business: names of states and workflows, runs, incidents.
[[nodiscard]] actors::Answer for_customer(actors::Answer answer);
[[nodiscard]] Error for_customer(Error error);
/// The callback, behind for_customer() unless the caller is staff.
[[nodiscard]] actors::AnswerCallback told_to(const Call& call, actors::AnswerCallback done);

}  // namespace stellwerk::api
