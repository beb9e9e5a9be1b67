#include "sandbox/call_log.hpp"

namespace stellwerk::sandbox {
namespace {

constexpr std::size_t max_records = 10'000;

bool is_secret(std::string_view name) { return name.find("password") != std::string_view::npos || name == "sshkeys" || name == "token"; }

}  // namespace

void CallLog::add(CallRecord record) {
  for (auto& [name, value] : record.fields) {
    if (is_secret(name)) value = "**********";
  }
  record.number = ++made_;
  records_.push_back(std::move(record));
  if (records_.size() > max_records) records_.pop_front();
}

JsonArray CallLog::render(std::uint64_t since) const {
  JsonArray all;
  for (const auto& record : records_) {
    if (record.number <= since) continue;
    JsonObject params;
    for (const auto& [name, value] : record.fields) params[name] = value;
    JsonObject entry{{"n", record.number},          {"at", format_time(record.at)},  {"method", record.method},
                     {"path", record.path},         {"operation", record.operation}, {"params", std::move(params)},
                     {"token_id", record.token_id}, {"status", record.status}};
    if (!record.idempotency_key.empty()) entry["idempotency_key"] = record.idempotency_key;
    if (!record.fault.empty()) entry["fault"] = record.fault;
    all.emplace_back(std::move(entry));
  }
  return all;
}

}  // namespace stellwerk::sandbox
