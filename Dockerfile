# glibc: the Temporal SDK's native library does not run on Alpine.
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
# Compiles, and bundles the workflows so that no worker has to at its start.
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:22-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY deploy/entrypoint.sh /usr/local/bin/tufline
# One group for all roles; each service runs as a user of its own (docs/permissions.md).
RUN groupadd --gid 10000 tufline && useradd --uid 10001 --gid 10000 --no-create-home tufline && chmod 755 /usr/local/bin/tufline
USER 10001:10000
ENTRYPOINT ["tufline"]
CMD ["--help"]
