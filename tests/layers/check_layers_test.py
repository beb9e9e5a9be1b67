#!/usr/bin/env python3
"""Plants violations in a scratch tree: each must be found in its line, and nothing else."""
import pathlib
import tempfile
import unittest

import check_layers

# path, text, part of the rule expected in line 2
VIOLATIONS = [
    ("core/a.hpp", '#include "config/yaml.hpp"', "core may not include config/yaml.hpp"),
    ("config/a.cpp", '#include "monitoring/log.hpp"', "config may not include"),
    ("monitoring/a.cpp", '#include "config/settings.hpp"', "monitoring may not include"),
    ("workflows/a.cpp", '#include "config/settings.hpp"', "workflows may not include"),
    ("workflows/cel/a.cpp", '#include "storage/store.hpp"', "workflows may not include"),
    ("connectors/a.cpp", '#include "workflows/advance.hpp"', "connectors may not include"),
    ("storage/a.cpp", '#include "actors/system.hpp"', "storage may not include"),
    ("actors/a.cpp", '#include "api/server.hpp"', "actors may not include"),
    ("api/routes/a.cpp", '#include "storage/store.hpp"', "api may not include"),
    ("api/routes/a.cpp", '#include "actors/protocol.hpp"', "api may not include"),
    ("api/http/a.cpp", '#include "api/routes.hpp"', "api/http may not include"),
    ("sandbox/a.cpp", '#include "api/routes.hpp"', "sandbox may not include"),
    ("sandbox/a.cpp", '#include "monitoring/log.hpp"', "sandbox may not include"),
    ("workflows/a.cpp", "#include <yaml-cpp/yaml.h>", "yaml-cpp is confined to config"),
    ("workflows/a.cpp", "#include <re2/re2.h>", "RE2 is confined to workflows/cel"),
    ("api/a.cpp", "#include <sodium.h>", "libsodium is confined"),
    ("actors/a.cpp", "#include <libpq-fe.h>", "libpq is confined to storage"),
    ("storage/a.cpp", "#include <openssl/ssl.h>", "OpenSSL is confined to connectors"),
    ("api/a.cpp", "#include <pistache/http.h>", "Pistache is confined to api/http"),
    ("storage/a.cpp", "#include <caf/all.hpp>", "CAF is confined to actors"),
    ("connectors/a.cpp", "#include <nats/nats.h>", "NATS is confined"),
    ("actors/a.cpp", "#include <spdlog/spdlog.h>", "spdlog is confined"),
    ("api/a.cpp", "#include <prometheus/registry.h>", "prometheus-cpp is confined"),
    ("actors/a.cpp", "#include <CLI/CLI.hpp>", "CLI11 is confined"),
    ("core/a.cpp", "#include <boost/test/unit_test.hpp>", "Boost.Test is confined"),
    ("api/http/a.cpp", "void f(Pistache::Http::ResponseWriter w);", "ResponseWriter is banned"),
    ("api/http/a.cpp", "Http::ResponseStream s;", "ResponseStream is banned"),
    ("api/http/a.cpp", "Rest::Router router;", "Rest::Router is banned"),
    ("api/http/a.cpp", "#include <pistache/endpoint.h>", "is banned"),
    ("api/http/a.cpp", "w.timeoutAfter(1);", "timeoutAfter is banned"),
    ("workflows/a.cpp", "std::regex r{x};", "std::regex is banned"),
    ("workflows/a.cpp", "#include <regex>", "is banned"),
    ("tests/unit/core/a_test.cpp", "std::this_thread::sleep_for(1s);", "sleep_for is banned"),
    ("tests/unit/core/a_test.cpp", "  sleep(1);", "is banned"),
    ("core/a.cpp", '#include "../config/yaml.hpp"', "from the root"),
]

ALLOWED = [
    ("core/a.cpp", '#include "core/b.hpp"'),
    ("workflows/a.cpp", '#include "config/yaml.hpp"'),
    ("workflows/a.cpp", '#include "core/embedded.hpp"'),
    ("workflows/cel/a.cpp", "#include <re2/re2.h>"),
    ("connectors/a.cpp", '#include "workflows/cel/expression.hpp"'),
    ("connectors/a.cpp", '#include "workflows/catalog.hpp"'),
    ("storage/a.cpp", "#include <soci/soci.h>"),
    ("api/http/transport.hpp", "#  include <pistache/tcp.h>"),
    ("api/routes/a.cpp", '#include "actors/client.hpp"'),
    ("api/routes/a.cpp", '#include "api/http/server.hpp"'),
    ("sandbox/a.cpp", '#include "api/http/server.hpp"'),
    ("app/a.cpp", '#include "actors/system.hpp"'),
    ("tests/unit/storage/a_test.cpp", "#include <libpq-fe.h>"),
    ("core/a.cpp", "// never std::regex, and no ResponseWriter"),
    ("core/a.cpp", 'const char* text = "std::regex";'),
    ("core/a.cpp", "std::this_thread::sleep_for(1s);"),
    ("tests/unit/core/a_test.cpp", "clock.asleep(); config.sleep();"),
]


class Layers(unittest.TestCase):
    def found(self, path, text):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, path)
            file.parent.mkdir(parents=True)
            file.write_text("// first line\n" + text + "\n", encoding="utf-8")
            return check_layers.check(folder)

    def test_finds_each_planted_violation_in_its_line(self):
        for path, text, rule in VIOLATIONS:
            with self.subTest(path=path, text=text):
                found = self.found(path, text)
                self.assertTrue(found)
                for violation in found:
                    self.assertEqual(violation[:2], (path, 2))
                self.assertIn(rule, " ".join(violation[2] for violation in found))

    def test_finds_a_library_behind_a_public_header(self):
        with tempfile.TemporaryDirectory() as folder:
            for path, text in {"storage/inner.hpp": "#  include <soci/soci.h>", "storage/store.hpp": '#include "storage/inner.hpp"',
                               "storage/store.cpp": '#include "storage/store.hpp"', "actors/a.cpp": '#include "storage/store.hpp"',
                               "tests/a_test.cpp": '#include "storage/inner.hpp"'}.items():
                file = pathlib.Path(folder, path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text + "\n", encoding="utf-8")
            found = check_layers.check(folder)
            self.assertEqual([violation[:2] for violation in found], [("actors/a.cpp", 1)])
            self.assertIn("brings SOCI", found[0][2])

    def test_accepts_what_the_table_allows(self):
        for path, text in ALLOWED:
            with self.subTest(path=path, text=text):
                self.assertEqual(self.found(path, text), [])


if __name__ == "__main__":
    unittest.main()
