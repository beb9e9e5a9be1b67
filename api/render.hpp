#pragma once
// Views as the JSON that the API gives. One function per thing.

#include "actors/client.hpp"

namespace stellwerk::api {

[[nodiscard]] Json render(const actors::ServiceView& service, bool for_staff);
[[nodiscard]] Json render(const actors::TicketView& ticket);
[[nodiscard]] Json render(const actors::TicketMessageView& message);
[[nodiscard]] Json render(const actors::JournalView& entry);
[[nodiscard]] Json render(const actors::RunRow& run);
[[nodiscard]] Json render(const storage::AttemptRow& attempt);
[[nodiscard]] Json render(const actors::IncidentRow& incident);
[[nodiscard]] Json render(const actors::ProductRow& product);

/// {"items": […], "next": "<id>" or null}: `next` is the last id when the page is full.
template <class Item, class Render>
[[nodiscard]] Json render_page(const std::vector<Item>& items, int limit, Render render_item) {
  JsonArray array;
  for (const auto& item : items) array.push_back(render_item(item));
  Json next;
  if (!items.empty() && static_cast<int>(items.size()) >= limit) next = array.back().as_object().at("id");
  return JsonObject{{"items", std::move(array)}, {"next", std::move(next)}};
}

/// The list as a JSON array of strings.
[[nodiscard]] JsonArray strings(const std::vector<std::string>& list);

}  // namespace stellwerk::api
