# PostgreSQL and Redis of Debian's packages, with users, folders and variables as in the official images. For
# `make containers` alone. BASE is any Debian.
ARG BASE
FROM ${BASE}
# 101: nobody starts a service while it is installed. What versions there are is for the Debian to say.
# hadolint ignore=DL3008
RUN printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d \
 && export DEBIAN_FRONTEND=noninteractive \
 && apt-get update \
 && apt-get install --yes --no-install-recommends postgresql-common redis-server \
 && sed -ri 's/^#?(create_main_cluster) .*$/\1 = false/' /etc/postgresql-common/createcluster.conf \
 && apt-get install --yes --no-install-recommends postgresql \
 && rm -rf /var/lib/apt/lists/* \
 && ln -s /usr/lib/postgresql/*/bin/* /usr/local/bin/ \
 && install --directory --owner postgres --group postgres --mode 1777 /var/lib/postgresql/data \
 && install --directory --owner postgres --group postgres --mode 3777 /run/postgresql \
 && install --directory --owner redis --group redis /data
COPY postgres-entrypoint.sh /usr/local/bin/postgres-entrypoint
ENV PGDATA=/var/lib/postgresql/data LANG=C.UTF-8
STOPSIGNAL SIGINT
