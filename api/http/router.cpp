// The tree of path segments behind Router.

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "api/http/problem.hpp"
#include "api/http/reply.hpp"
#include "api/http/server.hpp"
#include "api/http/uri.hpp"

namespace stellwerk::http {
namespace {

constexpr std::array all_methods{Method::get, Method::head, Method::post, Method::put, Method::patch, Method::delete_, Method::options};

bool is_parameter(std::string_view segment) { return segment.size() > 2 && segment.front() == '{' && segment.back() == '}'; }

}  // namespace

/// One segment of the patterns. Parameter names belong to the handler, so `/a/{id}` and `/a/{key}/b` may live side by side.
struct Router::Node {
  struct Target {
    Handler handler;
    std::vector<std::string> names;  ///< of the parameters on the way, in order
  };
  using Targets = std::map<Method, Target>;

  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> parameter;
  Targets here;
  Targets rest;  ///< of `{name...}` below this node
};

namespace {

struct Search {
  std::vector<std::string> segments;  ///< decoded
  Method method;
  std::vector<std::string> values;    ///< of the parameters so far
  std::vector<Method> allowed;        ///< methods of every pattern that fits the path
};

const Router::Node::Target* choose(const Router::Node::Targets& targets, Search& search) {
  for (const auto& [method, target] : targets) search.allowed.push_back(method);
  auto found = targets.find(search.method);
  if (found == targets.end() && search.method == Method::head) found = targets.find(Method::get);
  return found == targets.end() ? nullptr : &found->second;
}

/// The rest of a path as one value. A segment that would climb or hide a slash matches nothing: files are served by such patterns.
std::optional<std::string> join_rest(const Search& search, std::size_t from) {
  std::string rest;
  for (std::size_t i = from; i < search.segments.size(); ++i) {
    const auto& segment = search.segments[i];
    if (segment == "." || segment == ".." || segment.find_first_of("/\\") != std::string::npos) return std::nullopt;
    if (i > from) rest += '/';
    rest += segment;
  }
  return rest;
}

/// Depth is bounded by the patterns, not by the request.
const Router::Node::Target* find(const Router::Node& node, Search& search, std::size_t depth) {
  if (depth == search.segments.size()) {
    if (const auto* target = choose(node.here, search)) return target;
  } else {
    const auto& segment = search.segments[depth];
    if (const auto literal = node.literals.find(segment); literal != node.literals.end()) {
      if (const auto* target = find(*literal->second, search, depth + 1)) return target;
    }
    if (node.parameter && !segment.empty()) {
      search.values.push_back(segment);
      if (const auto* target = find(*node.parameter, search, depth + 1)) return target;
      search.values.pop_back();
    }
  }
  if (node.rest.empty()) return nullptr;
  auto rest = join_rest(search, depth);
  if (!rest) return nullptr;
  const auto* target = choose(node.rest, search);
  if (target != nullptr) search.values.push_back(std::move(*rest));
  return target;
}

std::string render_allow(std::vector<Method> methods) {
  if (std::find(methods.begin(), methods.end(), Method::get) != methods.end()) methods.push_back(Method::head);
  methods.push_back(Method::options);
  std::string allow;
  for (const auto method : all_methods) {
    if (std::find(methods.begin(), methods.end(), method) == methods.end()) continue;
    if (!allow.empty()) allow += ", ";
    allow += to_string(method);
  }
  return allow;
}

}  // namespace

Router::Router() : root_{std::make_unique<Node>()} {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

void Router::add(Method method, std::string_view pattern, Handler handler) {
  STELLWERK_ASSERT(pattern.starts_with('/') && handler, "a route needs a pattern that begins with '/' and a handler");
  Node* node = root_.get();
  std::vector<std::string> names;
  bool takes_rest = false;
  for (const auto segment : split_path(pattern)) {
    STELLWERK_ASSERT(!takes_rest, "'{name...}' is the last segment of a route");
    if (is_parameter(segment) && segment.ends_with("...}")) {
      takes_rest = true;
      names.emplace_back(segment.substr(1, segment.size() - 5));
    } else if (is_parameter(segment)) {
      if (!node->parameter) node->parameter = std::make_unique<Node>();
      node = node->parameter.get();
      names.emplace_back(segment.substr(1, segment.size() - 2));
    } else {
      auto& child = node->literals[std::string{segment}];
      if (!child) child = std::make_unique<Node>();
      node = child.get();
    }
  }
  auto& targets = takes_rest ? node->rest : node->here;
  const bool added = targets.emplace(method, Node::Target{std::move(handler), std::move(names)}).second;
  STELLWERK_ASSERT(added, "two handlers for one method and route");
  routes_.emplace_back(method, pattern);
}

std::vector<std::pair<Method, std::string>> Router::routes() const { return routes_; }

void Router::dispatch(Request&& request, Reply reply) const {
  if (request.target == "*") return reply.send(Response{.status = 204, .headers = {{"Allow", render_allow({all_methods.begin(), all_methods.end()})}}});
  Search search{.method = request.method};
  for (const auto segment : split_path(path_of(request.target))) {
    auto decoded = percent_decode(segment);
    if (!decoded) return reply.problem(Error{ErrorCode::malformed, "the path cannot be decoded: a broken escape, %00, or no UTF-8"});
    search.segments.push_back(std::move(*decoded));
  }
  if (const auto* target = find(*root_, search, 0)) {
    for (std::size_t i = 0; i < target->names.size(); ++i) request.params[target->names[i]] = std::move(search.values[i]);
    return target->handler(std::move(request), std::move(reply));
  }
  if (search.allowed.empty()) return reply.problem(Error{ErrorCode::not_found, "there is nothing at this path"});
  const auto allow = render_allow(search.allowed);
  if (request.method == Method::options) return reply.send(Response{.status = 204, .headers = {{"Allow", allow}}});
  auto refusal = protocol_problem(405, fmt::format("{} is not offered here; offered are {}", to_string(request.method), allow), request.trace_id);
  refusal.headers.emplace_back("Allow", allow);
  reply.send(std::move(refusal));
}

}  // namespace stellwerk::http
