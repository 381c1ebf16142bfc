# versitygw, the S3 server of docs/s3-servers.md, built from its sources: the version of .ci/install-s3.
ARG GO_IMAGE=golang:1.26-trixie
ARG BASE_IMAGE=debian:trixie-slim

FROM ${GO_IMAGE} AS build
ARG GOPROXY
ARG GOSUMDB
ARG VERSITYGW_VERSION=v1.8.0
RUN CGO_ENABLED=0 GOBIN=/out go install -trimpath -ldflags="-s -w" \
    github.com/versity/versitygw/cmd/versitygw@${VERSITYGW_VERSION}

FROM ${BASE_IMAGE}
COPY --from=build /out/versitygw /usr/local/bin/
RUN install -d -o 10001 -g 10001 /data /data/objects /data/versions
USER 10001:10001
VOLUME /data
EXPOSE 7070
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/7070 && printf 'GET /health HTTP/1.0\\r\\n\\r\\n' >&3 && grep -q '200 OK' <&3"]
ENTRYPOINT ["versitygw", "--port", ":7070", "--health", "/health", "--keep-alive", "--quiet"]
CMD ["posix", "--versioning-dir", "/data/versions", "/data/objects"]
