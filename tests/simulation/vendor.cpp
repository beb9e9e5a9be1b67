#include "tests/simulation/vendor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ranges>

namespace stellwerk::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Younger than yard.yaml's `settle`, reckoned from the moment the bytes left.
constexpr auto latest_effect = seconds{50};
constexpr auto stranger_stays = std::chrono::minutes{10};

std::string decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%' || i + 2 >= text.size()) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(std::stoi(std::string{text.substr(i + 1, 2)}, nullptr, 16));
    i += 2;
  }
  return out;
}

std::map<std::string, std::string> read_form(std::string_view text) {
  std::map<std::string, std::string> out;
  while (!text.empty()) {
    const auto pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    const auto equals = pair.find('=');
    out[decode(pair.substr(0, equals))] = equals == std::string_view::npos ? "" : decode(pair.substr(equals + 1));
  }
  return out;
}

connectors::DriverResponse says(int status, const Json& body = JsonObject{}) {
  connectors::DriverResponse response;
  response.status = status;
  response.body = dump_json(body);
  return response;
}

connectors::DriverResponse fails(connectors::DriverResponse::Failure failure, std::string code) {
  connectors::DriverResponse response;
  response.failure = failure;
  response.failure_text = "the simulation made the connection fail: " + code;
  response.failure_code = std::move(code);
  return response;
}

}  // namespace

/// "POST /boxes?mark=x": what, and which; fields of query and form together.
struct Yard::Request {
  std::string method, what, name, more, key;
  std::map<std::string, std::string> fields;

  explicit Request(const connectors::DriverRequest& from) : method{from.method} {
    const auto question = from.url.find('?');
    const std::string_view path = std::string_view{from.url}.substr(0, question);
    fields = read_form(from.body);
    if (question != std::string::npos) fields.merge(read_form(std::string_view{from.url}.substr(question + 1)));
    auto rest = path.substr(1);
    for (auto* part : {&what, &name, &more}) {
      *part = decode(rest.substr(0, rest.find('/')));
      rest.remove_prefix(std::min(rest.size(), rest.find('/') == std::string_view::npos ? rest.size() : rest.find('/') + 1));
    }
    for (const auto& [header, value] : from.headers)
      if (header == "Idempotency-Key") key = value;
  }
  [[nodiscard]] const std::string& field(const std::string& of) const {
    static const std::string none;
    const auto found = fields.find(of);
    return found == fields.end() ? none : found->second;
  }
  [[nodiscard]] bool reads() const { return method == "GET"; }
  /// Makes something that was not there.
  [[nodiscard]] bool adds() const { return method == "POST" && name.empty(); }
  [[nodiscard]] std::string mark() const { return field("mark"); }
};

const std::vector<std::pair<std::string_view, int VendorRates::*>>& vendor_faults() {
  using R = VendorRates;
  static const std::vector<std::pair<std::string_view, int R::*>> all{
      {"refused", &R::refused},           {"reset", &R::reset},             {"lost", &R::lost},         {"late", &R::late},         {"hang", &R::hang},
      {"slow", &R::slow},                 {"error_before", &R::error_before}, {"error_after", &R::error_after}, {"too_many", &R::too_many}, {"locked", &R::locked},
      {"rejected", &R::rejected},         {"stranger", &R::stranger},       {"forgets", &R::forgets},   {"job_fails", &R::job_fails}};
  return all;
}

void Yard::wrong(std::string what) { wrongs_.push_back(std::move(what)); }

bool Yard::happens(int VendorRates::*kind) {
  const auto& all = vendor_faults();
  const auto named = std::find_if(all.begin(), all.end(), [&](const auto& entry) { return entry.second == kind; });
  if (scripted_ ? *scripted_ != named->first : !random_.chance(rates_.*kind)) return false;
  ++faults_[std::string{named->first}];
  if (ways_.trace) ways_.trace(fmt::format("vendor: {}", named->first));
  return true;
}

