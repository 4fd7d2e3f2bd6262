# The clinic example as one static program: docker build -t clinic .
# compose.yaml starts it with PostgreSQL.

FROM --platform=$BUILDPLATFORM golang:1.25-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS TARGETARCH
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -ldflags='-s -w' -o /clinic ./examples/clinic

# Only certificates, time zones and an unprivileged user; no shell.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /clinic /clinic
# Every interface of the container: the example then refuses its demo secret and
# a secret that several clinics share.
ENV ADDR=:8080
EXPOSE 8080
USER nonroot
ENTRYPOINT ["/clinic"]
