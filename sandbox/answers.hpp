#pragma once
// Answers in the form of Proxmox VE: data in an envelope, errors in the reason phrase.

#include <string>

#include "api/http/server.hpp"
#include "sandbox/parameters.hpp"

namespace stellwerk::sandbox {

[[nodiscard]] inline http::Response json_answer(int status, std::string reason, const Json& body) {
  return {.status = status,
          .reason = std::move(reason),
          .headers = {{"Content-Type", "application/json;charset=UTF-8"}, {"Cache-Control", "max-age=0"}},
          .body = dump_json(body)};
}
/// 200 {"data": …}
[[nodiscard]] inline http::Response data_answer(Json data) { return json_answer(200, "OK", JsonObject{{"data", std::move(data)}}); }
[[nodiscard]] inline http::Response text_answer(const std::string& data) { return data_answer(Json(data)); }
/// The text stands in the reason phrase only, as older releases do it: a client that drops the phrase shall notice.
[[nodiscard]] inline http::Response error_answer(int status, std::string text) {
  return json_answer(status, std::move(text), JsonObject{{"data", nullptr}});
}
/// 400 with one text per parameter.
[[nodiscard]] inline http::Response refusal_answer(const FieldErrors& errors) {
  JsonObject texts;
  for (const auto& [name, text] : errors) texts[name] = text;
  return json_answer(400, "Parameter verification failed.", JsonObject{{"data", nullptr}, {"errors", std::move(texts)}});
}

}  // namespace stellwerk::sandbox