void Yard::receive(const std::string& node, const connectors::DriverRequest& from, Answer answer) {
  ++requests_;
  if (script) scripted_ = script(from);
  const Request request{from};
  if (ways_.trace) ways_.trace(fmt::format("vendor: {} asks {} {} {} key {}", node, from.method, from.url, from.body, from.key));
  using Failure = Response::Failure;
  if (happens(&VendorRates::refused)) return answer_later(answer, fails(Failure::not_sent, "refused"));
  if (happens(&VendorRates::reset)) return answer_later(answer, fails(Failure::uncertain, "reset"));
  if (happens(&VendorRates::hang)) return;
  if (happens(&VendorRates::too_many)) return answer_later(answer, says(429));
  if (happens(&VendorRates::error_before)) return answer_later(answer, says(500));
  if (!request.reads()) {
    if (request.adds() && happens(&VendorRates::late)) return late(request);
    if (happens(&VendorRates::locked)) return answer_later(answer, says(423));
    // A key that is known gets the answer it got before, whatever else is the matter.
    const bool known = !request.key.empty() && std::ranges::any_of(request.what == "charges" ? charges_ : credits_, [&](const auto& entry) { return entry.second.key == request.key; });
    if (request.adds() && !known && !keys_under_way_.contains(request.key) && happens(&VendorRates::rejected)) return answer_later(answer, says(422));
    if (request.adds() && happens(&VendorRates::stranger)) sell_to_a_stranger(request);
  }
  auto response = serve(request);
  if (happens(&VendorRates::lost)) {
    if (random_.chance(500)) answer_later(answer, fails(Failure::uncertain, "reset"));
    return;
  }
  if (happens(&VendorRates::error_after)) response = says(500);
  answer_later(answer, std::move(response));
}

