#include "sandbox/proxmox_model.hpp"

#include <fmt/format.h>

#include <charconv>
#include <iterator>
#include <optional>
#include <utility>

#include "api/http/uri.hpp"
#include "sandbox/answers.hpp"
#include "sandbox/control.hpp"
#include "sandbox/operations.hpp"

namespace stellwerk::sandbox {
namespace {

std::optional<std::vector<std::string>> decode_segments(const http::Request& request) {
  std::vector<std::string> segments;
  for (const auto part : http::split_path(http::path_of(request.target))) {
    auto text = http::percent_decode(part);
    if (!text) return std::nullopt;
    segments.push_back(std::move(*text));
  }
  return segments;
}

/// The flat values of a JSON body, as a form would carry them. Nothing: not an object of scalars.
std::optional<Fields> read_json_body(const std::string& body) {
  const auto json = parse_json(body);
  if (!json || !json->is_object()) return std::nullopt;
  Fields fields;
  for (const auto& [name, value] : json->get_object()) {
    if (value.is_object() || value.is_array() || value.is_null()) return std::nullopt;
    fields.emplace_back(name, value.is_string() ? std::string{as_view(value.get_string())}
                              : value.is_bool() ? (value.get_bool() ? "1" : "0")
                                                : dump_json(value));
  }
  return fields;
}

/// Query and body together, as Proxmox VE merges them. Nothing: the body cannot be read.
std::optional<Fields> read_fields(const http::Request& request) {
  Fields fields{request.query.begin(), request.query.end()};
  if (request.body.empty()) return fields;
  const auto* type = request.header("content-type");
  const bool json = type != nullptr && type->starts_with("application/json");
  auto body = json ? read_json_body(request.body) : http::parse_query("?" + request.body);
  if (!body) return std::nullopt;
  fields.insert(fields.end(), std::make_move_iterator(body->begin()), std::make_move_iterator(body->end()));
  return fields;
}

int number_of(std::string_view text) {
  int number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  return ec == std::errc{} && end == text.data() + text.size() ? number : 0;
}

std::string token_id_of(const http::Request& request) {
  constexpr std::string_view scheme = "PVEAPIToken=";
  const auto* header = request.header("authorization");
  if (header == nullptr || !header->starts_with(scheme)) return {};
  const auto rest = header->substr(scheme.size());
  return rest.substr(0, rest.find('='));
}

CallView view_call(const http::Request& request, const std::optional<FoundCall>& found, const std::optional<Fields>& fields) {
  CallView view{.method = http::to_string(request.method), .path = request.path};
  if (found) {
    view.operation = found->call->name;
    view.makes_task = found->call->makes_task;
    if (const auto vmid = found->path.find("vmid"); vmid != found->path.end()) view.vmid = number_of(vmid->second);
  }
  for (const auto& [name, value] : fields.value_or(Fields{})) {
    if (name == "newid") view.new_id = number_of(value);
  }
  return view;
}

/// Between our client's look at the free number and its clone, somebody else took it.
void let_stranger_take(Cluster& cluster, int vmid) {
  if (vmid < 100 || cluster.find_guest(vmid) != nullptr) return;
  Guest guest{.vmid = vmid, .node = cluster.nodes().front(), .running = true, .foreign = true, .started_at = cluster.now()};
  guest.config = {{"name", fmt::format("stranger-{}", vmid)}, {"description", "made by somebody else"}, {"cores", "1"}, {"memory", "512"}};
  cluster.put_guest(std::move(guest));
}

http::Response written_answer(const FaultRule& rule) {
  auto answer = error_answer(rule.status, rule.reason);
  if (!rule.body.empty()) answer.body = rule.body;
  for (const auto& header : rule.headers) answer.headers.push_back(header);
  return answer;
}

/// The faults that keep the call from happening.
std::optional<Answer> prevent(const FaultRule& rule) {
  using enum FaultKind;
  switch (rule.kind) {
    case refuse: return Answer{.delivery = Answer::Delivery::close};
    case timeout_before: return Answer{.delivery = Answer::Delivery::hold, .delay = rule.delay};
    case status: return Answer{.response = written_answer(rule)};
    case down: return rule.status == 0 ? Answer{.delivery = Answer::Delivery::close} : Answer{.response = written_answer(rule)};
    case timeout_after:
    case close_after:
    case error_after:
    case latency:
    case task_error:
    case task_warnings:
    case wrong_content_type:
    case truncated:
    case stranger_takes: return std::nullopt;
  }
  return std::nullopt;
}

/// The faults that spoil the answer to a call that has happened.
void spoil(const FaultRule& rule, Answer& answer) {
  using enum FaultKind;
  switch (rule.kind) {
    case timeout_after: answer = Answer{.delivery = Answer::Delivery::hold, .delay = rule.delay}; return;
    case close_after: answer = Answer{.delivery = Answer::Delivery::close}; return;
    case error_after: answer.response = written_answer(rule); return;
    case wrong_content_type:
      for (auto& [name, value] : answer.response.headers) {
        if (name == "Content-Type") value = rule.content_type;
      }
      if (!rule.body.empty()) answer.response.body = rule.body;
      return;
    case truncated: answer.response.body.resize(answer.response.body.size() / 2); return;
    case refuse:
    case timeout_before:
    case status:
    case down:
    case latency:
    case task_error:
    case task_warnings:
    case stranger_takes: return;
  }
}

bool is_loopback(std::string_view peer) { return peer.starts_with("127.") || peer == "::1" || peer.starts_with("::ffff:127."); }

}  // namespace

ProxmoxModel::ProxmoxModel(ProxmoxModelOptions options) : options_{std::move(options)}, cluster_{options_.nodes} {}

bool ProxmoxModel::is_authentic(const http::Request& request) const {
  const auto* header = request.header("authorization");
  return header != nullptr && *header == fmt::format("PVEAPIToken={}={}", options_.token_id, options_.token.reveal());
}

Answer ProxmoxModel::handle(const http::Request& request, Time wall) {
  cluster_.advance_to(wall);
  const auto segments = decode_segments(request);
  if (!segments) return {.response = error_answer(400, "Bad Request")};
  const std::span all{*segments};
  if (!all.empty() && all[0] == "_control") {
    if (!is_loopback(request.peer))
      return {.response = http::problem_response(Error{ErrorCode::permission_denied, "the control API answers on loopback only"}, request.trace_id)};
    const auto below = all.subspan(1);
    auto response = handle_control({cluster_, faults_, log_}, request, below);
    return {.response = std::move(response), .frees_held = frees_held_answers(request, below)};
  }
  if (all.size() < 2 || all[0] != "api2" || all[1] != "json") return {.response = error_answer(404, "File not found")};
  return handle_api(request, all.subspan(2));
}

Answer ProxmoxModel::handle_api(const http::Request& request, std::span<const std::string> segments) {
  const auto found = find_call(request.method, segments);
  const auto fields = read_fields(request);
  const auto view = view_call(request, found, fields);
  const auto strike = faults_.strike(view, cluster_.now());

  const auto execute = [&]() -> http::Response {
    if (!is_authentic(request)) return error_answer(401, "authentication failure");
    if (!found)
      return error_answer(501,
                          fmt::format("Method '{} {}' not implemented", view.method, request.path.substr(std::string_view{"/api2/json"}.size())));
    if (!fields) return error_answer(400, "Bad Request - the body is neither a form nor a JSON object of plain values");
    Work work{.found = *found, .user = options_.token_id};
    if (auto errors = check_parameters(found->call->parameters, *fields, work.values); !errors.empty()) return refusal_answer(errors);
    if (strike.rule && strike.rule->kind == FaultKind::stranger_takes) let_stranger_take(cluster_, view.new_id);
    if (strike.rule && strike.rule->kind == FaultKind::task_error) work.fault.error = strike.rule->exit_status;
    if (strike.rule && strike.rule->kind == FaultKind::task_warnings) work.fault.warnings = strike.rule->warnings;
    return perform(cluster_, work);
  };

  auto prevented = strike.rule ? prevent(*strike.rule) : std::nullopt;
  auto answer = prevented ? std::move(*prevented) : Answer{.response = execute()};
  if (strike.rule && !prevented) spoil(*strike.rule, answer);
  if (answer.delivery == Answer::Delivery::send) answer.delay = strike.latency;

  CallRecord record{.at = cluster_.now(),
                    .method = std::string{view.method},
                    .path = request.path,
                    .operation = std::string{view.operation},
                    .fields = fields.value_or(Fields{}),
                    .token_id = token_id_of(request),
                    .status = answer.delivery == Answer::Delivery::send ? answer.response.status : 0};
  if (const auto* key = request.header("idempotency-key")) record.idempotency_key = *key;
  if (strike.rule) record.fault = to_string(strike.rule->kind);
  log_.add(std::move(record));
  return answer;
}

std::vector<Json> ProxmoxModel::take_changes() {
  auto records = cluster_.take_changes();
  if (faults_.take_changed()) records.emplace_back(JsonObject{{"faults", faults_.render()}});
  return records;
}

std::vector<Json> ProxmoxModel::snapshot() const {
  auto records = cluster_.snapshot();
  records.emplace_back(JsonObject{{"faults", faults_.render()}});
  return records;
}

Result<void> ProxmoxModel::restore(const std::vector<Json>& records) {
  cluster_.clear();
  faults_.clear();
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (const auto* rules = find_member(records[i], "faults"); rules != nullptr && rules->is_array()) {
      faults_.clear();
      for (const auto& entry : rules->get_array()) {
        auto rule = FaultBook::read_rule(entry, cluster_.now());
        if (!rule) return wrap(std::move(rule).error(), fmt::format("record {} of the simulator's state", i + 1));
        faults_.add(std::move(*rule));
      }
    } else if (!cluster_.restore(records[i])) {
      return fail(ErrorCode::malformed, fmt::format("record {} of the simulator's state is none that this version writes", i + 1));
    }
  }
  return {};
}

}  // namespace stellwerk::sandbox
