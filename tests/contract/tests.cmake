# One contract, every database: memory and SQLite at once, PostgreSQL with a server of its own.
stellwerk_test(contract_store SOURCES tests/contract/store_sqlite_test.cpp tests/contract/directory_sqlite_test.cpp LIBRARIES stellwerk_storage stellwerk_embedded)
stellwerk_test(contract_store_postgresql LABEL system SOURCES tests/contract/store_postgresql_test.cpp LIBRARIES stellwerk_storage stellwerk_embedded)
