# syntax=docker/dockerfile:1
# One image for every part of the service: API, workers, migrations. TORCH=cpu|cuda chooses the build of torch.
ARG PYTHON=3.11-slim-bookworm

FROM python:${PYTHON} AS build
ARG TORCH=cpu
WORKDIR /src
# The environment has no pip of its own: nobody installs anything into a running container.
RUN python -m venv --without-pip /opt/octet
COPY constraints.txt pyproject.toml ./
# What Octet needs comes before its source, so that a changed source installs nothing but itself. The CPU build of torch
# carries a local version and lies on PyTorch's own index; the plain one of PyPI brings CUDA (as in the Makefile).
# Headers, C++ tests, a compiler and test suites go again: nothing of Octet loads them.
# Versions are those of constraints.txt.
# hadolint ignore=DL3013
RUN python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"], sep="\n")' \
      > requirements.txt \
 && torch="$(grep '^torch==' constraints.txt)" \
 && export PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 \
 && case "${TORCH}" in \
      cpu) pip --python /opt/octet/bin/python install --retries 1 --no-deps "${torch}+cpu" \
             --extra-index-url https://download.pytorch.org/whl/cpu ;; \
      cuda) pip --python /opt/octet/bin/python install --no-deps "${torch}" ;; \
      *) echo "TORCH is cpu or cuda, not ${TORCH}" >&2; exit 2 ;; \
    esac \
 && pip --python /opt/octet/bin/python install -c constraints.txt -r requirements.txt \
 && site="$(echo /opt/octet/lib/python3*/site-packages)" \
 && rm -rf "$site"/torch/include "$site"/torch/test "$site"/torch/bin/test_* "$site"/torch/bin/*StoreTest \
      "$site"/torch/bin/protoc* "$site"/pyarrow/include \
 && find "$site"/matplotlib "$site"/networkx "$site"/pyarrow "$site"/sympy -type d -name tests -prune -exec rm -r {} +
COPY README.md LICENSE MANIFEST.in ./
COPY app app
COPY models models
COPY worker worker
COPY octet octet
COPY migrations migrations
RUN pip --python /opt/octet/bin/python install --no-cache-dir --disable-pip-version-check --no-deps .

FROM python:${PYTHON}
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="Octet" \
      org.opencontainers.image.description="Train and serve transformers on raw bytes, over REST." \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 1000 octet \
 && useradd --uid 1000 --gid 1000 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin octet \
 && install --directory --owner 1000 --group 1000 /data
COPY --from=build /opt/octet /opt/octet
# The root file system may be read-only: /data and /tmp are all that is written. Bytecode was compiled at the build.
ENV PATH=/opt/octet/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp \
    MPLCONFIGDIR=/tmp/matplotlib \
    OCTET_DATA_DIR=/data
WORKDIR /opt/octet
USER 1000:1000
VOLUME /data
EXPOSE 8000
# Of the API. Another part of the service brings a check of its own, or none.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-c", \
  "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/ready', timeout=4)"]
CMD ["octet", "api", "--host", "0.0.0.0", "--port", "8000"]
