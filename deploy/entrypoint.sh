#!/bin/sh
# What a role writes, the group of all roles may read, and nobody else.
umask 007
exec node /app/dist/cli/main.js "$@"
