// Tickets and their messages. A ticket gets its number, counted per tenant from 1001, when it is created.

#include "storage/projectors/projectors.hpp"

namespace stellwerk::storage {
namespace {

constexpr std::int64_t first_number = 1001;

/// The next number of the tenant; its row stays locked until the transaction ends, so numbers have no gaps.
Result<std::string> take_number(Session& session, const TenantId& tenant) {
  STELLWERK_TRY(const auto rows, session.rows("insert into ticket_sequence (tenant, last_number) values (:tenant, :first) "
                                              "on conflict (tenant) do update set last_number = ticket_sequence.last_number + 1 returning last_number",
                                              "i", {{"tenant", tenant.str()}, {"first", first_number}}));
  return std::to_string(std::get<std::int64_t>(rows.at(0).at(0)));
}

bool is_birth(const ActorChange& change) { return change.expected_version == 0; }

/// What one side says to the other; notes stay inside.
bool is_reply(const std::string& event) { return event == "reply" || event == "answer"; }

/// The message a change brings, if it brings one.
std::optional<Row> message_of(const ActorChange& change) {
  const auto& [id, event, payload, principal, role] = change.applied;
  if (!is_birth(change) && !is_reply(event) && event != "note") return std::nullopt;
  const auto body = text_of(is_birth(change) ? change.row.attributes : payload, "body", text_of(payload, "body"));
  return Row{id.empty() ? change.row.id.str() : id.str(), change.row.tenant.str(), change.row.id.str(), principal, role.empty() ? std::string{"system"} : role,
             std::int64_t{event == "note" ? 1 : 0}, body, to_micros(change.row.updated_at)};
}

}  // namespace

Result<void> project_tickets(Session& session, const Changes& changes) {
  static const Columns columns{"id, tenant, number, customer, subject, department, priority, service, state, status, last_reply_at:i"};
  static const Bulk create{columns, "insert into ticket (" + columns.list() + ") select " + columns.list("d.") + " from {rows} where true"};
  static const Bulk update{Columns{"id, customer, subject, department, priority, service, state, status, last_reply_at:i"},
                           "update ticket set customer = d.customer, subject = d.subject, department = d.department, priority = d.priority, "
                           "service = d.service, state = d.state, status = d.status, "
                           "last_reply_at = case when d.last_reply_at > 0 then d.last_reply_at else ticket.last_reply_at end from {rows} where ticket.id = d.id"};
  static const Columns message_columns{"id, tenant, ticket, author, role, internal:i, body, at:i"};
  static const Bulk add_message{message_columns,
                                "insert into ticket_message (" + message_columns.list() + ") select " + message_columns.list("d.") + " from {rows} where true"};
  std::vector<Row> created, updated, messages;
  for (const auto* change : changes) {
    const auto& row = change->row;
    const auto attribute = [&](const char* name) { return text_of(row.attributes, name); };
    auto message = message_of(*change);
    if (is_birth(*change)) {
      STELLWERK_TRY(auto number, take_number(session, row.tenant));
      created.push_back({row.id.str(), row.tenant.str(), number, row.customer, attribute("subject"), attribute("department"), attribute("priority"),
                         attribute("service"), row.state, row.status, to_micros(row.updated_at)});
    } else {
      const std::int64_t replied = message && is_reply(change->applied.event) ? to_micros(row.updated_at) : 0;
      updated.push_back({row.id.str(), row.customer, attribute("subject"), attribute("department"), attribute("priority"), attribute("service"), row.state,
                         row.status, replied});
    }
    if (message) messages.push_back(std::move(*message));
  }
  STELLWERK_CHECK(session.run(create, created));
  STELLWERK_CHECK(session.run(update, updated));
  STELLWERK_CHECK(session.run(add_message, messages));
  return {};
}

}  // namespace stellwerk::storage
