#!/bin/sh
# What the signing roles write is public, and each of them writes it alone. What the monitor writes is for its group.
case "$*" in
  'worker monitor'*) umask 007 ;;
  *) umask 022 ;;
esac
exec node /app/dist/cli/main.js "$@"
