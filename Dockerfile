# Two stages: build with everything, run with what is needed. The image is the whole command line: `docker run turnpike serve`,
# `worker`, `run`, `plan validate` and so on.
ARG NODE=24-bookworm-slim

FROM node:${NODE} AS build
WORKDIR /app
COPY package.json package-lock.json tsconfig.json ./
# Exactly what the lock file says. No dependency needs its install script, and what was fetched once is not fetched again.
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts --prefer-offline --no-audit --no-fund
COPY src src
RUN npm run build
RUN npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:${NODE}
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist/src dist/src
COPY bin bin
COPY collections collections
COPY environments environments
# A named volume takes over the owner of the folder it is mounted on. What is written goes here, and over REST to the other two.
RUN mkdir /data && chown -R node:node /data collections environments
ENV TURNPIKE_DATA_DIRECTORY=/data
USER node
EXPOSE 4848
ENTRYPOINT ["node", "bin/turnpike.js"]
CMD ["serve"]