void Yard::answer_later(const Answer& answer, Response response) {
  const bool slow = happens(&VendorRates::slow);
  ways_.after(milliseconds{slow ? random_.between(1000, 20'000) : random_.between(2, 80)}, [answer, response = std::move(response)] { answer(response); });
}

/// Nobody waits for it any more when it is done.
void Yard::late(const Request& request) {
  const auto mark = request.mark();
  ++under_way_[mark];
  if (!request.key.empty()) keys_under_way_.insert(request.key);
  ways_.after(milliseconds{random_.between(1000, std::chrono::duration_cast<milliseconds>(latest_effect).count())}, [this, request, mark] {
    if (--under_way_[mark] == 0) under_way_.erase(mark);
    keys_under_way_.erase(request.key);
    const auto response = serve(request);
    if (ways_.trace) ways_.trace(fmt::format("vendor: late {} {} {}: {}", request.method, request.what, request.field(request.fields.contains("name") ? "name" : "reference"), response.status));
  });
}

void Yard::sell_to_a_stranger(const Request& request) {
  const auto name = request.field("name");
  if (name.empty()) return;
  auto& things = request.what == "halls" ? halls_ : boxes_;
  if (things.contains(name) || has_job(name)) return;
  things[name] = {std::string{stranger}, 0};
  ways_.after(stranger_stays, [this, &things, name] {
    const auto found = things.find(name);
    if (found == things.end() || found->second.mark != stranger || found->second.speed != 0) return wrong(fmt::format("{} belongs to a stranger, and was touched", name));
    things.erase(found);
  });
}

Yard::Response Yard::serve(const Request& request) {
  if (request.what == "boxes") return serve_box(request);
  if (request.what == "halls") return serve_hall(request);
  if (request.what == "charges") return serve_paid(request, charges_);
  if (request.what == "credits") return serve_paid(request, credits_);
  if (request.what == "jobs") return serve_jobs(request);
  if (request.what == "letters") {
    const auto& reference = request.field("reference");
    if (letters_.contains(reference)) wrong(fmt::format("the letter {} was sent twice", reference));
    letters_.emplace(reference, request.mark());
    return says(201);
  }
  wrong(fmt::format("nobody knows {} {}", request.method, request.what));
  return says(400);
}

Yard::Response Yard::serve_box(const Request& request) {
  if (request.adds()) {
    const auto& name = request.field("name");
    if (!boxes_.try_emplace(name, Box{request.mark(), 0}).second) return says(409);
    return says(201);
  }
  const auto found = boxes_.find(request.name);
  if (found == boxes_.end()) return says(404);
  auto& box = found->second;
  if (request.reads()) return says(200, JsonObject{{"name", request.name}, {"mark", box.mark}, {"speed", box.speed}});
  if (box.mark != request.mark()) {
    wrong(fmt::format("{} {} by {}, but it belongs to {}", request.method, request.name, request.mark(), box.mark));
    return says(403);
  }
  if (request.method == "DELETE") boxes_.erase(found);
  else box.speed = std::stoll(request.field("speed"));
  return says(200);
}

Yard::Response Yard::serve_hall(const Request& request) {
  if (request.adds()) {
    const auto& name = request.field("name");
    if (halls_.contains(name) || has_job(name)) return says(409);
    return says(202, JsonObject{{"job", begin_job("build", name, request.mark())}});
  }
  const auto found = halls_.find(request.name);
  if (request.reads()) return found == halls_.end() ? says(404) : says(200, JsonObject{{"name", request.name}, {"mark", found->second.mark}});
  if (has_job(request.name)) return says(409);
  if (found == halls_.end()) return says(404);
  if (found->second.mark != request.mark()) {
    wrong(fmt::format("{} {} by {}, but it belongs to {}", request.method, request.name, request.mark(), found->second.mark));
    return says(403);
  }
  return says(202, JsonObject{{"job", begin_job("demolish", request.name, request.mark())}});
}

Yard::Response Yard::serve_paid(const Request& request, std::multimap<std::string, Paid>& book) {
  if (request.adds()) {
    const auto& reference = request.field("reference");
    if (keys_under_way_.contains(request.key)) return says(423);
    if (std::ranges::any_of(book, [&](const auto& entry) { return entry.second.key == request.key; })) return says(201);
    const auto [first, last] = book.equal_range(reference);
    if (first != last) wrong(fmt::format("{} {} was made twice, with keys {} and {}", request.what, reference, first->second.key, request.key));
    book.emplace(reference, Paid{request.mark(), request.key});
    return says(201);
  }
  const auto [first, last] = book.equal_range(request.name);
  if (first == last) return says(404);
  if (!request.reads())
    for (auto& entry : std::ranges::subrange(first, last)) entry.second.taken_back = true;
  return says(200, JsonObject{{"reference", request.name}, {"taken_back", first->second.taken_back}});
}

Yard::Response Yard::serve_jobs(const Request& request) const {
  const auto entry = [](const std::string& id, const Job& job) { return JsonObject{{"id", id}, {"state", job.state}, {"mark", job.mark}, {"does", job.does}}; };
  if (!request.name.empty()) {
    const auto found = jobs_.find(request.name);
    return found == jobs_.end() ? says(404) : says(200, entry(found->first, found->second));
  }
  JsonArray running;
  for (const auto& [id, job] : jobs_)
    if (job.name == request.field("of") && job.state == "running") running.push_back(entry(id, job));
  return says(200, JsonObject{{"jobs", std::move(running)}});
}

std::string Yard::begin_job(std::string does, std::string name, std::string mark) {
  const auto id = fmt::format("job-{}", ++last_job_);
  jobs_[id] = {std::move(does), std::move(name), std::move(mark)};
  const bool works = !happens(&VendorRates::job_fails);
  if (happens(&VendorRates::forgets)) {
    ways_.after(milliseconds{random_.between(100, 30'000)}, [this, id, works] { end_job(id, works), jobs_.erase(id); });
  } else {
    ways_.after(milliseconds{random_.between(500, 120'000)}, [this, id, works] { end_job(id, works); });
  }
  return id;
}

void Yard::end_job(const std::string& id, bool with_effect) {
  auto& job = jobs_.at(id);
  job.state = with_effect ? "done" : "failed";
  if (!with_effect) return;
  if (job.does == "build") halls_[job.name] = {job.mark, 0};
  else halls_.erase(job.name);
}

bool Yard::has_job(const std::string& name) const {
  return std::ranges::any_of(jobs_, [&](const auto& entry) { return entry.second.name == name && entry.second.state == "running"; });
}

bool Yard::is_at_work(const std::string& mark) const {
  return under_way_.contains(mark) || std::ranges::any_of(jobs_, [&](const auto& entry) { return entry.second.mark == mark && entry.second.state == "running"; });
}

}  // namespace stellwerk::simulation
