#!/usr/bin/env bash
# Builds the image and brings docker-compose.yml up, without a Docker engine and without pulling an image: `make containers`.
#
#   containers/check.sh COMPOSE_CLIENT PYTHON [FOLDER]
#
# buildah builds, podman runs (with runc), the real compose client speaks to podman's Docker-compatible API. The base image
# and the stand-ins for PostgreSQL and Redis are made of Debian's packages. Then tests/containers/walk.py goes the way of a
# user, and at the end nothing may be left. Needs root on Debian and 10 GB in FOLDER, where everything is kept and images
# are found again: remove it to begin anew.
set -euo pipefail
client=$(realpath "$1")
python=$(realpath --no-symlinks "$2")
work=${3:-${TMPDIR:-/tmp}/octet-containers}
cd "$(dirname "$0")/.."

PACKAGES="debootstrap buildah podman runc netavark aardvark-dns iptables catatonit"
PROJECT=octet-check
PORT=18000
python_tag=$(sed -n 's/^ARG PYTHON=//p' Dockerfile)
version=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
base=docker.io/library/python:$python_tag
image=docker.io/library/octet:$version
stand_ins=docker.io/library/octet-stand-ins:latest
began=$SECONDS

say() { printf '\n== %s (%d s)\n' "$*" $((SECONDS - began)); }
fail() { printf '%s\n' "$*" >&2; exit 1; }

needs() {
  [ "$(id -u)" = 0 ] || fail "root is needed: it builds a Debian and makes networks"
  # shellcheck disable=SC2086 # a list of words
  dpkg-query --show $PACKAGES > /dev/null 2>&1 || fail "first: apt-get install --no-install-recommends $PACKAGES"
}

# podman that keeps to itself: storage, state and networks in $work, no systemd.
configure() {
  mkdir -p "$work/etc" "$work/networks"
  cat > "$work/etc/containers.conf" << EOF
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
log_driver = "k8s-file"
init_path = "$(command -v catatonit)"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
network_config_dir = "$work/networks"
EOF
  driver=vfs
  if overlay_works; then driver=overlay; fi
  printf '[storage]\ndriver = "%s"\ngraphroot = "%s/store"\nrunroot = "%s/run"\n' "$driver" "$work" "$work" \
    > "$work/etc/storage.conf"
  export CONTAINERS_CONF=$work/etc/containers.conf CONTAINERS_STORAGE_CONF=$work/etc/storage.conf
  # What pip is told on this machine, it is told in the build, too; it is mounted and does not stay in the image.
  told=(--volume /etc/ssl/certs:/etc/ssl/certs:ro --volume "$work/etc/pip.conf:/etc/pip.conf:ro")
  printf '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n' > "$work/etc/pip.conf"
  if [ -n "${PIP_INDEX_URL:-}" ]; then echo "index-url = $PIP_INDEX_URL" >> "$work/etc/pip.conf"; fi
  if [ -d "${PIP_FIND_LINKS:-}" ]; then
    echo "find-links = $PIP_FIND_LINKS" >> "$work/etc/pip.conf"
    told+=(--volume "$PIP_FIND_LINKS:$PIP_FIND_LINKS:ro")
  fi
}

overlay_works() {
  local try="$work/overlay"
  mkdir -p "$try"/{lower,upper,scratch,merged}
  mount -t overlay overlay -o "lowerdir=$try/lower,upperdir=$try/upper,workdir=$try/scratch" "$try/merged" 2> /dev/null &&
    umount "$try/merged"
}

# Without CONTAINERS_CONF: in chroot isolation the limits of it could not be set again.
build() {
  env -u CONTAINERS_CONF buildah bud --isolation chroot --network host --pull-never --format docker "$@"
}

