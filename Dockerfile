# docker build -t node-proxy .
ARG SDK_IMAGE=mcr.microsoft.com/dotnet/sdk:10.0
ARG RUNTIME_IMAGE=mcr.microsoft.com/dotnet/aspnet:10.0

FROM ${SDK_IMAGE} AS build
WORKDIR /source
# Projects and lock files first: restored packages are kept until one of these changes.
COPY Directory.Build.props Directory.Packages.props global.json .editorconfig ./
COPY src/Proxy/Proxy.csproj src/Proxy/packages.lock.json src/Proxy/
COPY src/Proxy.Policy/Proxy.Policy.csproj src/Proxy.Policy/packages.lock.json src/Proxy.Policy/
COPY src/Proxy.Spiffe/Proxy.Spiffe.csproj src/Proxy.Spiffe/packages.lock.json src/Proxy.Spiffe/
RUN dotnet restore --locked-mode src/Proxy
COPY src src
ARG TARGETARCH=amd64
RUN dotnet publish -c Release --no-restore -r linux-$([ "$TARGETARCH" = arm64 ] && echo arm64 || echo x64) -o /node-proxy src/Proxy

FROM ${RUNTIME_IMAGE}
# The capture rules are set with the system's own tools.
RUN apt-get update \
    && apt-get install -y --no-install-recommends iptables ipset iproute2 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /node-proxy /opt/node-proxy
RUN ln -s /opt/node-proxy/node-proxy /usr/local/bin/node-proxy
# Root on the node: entering the pods' namespaces and transparent sockets need it.
USER root
ENTRYPOINT ["node-proxy"]
CMD ["run"]
