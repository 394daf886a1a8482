# SPDX-License-Identifier: Apache-2.0
#
#   docker build -t convserve . && docker run --rm --read-only -p 8080:8080 convserve

FROM swift:6.3-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libmicrohttpd-dev libfast-float-dev zlib1g-dev libzip-dev libzstd-dev nettle-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /convserve
# The packages are a layer of their own: it is made anew only when the manifest changes.
COPY Package.swift ./
RUN swift package resolve
COPY openapi.yaml ./
COPY Sources ./Sources
COPY Tests ./Tests
RUN swift build -c release --product convserve --static-swift-stdlib \
    && install -D "$(swift build -c release --show-bin-path)/convserve" /out/convserve

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libmicrohttpd12 libstdc++6 zlib1g libzip4 libzstd1 libnettle8 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/convserve /usr/local/bin/convserve
# A number, so that Kubernetes can see that it is not root; no file is ever written.
USER 65532:65532
ENV CONVSERVE_HOST=0.0.0.0
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["convserve", "healthcheck"]
ENTRYPOINT ["convserve"]
CMD ["serve"]
