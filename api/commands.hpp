#pragma once
// Commands, journal and runs: the same for every kind of actor, so routes differ in nothing but their path.

#include "api/api.hpp"

namespace stellwerk::api {

/// Parses, submits, answers: POST …/{id}/commands/{name}. `command` empty: taken from the path.
void give_command(Api& api, Call&& call, const std::string& kind, std::string command = {});
/// GET …/{id}/journal?limit&after=<version>
void show_journal(Api& api, Call&& call);
/// Adds …/commands/{name}, …/journal and …/runs under `base` ("/api/admin/services").
void add_actor_routes(Api& api, const std::string& base, Access access, const std::string& kind);

}  // namespace stellwerk::api
