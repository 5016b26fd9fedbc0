#!/bin/sh
# What the signing roles write is public, and each of them writes it alone. What the monitor writes is for its group.
case "$*" in
  'worker monitor'*)
    umask 007
    # It has the workflows in memory: a third less of it, for a twentieth more time.
    flags=--optimize-for-size
    ;;
  *)
    umask 022
    flags=
    ;;
esac
# shellcheck disable=SC2086 # none or one
exec node $flags /app/dist/cli/main.js "$@"
