#include "sandbox/control.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "sandbox/calls.hpp"

namespace stellwerk::sandbox {
namespace {

using http::Method;

tl::unexpected<Error> invalid(std::string what) { return fail(ErrorCode::invalid_argument, std::move(what)); }

Result<int> read_vmid(std::int64_t number) {
  if (number < 100 || number > 999'999'999) return invalid("'vmid' must be a whole number from 100 to 999999999");
  return static_cast<int>(number);
}

Result<int> read_vmid(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec != std::errc{} || end != text.data() + text.size()) return invalid(fmt::format("'{}' is no guest's number", text));
  return read_vmid(number);
}

Json render_state(const Cluster& cluster) {
  JsonArray nodes, guests, tasks;
  for (const auto& node : cluster.nodes()) nodes.emplace_back(node);
  for (const auto& [vmid, guest] : cluster.guests()) {
    guests.emplace_back(JsonObject{{"vmid", vmid},
                                   {"node", guest.node},
                                   {"name", guest.setting("name")},
                                   {"description", guest.setting("description")},
                                   {"status", guest.running ? "running" : "stopped"},
                                   {"lock", guest.lock},
                                   {"foreign", guest.foreign},
                                   {"template", guest.is_template()},
                                   {"config", render_config(guest, false)}});
  }
  for (const auto& [number, task] : cluster.tasks()) {
    auto entry = render_task(task);
    entry["vmid"] = task.vmid;
    entry["waiting"] = task.phase == Task::Phase::waiting;
    tasks.emplace_back(std::move(entry));
  }
  return JsonObject{{"now", format_time(cluster.now())}, {"nodes", std::move(nodes)}, {"guests", std::move(guests)}, {"tasks", std::move(tasks)}};
}

Json render_clock(const Cluster& cluster) { return JsonObject{{"now", format_time(cluster.now())}, {"offset", format_duration(cluster.offset())}}; }

/// {"advance": "PT30M"} or {"to": "2026-03-02T08:00:00Z"}; the clock only goes forward.
Result<Json> move_clock(Cluster& cluster, const Json& body) {
  if (find_member(body, "advance") != nullptr) {
    STELLWERK_TRY(const auto step, parse_duration(text_of(body, "advance")));
    cluster.move_clock(step);
  } else if (find_member(body, "to") != nullptr) {
    STELLWERK_TRY(const auto time, parse_time(text_of(body, "to")));
    cluster.move_clock(time - cluster.now());
  } else {
    return invalid("give 'advance' (a duration) or 'to' (a time)");
  }
  return render_clock(cluster);
}

Result<Json> add_faults(const ControlTarget& target, const Json& body, bool replace) {
  const Json* list = find_member(body, "rules");
  if (list == nullptr) list = &body;
  std::vector<FaultRule> rules;
  if (list->is_array()) {
    for (const auto& entry : list->get_array()) {
      STELLWERK_TRY(auto rule, FaultBook::read_rule(entry, target.cluster.now()));
      rules.push_back(std::move(rule));
    }
  } else {
    STELLWERK_TRY(auto rule, FaultBook::read_rule(*list, target.cluster.now()));
    rules.push_back(std::move(rule));
  }
  if (replace) target.faults.clear();
  for (auto& rule : rules) target.faults.add(std::move(rule));
  return Json(JsonObject{{"rules", target.faults.render()}});
}

/// Status, lock and settings of a guest, as somebody at the console would change them: without tasks and checks.
Result<void> change_guest(const Cluster& cluster, Guest& guest, const Json& body) {
  if (find_member(body, "status") != nullptr) {
    const auto status = text_of(body, "status");
    if (status != "running" && status != "stopped") return invalid("'status' must be running or stopped");
    guest.running = status == "running";
    if (guest.running) guest.started_at = cluster.now();
    guest.adopt_pending();
  }
  if (find_member(body, "lock") != nullptr) guest.lock = text_of(body, "lock");
  for (const auto name : {"name", "description"}) {
    if (find_member(body, name) != nullptr) guest.config[name] = text_of(body, name);
  }
  const auto* config = find_member(body, "config");
  if (config == nullptr) return {};
  if (!config->is_object()) return invalid("'config' must be an object");
  for (const auto& [name, value] : config->get_object()) {
    if (value.is_null()) guest.config.erase(std::string{name});
    else guest.config[std::string{name}] = value.is_string() ? text_of(*config, name) : dump_json(value);
  }
  return {};
}

Result<Json> add_guest(Cluster& cluster, const Json& body) {
  STELLWERK_TRY(const auto vmid, read_vmid(int_of(body, "vmid")));
  if (cluster.find_guest(vmid) != nullptr) return fail(ErrorCode::conflict, fmt::format("there is a guest {} already", vmid));
  const auto node = text_of(body, "node", cluster.nodes().front());
  if (!cluster.has_node(node)) return invalid(fmt::format("there is no node '{}'", node));
  Guest guest{.vmid = vmid, .node = node, .foreign = true};
  guest.config = {
      {"name", fmt::format("vm{}", vmid)}, {"cores", "1"}, {"memory", "512"}, {"scsi0", fmt::format("local-lvm:vm-{}-disk-0,size=8G", vmid)}};
  STELLWERK_CHECK(change_guest(cluster, guest, body));
  cluster.put_guest(std::move(guest));
  return Json(JsonObject{{"vmid", vmid}});
}

Result<Json> change_one(Cluster& cluster, int vmid, Method method, std::string_view action, const Json& body) {
  const auto* found = cluster.find_guest(vmid);
  if (found == nullptr) return fail(ErrorCode::not_found, fmt::format("there is no guest {}", vmid));
  if (method == Method::delete_ && action.empty()) {
    cluster.remove_guest(vmid);
    return Json(JsonObject{{"vmid", vmid}});
  }
  if (method != Method::post) return fail(ErrorCode::not_found, "guests take POST and DELETE");
  auto guest = *found;
  if (action == "migrate") {
    if (cluster.is_busy(vmid)) return fail(ErrorCode::conflict, fmt::format("a task works on guest {}", vmid));
    guest.node = text_of(body, "node");
    if (!cluster.has_node(guest.node)) return invalid(fmt::format("there is no node '{}'", guest.node));
  } else if (action.empty()) {
    STELLWERK_CHECK(change_guest(cluster, guest, body));
  } else {
    return fail(ErrorCode::not_found, fmt::format("a guest cannot '{}'", action));
  }
  cluster.put_guest(std::move(guest));
  return Json(JsonObject{{"vmid", vmid}});
}

Json render_durations(const Cluster& cluster) {
  JsonObject durations;
  for (const auto& [name, duration] : cluster.durations()) durations[name] = format_duration(duration);
  return durations;
}

Result<Json> set_durations(Cluster& cluster, const Json& body) {
  for (const auto& [name, value] : body.get_object()) {
    STELLWERK_TRY(const auto duration, parse_duration(text_of(body, name)));
    STELLWERK_CHECK(cluster.set_duration(name, duration));
  }
  return render_durations(cluster);
}

Json render_calls(const CallLog& log, const http::Request& request) {
  std::uint64_t since = 0;
  if (const auto* text = request.query_value("since")) std::from_chars(text->data(), text->data() + text->size(), since);
  return JsonObject{{"calls", log.render(since)}, {"last", log.last()}};
}

Result<Json> route(const ControlTarget& target, const http::Request& request, std::span<const std::string> segments) {
  const auto method = request.method;
  const bool writes = method == Method::post || method == Method::put;
  Json body = JsonObject{};
  if (writes && !request.body.empty()) {
    STELLWERK_TRY(body, parse_json(request.body));
  }
  const auto& what = segments.empty() ? std::string{} : segments[0];
  if (what == "faults" && segments.size() == 1) {
    if (writes) return add_faults(target, body, method == Method::put);
    if (method == Method::delete_) target.faults.clear();
    return Json(JsonObject{{"rules", target.faults.render()}});
  }
  if (writes && !body.is_object()) return fail(ErrorCode::malformed, "the body must be a JSON object");
  if (what == "state" && segments.size() == 1 && method == Method::get) return render_state(target.cluster);
  if (what == "calls" && segments.size() == 1 && !writes) {
    if (method == Method::delete_) target.log.clear();
    return render_calls(target.log, request);
  }
  if (what == "clock" && segments.size() == 1) return writes ? move_clock(target.cluster, body) : Result<Json>{render_clock(target.cluster)};
  if (what == "durations" && segments.size() == 1)
    return writes ? set_durations(target.cluster, body) : Result<Json>{render_durations(target.cluster)};
  if (what == "guests" && segments.size() == 1 && method == Method::post) return add_guest(target.cluster, body);
  if (what == "guests" && (segments.size() == 2 || segments.size() == 3)) {
    STELLWERK_TRY(const auto vmid, read_vmid(segments[1]));
    return change_one(target.cluster, vmid, method, segments.size() == 3 ? std::string_view{segments[2]} : std::string_view{}, body);
  }
  return fail(ErrorCode::not_found, "the control API has state, calls, clock, durations, faults and guests");
}

}  // namespace

http::Response handle_control(const ControlTarget& target, const http::Request& request, std::span<const std::string> segments) {
  auto result = route(target, request, segments);
  return result ? http::json_response(200, *result) : http::problem_response(result.error(), request.trace_id);
}

bool frees_held_answers(const http::Request& request, std::span<const std::string> segments) {
  return segments.size() == 1 && segments[0] == "faults" && (request.method == Method::delete_ || request.method == Method::put);
}

}  // namespace stellwerk::sandbox
