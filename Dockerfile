# syntax=docker/dockerfile:1
# One image for every role: api, worker, migrate. TORCH=cpu|cuda chooses the build.
FROM python:3.11-slim-bookworm AS build
ARG TORCH=cpu
RUN apt-get update && apt-get install -y --no-install-recommends make && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/octet
COPY pyproject.toml constraints.txt Makefile README.md LICENSE ./
COPY app app
COPY models models
COPY worker worker
COPY octet octet
COPY migrations migrations
RUN make install TORCH=${TORCH}

FROM python:3.11-slim-bookworm
RUN useradd --create-home --uid 1000 octet && mkdir /data && chown octet /data
COPY --from=build /opt/octet /opt/octet
ENV PATH=/opt/octet/.venv/bin:$PATH PYTHONUNBUFFERED=1 OCTET_DATA_DIR=/data
WORKDIR /opt/octet
USER octet
VOLUME /data
EXPOSE 8000
CMD ["python", "-m", "uvicorn", "app.main:app_from_environment", "--factory", "--host", "0.0.0.0", "--port", "8000", \
     "--no-access-log", "--timeout-graceful-shutdown", "10"]
