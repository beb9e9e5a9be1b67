#pragma once

namespace stellwerk {

/// Visitor of std::visit made of lambdas: std::visit(match{[](A){…}, [](B){…}}, variant).
template <class... Fs>
struct match : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
match(Fs...) -> match<Fs...>;

}  // namespace stellwerk
