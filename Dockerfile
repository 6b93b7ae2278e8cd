# Build with everything, run with what is needed.
FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json tsconfig.json ./
RUN npm ci --ignore-scripts
COPY src src
COPY tests tests
RUN npm run build && npm prune --omit=dev

FROM node:20-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist/src dist/src
COPY bin bin
COPY collections collections
COPY environments environments
RUN mkdir /data && chown node:node /data
USER node
EXPOSE 4848
CMD ["node", "bin/turnpike.js", "serve"]
