#!/bin/sh
# Creates or updates Temporal's databases; runs to its end before the server starts, and again after an upgrade.
set -eu
tool() {
  temporal-sql-tool --plugin postgres12 --ep "$POSTGRES_SEEDS" --port "$DB_PORT" --user "$POSTGRES_USER" --password "$POSTGRES_PWD" "$@"
}
for database in temporal temporal_visibility; do
  schema=/etc/temporal/schema/postgresql/v12/${database#temporal_}/versioned
  tool --database "$database" create
  tool --database "$database" setup-schema --version 0.0 || true # it is there
  tool --database "$database" update-schema --schema-dir "$schema"
done
