#include "tests/support/postgres.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

namespace stellwerk::testing {
namespace {

using Connection = std::unique_ptr<PGconn, decltype(&PQfinish)>;

Connection connect(const std::string& url) { return {PQconnectdb(url.c_str()), &PQfinish}; }

/// The newest installed server: Debian keeps each major version in a folder of its own.
std::string find_programs() {
  std::vector<std::pair<int, std::string>> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator{"/usr/lib/postgresql", error}) {
    const auto programs = entry.path() / "bin";
    if (std::filesystem::exists(programs / "initdb")) found.emplace_back(std::atoi(entry.path().filename().c_str()), programs.string());
  }
  if (found.empty()) throw std::runtime_error("no PostgreSQL server below /usr/lib/postgresql; scripts/install-packages installs it");
  return std::max_element(found.begin(), found.end())->second;
}

int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool is_bound =
      fd >= 0 && ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 && ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(fd);
  if (!is_bound) throw std::runtime_error("no free loopback port");
  return ntohs(address.sin_port);
}

}  // namespace

TestPostgres::TestPostgres() : programs_{find_programs()} {
  if (::geteuid() == 0) {
    // the server refuses to run as root
    const auto* user = ::getpwnam("postgres");
    if (user == nullptr) throw std::runtime_error("the user postgres does not exist; Debian's package postgresql-common creates it");
    if (::chown(folder_.path().c_str(), user->pw_uid, user->pw_gid) != 0)
      throw std::runtime_error("cannot give the scratch folder to the user postgres");
  }
  run_program(as_server_user(
                  {programs_ + "/initdb", "--pgdata", folder_.file("data"), "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"}),
              {.directory = folder_.path().string()});
  // another program may take the port between our asking and the server's binding: ask again
  for (int attempt = 1; server_ == nullptr; ++attempt) {
    port_ = free_port();
    try {
      start();
    } catch (const std::runtime_error&) {
      server_.reset();
      if (attempt == 5) throw;
    }
  }
  create_database("stellwerk");
}

TestPostgres::~TestPostgres() {
  // ~Process would kill the postmaster alone, and its children would write on in a removed folder
  if (server_ && server_->is_running()) {
    ::kill(server_->pid(), SIGQUIT);
    (void)server_->wait_for(std::chrono::seconds{30});
  }
}

std::vector<std::string> TestPostgres::as_server_user(std::vector<std::string> argv) const {
  // a test that is killed takes its server along
  std::vector<std::string> whole{"setpriv", "--pdeathsig", "INT"};
  if (::geteuid() == 0) whole.insert(whole.end(), {"--reuid=postgres", "--regid=postgres", "--init-groups"});
  whole.emplace_back("--");
  whole.insert(whole.end(), argv.begin(), argv.end());
  return whole;
}

std::string TestPostgres::url(const std::string& database) const { return fmt::format("postgresql://postgres@127.0.0.1:{}/{}", port_, database); }

void TestPostgres::create_database(const std::string& name) {
  const auto connection = connect(url("postgres"));
  const std::unique_ptr<char, decltype(&PQfreemem)> quoted{PQescapeIdentifier(connection.get(), name.data(), name.size()), &PQfreemem};
  if (!quoted) throw std::runtime_error(fmt::format("cannot create the database {}: {}", name, PQerrorMessage(connection.get())));
  const std::unique_ptr<PGresult, decltype(&PQclear)> result{PQexec(connection.get(), fmt::format("create database {}", quoted.get()).c_str()),
                                                             &PQclear};
  if (PQresultStatus(result.get()) != PGRES_COMMAND_OK)
    throw std::runtime_error(fmt::format("cannot create the database {}: {}", name, PQerrorMessage(connection.get())));
}

void TestPostgres::stop() {
  server_->kill(SIGINT);
  server_->wait();
}

void TestPostgres::kill9() {
  // Its children would live on until they notice, and serve a request meanwhile: they end with it, as they do when a machine loses power.
  std::vector<int> children;
  std::ifstream list{fmt::format("/proc/{0}/task/{0}/children", server_->pid())};
  for (pid_t child = 0; list >> child;)
    if (const auto handle = static_cast<int>(syscall(SYS_pidfd_open, child, 0)); handle >= 0) children.push_back(handle);
  server_->kill(SIGKILL);
  for (const int child : children) syscall(SYS_pidfd_send_signal, child, SIGKILL, nullptr, 0);
  server_->wait();
  for (const int child : children) {
    pollfd ended{child, POLLIN, 0};
    if (poll(&ended, 1, 10'000) != 1) throw std::runtime_error("a process of PostgreSQL does not end");
    close(child);
  }
}

void TestPostgres::start() {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{180};
  for (;;) {
    launch();
    if (is_ready(end)) return;
    const auto output = server_->standard_error();
    // after kill9() its children hold the shared memory until they notice, and a second server refuses to start
    if (output.find("is still in use") == std::string::npos || std::chrono::steady_clock::now() >= end)
      throw std::runtime_error("PostgreSQL does not start:\n" + output);
  }
}

void TestPostgres::launch() {
  server_ =
      std::make_unique<Process>(as_server_user({programs_ + "/postgres", "-D", folder_.file("data"), "-p", std::to_string(port_), "-c",
                                                "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=" + folder_.path().string(), "-c",
                                                "fsync=off",  // processes end here, never the machine: the kernel keeps what was written
                                                "-c", "synchronous_commit=on", "-c", "max_connections=100", "-c", "shared_buffers=32MB"}),
                                ProcessOptions{.directory = folder_.path().string()});
}

bool TestPostgres::is_ready(std::chrono::steady_clock::time_point end) {
  while (std::chrono::steady_clock::now() < end) {
    const auto connection = connect(url("postgres") + "?connect_timeout=5");
    if (PQstatus(connection.get()) == CONNECTION_OK) return !server_->wait_for(std::chrono::milliseconds{0});
    if (server_->wait_for(std::chrono::milliseconds{20})) return false;  // ended
  }
  return false;
}

}  // namespace stellwerk::testing
