#!/bin/sh
# Makes the instance that docker-compose.yml mounts, in deploy/instance: keys, first signed metadata, and the
# owners and modes of docs/permissions.md. Run once as root, from the directory of docker-compose.yml.
set -eu
instance=deploy/instance
[ ! -e "$instance" ] || { echo "$instance is there already." >&2; exit 1; }
node dist/cli/main.js init "$instance"
cp deploy/tufline.yaml "$instance/tufline.yaml"
for role in root targets bins snapshot timestamp; do mv "$instance/keys/$role/"*.pem "$instance/keys/$role/key.pem"; done

# The signing roles share a second group: only they may write what clients see.
group=10000 monitor=10001 targets=10002 snapshot=10003 timestamp=10004 signing=10005
cd "$instance"
chown -R "$targets:$group" repository state/commits
chown -R "$snapshot:$group" state/snapshot
chown -R "$timestamp:$group" state/timestamp
chown "$monitor:$group" state post-to-tuf inbound
# Each directory is written by its owner; these are written by all signing roles, or by pipeline and monitor.
find repository state -type d -exec chmod 2755 {} +
chgrp "$signing" repository/staging repository/metadata
chmod 2775 repository/staging repository/metadata
chmod 2750 inbound
chmod 2770 post-to-tuf
chmod 0711 keys
find repository state -type f -exec chmod 0644 {} +
chown -R "$targets:$group" keys/targets keys/bins
chown -R "$snapshot:$group" keys/snapshot
chown -R "$timestamp:$group" keys/timestamp
chmod 0400 keys/*/key.pem
echo "Done. Take $instance/keys/root offline, then: docker compose up -d"