make_base() {
  if podman image exists "$base"; then return; fi
  local suite=${python_tag##*-}
  say "a Debian $suite in place of $base"
  rm -rf "$work/rootfs"
  debootstrap --variant=minbase --include=python3,python3-venv,python3-pip,ca-certificates "$suite" "$work/rootfs" \
    > "$work/debootstrap.log"
  rm -f "$work"/rootfs/usr/lib/python3*/EXTERNALLY-MANAGED
  ln -sf python3 "$work/rootfs/usr/bin/python"
  rm -rf "$work"/rootfs/var/cache/apt/archives/*.deb
  tar -C "$work/rootfs" -c . |
    podman import --quiet --change ENV=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin - "$base"
  rm -rf "$work/rootfs"
}

# What the image is made of, as a digest.
inputs() {
  tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=a=rX --exclude='__pycache__' --create \
    Dockerfile pyproject.toml constraints.txt MANIFEST.in README.md LICENSE app models worker octet migrations |
    sha256sum | cut -c -16
}

make_images() {
  if ! podman image exists "$stand_ins"; then
    say "stand-ins for PostgreSQL and Redis"
    build --quiet --build-arg BASE="$base" --tag "$stand_ins" --file containers/stand-ins.Dockerfile containers
  fi
  say "the image of Octet"
  local same
  same=docker.io/library/octet-of:$(inputs)
  if podman image exists "$same"; then
    echo "there is one of the very same files"
    podman tag "$same" "$image"
  else
    build --quiet "${told[@]}" --tag "$image" .
    podman tag "$image" "$same"
  fi
  podman image inspect --format '{{.Size}} {{.Id}}' "$base" "$image" |
    awk '{ size[NR] = $1 } END { printf "%.0f MB, %.0f MB above the base\n", size[2] / 1e6, (size[2] - size[1]) / 1e6 }'
}

compose() { "$work/compose" "$@"; }

start_podman() {
  podman system service --time 0 "unix://$work/podman.sock" 2> "$work/podman.log" &
  podman_pid=$!
  for _ in $(seq 50); do [ -S "$work/podman.sock" ] && break; sleep 0.1; done
  mkdir -p "$work/secrets"
  chmod 700 "$work/secrets"
  for name in database broker; do head -c 32 /dev/urandom | sha256sum | cut -c -64 > "$work/secrets/${name}_password"; done
  cat > "$work/compose" << EOF
#!/bin/sh
export DOCKER_HOST=unix://$work/podman.sock SECRETS=$work/secrets API_ADDRESS=127.0.0.1:$PORT
exec $client --project-name $PROJECT --file $PWD/docker-compose.yml --file $PWD/containers/compose.check.yml "\$@"
EOF
  chmod +x "$work/compose"
  look_at_health &
  health_pid=$!
}

# Docker's engine does this by itself, podman by timers of systemd. Who is healthy is asked less often.
look_at_health() {
  local round=0 name
  while sleep 1; do
    round=$(((round + 1) % 20))
    for name in $(podman ps --format '{{.Names}}' 2> /dev/null); do
      if [ $round = 0 ] || [ "$(podman inspect --format '{{.State.Health.Status}}' "$name" 2> /dev/null)" != healthy ]; then
        podman healthcheck run "$name" > /dev/null 2>&1 &
      fi
    done
    wait
  done
}

end() {
  local code=$?
  trap - EXIT
  if [ $code != 0 ]; then
    compose ps --all || true
    compose logs --tail 40 || true
  fi
  compose down --volumes --timeout 60 > /dev/null 2>&1 || true
  kill "${health_pid:-}" "${podman_pid:-}" 2> /dev/null || true
  exit $code
}

# 137 would be a container that outstayed its grace.
all_ended_well() {
  local ends
  ends=$(podman ps --all --format '{{.Names}} {{.ExitCode}} {{.Exited}}')
  echo "$ends"
  if grep -Eqv ' 0 true$' <<< "$ends"; then fail "a container did not end by itself"; fi
}

nothing_is_left() {
  local left
  left="$(podman ps --all --quiet)$(podman volume ls --quiet)$(podman network ls --format '{{.Name}}' | grep -vx podman || true)"
  [ -z "$left" ] || fail "left behind: $left"
  echo "no container, volume or network is left"
}

needs
configure
make_base
make_images
trap end EXIT
start_podman
say "docker compose up"
compose up --detach --wait --quiet-pull
compose ps
say "the way of a user"
"$python" -m tests.containers.walk --url "http://127.0.0.1:$PORT" --compose "$work/compose" --secrets "$work/secrets" \
  --steps "${STEPS:-500}"
say "docker compose stop, and down"
compose stop
all_ended_well
compose down --volumes
nothing_is_left
say "all well"
